"""Writing glTF: one camera node, its animation and its lens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from cinescene.cameras.camera import Cameras
from cinescene.cameras.formats.axes import FLIP_CAMERA, in_units, upright, z_up_from
from cinescene.cameras.formats.gltf_file import FLOAT, write_gltf
from cinescene.cameras.formats.lens import lens_of, tangents
from cinescene.cameras.formats.losses import Holds, what_is_lost
from cinescene.cameras.formats.timing import times_for
from cinescene.cameras.track import CameraTrack
from cinescene.cameras.transforms import quaternion_from_rotation
from cinescene.errors import GeometryError, InputError
from cinescene.tensor_types import Float, Tensor

TITLE = "glTF"
HOLDS = Holds(lens=True, pixel_aspect=True, size=True, rate=True, times=True, metres=True, up=True)


class _Buffer:
    """Float32 accessors, one after another in one buffer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = b""
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: Tensor, kind: str, bounds: bool = False) -> int:
        """Appends an accessor and returns its index; raises `GeometryError` for what float32 cannot hold."""
        single = values.to(torch.float32)
        if not torch.isfinite(single).all():
            raise GeometryError(f"{self.path}: a position is too far away for glTF's single precision")
        data = single.contiguous().numpy().astype("<f4").tobytes()
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)})
        accessor = {
            "bufferView": len(self.views) - 1,
            "componentType": FLOAT,
            "count": len(values),
            "type": kind,
        }
        if bounds:
            accessor |= {"min": [float(single.min())], "max": [float(single.max())]}
        self.accessors.append(accessor)
        self.data += data
        return len(self.accessors) - 1


def write(path: Path, track: CameraTrack, *, camera: str = "camera") -> list[str]:
    """Writes one file, with a camera named ``camera``; returns sentences on what is lost. Needs a lens."""
    if path.suffix.lower() not in (".gltf", ".glb"):
        raise InputError(f"{path}: expected a name that ends in .gltf or .glb for glTF")
    cameras = lens_of(path, track, TITLE)
    poses, notes = upright(track)
    poses, more = in_units(z_up_from("y").mT @ poses @ FLIP_CAMERA, track.metres_per_unit, 1.0)
    times, assumed = times_for(track)
    single = times.to(torch.float32)
    if len(times) > 1 and not (single.diff() > 0).all():
        raise InputError(f"{path}: two frames are too close in time for glTF's single precision")
    quaternions = _continuous(quaternion_from_rotation(poses[:, :3, :3]))[:, [1, 2, 3, 0]]
    lens, changing = _lens(track, cameras)
    buffer = _Buffer(path)
    animation = _animation(buffer, times, poses[:, :3, 3], quaternions, changing)
    node = {"name": camera, "camera": 0, "translation": poses[0, :3, 3].tolist(), "rotation": quaternions[0].tolist()}
    document = {
        "asset": {"version": "2.0", "generator": "CineScene"},
        **({"extensionsUsed": ["KHR_animation_pointer"]} if changing else {}),
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [node],
        "cameras": [{"name": camera, **lens}],
        "animations": [{"name": camera, **animation}],
        "bufferViews": buffer.views,
        "accessors": buffer.accessors,
    }
    write_gltf(path, document, buffer.data)
    lost = what_is_lost(track, TITLE, HOLDS)
    if changing:
        lost.append("The changing lens is animated by KHR_animation_pointer; programs without it keep the first lens.")
    return notes + more + assumed + lost


def _animation(
    buffer: _Buffer,
    times_s: Float[Tensor, "t"],
    positions: Float[Tensor, "t 3"],
    quaternions: Float[Tensor, "t 4"],
    lens: dict[str, Tensor],
) -> dict[str, Any]:
    """Samplers and channels for the node's place and direction, and for what changes of the lens."""
    key_times = buffer.add(times_s, "SCALAR", bounds=True)
    driven: list[tuple[dict[str, Any], int]] = [
        ({"node": 0, "path": "translation"}, buffer.add(positions, "VEC3")),
        ({"node": 0, "path": "rotation"}, buffer.add(quaternions, "VEC4")),
    ]
    for name, series in lens.items():
        pointer = {"KHR_animation_pointer": {"pointer": f"/cameras/0/perspective/{name}"}}
        driven.append(({"path": "pointer", "extensions": pointer}, buffer.add(series, "SCALAR")))
    return {
        "samplers": [{"input": key_times, "output": output, "interpolation": "LINEAR"} for _, output in driven],
        "channels": [{"sampler": i, "target": target} for i, (target, _) in enumerate(driven)],
    }


def _lens(track: CameraTrack, cameras: Cameras) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The camera object, and the series of those of its numbers that change."""
    half_width, half_height = tangents(cameras)
    series = {"yfov": 2 * torch.atan(half_height), "aspectRatio": half_width / half_height}
    kept: dict[str, Any] = {"image_size_px": cameras.image_size_px[0].tolist()}
    if track.frame_rate is not None:
        kept["frame_rate"] = track.frame_rate
    if track.times_s is not None:
        kept["timing"] = "keys"
    lens = {
        "type": "perspective",
        "perspective": {**{name: float(values[0]) for name, values in series.items()}, "znear": 0.01},
        "extras": {"cinescene": kept},
    }
    changing = {name: values for name, values in series.items() if float((values / values[0] - 1).abs().max()) > 1e-12}
    return lens, changing


def _continuous(quaternions: Float[Tensor, "t 4"]) -> Float[Tensor, "t 4"]:
    """The same rotations, each quaternion with the sign nearer to the one before it."""
    signs = torch.ones(len(quaternions), dtype=quaternions.dtype)
    for i in range(1, len(quaternions)):
        signs[i] = signs[i - 1] * (1.0 if float(quaternions[i] @ quaternions[i - 1]) >= 0 else -1.0)
    return quaternions * signs[:, None]
