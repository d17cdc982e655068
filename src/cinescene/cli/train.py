"""``cinescene train``: every stage of training, each a command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

Data = Annotated[tuple[Path, ...], tyro.conf.arg(metavar="FOLDER [FOLDER …]")]
Out = Annotated[Path, tyro.conf.arg(aliases=["-o"])]


def vae(
    out: Out,
    data: Data,
    held_out: Data = (),
    recipe: str = "nano-vae",
    start: str | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    minutes: float | None = None,
    device: Literal["auto", "cpu"] = "auto",
) -> None:
    """Train the video autoencoder on clips.

    Writes checkpoints, a log, curves and validation pictures to a folder; the same command goes on where it stopped.

    Args:
        out: Folder of the run; its model/ holds the result.
        data: Data sets, as `sets render` writes or the published one.
        held_out: Data sets to validate on.
        recipe: nano-vae, or a JSON file.
        start: Folder of an autoencoder to go on from.
        steps: Steps of the run, in place of the recipe's.
        batch_size: Samples a process takes at once, in place of the recipe's.
        learning_rate: Peak learning rate, in place of the recipe's.
        minutes: Stop after this time, with a checkpoint.
        device: auto takes a GPU where there is one.
    """
    _train("vae", out, data, held_out, recipe, start, None, None, steps, batch_size, learning_rate, minutes, device)


def vggt(
    out: Out,
    data: Data,
    held_out: Data = (),
    recipe: str = "nano-vggt",
    start: str | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    minutes: float | None = None,
    device: Literal["auto", "cpu"] = "auto",
) -> None:
    """Train cameras and depth on places whose cameras and depth are known (data with extras).

    Args:
        out: Folder of the run; its model/ holds the result.
        data: Data sets that `sets render` wrote.
        held_out: Data sets to validate on.
        recipe: nano-vggt, or a JSON file.
        start: A VGGT checkpoint to go on from, the public one too.
        steps: Steps of the run, in place of the recipe's.
        batch_size: Samples a process takes at once, in place of the recipe's.
        learning_rate: Peak learning rate, in place of the recipe's.
        minutes: Stop after this time, with a checkpoint.
        device: auto takes a GPU where there is one.
    """
    _train("vggt", out, data, held_out, recipe, start, None, None, steps, batch_size, learning_rate, minutes, device)


def t2v(
    out: Out,
    data: Data,
    held_out: Data = (),
    recipe: str = "nano-t2v",
    start: str | None = None,
    vae: Path | None = None,
    vggt: str | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    minutes: float | None = None,
    device: Literal["auto", "cpu"] = "auto",
    captions: Path | None = None,
) -> None:
    """Pretrain the video transformer from text alone.

    Args:
        out: Folder of the run; its model/ is a whole model for --model.
        data: Data sets.
        held_out: Data sets to validate on.
        recipe: nano-t2v, or a JSON file.
        start: A model folder to go on from.
        vae: Folder of an autoencoder, in place of the model's.
        vggt: A VGGT checkpoint, in place of the model's.
        steps: Steps of the run, in place of the recipe's.
        batch_size: Samples a process takes at once, in place of the recipe's.
        learning_rate: Peak learning rate, in place of the recipe's.
        minutes: Stop after this time, with a checkpoint.
        device: auto takes a GPU where there is one.
        captions: A JSON file of captions, for data without.
    """
    _train(
        "t2v",
        out,
        data,
        held_out,
        recipe,
        start,
        vae,
        vggt,
        steps,
        batch_size,
        learning_rate,
        minutes,
        device,
        captions,
    )


def scene(
    out: Out,
    data: Data,
    held_out: Data = (),
    recipe: str = "nano-scene",
    start: str | None = None,
    vae: Path | None = None,
    vggt: str | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    minutes: float | None = None,
    device: Literal["auto", "cpu"] = "auto",
    captions: Path | None = None,
    dry_run: bool = False,
) -> None:
    """Train the video transformer on places: CineScene training.

    Clips without their subjects come first, then both; scene views are shuffled; conditions are dropped out at times.
    What the encoders make of the data is stored once.

    Args:
        out: Folder of the run; its model/ is a whole model for --model.
        data: Data sets, as `sets render` writes or the published one.
        held_out: Data sets to validate on.
        recipe: nano-scene, or a JSON file such as configs/wan2.1-1.3b.scene.json.
        start: A model folder to go on from.
        vae: Folder of an autoencoder, in place of the model's.
        vggt: A VGGT checkpoint, in place of the model's; Wan's models need one.
        steps: Steps of the run, in place of the recipe's.
        batch_size: Samples a process takes at once, in place of the recipe's.
        learning_rate: Peak learning rate, in place of the recipe's.
        minutes: Stop after this time, with a checkpoint.
        device: auto takes a GPU where there is one.
        captions: A JSON file of captions, for data without.
        dry_run: Only estimate memory and time for 1 to 8 GPUs.
    """
    if dry_run:
        from cinescene.training.estimate import estimate_table
        from cinescene.training.recipe import read_recipe

        print(estimate_table(read_recipe(recipe).with_options(batch_size=batch_size)))
        return
    _train(
        "scene",
        out,
        data,
        held_out,
        recipe,
        start,
        vae,
        vggt,
        steps,
        batch_size,
        learning_rate,
        minutes,
        device,
        captions,
    )


def finetune(
    out: Out,
    data: Data,
    start: str = "nano",
    held_out: Data = (),
    recipe: str = "nano-finetune",
    vggt: str | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    minutes: float | None = None,
    device: Literal["auto", "cpu"] = "auto",
    captions: Path | None = None,
) -> None:
    """Tune a model to a few clips of one's own places, with low-rank additions.

    Args:
        out: Folder of the run; its model/ is a whole model for --model, the additions folded in.
        data: Data sets in the release's layout: a panorama, camera file and videos a scene.
        start: The model to tune: nano, or a folder.
        held_out: Data sets to validate on.
        recipe: nano-finetune, or a JSON file.
        vggt: A VGGT checkpoint, in place of the model's.
        steps: Steps of the run, in place of the recipe's.
        batch_size: Samples a process takes at once, in place of the recipe's.
        learning_rate: Peak learning rate, in place of the recipe's.
        minutes: Stop after this time, with a checkpoint.
        device: auto takes a GPU where there is one.
        captions: A JSON file of captions, for data without.
    """
    from cinescene.presets import NANO_FOLDER

    begin = str(NANO_FOLDER) if start == "nano" else start
    _train(
        "finetune", out, data, held_out, recipe, begin, None, vggt, steps, batch_size, learning_rate, minutes, device,
        captions,
    )  # fmt: skip


def _train(
    stage: str,
    out: Path,
    data: tuple[Path, ...],
    held_out: tuple[Path, ...],
    recipe_name: str,
    start: str | None,
    vae: Path | None,
    vggt: str | None,
    steps: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    minutes: float | None,
    device: str,
    captions: Path | None = None,
) -> None:
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
    recipe = recipe.with_options(steps=steps, batch_size=batch_size, learning_rate=learning_rate)
    sources = Sources(train=data, held_out=held_out, start=start, vae=vae, vggt=vggt, captions=captions)
    on_gpu = device == "auto" and torch.cuda.is_available()
    with stage_bar("encoding", "clips") as encoding:
        built = build_stage(
            recipe,
            sources,
            device="cuda" if on_gpu else "cpu",
            on_encoded=lambda what, done, total: encoding(done, total, what),
        )
    out.mkdir(parents=True, exist_ok=True)
    with written_whole(out / "recipe.json") as temporary:
        temporary.write_text(json.dumps(recipe.to_json(), indent=2, default=str) + "\n", encoding="utf-8")
    with stage_bar(f"train {stage}", "steps") as shown:

        def on_progress(progress: Progress) -> None:
            shown(
                progress.step,
                progress.steps,
                f"train {stage}: loss {progress.loss:.4f}, {progress.samples_per_s:.1f} samples/s",
            )

        trainer = Trainer(built, recipe.options, out, device=None if on_gpu else "cpu", on_progress=on_progress)
        step = trainer.run(minutes=minutes)
    print(
        f"{out}: step {step} of {recipe.options.steps}; the model is in {out / 'model'}, curves in {out / 'curves.png'}"
    )
