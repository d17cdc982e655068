"""``cinescene path convert``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from cinescene.cameras.track import CameraTrack


def convert(
    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")],
    target: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="TARGET")],
    from_format: str | None = None,
    to_format: str | None = None,
    camera: str | None = None,
    focal_mm: float | None = None,
    sensor_width_mm: float = 36.0,
    size: str | None = None,
    fps: float | None = None,
    up: Literal["x", "y", "z", "x-down", "y-down", "z-down"] | None = None,
    ignore_distortion: bool = False,
) -> None:
    """Convert a camera file to another format, and say what was read and what the other format cannot hold.

    Formats: cinescene-track (.json), cinescene-path, cinescene (_cam.json), recammaster, realestate10k, nerfstudio
    (transforms.json), nerfstudio-path (camera_path.json), colmap and colmap-binary (folders), tum, kitti,
    usd (.usda .usdc), gltf (.gltf .glb), chan. See docs/formats.md.

    Args:
        source: The camera file, or the folder of a COLMAP model.
        target: The file to write, or the folder of a COLMAP model.
        from_format: The source's format, where its name and content do not tell.
        to_format: The target's format, where its name does not tell.
        camera: Which camera of a source that holds several, such as 01_24mm.
        focal_mm: A lens in millimetres instead of the source's, or where it has none.
        sensor_width_mm: Width of the film that the lens belongs to.
        size: The picture size, such as 672x384.
        fps: Frames a second, where the source states none, or to read an animation at.
        up: Which axis of the source's world points up (y-down: its −y does), where the source does not say.
        ignore_distortion: Read lenses with strong distortion as pinholes all the same.
    """
    from cinescene.cameras.formats import FORMATS, detect_format, write_track
    from cinescene.cameras.formats.detection import format_for_writing
    from cinescene.cameras.formats.registry import camera_format
    from cinescene.cameras.formats.stated import Stated, read_stated_track
    from cinescene.cli.values import parse_size

    stated = Stated(
        camera=camera,
        focal_mm=focal_mm,
        sensor_width_mm=sensor_width_mm,
        size_px=None if size is None else parse_size(size),
        frame_rate=fps,
        up=None if up is None else f"-{up[0]}" if up.endswith("-down") else up,
        ignore_distortion=ignore_distortion,
    )
    write_as = to_format if to_format is not None else format_for_writing(target)
    about = camera_format(write_as).about
    read_as = from_format if from_format is not None else detect_format(source)
    track = read_stated_track(source, stated, read_as)
    print(f"read {source}: {FORMATS[read_as].about}")
    for line in described(track):
        print(f"  {line}")
    lost = write_track(target, track, write_as)
    print(f"wrote {target}: {about}")
    for sentence in lost:
        print(f"  {sentence}")
    if not lost:
        print("  Everything that was read is in it.")


def described(track: CameraTrack) -> list[str]:
    """Lines for people on what a track holds, its notes last."""
    from cinescene.cameras.formats.lens import lens_words, size_words

    frames = f"{len(track)} frame{'s' if len(track) != 1 else ''}"
    if track.times_s is not None:
        frames += f" at stated times, {float(track.times_s[-1] - track.times_s[0]):.2f} s"
    elif track.frame_rate is not None:
        frames += f" at {track.frame_rate:.6g} a second, {len(track) / track.frame_rate:.2f} s"
    else:
        frames += ", no frame rate"
    lines = [frames]
    if track.intrinsics_px is None:
        lines.append("no lens, no picture size (--focal-mm and --size state them)")
    else:
        cameras = track.cameras()
        lines.append(f"lens {lens_words(cameras)}, picture {size_words(cameras)}")
    positions = track.world_from_camera[:, :3, 3]
    length = float(positions.diff(dim=0).norm(dim=-1).sum())
    if track.metres_per_unit is None:
        lines.append(f"path of {length:.4g} units, scale unknown")
    else:
        lines.append(f"path of {length * track.metres_per_unit:.4g} m")
    if not track.z_up:
        lines.append("which way is up is unknown")
    return lines + list(track.notes)
