"""``cinescene ablate``: variants of a recipe, trained alike and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from cinescene.cli.train import Folders


def ablate(
    plan: tyro.conf.Positional[Path],
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    data: Folders,
    held_out: Folders,
    start: str | None = None,
    backbone: str | None = None,
    device: Literal["auto", "cpu"] = "auto",
) -> None:
    """Train variants of a recipe with equal budgets and seeds, judge them on held-out clips, and write the table.

    The same command goes on where it stopped. configs/nano.ablations.json holds the paper's ablations at nano's size.

    Args:
        plan: A JSON file: recipe, steps, seeds, clips and variants (docs/evaluation.md).
        out: Folder of the runs, results.json and table.md.
        data: Data sets to train on.
        held_out: Data sets to judge on.
        start: A model folder that all variants start from; only for variants of its own configuration.
        backbone: nano or a model folder: all variants take its weights but those of scene and camera, which begin new.
        device: auto takes a GPU where there is one.
    """
    import torch

    from cinescene.cli.progress import stage_bar
    from cinescene.evaluation.ablation import read_plan, run_ablation, table
    from cinescene.training.build import Sources

    wanted = read_plan(plan)
    on_gpu = device == "auto" and torch.cuda.is_available()
    with stage_bar("ablation", "steps") as shown:
        results = run_ablation(
            wanted,
            Sources(train=data, held_out=held_out, start=start, backbone=backbone),
            out,
            device="cuda" if on_gpu else "cpu",
            report=lambda what, done, total: shown(done, total, what),
        )
    print(table(wanted, results["summary"]))
    print(out / "table.md")
