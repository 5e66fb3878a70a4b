"""Measurements that count less and less, until they are not fitted more closely than they were measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..blocks import LeastSquares
from ..counts import checked_interval

FAR = 2.0
"""Standard deviations by which the mean square of so many deviations may exceed that of the noise."""


class NoiseLevel:
    """The weight of measurements falls while their deviations are no larger than chance allows, and rises where they are.

    A network with many numbers can follow the noise if it violates the equation a little. The lower the weight of the
    measurements, the more that costs; what is left is the solution of the equation that agrees best with them. The
    steps down are small enough for the next ones to start nearby.

    Args:
        every: number of steps between two updates, at least 1.
        factor: that a weight is multiplied by, between 0 and 1.
        least: weight at which it stops, above 0.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        Morozov (1966), Soviet Mathematics Doklady 7, 414 (discrepancy principle), read backwards.
    """

    name = "noise-level"

    def __init__(self, *, every: int = 10, factor: float = 0.3, least: float = 1e-6):
        if not 0 < factor < 1:
            raise ValueError(f"`factor` must be between 0 and 1, got {factor}: weights fall.")
        if not least > 0:
            raise ValueError(f"`least` must be above 0, got {least}: measurements must count.")
        self.every, self.factor, self.least = checked_interval(every, "updates"), factor, least

    def update(self, problem: LeastSquares, conditions: Sequence[str]) -> None:
        """Reweigh the blocks of measurements."""
        squares = problem.mean_squares(problem.residual())
        weights = {}
        for b in (b for b in problem.blocks if b.noisy):
            likely = squares[b.name] <= 1 + FAR * math.sqrt(2 / b.size)
            weight = min(b.weight, 1.0) * (self.factor if likely else 1 / self.factor)
            weights[b.name] = min(max(weight, self.least), 1.0)
        problem.reweigh(weights)

    def state(self) -> dict[str, Any]:
        """Nothing: the old weights are in the blocks."""
        return {}

    def load(self, state: dict[str, Any]) -> None:
        """Nothing to put back."""
