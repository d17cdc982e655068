"""`Trainer`: the training loop of every stage, on one process or many.

The n-th sample of a run, with its noise, follows from the seed and n alone. A step takes the next ``batch ×
accumulation × processes`` positions, so that a run that was stopped and resumed, or one on two processes with half the
batch each, sees the same numbers as one that was not.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from cinescene.errors import CheckpointError, CineSceneError, InputError
from cinescene.files import written_whole
from cinescene.tensor_types import Tensor
from cinescene.training.checkpoint import TrainingState, read_last_checkpoint, write_checkpoint
from cinescene.training.ema import Ema
from cinescene.training.history import History
from cinescene.training.optimisers import optimisers
from cinescene.training.options import TrainOptions, mixed_precision
from cinescene.training.stage import Stage, sample_generator, sample_index

_log = logging.getLogger(__name__)
FAILURE_FILE = "failure.json"


class TrainingError(CineSceneError):
    """Training that cannot go on; the message says at which step and why."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run is: ``step`` of ``steps`` done, the last loss, samples a second over all processes."""

    step: int
    steps: int
    loss: float
    samples_per_s: float


class Trainer:
    """Trains a stage in a folder. A folder that holds checkpoints of the same stage is gone on with."""

    def __init__(
        self,
        stage: Stage,
        options: TrainOptions,
        folder: Path,
        *,
        device: str | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """``device`` is ``"cpu"`` or None for accelerate's own choice. Raises `InputError`, `CheckpointError`."""
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        # accelerate keeps the first trainer's precision for the whole process.
        AcceleratorState._reset_state()
        self.stage, self.options, self.folder = stage, options, folder
        self.on_progress = on_progress
        if len(stage) < 1:
            raise InputError(f"train {stage.name}: expected at least one sample")
        self.accelerator = Accelerator(
            cpu=device == "cpu",
            mixed_precision=mixed_precision(options.precision, device == "cpu" or not torch.cuda.is_available()),
            gradient_accumulation_steps=options.accumulation,
        )
        own = optimisers(stage.objective, options)
        self.model, *self.optimisers = self.accelerator.prepare(stage.objective, *own)
        self.ema = Ema(self.accelerator.unwrap_model(self.model)) if options.ema_decay else None
        self.step = 0
        self._bad: list[dict[str, Any]] = []
        self._restore()
        self.history = History(folder, self.step) if self.accelerator.is_main_process else None

    @property
    def samples_per_step(self) -> int:
        return self.options.batch_size * self.options.accumulation * self.accelerator.num_processes

    # ---- the loop ---------------------------------------------------------------------------------------------------

    def run(self, until: int | None = None, minutes: float | None = None, *, validated: bool = True) -> int:
        """Trains to the last step (or ``until``, or for some minutes), validates and exports; returns the step."""
        last = min(self.options.steps, self.options.steps if until is None else until)
        begun = time.monotonic()
        batches = iter(self._loader(last))
        self.model.train()
        clock = _Rate(self.samples_per_step)
        try:
            while self.step < last:
                numbers = self._step(batches)
                clock.tick()
                self._report(numbers, clock)
                done = self.step == last
                if not done and minutes is not None:
                    done = self._agreed(time.monotonic() - begun > 60 * minutes)
                if done or self.step % self.options.checkpoint_every == 0:
                    self.save()
                if self.options.validate_every and self.step % self.options.validate_every == 0 and not done:
                    self.validate()
                if done:
                    break
        finally:
            if self.history is not None:
                self.history.close()
        if validated:
            self.validate()
        self.export()
        return self.step

    def _step(self, batches: Iterator[Any]) -> dict[str, float]:
        """One optimiser step; without effect on the weights where something is not finite."""
        rate = self.options.learning_rate_at(self.step)
        for group in (group for optimiser in self.optimisers for group in optimiser.param_groups):
            group["lr"] = rate
        total: dict[str, float] = {}
        for _ in range(self.options.accumulation):
            batch = self.stage.move(next(batches), self.accelerator.device)
            with self.accelerator.accumulate(self.model):
                with self.accelerator.autocast():
                    loss, numbers = self.model(batch)
                self.accelerator.backward(loss)
                for name, value in ({"loss": float(loss.detach())} | numbers).items():
                    total[name] = total.get(name, 0.0) + value / self.options.accumulation
                if self.accelerator.sync_gradients:
                    total |= self._update(total["loss"])
        self.step += 1
        return self._averaged(total) | {"learning_rate": rate}

    def _update(self, loss: float) -> dict[str, float]:
        norm = float(self.accelerator.clip_grad_norm_(self.model.parameters(), self.options.max_gradient_norm))
        finite = not self._agreed(not (math.isfinite(loss) and math.isfinite(norm)))
        if finite:
            for optimiser in self.optimisers:
                optimiser.step()
            self._bad.clear()
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        if finite and self.ema is not None:
            self.ema.update(self.options.ema_decay_at(self.step))
        if not finite:
            self._skipped(loss, norm)
        return {"gradient_norm": norm}

    def _skipped(self, loss: float, norm: float) -> None:
        """Notes a step that had no effect; too many in a row stop the run with a report."""
        first = self.step * self.samples_per_step
        self._bad.append({"step": self.step, "loss": str(loss), "gradient_norm": str(norm), "first_sample": first})
        _log.warning("step %d skipped: loss %s, gradient norm %s", self.step, loss, norm)
        if len(self._bad) < self.options.bad_steps:
            return
        report = {"stage": self.stage.name, "skipped": self._bad, "options": self.options.to_json()}
        if self.accelerator.is_main_process:
            with written_whole(self.folder / FAILURE_FILE) as temporary:
                temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        raise TrainingError(
            f"train {self.stage.name}: {len(self._bad)} steps in a row, up to step {self.step}, gave a loss or "
            f"gradient that is not finite; see {self.folder / FAILURE_FILE}. The last checkpoint is unharmed: lower "
            "the learning rate, or train in fp32"
        )

    def _report(self, numbers: dict[str, float], clock: _Rate) -> None:
        if not self.accelerator.is_main_process:
            return
        if self.on_progress is not None:
            loss, steps = numbers["loss"], self.options.steps
            self.on_progress(Progress(step=self.step, steps=steps, loss=loss, samples_per_s=clock.samples_per_s))
        if self.history is not None and self.step % self.options.log_every == 0:
            finite = {name: value for name, value in numbers.items() if math.isfinite(value)}
            self.history.add(self.step, finite | {"samples_per_s": round(clock.samples_per_s, 3)})

    # ---- data -------------------------------------------------------------------------------------------------------

    def _loader(self, last: int) -> DataLoader[Any]:
        positions = self._positions(last)
        samples = _Samples(self.stage, self.options.seed)
        return DataLoader(
            samples,
            sampler=positions,
            batch_size=self.options.batch_size,
            collate_fn=self.stage.collate,
            num_workers=self.options.workers,
            persistent_workers=self.options.workers > 0,
            multiprocessing_context="spawn" if self.options.workers else None,
        )

    def _positions(self, last: int) -> list[int]:
        """Positions of this process's samples from the present step on."""
        batch, processes, rank = (
            self.options.batch_size,
            self.accelerator.num_processes,
            self.accelerator.process_index,
        )
        portions = range(self.step * self.options.accumulation, last * self.options.accumulation)
        return [(portion * processes + rank) * batch + i for portion in portions for i in range(batch)]

    # ---- keeping ----------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Writes a checkpoint; every process takes part."""
        state = self._state()
        if self.accelerator.is_main_process:
            write_checkpoint(self.folder / "checkpoints", state, self.options.keep)
            if self.history is not None and self.history.lines:
                self.history.plot()
        self.accelerator.wait_for_everyone()

    def _state(self) -> TrainingState:
        average: dict[str, Tensor] = {}
        model = self._weights()
        if self.ema is not None:
            with self.ema.in_place():
                average = self._weights()
        return TrainingState(
            step=self.step,
            position=self.step * self.samples_per_step,
            model=model,
            average=average,
            optimiser=self._optimiser_state(),
            random=torch.get_rng_state(),
            options=self.options.to_json(),
            facts=self.stage.facts,
        )

    def _weights(self) -> dict[str, Tensor]:
        from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

        options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
        state: dict[str, Any] = get_model_state_dict(self.model, options=options)
        return {name: tensor.detach().clone() for name, tensor in state.items()}

    def _optimiser_state(self) -> dict[str, Tensor]:
        """The optimisers' moments and step counts, by parameter and kind."""
        nested = self._nested_optimiser_state(_on_the_main_process()).get("state", {})
        return {f"{name}|{kind}": value for name, kinds in nested.items() for kind, value in kinds.items()}

    def _nested_optimiser_state(self, options: Any) -> dict[str, Any]:
        from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

        return dict(get_optimizer_state_dict(self.model, self._plain_optimisers, options=options))

    @property
    def _plain_optimisers(self) -> list[torch.optim.Optimizer]:
        return [getattr(optimiser, "optimizer", optimiser) for optimiser in self.optimisers]

    def _restore(self) -> None:
        state = read_last_checkpoint(self.folder / "checkpoints")
        if state is None:
            return
        own = json.loads(json.dumps(self.stage.facts))
        changed = [name for name, value in state.facts.items() if own.get(name, value) != value]
        if changed:
            raise CheckpointError(
                f"{self.folder}: its checkpoints were trained with another {', '.join(changed)}; "
                "go on with the same settings, or choose another folder"
            )
        self._check_position(state)
        if self.ema is not None and state.average:
            self._put(state.average)
            self.ema.adopt()
        self._put(state.model)
        if self.ema is not None and not state.average:
            self.ema.adopt()
        self._put_optimiser(state.optimiser)
        torch.set_rng_state(state.random)
        self.step = state.step

    def _check_position(self, state: TrainingState) -> None:
        if state.position != state.step * self.samples_per_step:
            raise CheckpointError(
                f"{self.folder}: its checkpoint was trained with {state.position // state.step} samples a step, and "
                f"this run would take {self.samples_per_step}; keep batch × accumulation × processes the same"
            )

    def _put(self, weights: dict[str, Tensor]) -> None:
        from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

        options = StateDictOptions(full_state_dict=True, strict=False)
        values: dict[str, Any] = dict(weights)
        result = set_model_state_dict(self.model, values, options=options)
        learning = {n for n, p in self.accelerator.unwrap_model(self.model).named_parameters() if p.requires_grad}
        absent = learning.intersection(result.missing_keys)
        if result.unexpected_keys or absent:
            name = [*result.unexpected_keys, *sorted(absent)][0]
            raise CheckpointError(f"{self.folder}: its checkpoint is of another model ({name} does not fit)")

    def _put_optimiser(self, tensors: dict[str, Tensor]) -> None:
        from torch.distributed.checkpoint.state_dict import set_optimizer_state_dict

        nested = self._nested_optimiser_state(_everywhere())
        for key, value in tensors.items():
            name, _, kind = key.rpartition("|")
            nested["state"][name][kind] = value
        set_optimizer_state_dict(self.model, self._plain_optimisers, nested, options=_everywhere())

    # ---- looking ----------------------------------------------------------------------------------------------------

    def validate(self) -> dict[str, float]:
        """Measures the averaged weights on held-out data; the main process alone, while the others wait."""
        numbers: dict[str, float] = {}
        with self._averaged_weights():
            if self.accelerator.is_main_process:
                self.stage.objective.eval()
                numbers = self.stage.validate(self.folder / "validation" / f"step-{self.step:08d}")
                self.stage.objective.train()
        if self.history is not None and numbers:
            self.history.add(self.step, {f"validation/{name}": value for name, value in numbers.items()})
            self.history.plot()
        self.accelerator.wait_for_everyone()
        return numbers

    def export(self) -> Path:
        """Writes the averaged model to ``model/`` below the run's folder."""
        target = self.folder / "model"
        with self._averaged_weights():
            if self.accelerator.is_main_process:
                self.stage.objective.eval()
                self.stage.export(target)
                self.stage.objective.train()
        self.accelerator.wait_for_everyone()
        return target

    def _averaged_weights(self) -> Any:
        from contextlib import nullcontext

        return nullcontext() if self.ema is None else self.ema.in_place()

    # ---- several processes ------------------------------------------------------------------------------------------

    def _agreed(self, flag: bool) -> bool:
        """Whether any process says so."""
        if self.accelerator.num_processes == 1:
            return flag
        value = torch.tensor([float(flag)], device=self.accelerator.device)
        return bool(self.accelerator.reduce(value, reduction="sum").item() > 0)

    def _averaged(self, numbers: dict[str, float]) -> dict[str, float]:
        if self.accelerator.num_processes == 1:
            return numbers
        names = sorted(numbers)
        values = torch.tensor([numbers[name] for name in names], device=self.accelerator.device)
        mean = self.accelerator.reduce(values, reduction="mean")
        return dict(zip(names, mean.tolist(), strict=True))


class _Samples(Dataset[Any]):
    """Samples by their position in the run."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.seed = stage, seed

    def __getitem__(self, position: int) -> Any:
        index = sample_index(self.seed, position, len(self.stage))
        return self.stage.sample(index, position, sample_generator(self.seed, position))


class _Rate:
    """Samples a second over the last few steps."""

    def __init__(self, samples_per_step: int, window: int = 20) -> None:
        self.samples, self.window = samples_per_step, window
        self.times = [time.monotonic()]

    def tick(self) -> None:
        self.times = [*self.times[-self.window :], time.monotonic()]

    @property
    def samples_per_s(self) -> float:
        elapsed = self.times[-1] - self.times[0]
        return self.samples * (len(self.times) - 1) / elapsed if elapsed > 0 else 0.0


def _on_the_main_process() -> Any:
    from torch.distributed.checkpoint.state_dict import StateDictOptions

    return StateDictOptions(full_state_dict=True, cpu_offload=True)


def _everywhere() -> Any:
    from torch.distributed.checkpoint.state_dict import StateDictOptions

    return StateDictOptions(full_state_dict=True)
