"""`TrainOptions`: how long, how fast and how carefully to train, whatever is trained."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from cinescene.errors import InputError

Schedule = Literal["constant", "cosine", "trapezoid"]
Precision = Literal["auto", "fp32", "bf16"]
Optimiser = Literal["adamw", "muon"]


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """The engine's settings; a checkpoint holds the resolved ones.

    ``steps``
        Optimiser steps of the whole run, whatever was done of them before.
    ``batch_size``, ``accumulation``
        Samples a process takes at once, and how many such portions make a step.
    ``learning_rate``, ``warmup_steps``, ``schedule``, ``decay_share``
        Peak rate, linear warm-up, and what follows: ``constant``; ``cosine`` to zero at the last step; ``trapezoid``,
        which is constant until the last ``decay_share`` of the steps and falls to zero there, so that a run can be
        prolonged from any checkpoint before.
    ``optimiser``
        ``adamw``; or ``muon``, which makes the steps of the matrices in a model's blocks orthogonal and scales them to
        AdamW's size (Liu et al., "Muon is Scalable for LLM Training", 2025), and leaves the rest to AdamW.
    ``weight_decay``, ``beta2``, ``max_gradient_norm``
        Of AdamW (first moment 0.9); decay applies to matrices and kernels, not to vectors.
    ``ema_decay``
        Of the exponential moving average of the weights, warmed up as min(decay, (1 + step) / (10 + step)); 0 is none.
    ``precision``, ``gradient_checkpointing``
        ``bf16`` is automatic mixed precision; ``auto`` is that on a GPU and on CPUs with 16-bit units (AMX, AVX-512
        BF16), and ``fp32`` on others, which are several times slower in 16 bits. Checkpointing trades time for memory.
    ``compiled``
        Compiles a transformer's blocks first (``torch.compile``): a minute or two, then up to twice the speed on CPUs.
    ``seed``
        All randomness of the n-th sample follows from it and n: neither the number of processes nor a restart matters.
    ``checkpoint_every``, ``keep``
        Steps between checkpoints, and how many of the last ones stay.
    ``validate_every``, ``log_every``
        Steps between validations (0: none but at the end) and between lines of the log.
    ``bad_steps``
        Steps in a row with a loss or gradient that is not finite, which are skipped, before training stops.
    ``workers``
        Processes that read data ahead; 0 reads in the training process.
    """

    steps: int = 10_000
    batch_size: int = 8
    accumulation: int = 1
    learning_rate: float = 1e-4
    warmup_steps: int = 200
    schedule: Schedule = "trapezoid"
    decay_share: float = 0.2
    optimiser: Optimiser = "adamw"
    weight_decay: float = 0.01
    beta2: float = 0.99
    max_gradient_norm: float = 1.0
    ema_decay: float = 0.999
    precision: Precision = "auto"
    gradient_checkpointing: bool = False
    compiled: bool = False
    seed: int = 0
    checkpoint_every: int = 500
    keep: int = 3
    validate_every: int = 1000
    log_every: int = 10
    bad_steps: int = 10
    workers: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "accumulation", "checkpoint_every", "keep", "log_every", "bad_steps"):
            _expect(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        for name in ("warmup_steps", "validate_every", "workers", "seed"):
            _expect(getattr(self, name) >= 0, name, "at least 0", getattr(self, name))
        for name in ("learning_rate", "max_gradient_norm"):
            value = getattr(self, name)
            _expect(math.isfinite(value) and value > 0, name, "a positive number", value)
        _expect(math.isfinite(self.weight_decay) and self.weight_decay >= 0, "weight_decay", "0 up", self.weight_decay)
        _expect(0 < self.decay_share <= 1, "decay_share", "more than 0 and up to 1", self.decay_share)
        for name in ("ema_decay", "beta2"):
            _expect(0 <= getattr(self, name) < 1, name, "0 up to below 1", getattr(self, name))
        kinds = {"schedule": Schedule, "precision": Precision, "optimiser": Optimiser}
        for name, choices in ((name, get_args(kind)) for name, kind in kinds.items()):
            _expect(getattr(self, name) in choices, name, f"one of {', '.join(choices)}", getattr(self, name))

    def learning_rate_at(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        if self.schedule == "constant":
            return self.learning_rate
        if self.schedule == "cosine":
            done = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
            return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        return self.learning_rate * min(1.0, max(0.0, (self.steps - step) / (self.decay_share * self.steps)))

    def ema_decay_at(self, step: int) -> float:
        return min(self.ema_decay, (1 + step) / (10 + step))

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def _expect(holds: bool, name: str, expected: str, got: Any) -> None:
    if not holds:
        raise InputError(f"training: {name}: expected {expected}, got {got}")


def mixed_precision(precision: Precision, on_cpu: bool) -> Literal["no", "bf16"]:
    """What accelerate calls a precision, on this machine's processor or on a GPU."""
    if precision == "auto":
        precision = "bf16" if not on_cpu or _cpu_computes_in_16_bits() else "fp32"
    return "bf16" if precision == "bf16" else "no"


def _cpu_computes_in_16_bits() -> bool:
    import torch

    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
