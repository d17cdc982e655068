"""Camera geometry in its own precision, whatever mixed precision runs around it."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch


def exact(device: torch.device) -> AbstractContextManager[None]:
    """Turns automatic mixed precision off: a rotation in 16 bits is none any more."""
    return torch.autocast(device.type, enabled=False)
