"""Telling a director where a path leaves what the pictures can support."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
import torch.nn.functional as F

from cinescene.cameras import Cameras, CameraTrack
from cinescene.cameras.projection import pixel_rays
from cinescene.previz.flight import Surroundings
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.tensor_types import Bool, Float, Tensor

SUPPORTED_SHARE = 0.5
"""Mean trust of a frame below which it is reported as mostly guessed."""
SMEAR, SMEARED_SHARE = 5.0, 0.1
"""Enlargement from which what a panorama shows looks smeared, and the share of a picture from which it is told."""
LOOKED_AT, FRAMES_LOOKED_AT = 48, 17
"""Pixels along a picture's width, and frames of a path, that are looked at for that."""


def path_warnings(track: CameraTrack, place: StandIn | ReliefSurface) -> list[str]:
    """Stretches of a path, in metres around a panorama, that lead where it cannot be shown, or not well."""
    return [*position_warnings(track, place), *smear_warnings(track, place)]


def position_warnings(track: CameraTrack, place: StandIn | ReliefSurface) -> list[str]:
    """Where a path leads under the ground or out of its place: what positions alone tell, quickly."""
    below, outside = _left(track, place)
    if isinstance(place, StandIn):
        farthest_m = float(track.world_from_camera[:, :3, 3].norm(dim=-1).max())
        outside_words = (
            f"the camera is {farthest_m:.1f} m away, outside the dome of {place.dome_radius_m:g} m; nothing can be "
            "shown there; shorten the path or state a larger dome radius"
        )
    else:
        outside_words = (
            "the camera goes through something that the panorama shows, a wall or an object (its distance is "
            "estimated); shorten the path"
        )
    below_words = (
        f"the camera is below the ground, which is taken to be {place.camera_height_m:g} m below the panorama; raise "
        "the path or state another camera height"
    )
    return [
        f"{when}: {words}"
        for words, flags in ((below_words, below), (outside_words, outside))
        for when, _ in _stretches(flags, track)
    ]


def smear_warnings(track: CameraTrack, place: StandIn | ReliefSurface) -> list[str]:
    """Where pictures of a path are smeared, which takes looking at some of them."""
    below, outside = _left(track, place)
    smeared = _spread_over_frames(track, place)
    return [
        f"{when}: up to {100 * float(smeared[frames].max()):.0f} % of the picture is smeared: the camera is close to, "
        "or looks behind, what the panorama shows from one side only; keep farther from it"
        for when, frames in _stretches(~below & ~outside & (smeared > SMEARED_SHARE), track)
    ]


def _left(track: CameraTrack, place: StandIn | ReliefSurface) -> tuple[Bool[Tensor, "t"], Bool[Tensor, "t"]]:
    """Frames whose camera is below the ground, and others whose camera is out of the place."""
    positions = track.world_from_camera[:, :3, 3]
    below = positions[:, 2] <= -place.camera_height_m
    if isinstance(place, StandIn):
        return below, (positions.norm(dim=-1) >= place.dome_radius_m) & ~below
    return below, ~place.contains(positions) & ~below


def smeared_share(camera: Cameras, place: Surroundings) -> float:
    """The share of a picture in which what a panorama shows is drawn more than `SMEAR` times as large as it was seen.

    That happens close to a surface, and on slopes between what is near and what it hides. ``camera`` is a single one,
    in metres around the panorama. Directions of neighbouring pixels, as seen from the camera, are compared with those
    of the same points as seen from the panorama.
    """
    width, height = camera.size_px
    rows = max(2, round(LOOKED_AT * height / width))
    _, rays = pixel_rays(camera.to(dtype=torch.float32).resized(LOOKED_AT, rows))
    origin = camera.position.float()
    distance = place.distance(origin, rays)
    seen = F.normalize(origin + rays * torch.where(distance.isfinite(), distance, 1.0)[..., None], dim=-1)
    across = seen.diff(dim=1).norm(dim=-1) * SMEAR < rays.diff(dim=1).norm(dim=-1)
    down = seen.diff(dim=0).norm(dim=-1) * SMEAR < rays.diff(dim=0).norm(dim=-1)
    return float((across[:-1] | down[:, :-1]).float().mean())


def _spread_over_frames(track: CameraTrack, place: Surroundings) -> Float[Tensor, "t"]:
    """`smeared_share` of every frame, looked at in some and taken as the nearest one's in between."""
    cameras, count = track.cameras(), len(track)
    looked = torch.linspace(0, count - 1, min(count, FRAMES_LOOKED_AT)).round().long()
    shares = torch.tensor([smeared_share(cameras[index], place) for index in looked.tolist()])
    return shares[(torch.arange(count)[:, None] - looked).abs().argmin(1)]


def support_warnings(photographed_shares: Sequence[float], track: CameraTrack) -> list[str]:
    """Stretches of a shot whose frames are mostly guessed, given each frame's mean of ``photographed``."""

    shares = torch.tensor(photographed_shares)
    return [
        f"{when}: only {100 * float(shares[frames].min()):.0f} % of the picture is where it was photographed; "
        "the rest depends on the assumed geometry"
        for when, frames in _stretches(shares < SUPPORTED_SHARE, track)
    ]


def _stretches(flags: Bool[Tensor, "t"], track: CameraTrack) -> list[tuple[str, list[int]]]:
    """Runs of frames, in words and one by one."""
    times = track.frame_times_s().tolist()
    out = []
    for flag, group in groupby(range(len(flags)), key=lambda i: bool(flags[i])):
        frames = list(group)
        if flag:
            first, last = frames[0], frames[-1]
            one = first == last
            which, when = f"frames {first}–{last}", f"{times[first]:.2f}–{times[last]:.2f} s"
            out.append((f"frame {first} ({times[first]:.2f} s)" if one else f"{which} ({when})", frames))
    return out
