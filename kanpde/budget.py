"""Budget: when a run stops at the latest."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Real


@dataclass(frozen=True)
class Budget:
    """When to stop at the latest.

    Args:
        seconds: wall-clock time, above 0.
        steps: number of optimiser steps, at least 1.
        tolerance: square root of the loss to reach, above 0.

    Raises:
        TypeError: for a budget that is no number.
        ValueError: for one that is not positive.
    """

    seconds: float | None = None
    steps: int | None = None
    tolerance: float | None = None

    def __post_init__(self) -> None:
        for name in ("seconds", "steps", "tolerance"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, Real)):
                raise TypeError(f"`{name}` must be a number, got {value!r}: leave it out for no such limit.")
            if value is not None and not (math.isfinite(value) and float(value) > 0):
                raise ValueError(f"`{name}` must be positive and finite, got {value}: leave it out for no such limit.")

    def limited(self, seconds: float) -> Budget:
        """The same, with that much time if it has no end."""
        return self if self.seconds or self.steps else replace(self, seconds=seconds)

    def share(self, part: float, seconds: float, steps: int) -> Budget:
        """The limits after a part of what is left.

        Args:
            part: in (0, 1].
            seconds: spent so far.
            steps: taken so far.
        """
        return Budget(
            None if self.seconds is None else seconds + max(part * (self.seconds - seconds), 1e-9),
            None if self.steps is None else steps + max(1, round(part * (self.steps - steps))),
            self.tolerance,
        )
