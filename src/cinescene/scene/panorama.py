"""Equirectangular panoramas, and the perspective views that are cut from them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.projection import camera_directions, pixel_grid
from cinescene.cameras.transforms import level_rotation, rigid
from cinescene.errors import InputError
from cinescene.scene.sphere_sampling import PanoramaPyramid, sample_panorama
from cinescene.scene.view_layout import ViewLayout
from cinescene.tensor_types import Bool, Float, Tensor, UInt8

SMALLEST_PANORAMA_PX = (64, 32)
LARGEST_PANORAMA_PIXELS = 80_000_000
"""Up to 12648×6324; a 360° picture of that size has 35 pixels a degree, more than any view of it needs."""

ASPECT_TOLERANCE = 0.01
"""How far from 2:1 a panorama may be, since stitchers round their sizes."""

UNIFORM_TOLERANCE = 6 / 255

HOME_M, LEVEL_RAD = 1e-3, math.radians(0.5)
"""How far a panorama may be from the origin and from level, and still count as there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Panorama:
    """A full equirectangular picture (360° × 180°) and where it was taken.

    ``image``
        RGB, 8 bits or float in [0, 1]; its left and right edges meet.
    ``camera``
        One equirectangular camera of the same size. Unless stated otherwise it stands at the origin of a z-up world,
        level, and the panorama's centre column looks along world +y.
    ``known``
        Where it was photographed and not filled in; None where all of it was.
    """

    image: UInt8[Tensor, "3 h w"] | Float[Tensor, "3 h w"]
    camera: Cameras
    known: Bool[Tensor, "h w"] | None = None

    def __post_init__(self) -> None:
        height, width = self.image.shape[-2:]
        check_panorama_size(width, height)
        if self.camera.projection != "equirectangular" or self.camera.batch_shape:
            raise InputError("panorama: expected one equirectangular camera")
        if self.camera.size_px != (width, height):
            raise InputError(f"panorama: the picture is {width}×{height} but its camera {self.camera.size_px}")
        if self.known is not None and tuple(self.known.shape) != (height, width):
            raise InputError(f"panorama: the picture is {width}×{height} but known of shape {tuple(self.known.shape)}")

    @classmethod
    def from_image(cls, image: UInt8[Tensor, "3 h w"] | Float[Tensor, "3 h w"], name: str = "panorama") -> Panorama:
        """A level panorama at the origin; raises `InputError` where the picture cannot be a full one."""
        height, width = image.shape[-2:]
        check_panorama_size(width, height, name)
        world_from_camera = rigid(level_rotation(), torch.zeros(3, dtype=torch.float64))
        return cls(image=image, camera=Cameras.equirectangular(world_from_camera, width, height))

    def check_home(self) -> None:
        """Raises `InputError` unless it was taken at the origin of a z-up world, level: where a shot's path begins."""
        position, down = self.camera.position, self.camera.world_from_camera[:3, 1]
        if float(position.norm()) > HOME_M or float(down[2]) > -math.cos(LEVEL_RAD):
            at = ", ".join(f"{x:.2f}" for x in position.tolist())
            tilt = math.degrees(math.acos(max(-1.0, min(1.0, -float(down[2])))))
            raise InputError(
                "panorama: expected one taken at the origin and level, as `Panorama.from_image` gives it; this one is "
                f"at ({at}) and tilted by {tilt:.1f}°. Move path and panorama together; `resample_panorama` levels it"
            )

    @property
    def size_px(self) -> tuple[int, int]:
        return self.image.shape[-1], self.image.shape[-2]

    def pyramid(self, spacing_rad: float | None = None) -> PanoramaPyramid:
        """For looking into it many times; see `PanoramaPyramid.build`."""
        return PanoramaPyramid.build(self.image, spacing_rad)


def check_panorama_size(width_px: int, height_px: int, name: str = "panorama") -> None:
    """Raises `InputError`, with advice, unless a picture of this size can be a full 360° × 180° equirectangular one."""
    got = f"{name}: expected a full equirectangular panorama (twice as wide as high), got {width_px}×{height_px}"
    smallest = SMALLEST_PANORAMA_PX
    if width_px < smallest[0] or height_px < smallest[1]:
        raise InputError(f"{got}; the smallest that is taken is {smallest[0]}×{smallest[1]}")
    aspect = width_px / height_px
    if abs(aspect / 2 - 1) > ASPECT_TOLERANCE:
        raise InputError(f"{got}; {_aspect_advice(aspect)}")
    if width_px * height_px > LARGEST_PANORAMA_PIXELS:
        raise InputError(
            f"{name}: {width_px}×{height_px} is {width_px * height_px / 1e6:.0f} megapixels, but at most "
            f"{LARGEST_PANORAMA_PIXELS / 1e6:.0f} are taken; scale it down, for example to 8192×4096"
        )


def _aspect_advice(aspect: float) -> str:
    if aspect > 2:
        return (
            "a partial or cylindrical panorama has no sky or ground: extend it to 360° × 180° in a stitcher "
            "(equirectangular output, black where nothing was photographed), or give it as a photo"
        )
    if abs(aspect - 1) < 0.05:
        return (
            "a square picture may be a fisheye, a cube face or a top-bottom stereo pair: convert it to equirectangular"
            " (of a stereo pair, cut out the left eye's half), or give it as a photo"
        )
    if abs(aspect - 4 / 3) < 0.02:
        return "a cube map laid out as a cross must be converted to equirectangular; a plain photo is given as a photo"
    return "convert it to equirectangular if it is another kind of panorama, or give it as a photo"


def panorama_views(panorama: Panorama, layout: ViewLayout) -> tuple[Float[Tensor, "v 3 h w"], Cameras]:
    """The perspective views of a layout, and their cameras (v,), exact, in the panorama's world.

    Source: the CineScene paper's scene input, with `ViewLayout.paper`.
    """
    cameras = layout.cameras(panorama.camera)
    return resample_panorama(panorama, cameras), cameras


def resample_panorama(
    panorama: Panorama, cameras: Cameras, pyramid: PanoramaPyramid | None = None
) -> Float[Tensor, "*b 3 h w"]:
    """What cameras of one picture size would see of a panorama, as if everything were infinitely far away.

    Cameras may be perspective or equirectangular (which turns or resizes the panorama). Only their rotations count.
    ``pyramid`` saves building one for each call.
    """
    width, height = cameras.size_px
    if pyramid is None:
        pyramid = panorama.pyramid(closest_spacing_rad(cameras))
    flat = cameras.reshape(-1).to(dtype=torch.float64)
    rotations = (panorama.camera.camera_from_world.to(flat.world_from_camera) @ flat.world_from_camera)[:, :3, :3]
    out = pyramid.levels[0].new_empty(len(flat), 3, height, width)
    for members, turns_rad in _rings(flat.intrinsics_px, rotations):
        directions = _view_directions(flat[members[0]], rotations[members[0]], out.dtype)
        out[members] = sample_panorama(pyramid, directions, turns_rad)
    return out.reshape(*cameras.batch_shape, 3, height, width)


def _rings(
    intrinsics: Float[Tensor, "n 3 3"], rotations: Float[Tensor, "n 3 3"]
) -> Iterator[tuple[list[int], Float[Tensor, "k"]]]:
    """Groups views that differ by a turn about the panorama's vertical axis only; the turns are from the first."""
    remaining = list(range(len(rotations)))
    while remaining:
        first = remaining[0]
        change = rotations[remaining] @ rotations[first].mT
        upright = (change[:, 1, 1] - 1).abs() < 1e-12
        same_lens = (intrinsics[remaining] - intrinsics[first]).abs().flatten(1).amax(1) < 1e-9
        alike = (upright & same_lens).tolist()
        alike[0] = True
        members = [index for index, is_alike in zip(remaining, alike, strict=True) if is_alike]
        turns_rad = torch.atan2(change[:, 0, 2], change[:, 2, 2])[torch.tensor(alike, device=change.device)]
        yield members, turns_rad
        remaining = [index for index, is_alike in zip(remaining, alike, strict=True) if not is_alike]


def _view_directions(camera: Cameras, rotation: Float[Tensor, "3 3"], dtype: torch.dtype) -> Float[Tensor, "h w 3"]:
    width, height = camera.size_px
    camera = camera.to(dtype=dtype)
    grid = pixel_grid(width, height, dtype).to(camera.device)
    directions = camera_directions(camera, grid.reshape(-1, 2)) @ rotation.to(dtype).mT
    return directions.unflatten(0, (height, width))


def closest_spacing_rad(cameras: Cameras) -> float:
    """The smallest angle between neighbouring pixels of any of the cameras, in radians (a lower bound)."""
    focal = cameras.focal_px.amax(-1)
    if cameras.projection == "equirectangular":
        return float((1 / focal).min()) / 4
    size = cameras.image_size_px.to(cameras.dtype)
    corners = size.new_tensor([[0, 0], [1, 0], [0, 1], [1, 1]]) * size[..., None, :]
    rays = camera_directions(cameras, corners)
    cosine = 1 / torch.linalg.vector_norm(rays, dim=-1).amax(-1)
    return float((cosine.square() / focal).min())


def seam_contrast(panorama: Panorama) -> float:
    """How much harder the left edge meets the right than neighbouring columns meet elsewhere: about 1 if closed."""
    image = panorama.image.float()
    middle = slice(image.shape[1] // 4, image.shape[1] - image.shape[1] // 4)
    seam = (image[:, middle, 0] - image[:, middle, -1]).abs().mean()
    elsewhere = (image[:, middle, 1:] - image[:, middle, :-1]).abs().mean()
    return float(seam / elsewhere) if elsewhere > 0 else (1.0 if seam == 0 else math.inf)


def uniform_caps(panorama: Panorama) -> tuple[float, float]:
    """Degrees from the zenith down and the nadir up that are of one colour, as where nothing was photographed."""
    image = panorama.image.float() * (1 if panorama.image.is_floating_point() else 1 / 255)
    return _uniform_rows(image) * 180 / image.shape[1], _uniform_rows(image.flip(1)) * 180 / image.shape[1]


def _uniform_rows(image: Float[Tensor, "3 h w"]) -> int:
    """Rows from the top whose every pixel is the first one's colour to within JPEG noise."""
    unlike = (image - image[:, :1, :1]).abs().amax(dim=(0, 2)) > UNIFORM_TOLERANCE
    return int(unlike.float().argmax()) if unlike.any() else image.shape[1]
