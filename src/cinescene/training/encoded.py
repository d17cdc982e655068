"""Samples as the transformer sees them, computed once: latents, features, previz and text of every clip of a data set.

What is stored is keyed by the data and by the weights of the encoders, so that new weights never meet old latents.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from einops import rearrange, reduce

from cinescene.cameras import Cameras
from cinescene.data.cache import cached_encoding
from cinescene.data.dataset import DatasetConfig, SceneDecoupledDataset
from cinescene.errors import GeometryError
from cinescene.model.autoencoder import Autoencoder
from cinescene.model.conditioning import encode_previz
from cinescene.model.scene_inputs import stack_previz
from cinescene.previz.flight import PrevizFrame, fly_through_panorama
from cinescene.previz.geometry_flight import fly_through_geometry
from cinescene.previz.stand_in import StandIn
from cinescene.scene.geometry import DepthViews
from cinescene.scene.metric_scale import metres_per_unit_from_camera_height
from cinescene.scene.panorama import Panorama, panorama_views
from cinescene.scene.vggt import EncodeOptions, TensorCache, Vggt, encode_scene, weights_hash
from cinescene.scene.vggt.cache import tensor_hash
from cinescene.tensor_types import Float, Tensor

VERSION = 1
MOST_PLACES, MOST_CLIPS = 512, 20_000
"""Kept in memory: about 3 MB a place and 1 MB a clip of nano's size."""
PREVIZ_KINDS = ("standin", "vggt")


@dataclass(frozen=True, kw_only=True)
class EncodingOptions:
    """What is computed of every clip.

    ``windows``
        Windows of the clip's frames: the first starts at its first frame, others at random ones.
    ``previz``
        Kinds of previz: ``standin`` (flat ground and dome) and ``vggt`` (estimated depth).
    ``dome_radius_m``
        Of the stand-in.
    ``camera_height_m``
        Assumed of a panorama whose own height above the ground is not recorded.
    """

    windows: int = 1
    previz: tuple[str, ...] = PREVIZ_KINDS
    dome_radius_m: float = 15.0
    camera_height_m: float = 1.6


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedClip:
    """A clip with and without its subject. Cameras are relative to the first frame, in metres.

    ``affected`` is the share of each latent cell that the subject or its shadow changes. ``previz`` and
    ``previz_masks`` hold a row a kind.
    """

    scene_id: str
    caption: str
    with_subject: Float[Tensor, "c t h w"]
    without_subject: Float[Tensor, "c t h w"]
    affected: Float[Tensor, "1 t h w"]
    previz: Float[Tensor, "k c t h w"]
    previz_masks: Float[Tensor, "k 1 t h w"]
    cameras: Cameras
    view_cameras: Cameras
    views: Float[Tensor, "v c vh vw"]
    geometry_patches: Float[Tensor, "v d gh gw"] | None
    geometry_camera: Float[Tensor, "v d"] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoders:
    """What encodes; their hashes are part of every key."""

    autoencoder: Autoencoder
    vggt: Vggt | None

    def hashes(self) -> dict[str, str]:
        return {
            "autoencoder": tensor_hash(self.autoencoder.state_dict()),
            "vggt": "none" if self.vggt is None else weights_hash(self.vggt),
        }


class EncodedClips:
    """Encoded clips of data sets by index; `prepare` computes what is not stored yet."""

    def __init__(
        self, configs: Sequence[DatasetConfig], encoders: Encoders, options: EncodingOptions, cache: TensorCache
    ) -> None:
        """All data sets have one size, length and layout."""
        self.encoders, self.options, self.cache = encoders, options, cache
        self.hashes = encoders.hashes()
        self.items: list[tuple[SceneDecoupledDataset, int, int]] = []
        for config in configs:
            for window in range(options.windows):
                settings = dataclasses.replace(
                    config, random_window=window > 0, shuffle_views=False, start_view="panorama"
                )
                dataset = SceneDecoupledDataset(settings)
                dataset.set_epoch(window)
                self.items += [(dataset, index, window) for index in range(len(dataset))]
        self._place = lru_cache(maxsize=MOST_PLACES)(self._encoded_place)
        self._item = lru_cache(maxsize=MOST_CLIPS)(self._made)

    def __len__(self) -> int:
        return len(self.items)

    def scene_of(self, index: int) -> str:
        dataset, clip, _ = self.items[index]
        return dataset.clips[clip][0]

    def prepare(self, on_done: Callable[[int], None] | None = None) -> None:
        """Computes and stores everything that is not stored yet."""
        for index in range(len(self.items)):
            self._encoded(index)
            if on_done is not None:
                on_done(index + 1)

    def __getitem__(self, index: int) -> EncodedClip:
        return self._item(index)

    def _made(self, index: int) -> EncodedClip:
        dataset, clip, _ = self.items[index]
        scene_id, _ = dataset.clips[clip]
        tensors = self._encoded(index)
        place = self._place(dataset.config.root, scene_id)
        _, cameras = dataset.placed(clip)
        first = cameras[:1]
        return EncodedClip(
            scene_id=scene_id,
            caption=dataset.caption(clip) or "",
            cameras=cameras.relative_to(first).to(dtype=torch.float32),
            view_cameras=place[1].relative_to(first).to(dtype=torch.float32),
            **{key: tensors[key].float() for key in _CLIP_TENSORS},
            views=place[0]["views"],
            geometry_patches=place[0].get("geometry_patches"),
            geometry_camera=place[0].get("geometry_camera"),
        )

    # ---- encoding ---------------------------------------------------------------------------------------------------

    def _encoded(self, index: int) -> dict[str, Tensor]:
        """Latents and previz of a clip. Only what VGGT had a part in depends on its weights."""
        dataset, clip, window = self.items[index]
        scene_id, name = dataset.clips[clip]
        config = dataset.config
        content = {"clip": f"{scene_id}/{name}/{window}", "files": _fingerprint(dataset, scene_id)}
        shape = {"size": [config.width_px, config.height_px, config.frames], "seed": config.seed}

        def latents() -> dict[str, Tensor]:
            return self._encode_clip(dataset, clip)

        tensors = dict(self._stored(content, {"kind": "clip"} | shape, latents))
        previz = []
        for kind in self.options.previz:
            settings = {"kind": f"previz {kind}", "layout": repr(config.layout)} | shape | self._previz_settings()

            def fly(kind: str = kind) -> dict[str, Tensor]:
                return self._encode_previz(dataset, clip, kind)

            previz.append(self._stored(content, settings, fly, with_vggt=kind == "vggt"))
        return tensors | {name: torch.stack([p[name] for p in previz]) for name in ("previz", "previz_masks")}

    def _previz_settings(self) -> dict[str, Any]:
        return {"dome_radius_m": self.options.dome_radius_m, "camera_height_m": self.options.camera_height_m}

    def _encoded_place(self, root: Path, scene_id: str) -> tuple[dict[str, Tensor], Cameras]:
        dataset, index = next((d, i) for d, i, _ in self.items if d.config.root == root and d.clips[i][0] == scene_id)
        panorama, _ = dataset.placed(index)
        config = dataset.config
        content = {"place": scene_id, "files": _fingerprint(dataset, scene_id)}
        options = {"kind": "views", "layout": repr(config.layout)}
        tensors = dict(self._stored(content, options, lambda: self._encode_views(panorama, config)))
        if self.encoders.vggt is not None:
            options["kind"] = "geometry"
            geometry = self._stored(content, options, lambda: self._encode_geometry(panorama, config), with_vggt=True)
            tensors |= geometry
        return {name: value.float() for name, value in tensors.items()}, config.layout.cameras(panorama.camera)

    def _stored(
        self,
        content: Mapping[str, Tensor | str],
        options: dict[str, Any],
        compute: Callable[[], dict[str, Tensor]],
        *,
        with_vggt: bool = False,
    ) -> dict[str, Tensor]:
        """From the cache, or computed without gradients."""

        def lean() -> dict[str, Tensor]:
            with torch.no_grad():
                return {name: tensor.contiguous() for name, tensor in compute().items()}

        weights = self.hashes["autoencoder"] + (self.hashes["vggt"] if with_vggt else "")
        settings = options | {"version": VERSION}
        return cached_encoding(self.cache, content, weights, settings, lean)

    def _encode_views(self, panorama: Panorama, config: DatasetConfig) -> dict[str, Tensor]:
        images, _ = panorama_views(panorama, config.layout)
        autoencoder = self.encoders.autoencoder
        return {"views": autoencoder.encode_views(images[None].to(autoencoder.device))[0].half()}

    def _encode_geometry(self, panorama: Panorama, config: DatasetConfig) -> dict[str, Tensor]:
        encoding = self._estimate(panorama, config)
        return {
            "geometry_patches": rearrange(encoding.patch_tokens, "v h w d -> v d h w").half(),
            "geometry_camera": encoding.camera_tokens.half(),
            "depth": encoding.depth.float(),
            "depth_confidence": encoding.depth_confidence.float(),
        }

    def _estimate(self, panorama: Panorama, config: DatasetConfig) -> Any:
        vggt = self.encoders.vggt
        assert vggt is not None
        layout = self._geometry_layout(config)
        images, cameras = panorama_views(panorama, layout)
        return encode_scene(vggt, images, cameras, options=EncodeOptions(longest_px=vggt.config.image_size_px))

    def _geometry_layout(self, config: DatasetConfig) -> Any:
        assert self.encoders.vggt is not None
        side = self.encoders.vggt.config.image_size_px
        longest = max(config.layout.width_px, config.layout.height_px)
        width, height = (
            max(1, round(length * side / longest)) for length in (config.layout.width_px, config.layout.height_px)
        )
        return dataclasses.replace(config.layout, width_px=width, height_px=height)

    def _encode_clip(self, dataset: SceneDecoupledDataset, clip: int) -> dict[str, Tensor]:
        sample = dataset[clip]
        autoencoder = self.encoders.autoencoder
        both = torch.stack([sample.with_subject, sample.without_subject]).to(autoencoder.device)
        latents = autoencoder.encode(both)
        affected = sample.affected_mask
        if affected is None:
            affected = torch.zeros(both.shape[1], *both.shape[-2:], dtype=torch.bool)
        return {
            "with_subject": latents[0].half(),
            "without_subject": latents[1].half(),
            "affected": _latent_share(affected.float()[:, None], autoencoder).half(),
        }

    def _encode_previz(self, dataset: SceneDecoupledDataset, clip: int, kind: str) -> dict[str, Tensor]:
        images, trust = self._previz(dataset, clip, kind)
        autoencoder = self.encoders.autoencoder
        latents, mask = encode_previz(
            autoencoder, images[None].to(autoencoder.device), trust[None].to(autoencoder.device)
        )
        return {"previz": latents[0].half(), "previz_masks": mask[0].half()}

    def _previz(self, dataset: SceneDecoupledDataset, clip: int, kind: str) -> tuple[Tensor, Tensor]:
        panorama, cameras = dataset.placed(clip)
        height_m = float(panorama.camera.position[2])
        if not 0.2 < height_m < 5:
            height_m = self.options.camera_height_m
        frames: list[PrevizFrame] = []
        if kind == "vggt":
            geometry = self._geometry(dataset, clip, panorama, height_m)
            if geometry is not None:
                frames = list(fly_through_geometry(geometry, cameras))
        if not frames:
            place = StandIn(camera_height_m=height_m, dome_radius_m=self.options.dome_radius_m)
            frames = list(fly_through_panorama(panorama, cameras, place))
        return stack_previz(frames)

    def _geometry(
        self, dataset: SceneDecoupledDataset, clip: int, panorama: Panorama, height_m: float
    ) -> DepthViews | None:
        """Estimated depth in metres in the set's world; None where no ground is found to scale it by."""
        tensors, _ = self._place(dataset.config.root, dataset.clips[clip][0])
        images, cameras = panorama_views(panorama, self._geometry_layout(dataset.config))
        height, width = tensors["depth"].shape[-2:]
        if images.shape[-2:] != (height, width):
            images = torch.nn.functional.interpolate(images, size=(height, width), mode="bicubic").clamp(0, 1)
            cameras = cameras.resized(width, height)
        views = DepthViews(
            images=images, cameras=cameras, depth=tensors["depth"], confidence=tensors["depth_confidence"]
        )
        up = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
        try:
            metres = metres_per_unit_from_camera_height(views, height_m, up)
        except GeometryError:
            return None
        return dataclasses.replace(views, depth=views.depth * metres, metres_per_unit=1.0)


_CLIP_TENSORS = ("with_subject", "without_subject", "affected", "previz", "previz_masks")


def _latent_share(masks: Float[Tensor, "t 1 h w"], autoencoder: Autoencoder) -> Float[Tensor, "1 tl hl wl"]:
    factor, space = autoencoder.temporal_factor, autoencoder.spatial_factor
    first = reduce(masks[:1], "1 1 (h y) (w x) -> 1 1 h w", "mean", y=space, x=space)
    later = reduce(masks[1:], "(t f) 1 (h y) (w x) -> 1 t h w", "mean", f=factor, y=space, x=space)
    return torch.cat([first, later], dim=1)


def _fingerprint(dataset: SceneDecoupledDataset, scene_id: str) -> str:
    """What changes when a scene's files do: its manifest's checksums, or sizes and times where there is none."""
    layout = dataset.layout
    manifest = layout.manifest_file(scene_id)
    if manifest.is_file():
        return hashlib.sha256(manifest.read_bytes()).hexdigest()
    files = [layout.panorama_file(scene_id), *sorted((layout.root / "video").glob(f"*/{scene_id}/*.mp4"))]
    facts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()
