"""Ablations: variants of one recipe, trained with the same budget and seeds, and judged on the same held-out clips."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from cinescene.data.documents import read_json
from cinescene.errors import InputError
from cinescene.evaluation.image_metrics import psnr
from cinescene.evaluation.learned_distance import efficientnet_lite0_distance
from cinescene.evaluation.provenance import provenance
from cinescene.evaluation.statistics import compare, mean_with_interval
from cinescene.files import written_whole
from cinescene.sampling import Networks, sample
from cinescene.shot_settings import ShotSettings
from cinescene.training.build import Sources, build_stage
from cinescene.training.engine import Trainer
from cinescene.training.recipe import Recipe, read_recipe
from cinescene.training.stage import sample_generator
from cinescene.training.video import VideoStage
from cinescene.training.video_conditions import conditions

KIND, VERSION = "cinescene.ablation", 1
MEASURES = {"psnr": "PSNR ↑", "distance": "feature distance ↓", "flow": "flow loss ↓"}
BETTER = {"psnr": 1.0, "distance": -1.0, "flow": -1.0}
Report = Callable[[str, int, int], None]
"""Called with what is done (variant, seed and stage), how much of it, and of how much."""


@dataclass(frozen=True, kw_only=True)
class AblationPlan:
    """What is compared.

    ``recipe``
        A preset or a recipe file of the stage ``scene``.
    ``common``
        What of the recipe differs in all variants, written as in one of them.
    ``variants``
        By name: the parts of a recipe that differ (``model_options``, ``encoding``, ``video``, …), and ``views``, the
        number of scene views shown when judged. The first is what the others are compared with.
    ``steps``, ``seeds``
        The budget of each run, and the seeds of weights, samples and noise.
    ``clips``, ``sampling_steps``, ``views``
        How many held-out clips are judged, with how many solver steps and scene views.
    """

    recipe: str = "nano-scene"
    steps: int = 300
    seeds: tuple[int, ...] = (0, 1)
    clips: int = 24
    sampling_steps: int = 8
    views: int = 8
    common: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.variants) < 2:
            raise InputError("ablation: expected at least two variants")
        if len(set(self.seeds)) != len(self.seeds) or not self.seeds:
            raise InputError(f"ablation: expected different seeds, got {list(self.seeds)}")
        if min(self.steps, self.clips, self.sampling_steps, self.views) < 1:
            raise InputError("ablation: expected positive steps, clips, sampling steps and views")
        for name in self.variants:
            self.recipe_of(name, self.seeds[0])

    def recipe_of(self, variant: str, seed: int) -> Recipe:
        """The recipe of one run. Raises `InputError` that names the variant."""
        values = read_recipe(self.recipe).to_json()
        own = {name: change for name, change in self.variants[variant].items() if name != "views"}
        for name, change in (*self.common.items(), *own.items()):
            known = values.get(name)
            values[name] = {**known, **change} if isinstance(known, dict) and isinstance(change, Mapping) else change
        values["options"] = {**values["options"], "steps": self.steps, "seed": seed}
        recipe = Recipe.from_json(values, f"variant {variant!r}")
        if recipe.stage != "scene":
            raise InputError(f"variant {variant!r}: expected a recipe of the stage scene, got {recipe.stage}")
        return recipe

    def views_of(self, variant: str) -> int:
        return int(self.variants[variant].get("views", self.views))


def read_plan(path: Path) -> AblationPlan:
    """From a JSON object with the fields of `AblationPlan`. Raises `InputError`."""
    values = read_json(path, "ablation")
    known = {f.name for f in dataclasses.fields(AblationPlan)}
    if unknown := sorted(set(values) - known):
        raise InputError(f"{path}: expected an object with some of {', '.join(sorted(known))}; got {unknown}")
    if "seeds" in values:
        values["seeds"] = tuple(values["seeds"])
    try:
        return AblationPlan(**values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def run_ablation(
    plan: AblationPlan, sources: Sources, folder: Path, *, device: str = "cpu", report: Report | None = None
) -> dict[str, Any]:
    """Trains and judges every variant and seed below ``folder``, and writes ``results.json`` and ``table.md``.

    Runs that are done are kept, and one that was stopped goes on, when the same is called again. Raises `InputError`
    where the folder holds another ablation.
    """
    if not sources.held_out:
        raise InputError("ablation: expected held-out clips (--held-out)")
    _only_this(plan, folder)
    started, runs = dt.datetime.now(dt.timezone.utc), []
    for variant in plan.variants:
        for seed in plan.seeds:
            runs.append(_run(plan, variant, seed, sources, folder, device, report))
    found = summary(plan, runs)
    results = {
        "kind": KIND,
        "version": VERSION,
        "plan": dataclasses.asdict(plan),
        "runs": runs,
        "summary": found,
        "provenance": provenance(started),
    }
    with written_whole(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    with written_whole(folder / "table.md") as temporary:
        temporary.write_text(table(plan, found), encoding="utf-8")
    return results


def _only_this(plan: AblationPlan, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "plan.json"
    values = json.loads(json.dumps(dataclasses.asdict(plan)))
    if file.is_file() and json.loads(file.read_text(encoding="utf-8")) != values:
        raise InputError(f"{folder}: holds another ablation; choose another folder")
    with written_whole(file) as temporary:
        temporary.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _run(
    plan: AblationPlan, variant: str, seed: int, sources: Sources, folder: Path, device: str, report: Report | None
) -> dict[str, Any]:
    number = list(plan.variants).index(variant)
    own = folder / "runs" / f"{number:02d}-seed{seed}"
    done = own / "scores.json"
    if done.is_file():
        known: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
        return known
    recipe, name = plan.recipe_of(variant, seed), f"{variant}, seed {seed}"

    def told(what: str) -> Callable[[int, int], None]:
        return lambda finished, total: report(f"{name}: {what}", finished, total) if report is not None else None

    encoded = told("encoding")
    stage = build_stage(recipe, sources, device=device, on_encoded=lambda _, finished, total: encoded(finished, total))
    assert isinstance(stage, VideoStage)
    trained = told("training")
    trainer = Trainer(
        stage,
        dataclasses.replace(recipe.options, validate_every=0),
        own,
        device="cpu" if device == "cpu" else None,
        on_progress=lambda progress: trained(progress.step, progress.steps),
    )
    trainer.run(validated=False)
    scores = judged(stage, plan, plan.views_of(variant), told("judging"))
    result = {"variant": variant, "seed": seed, "clips": scores}
    with written_whole(done) as temporary:
        temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


@torch.no_grad()
def judged(
    stage: VideoStage, plan: AblationPlan, views: int, told: Callable[[int, int], None]
) -> dict[str, dict[str, float]]:
    """Every measure of every held-out clip, by its name; over the cells that the subject leaves alone."""
    from cinescene.evaluation.efficientnet_lite import load_efficientnet_lite0

    assert stage.held_out is not None
    network, parts, transformer = load_efficientnet_lite0(), stage.parts, stage.transformer
    transformer.eval()
    count = min(plan.clips, len(stage.held_out))
    scores = {}
    for i in range(count):
        index = i * len(stage.held_out) // count
        item, clip = stage.held_out.items[index], stage.held_out[index]
        text = parts.text_encoder.encode([clip.caption]).embeddings.float()
        chosen = torch.linspace(0, len(clip.views), min(views, len(clip.views)) + 1)[:-1].long()
        inputs = conditions(clip, text, transformer, views=chosen, previz=0)
        latents = sample(
            Networks(transformer=transformer),
            inputs,
            tuple(clip.with_subject.shape),
            parts.scheduler,
            torch.Generator().manual_seed(i),
            options=ShotSettings(steps=plan.sampling_steps).sampling(parts.defaults),
            negative=parts.text_encoder.encode([""]),
        )
        made, truth = (
            parts.autoencoder.decode(x.to(parts.autoencoder.device))[0].clamp(0, 1).cpu()
            for x in (latents, clip.with_subject[None])
        )
        region = stage.background(clip, truth)
        batch = stage.move(stage.held_out_batch(index, sample_generator(7, i)), transformer.device)
        scores[f"{item.scene_id}/{item.clip}"] = {
            "psnr": _finite_mean(psnr(made, truth, region)),
            "distance": _finite_mean(efficientnet_lite0_distance(made[::4], truth[::4], region[::4], network)),
            "flow": stage.objective(batch)[1]["flow"],
        }
        told(i + 1, count)
    return scores


def _finite_mean(values: torch.Tensor) -> float:
    finite = values[values.isfinite()]
    return float(finite.mean()) if len(finite) else float("nan")


def summary(plan: AblationPlan, runs: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """By variant and measure: the mean over clips (of the means over seeds) with its interval, the spread between
    seeds, and the paired difference from the first variant with its own interval and p."""
    names = list(plan.variants)
    by_clip = {name: _by_clip([run for run in runs if run["variant"] == name]) for name in names}
    out: dict[str, dict[str, dict[str, float]]] = {}
    for name in names:
        out[name] = {}
        own = [run["clips"] for run in runs if run["variant"] == name]
        for measure in MEASURES:
            values = {clip: scores[measure] for clip, scores in by_clip[name].items()}
            mean = mean_with_interval(list(values.values()), [clip.split("/")[0] for clip in values])
            per_seed = [statistics.mean(scores[measure] for scores in clips.values()) for clips in own]
            entry = {"mean": mean.mean, "low": mean.low, "high": mean.high}
            if len(per_seed) > 1:
                entry["between_seeds"] = statistics.stdev(per_seed)
            if name != names[0]:
                first = {clip: scores[measure] for clip, scores in by_clip[names[0]].items()}
                difference = compare(first, values, {clip: clip.split("/")[0] for clip in first})
                entry |= {"difference": difference.difference.mean, "p": difference.p_value}
            out[name][measure] = {key: value for key, value in entry.items() if math.isfinite(value)}
    return out


def _by_clip(runs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Means over seeds."""
    clips = runs[0]["clips"]
    return {
        clip: {measure: statistics.mean(run["clips"][clip][measure] for run in runs) for measure in MEASURES}
        for clip in clips
    }


def table(plan: AblationPlan, found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Markdown: a row a variant, means with 95 % intervals, and the difference from the first."""
    seeds = len(plan.seeds)
    lines = [
        f"{plan.steps} steps each, {seeds} seed{'s' if seeds != 1 else ''}, recipe {plan.recipe}; 95 % intervals over "
        "sets; in brackets the difference from the first row and its p",
        "",
        "| variant | " + " | ".join(MEASURES.values()) + " |",
        "|---|" + "---|" * len(MEASURES),
    ]
    for name, measures in found.items():
        cells = []
        for measure in MEASURES:
            entry = measures[measure]
            text = f"{entry['mean']:.3f}" if "mean" in entry else "–"
            if "low" in entry:
                text += f" [{entry['low']:.3f}, {entry['high']:.3f}]"
            if "difference" in entry:
                text += f" ({entry['difference']:+.3f}" + (f", p {entry['p']:.2f})" if "p" in entry else ")")
            cells.append(text)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
