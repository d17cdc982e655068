"""The whole training of nano: parts in an order in which each finds what it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from cinescene.cli.train import Run, nano
from cinescene.errors import InputError
from cinescene.training.recipe import read_recipe
from cinescene.training.whole import NANO, placed_in_one


def test_every_part_has_a_recipe_of_its_stage_and_uses_what_was_made_before() -> None:
    seen: set[str] = set()
    for part in NANO:
        assert read_recipe(part.recipe).stage == part.stage
        assert {*part.uses, *([part.start] if part.start else [])} <= seen
        for kind in ("vae", "vggt", "relief"):
            assert (part.made_for(kind, Path("runs")) is not None) == (kind in part.uses)
        seen.add(part.name)
    assert NANO[-1].stage == "scene"


def test_options_that_no_part_shares_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--scale"):
        nano(Run(out=tmp_path, data=(tmp_path,), steps=3))
    with pytest.raises(InputError, match="scale"):
        nano(Run(out=tmp_path, data=(tmp_path,)), scale=0.0)
    with pytest.raises(InputError, match="model of the last run"):
        placed_in_one(tmp_path)


@pytest.mark.slow
def test_one_command_makes_a_model_that_can_be_loaded(tmp_path: Path) -> None:
    """In a process of its own: compiled blocks and checks of every shape do not go together."""
    from cinescene.model.checkpoints import load_parts

    pytest.importorskip("moderngl", reason="the set factory draws through moderngl")

    def cinescene(*words: object) -> str:
        command = [sys.executable, "-m", "cinescene", *map(str, words)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    data, out = tmp_path / "data", tmp_path / "run"
    shape = ("--clips", 1, "--frames", 17, "--size", "160x96", "--processes", 1)
    cinescene("sets", "render", "-o", data, "--sets", 1, "--preset", "nano", *shape)
    train = ("train", "nano", "-o", out, "--data", data, "--held-out", data, "--scale", 5e-4, "--device", "cpu")
    assert "give the command again" in cinescene(*train, "--minutes", 0)
    assert str(out / "model") in cinescene(*train)
    parts = load_parts(out / "model")
    assert not parts.untrained
    assert parts.relief is not None
