"""The whole training of nano: parts in an order in which each finds what it needs."""

from pathlib import Path

import pytest

from cinescene.cli.train import Run, nano
from cinescene.errors import InputError
from cinescene.training.recipe import read_recipe
from cinescene.training.whole import NANO, placed_in_one
from tests.data.painted_place import write_painted_scene


def test_every_part_has_a_recipe_of_its_stage_and_uses_what_was_made_before() -> None:
    seen: set[str] = set()
    for part in NANO:
        assert read_recipe(part.recipe).stage == part.stage
        assert {*part.uses, *([part.start] if part.start else [])} <= seen
        assert set(part.made_by(Path("runs"))) == set(part.uses)
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
def test_one_command_makes_a_model_that_can_be_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from cinescene.model.checkpoints import load_parts

    data = tmp_path / "data"
    write_painted_scene(data, "place1")
    run = Run(out=tmp_path / "run", data=(data,), held_out=(data,))
    nano(Run(out=run.out, data=run.data, minutes=0.0), scale=1e-2)
    assert "give the command again" in capsys.readouterr().out
    nano(run, scale=1e-9)
    parts = load_parts(run.out / "model")
    assert not parts.untrained
    assert parts.relief is not None
