"""Reading a scene-decoupled data set, ours or the published one, as training samples."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch.utils.data import Dataset

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.formats import read_track
from cinescene.cameras.formats.cinescene_release import read_cinescene_cameras
from cinescene.data.documents import read_captions, read_kind
from cinescene.data.frames import fit_cameras, fit_depth, fit_frames, fit_masks
from cinescene.data.layout import DatasetLayout
from cinescene.data.lens_fit import LensFit
from cinescene.data.lens_fits import LensFits
from cinescene.data.released import first_frame_lens, recorded_panorama_pose, released_panorama_pose
from cinescene.data.sample import TrainingSample, shuffled_order
from cinescene.data.strips import read_depth_strip, read_mask_strip
from cinescene.errors import InputError
from cinescene.scene.images import load_image
from cinescene.scene.panorama import Panorama, panorama_views
from cinescene.scene.view_layout import ViewLayout
from cinescene.sets.subjects.performance import Performance
from cinescene.tensor_types import Float, Tensor
from cinescene.video import read_video, video_info

RELEASE_FRAME_RATE = 15.0


@dataclass(frozen=True, kw_only=True)
class DatasetConfig:
    """Which samples a data set gives.

    ``frames``
        Consecutive frames a sample; the clip's first ones, or a random window with ``random_window``.
    ``width_px``, ``height_px``
        Size of the frames; clips of another shape are scaled to cover it and cropped about the centre.
    ``layout``
        The scene views cut from the panorama.
    ``start_view``
        ``"clip"`` turns the layout so that its first view looks where the sample begins (the paper's rule);
        ``"panorama"`` leaves it as it is, so that the start is anywhere.
    ``shuffle_views``
        Permutes the views differently in each epoch; in the ``"clip"`` case the first one stays first.
    ``sensor_width_mm``
        Film back of clips without exact lenses: the published ones name a lens of 24 mm and no film back. None finds it
        by matching the panorama with the first frame; the answers are kept in ``lens_fits`` where that is given.
    ``captions``
        A JSON file of captions for data that has none: {"<scene_id>/<clip>" or "<scene_id>": "text"}.
    """

    root: Path
    frames: int = 77
    random_window: bool = False
    width_px: int = 672
    height_px: int = 384
    layout: ViewLayout = dataclasses.field(default_factory=ViewLayout.paper)
    start_view: Literal["clip", "panorama"] = "clip"
    shuffle_views: bool = True
    sensor_width_mm: float | None = 36.0
    lens_fits: Path | None = None
    captions: Path | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.frames < 1 or self.width_px < 1 or self.height_px < 1:
            raise InputError(
                f"data set: expected positive frames and sizes, got {self.frames} of {self.width_px}×{self.height_px}"
            )
        if self.start_view not in ("clip", "panorama"):
            raise InputError(f"start view: expected 'clip' or 'panorama', got {self.start_view!r}")


class SceneDecoupledDataset(Dataset[TrainingSample]):
    """All complete clips below a folder in the CineScene release's layout (see `cinescene.data.layout`).

    A clip needs its camera, both videos and the scene's panorama; those that lack one are left out and named in
    ``missing``. A sample depends on the configuration, its index and the epoch only.
    """

    def __init__(self, config: DatasetConfig) -> None:
        if not config.root.is_dir():
            raise InputError(f"{config.root}: no such data set folder")
        self.config = config
        self.layout = DatasetLayout(config.root)
        self.epoch = 0
        self.clips: list[tuple[str, str]] = []
        self.missing: list[str] = []
        self._captions = read_captions(config.captions) if config.captions else {}
        self._fits = LensFits(config.lens_fits)
        self._tracks = lru_cache(maxsize=64)(self._load_tracks)
        self._panorama = lru_cache(maxsize=2)(self._load_panorama)
        for scene_id in self.layout.scene_ids():
            self._add_scene(scene_id)
        if not self.clips:
            first = f"; the first of {len(self.missing)} problems: {self.missing[0]}" if self.missing else ""
            raise InputError(f"{config.root}: expected at least one complete clip in the release's layout{first}")

    def __len__(self) -> int:
        return len(self.clips)

    def set_epoch(self, epoch: int) -> None:
        """Changes the random windows and the orders of views."""
        self.epoch = epoch

    def __getitem__(self, index: int) -> TrainingSample:
        scene_id, clip = self.clips[index]
        generator = self._generator(index)
        begin = self._begin(len(self._tracks(scene_id)[clip]), generator)
        window = list(range(begin, begin + self.config.frames))
        cameras = self._cameras(scene_id, clip)
        first = cameras[begin : begin + 1]
        views, view_cameras = self._views(scene_id, cameras, begin)
        sample = TrainingSample(
            scene_id=scene_id,
            clip=clip,
            caption=self._caption(scene_id, clip),
            views=views,
            view_cameras=view_cameras.relative_to(first),
            cameras=self._fitted(cameras[begin : begin + self.config.frames].relative_to(first)),
            **self._pictures(scene_id, clip, window),
            **self._extras(scene_id, clip, window),
        )
        if not self.config.shuffle_views:
            return sample
        keep_first = self.config.start_view == "clip"
        return sample.with_view_order(shuffled_order(len(views), generator, keep_first))

    def placed(self, index: int) -> tuple[Panorama, Cameras]:
        """The panorama and the cameras of a sample's frames, both in the set's own world: metres, z up."""
        scene_id, clip = self.clips[index]
        begin = self._begin(len(self._tracks(scene_id)[clip]), self._generator(index))
        cameras = self._cameras(scene_id, clip)
        window = cameras[begin : begin + self.config.frames]
        return self._placed_panorama(scene_id), self._fitted(window)

    def performances(self, index: int) -> tuple[tuple[Performance, ...], tuple[float, ...]]:
        """Who does what, in the set's world, and the times of its frames; nobody where none is recorded."""
        scene_id, clip = self.clips[index]
        begin = self._begin(len(self._tracks(scene_id)[clip]), self._generator(index))
        path, track = self.layout.clip_file(scene_id, clip), self.layout.track_file(scene_id, clip)
        rate = read_track(track).frame_rate if track.is_file() else None
        times = tuple((begin + i) / (rate or RELEASE_FRAME_RATE) for i in range(self.config.frames))
        if not path.is_file():
            return (), times
        recorded = read_kind(path, "clip file", "cinescene.clip", 1).get("facts", {}).get("performances", [])
        return tuple(
            Performance.from_json(value, f"{path}: performance {i + 1}") for i, value in enumerate(recorded)
        ), times

    def caption(self, index: int) -> str | None:
        """A sample's caption, without decoding it."""
        return self._caption(*self.clips[index])

    def _generator(self, index: int) -> torch.Generator:
        seed = np.random.SeedSequence([self.config.seed, self.epoch, index]).generate_state(1)[0]
        return torch.Generator().manual_seed(int(seed))

    # ---- finding clips ----------------------------------------------------------------------------------------------

    def _add_scene(self, scene_id: str) -> None:
        if not self.layout.panorama_file(scene_id).is_file():
            self.missing.append(f"{scene_id}: no panorama ({self.layout.panorama_file(scene_id)})")
            return
        for clip, track in self._tracks(scene_id).items():
            videos = [self.layout.video_file(scene_id, clip, subject=subject) for subject in (True, False)]
            absent = [str(video) for video in videos if not video.is_file()]
            if absent:
                self.missing.append(f"{scene_id}/{clip}: no video ({', '.join(absent)})")
            elif len(track) < self.config.frames:
                self.missing.append(f"{scene_id}/{clip}: {len(track)} frames, fewer than {self.config.frames}")
            else:
                self.clips.append((scene_id, clip))

    def _load_tracks(self, scene_id: str) -> dict[str, CameraTrack]:
        files = [self.layout.camera_file(scene_id, subject=subject) for subject in (True, False)]
        return read_cinescene_cameras(next(file for file in files if file.is_file()))

    def _begin(self, count: int, generator: torch.Generator) -> int:
        if not self.config.random_window:
            return 0
        return int(torch.randint(count - self.config.frames + 1, (), generator=generator))

    def _caption(self, scene_id: str, clip: str) -> str | None:
        for name in (f"{scene_id}/{clip}", scene_id):
            if name in self._captions:
                return self._captions[name]
        path = self.layout.clip_file(scene_id, clip)
        return str(read_kind(path, "clip file", "cinescene.clip", 1)["caption"]) if path.is_file() else None

    # ---- cameras ----------------------------------------------------------------------------------------------------

    def _cameras(self, scene_id: str, clip: str) -> Cameras:
        """Cameras of all frames of a clip, at the video's own size, in the set's world."""
        exact = self.layout.track_file(scene_id, clip)
        if exact.is_file():
            return read_track(exact).cameras()
        track = self._tracks(scene_id)[clip]
        info = video_info(self.layout.video_file(scene_id, clip, subject=False))
        focal = focal_from_name(clip)
        sensor = self.config.sensor_width_mm
        if sensor is None:
            sensor = self._fit(scene_id, clip).sensor_width_mm(focal)
        return track.with_lens(focal, info.width_px, info.height_px, sensor).cameras()

    def _fitted(self, cameras: Cameras) -> Cameras:
        return fit_cameras(cameras, self.config.width_px, self.config.height_px)

    def _fit(self, scene_id: str, clip: str) -> LensFit:
        def find() -> LensFit:
            return first_frame_lens(self._panorama(scene_id), self.layout.video_file(scene_id, clip, subject=False))

        return self._fits.get(scene_id, find)

    # ---- pictures ---------------------------------------------------------------------------------------------------

    def _views(self, scene_id: str, cameras: Cameras, begin: int) -> tuple[Float[Tensor, "v 3 h w"], Cameras]:
        panorama = self._placed_panorama(scene_id)
        layout = self.config.layout
        if self.config.start_view == "clip":
            ahead = panorama.camera.world_from_camera[:3, :3].mT @ cameras[begin].forward
            yaw = float(torch.atan2(ahead[0], ahead[2]))
            turned = tuple((view_yaw + yaw, pitch) for view_yaw, pitch in layout.directions_rad)
            layout = dataclasses.replace(layout, directions_rad=turned)
        return panorama_views(panorama, layout)

    def _load_panorama(self, scene_id: str) -> Panorama:
        path = self.layout.panorama_file(scene_id)
        return Panorama.from_image(load_image(path).pixels, str(path))

    def _placed_panorama(self, scene_id: str) -> Panorama:
        """The panorama at its place in the set's world: as recorded, or where and as the first frame was taken."""
        panorama = self._panorama(scene_id)
        pose = recorded_panorama_pose(self.layout, scene_id)
        if pose is None:
            clip = next(clip for scene, clip in self.clips if scene == scene_id)
            first = self._tracks(scene_id)[clip].world_from_camera[0]
            pose = released_panorama_pose(self._fit(scene_id, clip), first)
        width, height = panorama.size_px
        return dataclasses.replace(panorama, camera=Cameras.equirectangular(pose, width, height))

    def _pictures(self, scene_id: str, clip: str, window: list[int]) -> dict[str, Tensor]:
        pictures = {}
        for name, subject in (("with_subject", True), ("without_subject", False)):
            video = read_video(self.layout.video_file(scene_id, clip, subject=subject), window)
            pictures[name] = fit_frames(video.as_float(), self.config.width_px, self.config.height_px)
        return pictures

    def _extras(self, scene_id: str, clip: str, window: list[int]) -> dict[str, Any]:
        extras: dict[str, Any] = {"subject_mask": None, "affected_mask": None, "depth_m": None}
        size = self.config.width_px, self.config.height_px
        height = None
        mask_file, depth_file = self.layout.mask_file(scene_id, clip), self.layout.depth_file(scene_id, clip)
        if mask_file.is_file() or depth_file.is_file():
            height = video_info(self.layout.video_file(scene_id, clip, subject=True)).height_px
        if height is not None and mask_file.is_file():
            subject, affected = read_mask_strip(mask_file, height, window)
            extras["subject_mask"], extras["affected_mask"] = fit_masks(subject, *size), fit_masks(affected, *size)
        if height is not None and depth_file.is_file():
            extras["depth_m"] = fit_depth(read_depth_strip(depth_file, height, window), *size)
        return extras


def focal_from_name(clip: str) -> float:
    """24.0 for a clip named ``01_24mm``; raises `InputError` for a name without a lens."""
    match = re.search(r"(\d+(?:\.\d+)?)mm$", clip)
    if not match or float(match[1]) <= 0:
        raise InputError(f"clip {clip!r}: expected a name that ends in its lens, such as 01_24mm")
    return float(match[1])
