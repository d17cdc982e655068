"""Samples as the transformer sees them, computed once: latents, features, previz and text of every clip of a data set.

What is stored is keyed by the data and by the weights of the encoders, so that new weights never meet old latents.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from einops import rearrange

from cinescene.cameras import Cameras
from cinescene.data.cache import cached_encoding
from cinescene.data.dataset import DatasetConfig, SceneDecoupledDataset
from cinescene.depth_files import read_depth
from cinescene.model.autoencoder import Autoencoder
from cinescene.model.conditioning import encode_previz, latent_shares
from cinescene.model.scene_inputs import StackedPreviz
from cinescene.previz.flight import HALF_GUESSED_RAD
from cinescene.scene.panorama import Panorama, panorama_views
from cinescene.scene.relief import ReliefNet
from cinescene.scene.vggt import EncodeOptions, TensorCache, Vggt, encode_scene, weights_hash
from cinescene.scene.vggt.cache import tensor_hash
from cinescene.scene.vggt.encode import SceneEncoding
from cinescene.scene.view_layout import ViewLayout
from cinescene.tensor_types import Float, Tensor
from cinescene.training.encoding_options import EncodingOptions
from cinescene.training.mirror import mirrored_caption
from cinescene.training.previz_flights import fly_clip
from cinescene.training.views import view_log_depth

VERSION = 1
STAND_INS = 7
"""Version of how stand-ins are drawn."""
MOST_PLACES, MOST_CLIPS = 512, 20_000
"""Kept in memory: about 3 MB a place and 1 MB a clip of nano's size."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedClip:
    """A clip with and without its subject. Cameras are relative to the first frame, in metres.

    ``affected`` is the share of each latent cell that the subject or its shadow changes. ``view_log_depth`` is the
    logarithm of z-depth at each latent cell of a view, NaN where there is none; None where the data hold no distances.
    ``previz`` and
    ``previz_masks`` hold a row a kind; ``acted`` and ``acted_masks`` are the same with stand-in actors (without any
    where there are none), who are or are near in the cells of ``staged``.
    """

    scene_id: str
    caption: str
    with_subject: Float[Tensor, "c t h w"]
    without_subject: Float[Tensor, "c t h w"]
    affected: Float[Tensor, "1 t h w"]
    previz: Float[Tensor, "k c t h w"]
    previz_masks: Float[Tensor, "k 1 t h w"]
    acted: Float[Tensor, "k c t h w"]
    acted_masks: Float[Tensor, "k 1 t h w"]
    staged: Float[Tensor, "k 1 t h w"]
    cameras: Cameras
    view_cameras: Cameras
    views: Float[Tensor, "v c vh vw"]
    geometry_patches: Float[Tensor, "v d gh gw"] | None
    geometry_camera: Float[Tensor, "v d"] | None
    view_log_depth: Float[Tensor, "v vh vw"] | None = None


@dataclass(frozen=True)
class Item:
    """A window of a clip of a data set, as it is or mirrored. Data sets are told apart by identity."""

    dataset: SceneDecoupledDataset
    clip: int
    window: int
    mirrored: bool

    @property
    def scene_id(self) -> str:
        return self.dataset.clips[self.clip][0]

    @property
    def place(self) -> Place:
        return Place(self.dataset, self.clip, self.scene_id, self.mirrored)


@dataclass(frozen=True)
class Place:
    """A scene of a data set; ``clip`` is one of its clips, which does not tell places apart."""

    dataset: SceneDecoupledDataset
    clip: int = field(compare=False)
    scene_id: str
    mirrored: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoders:
    """What encodes; their hashes are part of every key."""

    autoencoder: Autoencoder
    vggt: Vggt | None
    relief: ReliefNet | None = None

    def hashes(self) -> dict[str, str]:
        return {
            "autoencoder": tensor_hash(self.autoencoder.state_dict()),
            "vggt": "none" if self.vggt is None else weights_hash(self.vggt),
            "relief": "none" if self.relief is None else tensor_hash(self.relief.state_dict()),
        }


class EncodedClips:
    """Encoded clips of data sets by index; `prepare` computes what is not stored yet."""

    def __init__(
        self, configs: Sequence[DatasetConfig], encoders: Encoders, options: EncodingOptions, cache: TensorCache
    ) -> None:
        """All data sets have one size, length and layout."""
        self.encoders, self.options, self.cache = encoders, options, cache
        self.hashes = encoders.hashes()
        self.items: list[Item] = []
        sides = (False, True) if options.mirrored else (False,)
        for config in configs:
            for window in range(options.windows):
                settings = dataclasses.replace(
                    config, random_window=window > 0, shuffle_views=False, start_view="panorama"
                )
                dataset = SceneDecoupledDataset(settings)
                dataset.set_epoch(window)
                self.items += [Item(dataset, clip, window, side) for clip in range(len(dataset)) for side in sides]
        self._place = lru_cache(maxsize=MOST_PLACES)(self._encoded_place)
        self._clip = lru_cache(maxsize=MOST_CLIPS)(self._made)
        # A window and its mirror image follow each other and share what is read and flown.
        self._pictures = lru_cache(maxsize=1)(SceneDecoupledDataset.__getitem__)
        self._flown = lru_cache(maxsize=len(options.previz))(self._fly)

    def __len__(self) -> int:
        return len(self.items)

    def prepare(self, on_done: Callable[[int], None] | None = None) -> None:
        """Computes and stores everything that is not stored yet."""
        for index, item in enumerate(self.items):
            self._encoded(index)
            self._place(item.place)
            if on_done is not None:
                on_done(index + 1)

    def __getitem__(self, index: int) -> EncodedClip:
        return self._clip(index)

    def _made(self, index: int) -> EncodedClip:
        item = self.items[index]
        tensors = self._encoded(index)
        place, view_cameras = self._place(item.place)
        _, cameras = item.dataset.placed(item.clip)
        first = cameras[:1]
        cameras, view_cameras = (c.relative_to(first).to(dtype=torch.float32) for c in (cameras, view_cameras))
        caption = item.dataset.caption(item.clip) or ""
        return EncodedClip(
            scene_id=item.scene_id,
            caption=mirrored_caption(caption) if item.mirrored else caption,
            cameras=cameras.mirrored() if item.mirrored else cameras,
            view_cameras=view_cameras.mirrored() if item.mirrored else view_cameras,
            **{key: tensors[key].float() for key in CLIP_TENSORS},
            views=place["views"],
            geometry_patches=place.get("geometry_patches"),
            geometry_camera=place.get("geometry_camera"),
            view_log_depth=place.get("view_log_depth"),
        )

    # ---- encoding ---------------------------------------------------------------------------------------------------

    def _encoded(self, index: int) -> dict[str, Tensor]:
        """Latents and previz of a clip. Only what VGGT had a part in depends on its weights."""
        item = self.items[index]
        config = item.dataset.config
        name = item.dataset.clips[item.clip][1]
        content = {
            "clip": f"{item.scene_id}/{name}/{item.window}",
            "files": _fingerprint(item.dataset, item.scene_id),
        } | _side(item.mirrored)
        shape = {"size": [config.width_px, config.height_px, config.frames], "seed": config.seed}
        tensors = dict(self._stored(content, {"kind": "clip"} | shape, lambda: self._encode_clip(item)))
        previz = []
        for kind in self.options.previz:
            settings = {"kind": f"previz {kind}", "layout": repr(config.layout)} | shape | self._previz_settings()

            def encode(kind: str = kind) -> dict[str, Tensor]:
                return self._encode_previz(item, kind)

            previz.append(self._stored(content, settings, encode, geometry=None if kind == "standin" else kind))
        return tensors | {name: torch.stack([p[name] for p in previz]) for name in PREVIZ_TENSORS}

    def _previz_settings(self) -> dict[str, Any]:
        return {
            "dome_radius_m": self.options.dome_radius_m,
            "camera_height_m": self.options.camera_height_m,
            "half_guessed_rad": HALF_GUESSED_RAD,
            "stand_ins": STAND_INS if self.options.stand_ins else 0,
        }

    def _encoded_place(self, place: Place) -> tuple[dict[str, Tensor], Cameras]:
        """Latents and features of the views, and the cameras of the views as they are (not mirrored)."""
        panorama, _ = place.dataset.placed(place.clip)
        layout = place.dataset.config.layout
        content = {
            "place": place.scene_id,
            "files": _fingerprint(place.dataset, place.scene_id),
        } | _side(place.mirrored)
        options = {"kind": "views", "layout": repr(layout)}
        tensors = dict(self._stored(content, options, lambda: self._encode_views(panorama, layout, place.mirrored)))
        if self.encoders.vggt is not None:
            options["kind"] = "geometry"

            def encode() -> dict[str, Tensor]:
                return self._encode_geometry(panorama, layout, place.mirrored)

            tensors |= self._stored(content, options, encode, geometry="vggt")
        distance_file = place.dataset.layout.panorama_depth_file(place.scene_id)
        if distance_file.is_file():
            height, width = tensors["views"].shape[-2:]
            log_depth = view_log_depth(read_depth(distance_file), layout.with_size(width, height))
            tensors["view_log_depth"] = _sided(log_depth, place.mirrored)
        return {name: value.float() for name, value in tensors.items()}, layout.cameras(panorama.camera)

    def _stored(
        self,
        content: Mapping[str, Tensor | str],
        options: dict[str, Any],
        compute: Callable[[], dict[str, Tensor]],
        *,
        geometry: str | None = None,
    ) -> dict[str, Tensor]:
        """From the cache, or computed without gradients; ``geometry`` names the network that had a part in it."""

        def lean() -> dict[str, Tensor]:
            with torch.no_grad():
                return {name: tensor.contiguous() for name, tensor in compute().items()}

        weights = self.hashes["autoencoder"] + (self.hashes[geometry] if geometry is not None else "")
        settings = options | {"version": VERSION}
        return cached_encoding(self.cache, content, weights, settings, lean)

    def _encode_views(self, panorama: Panorama, layout: ViewLayout, mirrored: bool) -> dict[str, Tensor]:
        images, _ = panorama_views(panorama, layout)
        autoencoder = self.encoders.autoencoder
        given = _sided(images, mirrored)[None].to(autoencoder.device)
        return {"views": autoencoder.encode_views(given)[0].half()}

    def _encode_geometry(self, panorama: Panorama, layout: ViewLayout, mirrored: bool) -> dict[str, Tensor]:
        encoding = self._estimate(panorama, layout, mirrored)
        return {
            "geometry_patches": rearrange(encoding.patch_tokens, "v h w d -> v d h w").half(),
            "geometry_camera": encoding.camera_tokens.half(),
            "depth": encoding.depth.float(),
            "depth_confidence": encoding.depth_confidence.float(),
        }

    def _estimate(self, panorama: Panorama, layout: ViewLayout, mirrored: bool) -> SceneEncoding:
        vggt = self.encoders.vggt
        assert vggt is not None
        images, cameras = panorama_views(panorama, layout.with_longest(vggt.config.image_size_px))
        given = cameras.mirrored() if mirrored else cameras
        options = EncodeOptions(longest_px=vggt.config.image_size_px)
        return encode_scene(vggt, _sided(images, mirrored), given, options=options)

    def _encode_clip(self, item: Item) -> dict[str, Tensor]:
        sample = self._pictures(item.dataset, item.clip)
        autoencoder = self.encoders.autoencoder
        both = _sided(torch.stack([sample.with_subject, sample.without_subject]), item.mirrored)
        latents = autoencoder.encode(both.to(autoencoder.device))
        if sample.affected_mask is None:
            affected = torch.zeros_like(both[0, :, :1])
        else:
            affected = _sided(sample.affected_mask.float()[:, None], item.mirrored)
        return {
            "with_subject": latents[0].half(),
            "without_subject": latents[1].half(),
            "affected": latent_shares(affected[None], autoencoder)[0].half(),
        }

    def _encode_previz(self, item: Item, kind: str) -> dict[str, Tensor]:
        bare, acted = self._flown(item.dataset, item.clip, kind)
        latents, mask = self._encode_shown(bare, item.mirrored)
        if acted is None or acted.staged is None:
            tensors = latents, mask, latents, mask, torch.zeros_like(mask)
        else:
            staged = latent_shares(_sided(acted.staged, item.mirrored)[None], self.encoders.autoencoder)
            tensors = latents, mask, *self._encode_shown(acted, item.mirrored), staged
        return {name: tensor[0].half() for name, tensor in zip(PREVIZ_TENSORS, tensors, strict=True)}

    def _encode_shown(self, shown: StackedPreviz, mirrored: bool) -> tuple[Tensor, Tensor]:
        autoencoder = self.encoders.autoencoder
        images, trust = (_sided(x, mirrored)[None].to(autoencoder.device) for x in (shown.images, shown.photographed))
        return encode_previz(autoencoder, images, trust)

    def _fly(self, dataset: SceneDecoupledDataset, clip: int, kind: str) -> tuple[StackedPreviz, StackedPreviz | None]:
        depth = None
        if kind == "vggt":
            tensors, _ = self._place(Item(dataset, clip, 0, mirrored=False).place)
            depth = tensors["depth"], tensors["depth_confidence"]
        return fly_clip(dataset, clip, kind, self.options, self.encoders.relief, depth, self.cache)


PREVIZ_TENSORS = ("previz", "previz_masks", "acted", "acted_masks", "staged")
CLIP_TENSORS = ("with_subject", "without_subject", "affected", *PREVIZ_TENSORS)
"""What a clip's own latents are, all of them on the same grid."""


def _side(mirrored: bool) -> dict[str, str]:
    """A part of the key; nothing for what is not mirrored."""
    return {"side": "mirrored"} if mirrored else {}


def _sided(pictures: Float[Tensor, "*n h w"], mirrored: bool) -> Float[Tensor, "*n h w"]:
    return pictures.flip(-1) if mirrored else pictures


def _fingerprint(dataset: SceneDecoupledDataset, scene_id: str) -> str:
    """What changes when a scene's files do: its manifest's checksums, or sizes and times where there is none."""
    layout = dataset.layout
    manifest = layout.manifest_file(scene_id)
    if manifest.is_file():
        return hashlib.sha256(manifest.read_bytes()).hexdigest()
    files = [layout.panorama_file(scene_id), *sorted((layout.root / "video").glob(f"*/{scene_id}/*.mp4"))]
    facts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()
