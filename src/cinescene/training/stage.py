"""What the engine needs to know of something that can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import nn

from cinescene.tensor_types import Float, Tensor


@runtime_checkable
class Stage(Protocol):
    """Something that can be trained: its data, its loss, how it is looked at, and what it leaves behind.

    ``name``
        Of the stage, as on the command line.
    ``objective``
        A module whose ``forward(batch)`` gives the mean loss over the batch's samples and numbers to log; what learns
        are its parameters that require a gradient.
    ``facts``
        Configuration of models and data, as JSON values: stored with checkpoints, and compared when one is resumed.
    """

    facts: dict[str, Any]

    @property
    def name(self) -> str: ...

    @property
    def objective(self) -> nn.Module: ...

    def __len__(self) -> int:
        """Different samples there are."""

    def sample(self, index: int, position: int, generator: torch.Generator) -> Any:
        """A sample at a position of the run; all its randomness, noise included, comes from the generator."""

    def collate(self, samples: list[Any]) -> Any:
        """Samples as one batch."""

    def move(self, batch: Any, device: torch.device) -> Any:
        """The batch on a device."""

    def validate(self, folder: Path) -> dict[str, float]:
        """Measures the objective as it is now, on data held out from training, and writes pictures to a folder."""

    def export(self, folder: Path) -> None:
        """Writes the trained model in the form that the rest of the program loads."""


def sample_generator(seed: int, position: int) -> torch.Generator:
    """The randomness of the sample at a position of the run."""
    state = np.random.SeedSequence([seed, position]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(state[0]) << 31 ^ int(state[1]))


def sample_index(seed: int, position: int, count: int) -> int:
    """Which sample comes at a position: each once an epoch, every epoch in another order."""
    epoch, offset = divmod(position, count)
    order = np.random.default_rng([seed, epoch, 0x5EED]).permutation(count)
    return int(order[offset])


def loss_weighted(values: Float[Tensor, "*s"], weight: Float[Tensor, "*s"]) -> Float[Tensor, ""]:
    """Weighted mean; 0 where no weight is left."""
    return (values * weight).sum() / weight.sum().clamp_min(1e-8)
