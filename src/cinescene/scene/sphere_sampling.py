"""Looking into an equirectangular panorama along any directions, without aliasing, seam or pole artefacts.

Every sample is the mean of a 2×2 pattern inside its pixel, each taken by bicubic interpolation from that level of a
pyramid whose pixels are about as large as the pattern's spacing. Against an 8×8 supersampled reference this keeps
50–60 dB where plain trilinear lookup keeps 35–45 (``benchmarks/panorama_views.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from cinescene.errors import InputError
from cinescene.tensor_types import Float, Int, Tensor, UInt8

PADDING_PX = 3
"""Border of every level, continued across the seam and over the poles; bicubic interpolation reaches two pixels."""

SMALLEST_LEVEL_PX = 8
"""Height below which the pyramid is not halved further."""

LEVEL_OFFSET = 0.25
"""A level serves samples up to 2^0.75 of its own pixels apart: the sharpest choice that the 2×2 pattern forgives."""

CHUNK_PIXELS = 1 << 17
"""Pixels sampled at once: bounds memory. Less would suit one core's cache better, but cores that are also busy with
other work lose far more where they often wait for each other."""

POLAR_BLUR_PX = 0.35
"""Standard deviation, in pixels of height, of the Gaussian that evens out the crowded pixels near the poles."""

PATTERN = ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25))
"""Where in a pixel the samples lie, in pixels from its centre."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PanoramaPyramid:
    """A full panorama at halving resolutions, ready to be looked into from its centre many times.

    ``levels``
        Pictures (c, h, w), finest first, each with a border of `PADDING_PX`.
    ``finest_rad``
        Angle that a pixel of the first level spans vertically.
    """

    levels: tuple[Float[Tensor, "c _h _w"], ...]
    finest_rad: float

    @classmethod
    def build(
        cls, image: Float[Tensor, "c h w"] | UInt8[Tensor, "c h w"], spacing_rad: float | None = None
    ) -> PanoramaPyramid:
        """The pyramid of a full equirectangular picture (its left and right edges meet); 8-bit values become [0, 1].

        ``spacing_rad`` promises that no two neighbouring samples will be closer than this angle: levels finer than
        that needs are dropped, which saves most of the memory of a large panorama.
        """
        height, width = image.shape[-2:]
        if height < PADDING_PX or width < PADDING_PX:
            raise InputError(f"panorama: expected at least {PADDING_PX} pixels a side, got {width}×{height}")
        level = image
        while _halvable(level) and spacing_rad is not None and _level_of(spacing_rad, level.shape[-2]) >= 1:
            level = _halved(level)
        finest_rad = math.pi / level.shape[-2]
        levels = [_bordered(level)]
        while _halvable(level):
            level = _halved(level)
            levels.append(_bordered(level))
        return cls(levels=tuple(levels), finest_rad=finest_rad)

    def to(self, device: torch.device | str) -> PanoramaPyramid:
        return PanoramaPyramid(levels=tuple(x.to(device) for x in self.levels), finest_rad=self.finest_rad)


def sample_panorama(
    pyramid: PanoramaPyramid, directions: Float[Tensor, "*b h w 3"], turns_rad: Float[Tensor, "k"] | None = None
) -> Float[Tensor, "*bk c h w"]:
    """What a panorama shows along the directions of a picture's pixels: (*b, c, h, w), or (*b, k, c, h, w).

    ``directions`` (any length but zero) are in the panorama's camera frame: +x right, +y down, +z the centre of the
    panorama. They may come from any lens or mapping; the footprint of each pixel follows from its neighbours, so one
    call must hold pixels that lie side by side. A lone pixel is taken from the finest level.

    ``turns_rad`` asks for several pictures whose directions are the given ones turned to the right about the
    panorama's vertical axis, as in a pan or a ring of views; that is about twice as fast as asking for each.
    """
    batch, (height, width) = directions.shape[:-3], directions.shape[-3:-1]
    channels = pyramid.levels[0].shape[0]
    turns = directions.new_zeros(1) if turns_rad is None else turns_rad
    out = pyramid.levels[0].new_empty(math.prod(batch), len(turns), channels, height, width)
    grid_turns = torch.remainder(turns.to(out.device, torch.float64) / math.pi, 2).to(out.dtype)
    for pictures, field in zip(out, directions.reshape(-1, height, width, 3), strict=True):
        _sample_field(pyramid, field, grid_turns, pictures)
    return out.reshape(*batch, *(() if turns_rad is None else (len(turns),)), channels, height, width)


def _sample_field(
    pyramid: PanoramaPyramid, directions: Float[Tensor, "h w 3"], turns: Float[Tensor, "k"], out: Tensor
) -> None:
    """Fills ``out`` (k, c, h, w), a few rows at a time."""
    height, width = directions.shape[:2]
    rows = max(1, CHUNK_PIXELS // max(width, 1))
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        first, last = max(start - 1, 0), min(stop + 1, height)
        planes = F.normalize(directions[first:last].to(out.dtype).movedim(-1, 0).contiguous(), dim=0)
        inner = slice(start - first, stop - first)
        across, down = _step(planes, -1)[:, inner], _step(planes, -2)[:, inner]
        spacing = torch.sqrt((across.square().sum(0) + down.square().sum(0)) / _axes_with_neighbours(height, width))
        level = _level_of(spacing, math.pi / pyramid.finest_rad).clamp(0, len(pyramid.levels) - 1).long()
        samples = torch.stack([planes[:, inner] + u * across + v * down for u, v in PATTERN], dim=1)
        places = _longitude_latitude(samples.flatten(2))
        part = out[:, :, start:stop]
        for index, chosen in _by_level(level.flatten()):
            found = _look_up(pyramid.levels[index], places[:, :, chosen], turns)
            if isinstance(chosen, slice):
                part.copy_(found.unflatten(-1, level.shape))
            else:
                part[:, :, chosen // width, chosen % width] = found


def _axes_with_neighbours(height: int, width: int) -> int:
    return max(1, int(height > 1) + int(width > 1))


def _step(planes: Float[Tensor, "3 h w"], dim: int) -> Float[Tensor, "3 h w"]:
    """Change from one pixel to the next along an axis: central differences, one-sided at the border."""
    count = planes.shape[dim]
    if count == 1:
        return torch.zeros_like(planes)
    index = torch.arange(count, device=planes.device)
    after, before = (index + 1).clamp(max=count - 1), (index - 1).clamp(min=0)
    distance = (after - before).to(planes.dtype)
    change = planes.index_select(dim, after) - planes.index_select(dim, before)
    return change / (distance if dim == -1 else distance[:, None])


def _level_of(spacing_rad: Float[Tensor, "*n"] | float, height_px: float) -> Tensor:
    """Index of the level that serves pixels ``spacing_rad`` apart, counted from one of ``height_px``; may be < 0."""
    pattern_px = torch.as_tensor(spacing_rad) * (height_px / math.pi) / 2
    return torch.floor(torch.log2(pattern_px) + LEVEL_OFFSET)


def _longitude_latitude(directions: Float[Tensor, "3 s n"]) -> Float[Tensor, "2 s n"]:
    """Longitude and (downward) latitude of unit vectors as grid coordinates in [-1, 1]."""
    x, y, z = directions
    longitude = torch.atan2(x, z).div_(math.pi)
    latitude = torch.atan2(y, torch.hypot(x, z)).div_(math.pi / 2)
    return torch.stack([longitude, latitude])


def _by_level(level: Int[Tensor, "n"]) -> Iterator[tuple[int, slice | Int[Tensor, "m"]]]:
    """Each level in use and the pixels that it serves; a slice where it serves all of them."""
    lowest, highest = int(level.min()), int(level.max())
    if lowest == highest:
        yield lowest, slice(None)
        return
    for index in range(lowest, highest + 1):
        chosen = (level == index).nonzero()[:, 0]
        if len(chosen):
            yield index, chosen


def _look_up(
    bordered: Float[Tensor, "c h w"], places: Float[Tensor, "2 s n"], turns: Float[Tensor, "k"]
) -> Float[Tensor, "k c n"]:
    """Mean over the pattern's ``s`` samples; the batch axis that they make is what PyTorch spreads over CPU cores."""
    height, width = bordered.shape[-2:]
    batched = bordered.expand(places.shape[1], *bordered.shape)
    latitude = places[1] * ((height - 2 * PADDING_PX) / height)
    out = places.new_empty(len(turns), bordered.shape[0], places.shape[2])
    for picture, turn in zip(out, turns, strict=True):
        longitude = places[0] + turn
        longitude = torch.where(longitude > 1, longitude - 2, longitude) * ((width - 2 * PADDING_PX) / width)
        grid = torch.stack([longitude, latitude], dim=-1)[:, None]
        found = F.grid_sample(batched, grid, mode="bicubic", align_corners=False)
        torch.mean(found[:, :, 0], dim=0, out=picture)
    return out.clamp_(0, 1)


def _as_float(image: Tensor) -> Float[Tensor, "*b h w"]:
    return image.float() if image.is_floating_point() else image.float().div_(255)


def _halvable(level: Tensor) -> bool:
    return min(level.shape[-2:]) >= 2 * SMALLEST_LEVEL_PX


def _halved(level: Tensor) -> Float[Tensor, "c h2 w2"]:
    """Half the size by area averaging, channel by channel to keep temporaries small."""
    return torch.stack([_box_halved(_box_halved(_as_float(channel), 0), 1) for channel in level])


def _box_halved(plane: Float[Tensor, "h w"], dim: int) -> Float[Tensor, "h2 w2"]:
    """Averages equal shares of one axis; with an odd count the shares begin and end inside pixels."""
    count = plane.shape[dim]
    shares = count // 2
    if count == 2 * shares:
        pairs = plane.unflatten(dim, (shares, 2))
        return torch.add(pairs.select(dim + 1, 0), pairs.select(dim + 1, 1)).mul_(0.5)
    edges = torch.arange(shares + 1, dtype=torch.float64, device=plane.device) * (count / shares)
    first = edges[:-1].floor().long()
    out = torch.zeros_like(plane.narrow(dim, 0, shares))
    for offset in range(4):
        pixel = first + offset
        covered = (torch.minimum(edges[1:], pixel + 1.0) - torch.maximum(edges[:-1], pixel.double())).clamp(min=0)
        weight = (covered * (shares / count)).to(plane.dtype)
        part = plane.index_select(dim, pixel.clamp(max=count - 1))
        out += part * (weight[:, None] if dim == 0 else weight)
    return out


def _bordered(level: Tensor) -> Float[Tensor, "c h2 w2"]:
    """A level with its poles evened, continued around the seam and, by rows half a turn away, over the poles.

    It lies in memory with the channels of a pixel side by side, where a lookup finds them together.
    """
    channels, height, width = level.shape
    pad = PADDING_PX
    memory = torch.empty(height + 2 * pad, width + 2 * pad, channels, device=level.device)
    out = memory.movedim(-1, 0)
    inside = out[:, pad:-pad, pad:-pad]
    inside.copy_(level)
    if not level.is_floating_point():
        inside.div_(255)
    _even_poles(inside)
    out[:, :pad, pad:-pad] = _half_a_turn(inside[:, :pad]).flip(1)
    out[:, -pad:, pad:-pad] = _half_a_turn(inside[:, -pad:]).flip(1)
    out[:, :, :pad] = out[:, :, -2 * pad : -pad]
    out[:, :, -pad:] = out[:, :, pad : 2 * pad]
    return out


def _even_poles(level: Float[Tensor, "c h w"]) -> None:
    """Blurs, in place, the rows near the poles sideways to the resolution of their columns.

    A row at latitude φ holds 1/cos φ times as many pixels an angle as a column does; the Gaussian that brings it down
    has σ = `POLAR_BLUR_PX` · √(1/cos²φ − 1) pixels and is applied in the Fourier domain, so that it wraps.
    """
    height, width = level.shape[-2:]
    latitude = (torch.arange(height, dtype=torch.float64, device=level.device) + 0.5) / height * math.pi - math.pi / 2
    sigma = POLAR_BLUR_PX * torch.tan(latitude).abs()
    band = int((sigma[: height // 2] > 0.5).sum())
    frequency = torch.arange(width // 2 + 1, dtype=torch.float64, device=level.device) * (2 * math.pi / width)
    response = torch.exp(-0.5 * (sigma[:band, None] * frequency).square()).to(level.dtype)
    for rows, gain in ((level[:, :band], response), (level[:, height - band :], response.flip(0))):
        rows.copy_(torch.fft.irfft(torch.fft.rfft(rows.contiguous(), dim=-1).mul_(gain), n=width, dim=-1))


def _half_a_turn(rows: Float[Tensor, "c h w"]) -> Float[Tensor, "c h w"]:
    width = rows.shape[-1]
    turned = torch.roll(rows, width // 2, dims=-1)
    return turned if width % 2 == 0 else (turned + torch.roll(rows, width // 2 + 1, dims=-1)) / 2
