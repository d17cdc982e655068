"""Exponential moving average of the weights that learn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from cinescene.tensor_types import Tensor


class Ema:
    """The average of a module's learning parameters, in 32 bits. Under FSDP each process averages its own shard."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.average: dict[str, Tensor] = {
            name: p.detach().float().clone() for name, p in module.named_parameters() if p.requires_grad
        }

    @torch.no_grad()
    def update(self, decay: float) -> None:
        for name, parameter in self._learning():
            self.average[name].lerp_(parameter.detach().float(), 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The module holds the averaged weights inside the context, and its own again after it."""
        own = {name: parameter.detach().clone() for name, parameter in self._learning()}
        self._put(self.average)
        try:
            yield
        finally:
            self._put(own)

    def adopt(self) -> None:
        """The module's present weights become the average."""
        for name, parameter in self._learning():
            self.average[name].copy_(parameter.detach())

    @torch.no_grad()
    def _put(self, values: dict[str, Tensor]) -> None:
        for name, parameter in self._learning():
            parameter.copy_(values[name])

    def _learning(self) -> Iterator[tuple[str, nn.Parameter]]:
        return ((name, p) for name, p in self.module.named_parameters() if name in self.average)
