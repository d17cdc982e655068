"""From a `Scene` to what the transformer is told of it: latents and features of its views, and where they were taken.

Everything here is done once a scene and size, and reused by every shot on it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from einops import rearrange

from cinescene.cameras import Cameras, CameraTrack
from cinescene.errors import InputError
from cinescene.model.checkpoints import ModelParts
from cinescene.model.conditioning import encode_previz, latent_shares
from cinescene.model.inputs import CineSceneInputs
from cinescene.previz.flight import PrevizFrame, Surroundings, fly_through_panorama
from cinescene.previz.geometry_flight import fly_through_geometry, world_of_start_view
from cinescene.previz.place import placed_estimate
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.scene.around.panorama import panorama_of_photos
from cinescene.scene.geometry import DepthViews
from cinescene.scene.scene import Scene, SceneImages
from cinescene.scene.vggt import EncodeOptions, SceneEncoding, encode_scene
from cinescene.scene.vggt.cache import TensorCache
from cinescene.tensor_types import Float, Tensor

PrevizKind = Literal["auto", "relief", "standin", "vggt", "none"]
"""``auto``: for a panorama its relief, or the stand-in; for photos VGGT's depth; none where nothing can be had."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedScene:
    """A scene as the model sees it, a batch of one. The path's world: metres, z up, +y ahead of the start view.

    ``inputs``
        `CineSceneInputs` with the fields of the views; its text is a placeholder of no tokens.
    ``geometry``
        Pictures with estimated depth in the path's world, where VGGT was asked and the scale could be settled.
    """

    scene: Scene
    inputs: CineSceneInputs
    geometry: DepthViews | None
    notes: tuple[str, ...]


@torch.no_grad()
def encode_views(
    scene: Scene,
    parts: ModelParts,
    *,
    camera_height_m: float = 1.6,
    with_depth: bool = False,
    cache: TensorCache | None = None,
) -> EncodedScene:
    """Encodes a scene's views for a model; ``with_depth`` also settles the scale of VGGT's depth, for a previz.

    ``camera_height_m`` fixes the scale of photos whose scale is not known (`placed_estimate`). Raises `InputError`
    where the model needs what is not there, `GeometryError` where no scale can be found for photos.
    """
    config, device = parts.transformer.config, parts.autoencoder.device
    pictures = scene.view_images(parts.defaults.view_size_px)
    latents = None
    if config.has_image_tokens:
        latents = parts.autoencoder.encode_views(pictures.images[None].to(device))
    encoding = None
    wants_cameras = config.camera != "none" and scene.cameras is None
    if config.has_geometry_tokens or with_depth or (wants_cameras and parts.vggt is not None):
        encoding = _encoding(scene, parts, cache)
    geometry = None
    placed_exactly = scene.cameras is not None and scene.metres_per_unit is not None
    if encoding is not None and (with_depth or not placed_exactly):
        geometry = placed_estimate(scene, encoding.to("cpu"), camera_height_m)
    cameras = _view_cameras(scene, pictures, geometry)
    notes = [] if encoding is None or geometry is None else list(encoding.notes)
    if cameras is None and config.camera == "prope":
        notes.append("where the photos were taken is not known; the camera path is followed, but not tied to them")
    patches = camera_tokens = None
    if encoding is not None and config.needs_patch_features:
        patches = rearrange(encoding.patch_tokens, "v h w d -> 1 v d h w")
    if encoding is not None and config.needs_camera_features:
        camera_tokens = encoding.camera_tokens[None]
    inputs = CineSceneInputs(
        text=torch.zeros(1, 0, config.backbone.text_dim),
        view_latents=None if latents is None else latents.cpu(),
        geometry_patches=None if patches is None else patches.cpu(),
        geometry_camera=None if camera_tokens is None else camera_tokens.cpu(),
        view_cameras=None if cameras is None else cameras.to("cpu", torch.float32).reshape(1, -1),
    )
    return EncodedScene(scene=scene, inputs=_start_first(inputs, scene, parts), geometry=geometry, notes=tuple(notes))


def _encoding(scene: Scene, parts: ModelParts, cache: TensorCache | None) -> SceneEncoding:
    vggt = parts.vggt
    if vggt is None:
        raise InputError(
            "this model looks at a place through VGGT, and none was given: name a checkpoint with vggt= (--vggt), such "
            "as facebook/VGGT-1B-Commercial, or use a model with scene_tokens='image'"
        )
    side, view_size = vggt.config.image_size_px, parts.defaults.view_size_px
    width, height = (max(1, round(length * side / max(view_size))) for length in view_size)
    pictures = scene.view_images((width, height))
    return encode_scene(vggt, pictures.images, pictures.cameras, options=EncodeOptions(longest_px=side), cache=cache)


def _view_cameras(scene: Scene, pictures: SceneImages, geometry: DepthViews | None) -> Cameras | None:
    """Cameras of the views in the path's world, with the lenses of the encoded pictures."""
    if scene.panorama is not None:
        return pictures.cameras
    if geometry is None and pictures.cameras is not None:
        geometry = _known_cameras(scene, pictures, pictures.cameras)
    if geometry is None:
        return None
    height, width = pictures.images.shape[-2:]
    placed = geometry.cameras.to("cpu").resized(width, height)
    if pictures.cameras is None:
        return placed
    return dataclasses.replace(placed, intrinsics_px=pictures.intrinsics_px.to(placed.dtype))


def _known_cameras(scene: Scene, pictures: SceneImages, cameras: Cameras) -> DepthViews:
    """Posed photos without estimated depth: only where they stand counts."""
    unknown = torch.full_like(pictures.images[:, 0], torch.nan)
    views = DepthViews(images=pictures.images, cameras=cameras.scaled(scene.metres(1.0)), depth=unknown)
    up = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64) if scene.up_known else None
    return world_of_start_view(views, up, scene.start_view)


def _start_first(inputs: CineSceneInputs, scene: Scene, parts: ModelParts) -> CineSceneInputs:
    """The start view first; the others keep their order, which only a model with ``start_view_first`` could tell."""
    if scene.start_view == 0:
        return inputs
    rest = [index for index in range(len(scene.views)) if index != scene.start_view]
    return inputs.permuted_views(torch.tensor([scene.start_view, *rest]))


# ---- previz ---------------------------------------------------------------------------------------------------------


def scene_to_shoot(scene: Scene, asked: PrevizKind, parts: ModelParts, cache: TensorCache | None = None) -> Scene:
    """Photos whose cameras are not known, as the panorama that they make, for a model that knows a panorama's relief.

    Other scenes stay as they are, and so do photos that show nothing in common, which a note then says. Raises
    `InputError` for those where their relief is asked for.
    """
    has_relief = parts.transformer.config.previz and parts.relief is not None
    if scene.panorama is not None or scene.cameras is not None or not has_relief or asked not in ("auto", "relief"):
        return scene
    made = panorama_of_photos(scene, cache)
    if made is not None:
        return made
    why = f"{scene.name}: nothing that the start view shows was recognised in another photo"
    if asked == "relief":
        raise InputError(
            f"{why}, and a relief needs what is all around; give a panorama, or photos taken from one spot, each "
            "sharing a third with the next"
        )
    return dataclasses.replace(scene, notes=(*scene.notes, f"{why}; its depth is estimated without that"))


def previz_kind(asked: PrevizKind, scene: Scene, parts: ModelParts) -> PrevizKind:
    """What ``auto`` means for a scene and a model; raises `InputError` for what cannot be had."""
    if not parts.transformer.config.previz:
        if asked not in ("auto", "none"):
            raise InputError(f"previz: this model was built without a previz input, so {asked!r} cannot be used")
        return "none"
    if asked in ("relief", "standin") and scene.panorama is None:
        raise InputError(f"{scene.name}: previz {asked} needs a panorama; use previz vggt or none")
    if asked == "relief" and parts.relief is None:
        raise InputError("previz relief: this model has no relief network; use previz standin, vggt or none")
    if asked == "vggt" and parts.vggt is None:
        raise InputError("previz vggt: needs a VGGT checkpoint (vggt=, --vggt)")
    if asked != "auto":
        return asked
    if scene.panorama is not None:
        return "relief" if parts.relief is not None else "standin"
    return "vggt" if parts.vggt is not None else "none"


def surroundings_of(
    scene: Scene,
    kind: PrevizKind,
    parts: ModelParts,
    camera_height_m: float,
    dome_radius_m: float,
    cache: TensorCache | None = None,
) -> StandIn | ReliefSurface | None:
    """What a panorama's previz moves through; None for other kinds of previz.

    Raises `InputError` for a panorama that was not taken level and at the origin.
    """
    if kind not in ("standin", "relief"):
        return None
    assert scene.panorama is not None
    scene.panorama.check_home()
    if kind == "standin":
        return StandIn(camera_height_m=camera_height_m, dome_radius_m=dome_radius_m)
    assert parts.relief is not None
    return ReliefSurface.around(scene.panorama, parts.relief, camera_height_m, cache)


def fly_previz(encoded: EncodedScene, cameras: Cameras, surroundings: Surroundings | None) -> Iterator[PrevizFrame]:
    """The previz of a path, frame by frame: through a panorama's surroundings, or the scene's estimated geometry."""
    if surroundings is not None:
        assert encoded.scene.panorama is not None
        return fly_through_panorama(encoded.scene.panorama, cameras, surroundings)
    assert encoded.geometry is not None
    return fly_through_geometry(encoded.geometry, cameras)


@torch.no_grad()
def shot_inputs(
    encoded: EncodedScene, track: CameraTrack, frames: list[PrevizFrame], parts: ModelParts
) -> CineSceneInputs:
    """The scene's inputs with a camera path, and its previz if there is one (frames of the path's size)."""
    cameras = track.cameras().to(dtype=torch.float32).reshape(1, -1)
    given = dataclasses.replace(encoded.inputs, cameras=cameras if parts.transformer.config.camera != "none" else None)
    if not frames:
        return given
    shown = stack_previz(frames)
    device = parts.autoencoder.device
    latents, mask = encode_previz(parts.autoencoder, shown.images[None].to(device), shown.photographed[None].to(device))
    staged = None
    if shown.staged is not None and parts.transformer.config.stand_ins:
        staged = latent_shares(shown.staged[None].to(device), parts.autoencoder).float().cpu()
    return dataclasses.replace(
        given, previz_latents=latents.float().cpu(), previz_mask=mask.float().cpu(), previz_staged=staged
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class StackedPreviz:
    """Pictures in [0, 1], trust, and where stand-ins are, of all frames of a previz."""

    images: Float[Tensor, "t 3 h w"]
    photographed: Float[Tensor, "t 1 h w"]
    staged: Float[Tensor, "t 1 h w"] | None


def stack_previz(frames: Sequence[PrevizFrame]) -> StackedPreviz:
    """Frames one by one as tensors; ``staged`` where all frames have it."""
    staged = [frame.staged for frame in frames if frame.staged is not None]
    return StackedPreviz(
        images=torch.stack([frame.image for frame in frames]).float(),
        photographed=torch.stack([frame.photographed for frame in frames]).float()[:, None],
        staged=torch.stack(staged).float()[:, None] if len(staged) == len(frames) else None,
    )


def multiple_px(parts: ModelParts) -> int:
    """What the sides of a clip must be a multiple of: a latent cell times a patch."""
    _, patch_height, patch_width = parts.transformer.config.backbone.patch_size
    return parts.autoencoder.spatial_factor * max(patch_height, patch_width)
