"""``cinescene preview``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from cinescene.errors import InputError


def preview(
    scene: str,
    camera: str,
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("preview.mp4"),
    size: str = "672x384",
    fps: float = 24.0,
    frames: int | None = None,
    seconds: float | None = None,
    lens: float | None = None,
    geometry: Literal["auto", "relief", "standin", "vggt", "depth"] = "auto",
    camera_height: float = 1.6,
    dome_radius: float = 15.0,
    vggt: str | None = None,
    depth: Path | None = None,
    mode: Literal["mesh", "points"] = "mesh",
    keep_coordinates: bool = False,
    write_map: Annotated[bool, tyro.conf.arg(name="map")] = True,
) -> None:
    """Fly a camera path through a photographed place.

    Through a panorama, turning and zooming are exact; moving uses the relief of the place, estimated from the panorama,
    a stand-in (a flat ground below the camera and a far dome), or depth that is estimated by VGGT or known. Beside the
    video a map is written: white where the picture was photographed, black where it is guessed.

    Args:
        scene: A panorama (equirectangular, 2:1) or photos: a file, a folder, a glob; sample:NAME for one that ships
            with the program.
        camera: Moves, such as "dolly in 1.5m over 2s ease, then pan right 40deg", or a camera file.
        out: The video to write.
        size: Width and height of the picture.
        fps: Frames a second.
        frames: Number of frames; by default as many as the moves take.
        seconds: Duration; by default as long as the moves take.
        lens: Focal length in mm on 36 mm film where the moves or the file do not state one (24 by default).
        geometry: What the camera moves through: relief, standin, vggt (needs --vggt) or depth (needs --depth); auto is
            the relief of a panorama, and what --vggt or --depth says.
        camera_height: Metres from the ground to where the pictures were taken.
        dome_radius: Metres to everything that is not ground, for the stand-in.
        vggt: VGGT checkpoint: a .safetensors file, a folder with one, or a hub name (facebook/VGGT-1B is
            non-commercial).
        depth: Depths of the panorama's or photo's pixels: 16-bit PNG or OpenEXR.
        mode: How depth is drawn: a mesh cut at edges, or points.
        keep_coordinates: Leave the poses of a camera file where they are instead of starting at the panorama.
        write_map: Also write the map of what was photographed, as OUT with -map before its suffix.
    """
    from cinescene.cameras.motion import motion_report
    from cinescene.cameras.request import ShotRequest
    from cinescene.cli.progress import progress_bar
    from cinescene.cli.values import parse_size
    from cinescene.presets import NANO_FOLDER
    from cinescene.previz.place import PlaceOptions, open_place
    from cinescene.previz.preview import write_preview
    from cinescene.scene.scene import Scene

    width, height = parse_size(size)
    if out.suffix.lower() != ".mp4":
        raise InputError(f"{out}: expected an output name that ends in .mp4")
    options = PlaceOptions(
        geometry=chosen_geometry(geometry, vggt, depth),
        camera_height_m=camera_height,
        dome_radius_m=dome_radius,
        relief=NANO_FOLDER / "relief",
        vggt=vggt,
        depth=depth,
        mode=mode,
    )
    request = ShotRequest(
        camera=camera,
        width_px=width,
        height_px=height,
        frame_rate=fps,
        frames=frames,
        duration_s=seconds,
        focal_mm=lens,
        ground_z_m=-camera_height,
        keep_coordinates=keep_coordinates,
    )
    track = request.track()
    place = open_place(Scene.open(scene), options)
    print(request.describe(), file=sys.stderr)
    with progress_bar("preview", len(track)) as progress:
        map_path = out.with_name(f"{out.stem}-map{out.suffix}") if write_map else None
        report = write_preview(place.fly(track.cameras()), track, out, map_path, progress)
    print(motion_report(track).text(), file=sys.stderr)
    for warning in (*track.notes, *place.warnings(track), *report.warnings):
        print(f"warning: {warning}", file=sys.stderr)
    print(out)


def chosen_geometry(asked: str, vggt: str | None, depth: Path | None) -> Literal["relief", "standin", "vggt", "depth"]:
    """``auto`` made definite: what a given file is for, else the relief that comes with the package, else none."""
    from cinescene.presets import NANO_FOLDER

    if asked != "auto":
        return asked  # type: ignore[return-value]
    if depth is not None:
        return "depth"
    if vggt is not None:
        return "vggt"
    return "relief" if (NANO_FOLDER / "relief").is_dir() else "standin"
