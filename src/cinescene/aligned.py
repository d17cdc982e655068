"""Where tensors lie in memory."""

from __future__ import annotations

from torch import Tensor

ALIGNMENT_BYTES = 64
"""What PyTorch's own memory on the CPU begins at a multiple of."""


def aligned(tensor: Tensor) -> Tensor:
    """The same numbers where PyTorch itself would put them: a copy, unless they lie so already.

    Tensors of a mapped file begin wherever the file has them. On some processors matrix products then sum in another
    order, and the same model gives other last bits when it comes from a file than when it was made in memory.
    """
    return tensor if tensor.data_ptr() % ALIGNMENT_BYTES == 0 else tensor.clone()
