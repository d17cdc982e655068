"""`StepCache`: skips a step's later blocks when its first block says that little has changed since the step before."""

from __future__ import annotations

from cinescene.errors import InputError
from cinescene.tensor_types import Float, Tensor


class StepCache:
    """The first-block cache of one guidance branch; an approximation that trades quality for time.

    When what the first block adds differs from the last full step's by less than ``threshold`` (mean absolute change
    over mean absolute value), what the other blocks added then is added again. 0 never skips; 0.05 to 0.1 is usual.
    Source: ParaAttention's first block cache, which follows TeaCache (Liu et al., 2024).
    """

    def __init__(self, threshold: float) -> None:
        if not 0 <= threshold <= 1:
            raise InputError(f"first-block cache: expected a threshold from 0 to 1, got {threshold}")
        self.threshold = threshold
        self.skipped_steps = 0
        self._first_change: Tensor | None = None
        self._rest: Tensor | None = None

    def reused(
        self, before: Float[Tensor, "b n d"], after_first: Float[Tensor, "b n d"]
    ) -> Float[Tensor, "b n d"] | None:
        """The tokens after the last block, if the first block's change is close enough to reuse what followed it."""
        change = after_first - before
        if self._first_change is not None and self._rest is not None and self._first_change.shape == change.shape:
            difference = (change - self._first_change).abs().mean() / self._first_change.abs().mean()
            if float(difference) < self.threshold:
                self.skipped_steps += 1
                return after_first + self._rest
        self._first_change = change
        return None

    def store(self, after_first: Float[Tensor, "b n d"], after_last: Float[Tensor, "b n d"]) -> None:
        """Keeps what the later blocks added in a full step."""
        self._rest = after_last - after_first
