"""Weights that hold the residual of every condition at a given ratio to that of the equations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..blocks import LeastSquares
from ..counts import checked_interval

MOST_AT_ONCE = 10.0


class AdaptiveRatio:
    """A condition that is violated too much beside the equations gets more weight, one that holds too well gets less.

    With q = rms(condition) / rms(equations) a weight is multiplied by (q / target)^gain, at most by 10 and at least by
    1/10. At a minimum of the loss q falls like 1 / weight once that is large, as for every penalty; the weight then
    comes to rest where q is `target`. Weights of the equations stay.

    Args:
        every: number of steps between two updates, at least 1.
        target: wanted ratio of the root mean squares, above 0.
        gain: share of the gap between the logarithms of q and `target` that an update closes; above 0, at most 1.
        most: largest weight, at least 1; the smallest is 1.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        A proportional controller, taken from no paper. Webb, Jerad, Cartis (2026), arXiv:2607.02194, algorithm 4,
        multiply by a power of relative losses as well, but towards equal contributions of all terms to the loss.
    """

    name = "adaptive-ratio"

    def __init__(self, *, every: int = 5, target: float = 1e-4, gain: float = 0.2, most: float = 1e8):
        if not target > 0:
            raise ValueError(f"`target` must be positive, got {target}: conditions never hold exactly.")
        if not 0 < gain <= 1:
            raise ValueError(f"`gain` must be above 0 and at most 1, got {gain}: it is a share.")
        if not most >= 1:
            raise ValueError(f"`most` must be at least 1, got {most}: it is the largest weight, and 1 the smallest.")
        self.every, self.target, self.gain, self.most = checked_interval(every, "updates"), target, gain, most

    def update(self, problem: LeastSquares, conditions: Sequence[str]) -> None:
        """Reweigh the conditions; without equations, or with residuals that are zero or not finite, nothing changes."""
        squares = problem.mean_squares(problem.residual())
        inside = [b.weight * squares[b.name] for b in problem.blocks if b.name not in conditions]
        equation = sum(inside) / max(1, len(inside))
        if not 0 < equation < math.inf:
            return
        weights = {b.name: b.weight for b in problem.blocks if 0 < squares[b.name] < math.inf and b.name in conditions}
        for name, weight in weights.items():
            factor = (math.sqrt(squares[name] / equation) / self.target) ** self.gain
            factor = min(max(factor, 1 / MOST_AT_ONCE), MOST_AT_ONCE)
            weights[name] = min(max(factor * weight, 1.0), self.most)
        problem.reweigh(weights)

    def state(self) -> dict[str, Any]:
        """Nothing: the old weights are in the blocks."""
        return {}

    def load(self, state: dict[str, Any]) -> None:
        """Nothing to put back."""
