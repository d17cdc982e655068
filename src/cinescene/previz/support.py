"""Telling a director where a path leaves what the pictures can support."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch

from cinescene.cameras import CameraTrack
from cinescene.previz.relief_surface import ReliefSurface
from cinescene.previz.stand_in import StandIn
from cinescene.tensor_types import Bool, Tensor

SUPPORTED_SHARE = 0.5
"""Mean trust of a frame below which it is reported as mostly guessed."""


def path_warnings(track: CameraTrack, place: StandIn) -> list[str]:
    """Stretches of a path, in metres around the panorama's centre, below the assumed ground or beyond the dome."""
    positions = track.world_from_camera[:, :3, 3]
    below = positions[:, 2] <= -place.camera_height_m
    beyond = positions.norm(dim=-1) >= place.dome_radius_m
    warnings = [
        f"{when}: the camera is below the ground, which is taken to be {place.camera_height_m:g} m below the panorama; "
        "raise the path or state another camera height"
        for when in _stretches(below, track)
    ]
    warnings += [
        f"{when}: the camera is {float(positions.norm(dim=-1).max()):.1f} m away, outside the dome of "
        f"{place.dome_radius_m:g} m; nothing can be shown there; shorten the path or state a larger dome radius"
        for when in _stretches(beyond & ~below, track)
    ]
    return warnings


def relief_warnings(track: CameraTrack, surface: ReliefSurface) -> list[str]:
    """Stretches of a path, in metres around a panorama, below the ground or behind what the panorama shows."""
    positions = track.world_from_camera[:, :3, 3]
    below = positions[:, 2] <= -surface.camera_height_m
    behind = ~surface.contains(positions) & ~below
    warnings = [
        f"{when}: the camera is below the ground, which is taken to be {surface.camera_height_m:g} m below the "
        "panorama; raise the path or state another camera height"
        for when in _stretches(below, track)
    ]
    warnings += [
        f"{when}: the camera goes through something that the panorama shows, a wall or an object (its distance is "
        "estimated); shorten the path"
        for when in _stretches(behind, track)
    ]
    return warnings


def support_warnings(photographed_shares: Sequence[float], track: CameraTrack) -> list[str]:
    """Stretches of a shot whose frames are mostly guessed, given each frame's mean of ``photographed``."""

    shares = torch.tensor(photographed_shares)
    return [
        f"{when}: only {100 * float(shares.min()):.0f} % of the picture is where it was photographed; "
        "the rest depends on the assumed geometry"
        for when in _stretches(shares < SUPPORTED_SHARE, track)
    ]


def _stretches(flags: Bool[Tensor, "t"], track: CameraTrack) -> list[str]:
    times = track.frame_times_s().tolist()
    out = []
    for flag, group in groupby(range(len(flags)), key=lambda i: bool(flags[i])):
        frames = list(group)
        if flag:
            first, last = frames[0], frames[-1]
            out.append(f"frames {first}–{last} ({times[first]:.2f}–{times[last]:.2f} s)")
    return out
