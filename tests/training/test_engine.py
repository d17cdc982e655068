import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from cinescene.errors import CheckpointError, InputError
from cinescene.training.checkpoint import checkpoint_steps, read_checkpoint, read_last_checkpoint
from cinescene.training.engine import FAILURE_FILE, Trainer, TrainingError
from cinescene.training.history import read_log
from cinescene.training.options import TrainOptions
from cinescene.training.stage import sample_index
from tests.training.line_stage import LineStage, options


def trained(folder: Path, stage: LineStage | None = None, until: int | None = None, **changes: object) -> LineStage:
    stage = stage or LineStage()
    Trainer(stage, options(**changes), folder, device="cpu").run(until=until)
    return stage


def weights(stage: LineStage) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in stage.objective.parameters()])


def test_a_line_is_learnt(tmp_path: Path) -> None:
    stage = trained(tmp_path, steps=300, learning_rate=0.05, checkpoint_every=100)
    torch.testing.assert_close(weights(stage), torch.tensor([2.0, -1.0, 0.5, 1.0]), atol=0.05, rtol=0)
    assert checkpoint_steps(tmp_path / "checkpoints") == [100, 200, 300]
    log = read_log(tmp_path / "log.jsonl")
    assert log[0]["loss"] > 20 * [line for line in log if "loss" in line][-1]["loss"]
    assert log[-1]["validation/distance"] < 0.05
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 300
    assert (tmp_path / "model" / "line.txt").is_file()


def test_a_run_that_was_stopped_and_resumed_gives_the_same_weights(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    trained(tmp_path / "parts", until=4)
    resumed = trained(tmp_path / "parts")
    assert torch.equal(weights(whole), weights(resumed))
    ends = [read_checkpoint(tmp_path / name / "checkpoints" / "step-00000012") for name in ("whole", "parts")]
    for part in ("model", "average", "optimiser"):
        one, other = (getattr(end, part) for end in ends)
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
    losses = [
        {line["step"]: line["loss"] for line in read_log(tmp_path / name / "log.jsonl") if "loss" in line}
        for name in ("whole", "parts")
    ]
    assert losses[0] == losses[1]


def test_a_run_killed_between_checkpoints_goes_on_from_the_last(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    killed = Trainer(LineStage(), options(), tmp_path / "killed", device="cpu")
    batches = iter(killed._loader(12))
    for _ in range(6):
        killed._step(batches)
        if killed.step == 4:
            killed.save()
    assert torch.equal(weights(trained(tmp_path / "killed")), weights(whole))


@pytest.mark.parametrize("file", ["model.safetensors", "optimiser.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_used(
    tmp_path: Path, file: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = trained(tmp_path / "whole")
    trained(tmp_path / "run", until=8)
    damaged = tmp_path / "run" / "checkpoints" / "step-00000008" / file
    damaged.write_bytes(damaged.read_bytes()[:-7])
    state = read_last_checkpoint(tmp_path / "run" / "checkpoints")
    assert state is not None
    assert state.step == 4
    assert "step-00000008" in caplog.text
    assert torch.equal(weights(trained(tmp_path / "run")), weights(whole))


def test_when_all_checkpoints_are_damaged_nothing_is_overwritten(tmp_path: Path) -> None:
    trained(tmp_path, until=4)
    (tmp_path / "checkpoints" / "step-00000004" / "model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="no checkpoint is whole"):
        trained(tmp_path)


def test_steps_that_are_not_finite_are_skipped(tmp_path: Path) -> None:
    stage = trained(tmp_path, LineStage(poisoned=range(4, 8)), steps=1)
    before = weights(stage).clone()
    Trainer(stage, options(steps=2), tmp_path, device="cpu").run()
    assert torch.isfinite(weights(stage)).all()
    assert torch.equal(weights(stage), before)


def test_too_many_such_steps_stop_the_run_with_a_report(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="3 steps in a row"):
        trained(tmp_path, LineStage(poisoned=range(16, 1000)), bad_steps=3)
    report = json.loads((tmp_path / FAILURE_FILE).read_text())
    assert [entry["step"] for entry in report["skipped"]] == [4, 5, 6]
    assert checkpoint_steps(tmp_path / "checkpoints") == [4]


def test_accumulated_batches_are_one_large_batch(tmp_path: Path) -> None:
    large = trained(tmp_path / "large", batch_size=8)
    small = trained(tmp_path / "small", batch_size=2, accumulation=4)
    torch.testing.assert_close(weights(large), weights(small), atol=1e-6, rtol=0)


def test_two_processes_are_one_with_twice_the_batch(tmp_path: Path) -> None:
    one = trained(tmp_path / "one", batch_size=4)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "ACCELERATE_USE_CPU": "true"}
    shared |= {"OMP_NUM_THREADS": "1", "LOCAL_WORLD_SIZE": "2"}
    command = [sys.executable, "-m", "tests.training.line_stage", str(tmp_path / "two"), "2"]
    workers = [
        subprocess.Popen(command, env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(2)
    ]
    assert [worker.wait(timeout=180) for worker in workers] == [0, 0]
    two = read_checkpoint(tmp_path / "two" / "checkpoints" / "step-00000012")
    values = torch.cat([two.model["line.weight"].flatten(), two.model["line.bias"]])
    torch.testing.assert_close(values, weights(one), atol=1e-6, rtol=0)
    losses = [
        [line["loss"] for line in read_log(tmp_path / name / "log.jsonl") if "loss" in line] for name in ("one", "two")
    ]
    torch.testing.assert_close(torch.tensor(losses[0]), torch.tensor(losses[1]), atol=1e-5, rtol=0)


def test_another_model_or_batch_cannot_go_on(tmp_path: Path) -> None:
    trained(tmp_path, until=4)
    other = LineStage()
    other.facts = {"model": "parabola"}
    with pytest.raises(CheckpointError, match="another model"):
        trained(tmp_path, other)
    with pytest.raises(CheckpointError, match="4 samples a step, and this run would take 6"):
        trained(tmp_path, batch_size=6)


def test_every_sample_comes_once_an_epoch_in_changing_order() -> None:
    epochs = [[sample_index(3, epoch * 20 + i, 20) for i in range(20)] for epoch in range(3)]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "trapezoid"])
def test_learning_rates_rise_then_follow_their_schedule(schedule: str) -> None:
    settings = TrainOptions(steps=100, warmup_steps=10, schedule=schedule, decay_share=0.5, learning_rate=1.0)  # type: ignore[arg-type]
    rates = [settings.learning_rate_at(step) for step in range(100)]
    assert rates[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    end = {"constant": 1.0, "cosine": 0.0, "trapezoid": 0.02}[schedule]
    assert rates[-1] == pytest.approx(end, abs=1e-2)
    if schedule == "trapezoid":
        assert rates[10:50] == [1.0] * 40
        assert rates[75] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "value"), [("steps", 0), ("learning_rate", -1.0), ("decay_share", 0.0), ("beta2", 1.0)]
)
def test_options_that_cannot_be_are_refused(name: str, value: object) -> None:
    with pytest.raises(InputError, match=name):
        TrainOptions(**{name: value})  # type: ignore[arg-type]
