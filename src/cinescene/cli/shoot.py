"""``cinescene shoot``: a list of shots, made in one go and cut together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from cinescene.errors import InputError


def shoot(
    shots: Annotated[Path | None, tyro.conf.Positional] = None,
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None,
    only: tuple[str, ...] = (),
    check: bool = False,
    schema: bool = False,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    ray: bool = False,
) -> None:
    """Make every shot of a YAML list, and the cut: one scene or several, encoded once each.

    Takes that are there and still the same are kept, so that the same command goes on where it stopped. Beside the
    takes come cut.mp4, sheet.png, cut.otio and cut.edl for editing programs, and shoot.json.

    Args:
        shots: The list. docs/shot-lists.md says what it may hold.
        out: Folder of the result; the list's name without .yaml where left out.
        only: Make only the shots of these names.
        check: Only read the list and plan every shot.
        schema: Print the JSON schema of lists, for editors.
        device: cpu, cuda, or auto.
        precision: Of the network; auto is bf16 on a GPU and fp32 on a CPU.
        ray: Make every place's shots as a task of a Ray cluster (RAY_ADDRESS, or a local one); folders are shared.
    """
    if schema:
        import json

        from cinescene.shotlist.schema import shot_list_schema

        print(json.dumps(shot_list_schema(), indent=2))
        return
    if shots is None:
        raise InputError("shoot: expected a list, such as shots.yaml (or --schema)")
    from cinescene.shotlist.shots import read_shot_list

    listed = read_shot_list(shots)
    folder = out or shots.with_suffix("")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: expected a folder for the result, but this is a file; choose another with -o")
    from cinescene.cli.generate import loaded, resolved, stage_progress
    from cinescene.model.levers import Levers
    from cinescene.shotlist.job import check_shots, shoot_over_ray, takes_of
    from cinescene.shotlist.job import shoot as make

    device, dtype = resolved(device, precision)
    pipeline = loaded(listed.model, listed.vggt, Levers(device=device, precision=dtype), {})
    if check:
        check_shots(listed, pipeline)
        print(f"{shots}: {len(listed.shots)} shots, {len(takes_of(listed, folder))} takes; all can be made")
        return
    if ray:
        check_shots(listed, pipeline)
        del pipeline
    with stage_progress() as report:

        def told(stage: str, done: int, total: int, name: str) -> None:
            report(f"{name}: {stage}", done, total)

        if ray:
            shoot_over_ray(listed, shots, folder, told, gpus=1.0 if device.startswith("cuda") else 0.0, only=only)
        else:
            made = make(listed, pipeline, folder, told, only=only)
    if not ray:
        print(f"{len(made)} of {len(takes_of(listed, folder))} takes made, the others were there", file=sys.stderr)
    from cinescene.shotlist.finish import finish

    for path in finish(listed, folder, note=lambda text: print(f"note: {text}", file=sys.stderr)):
        print(path)
