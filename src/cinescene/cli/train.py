"""``cinescene train``: every stage of training, each a command."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

Folders = Annotated[tuple[Path, ...], tyro.conf.arg(metavar="FOLDER [FOLDER …]")]
Flat = tyro.conf.arg(name="")
"""The options of a dataclass, beside a command's own and without a prefix."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What every stage is asked."""

    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder of the run; its model/ holds the result."""
    data: Folders
    """Data sets, as `sets render` writes or the published one."""
    held_out: Folders = ()
    """Data sets to validate on."""
    steps: int | None = None
    """Steps of the run, in place of the recipe's."""
    batch_size: int | None = None
    """Samples a process takes at once, in place of the recipe's."""
    learning_rate: float | None = None
    """Peak learning rate, in place of the recipe's."""
    minutes: float | None = None
    """Stop after this time, with a checkpoint."""
    device: Literal["auto", "cpu"] = "auto"
    """auto takes a GPU where there is one."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What every stage of the video transformer is asked besides."""

    vae: Path | None = None
    """Folder of an autoencoder, in place of the model's."""
    vggt: str | None = None
    """A VGGT checkpoint, in place of the model's; Wan's models need one."""
    relief: Path | None = None
    """Folder of a relief network, in place of the model's."""
    captions: Path | None = None
    """A JSON file of captions, for data without."""


def vae(run: Annotated[Run, Flat], recipe: str = "nano-vae", start: str | None = None) -> None:
    """Train the video autoencoder on clips.

    Writes checkpoints, a log, curves and validation pictures to a folder; the same command goes on where it stopped.

    Args:
        run: What every stage is asked.
        recipe: nano-vae, or a JSON file.
        start: Folder of an autoencoder to go on from.
    """
    _train("vae", run, recipe, start, Parts())


def vggt(run: Annotated[Run, Flat], recipe: str = "nano-vggt", start: str | None = None) -> None:
    """Train cameras and depth on places whose cameras and depth are known (data with extras).

    Args:
        run: What every stage is asked.
        recipe: nano-vggt, or a JSON file.
        start: A VGGT checkpoint to go on from, the public one too.
    """
    _train("vggt", run, recipe, start, Parts())


def relief(run: Annotated[Run, Flat], recipe: str = "nano-relief", start: str | None = None) -> None:
    """Train distances around panoramas, on panoramas whose distances are known (data with extras).

    Args:
        run: What every stage is asked.
        recipe: nano-relief, or a JSON file.
        start: Folder of a relief network to go on from.
    """
    _train("relief", run, recipe, start, Parts())


def t2v(
    run: Annotated[Run, Flat], parts: Annotated[Parts, Flat], recipe: str = "nano-t2v", start: str | None = None
) -> None:
    """Pretrain the video transformer from text alone.

    Args:
        run: What every stage is asked.
        parts: What every stage of the video transformer is asked.
        recipe: nano-t2v, or a JSON file.
        start: A model folder to go on from.
    """
    _train("t2v", run, recipe, start, parts)


def scene(
    run: Annotated[Run, Flat],
    parts: Annotated[Parts, Flat],
    recipe: str = "nano-scene",
    start: str | None = None,
    dry_run: bool = False,
) -> None:
    """Train the video transformer on places: CineScene training.

    Clips without their subjects come first, then both; scene views are shuffled; conditions are dropped out at times.
    What the encoders make of the data is stored once.

    Args:
        run: What every stage is asked.
        parts: What every stage of the video transformer is asked.
        recipe: nano-scene, or a JSON file such as configs/wan2.1-1.3b.scene.json.
        start: A model folder to go on from.
        dry_run: Only estimate memory and time for 1 to 8 GPUs.
    """
    if dry_run:
        from cinescene.training.estimate import estimate_table
        from cinescene.training.recipe import read_recipe

        print(estimate_table(read_recipe(recipe).with_options(batch_size=run.batch_size)))
        return
    _train("scene", run, recipe, start, parts)


def nano(run: Annotated[Run, Flat], places: Folders = (), scale: float = 1.0) -> None:
    """Train a whole nano model, part after part, as the one that comes with the package was made.

    Autoencoder, VGGT and relief network, then the transformer on pieces of clips and on whole ones. The same command
    goes on where it stopped; <out>/model is the whole model.

    Args:
        run: What every stage is asked.
        places: Data sets with many panoramas and few clips, which the relief network learns from besides.
        scale: Times as many steps of each part.
    """
    from cinescene.errors import InputError
    from cinescene.training.whole import NANO, placed_in_one

    if (run.steps, run.batch_size, run.learning_rate) != (None, None, None):
        raise InputError("train nano: every part has its own steps, batch size and learning rate; give --scale instead")
    if not scale > 0:
        raise InputError(f"scale: expected a positive number, got {scale}")
    ends = None if run.minutes is None else time.monotonic() + 60 * run.minutes
    for part in NANO:
        folder, steps = run.out / part.name, max(1, round(part.steps * scale))
        left = None if ends is None else (ends - time.monotonic()) / 60
        own = dataclasses.replace(run, out=folder, steps=steps, minutes=left)
        if part.name == "relief":
            own = dataclasses.replace(own, data=(*run.data, *places))
        vggt = part.made_for("vggt", run.out)
        made = Parts(
            vae=part.made_for("vae", run.out),
            vggt=None if vggt is None else str(vggt),
            relief=part.made_for("relief", run.out),
        )
        start = None if part.start is None else str(run.out / part.start / "model")
        if _train(part.stage, own, part.recipe, start, made) < steps:
            print(f"{run.out}: stopped in {part.name}; give the command again to go on")
            return
    print(placed_in_one(run.out))


def finetune(
    run: Annotated[Run, Flat],
    parts: Annotated[Parts, Flat],
    start: str = "nano",
    recipe: str = "nano-finetune",
) -> None:
    """Tune a model to a few clips of one's own places, with low-rank additions, which are folded in at the end.

    Args:
        run: What every stage is asked.
        parts: What every stage of the video transformer is asked.
        start: The model to tune: nano, or a folder.
        recipe: nano-finetune, or a JSON file.
    """
    from cinescene.presets import NANO_FOLDER

    _train("finetune", run, recipe, str(NANO_FOLDER) if start == "nano" else start, parts)


def _train(stage: str, run: Run, recipe_name: str, start: str | None, parts: Parts) -> int:
    """Trains a stage and returns the step that it has come to."""
    import json

    import torch

    from cinescene.cli.progress import stage_bar
    from cinescene.errors import InputError
    from cinescene.files import written_whole
    from cinescene.training.build import Sources, build_stage
    from cinescene.training.engine import Progress, Trainer
    from cinescene.training.recipe import read_recipe

    recipe = read_recipe(recipe_name)
    if recipe.stage != stage:
        raise InputError(
            f"train {stage}: this recipe is for the stage {recipe.stage}; use cinescene train {recipe.stage}"
        )
    recipe = recipe.with_options(steps=run.steps, batch_size=run.batch_size, learning_rate=run.learning_rate)
    sources = Sources(
        train=run.data,
        held_out=run.held_out,
        start=start,
        vae=parts.vae,
        vggt=parts.vggt,
        relief=parts.relief,
        captions=parts.captions,
    )
    on_gpu = run.device == "auto" and torch.cuda.is_available()
    with stage_bar("encoding", "clips") as encoding:
        built = build_stage(
            recipe,
            sources,
            device="cuda" if on_gpu else "cpu",
            on_encoded=lambda what, done, total: encoding(done, total, what),
        )
    run.out.mkdir(parents=True, exist_ok=True)
    with written_whole(run.out / "recipe.json") as temporary:
        temporary.write_text(json.dumps(recipe.to_json(), indent=2, default=str) + "\n", encoding="utf-8")
    with stage_bar(f"train {stage}", "steps") as shown:

        def on_progress(progress: Progress) -> None:
            shown(
                progress.step,
                progress.steps,
                f"train {stage}: loss {progress.loss:.4f}, {progress.samples_per_s:.1f} samples/s",
            )

        trainer = Trainer(built, recipe.options, run.out, device=None if on_gpu else "cpu", on_progress=on_progress)
        step = trainer.run(minutes=run.minutes)
    curves = run.out / "curves.png"
    print(f"{run.out}: step {step} of {recipe.options.steps}; the model is in {run.out / 'model'}, curves in {curves}")
    return step
