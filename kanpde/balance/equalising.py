"""Weights in inverse proportion to a figure of each block, such as the norm of its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor

from ..blocks import LeastSquares
from ..counts import checked_interval


class Equalising:
    """Base of the balances that make a figure of the weighted blocks equal.

    The loss as a whole has no unit, so the weights of the equations are scaled to mean 1.

    Args:
        every: number of steps between two updates, at least 1.
        momentum: share of the old weight in the new one, from 0 to below 1.
        most: largest weight, and the inverse of the smallest; above 1.

    Raises:
        ValueError: for a setting outside its range.
    """

    def __init__(self, *, every: int = 10, momentum: float = 0.9, most: float = 1e8):
        if not 0 <= momentum < 1:
            raise ValueError(f"`momentum` must be from 0 to below 1, got {momentum}: 0.9 is usual, 0 forgets at once.")
        if not most > 1:
            raise ValueError(f"`most` must be above 1, got {most}: it bounds the weights to both sides of 1.")
        self.every, self.momentum, self.most = checked_interval(every, "updates"), momentum, most

    def figures(self, problem: LeastSquares) -> Float[Tensor, " blocks"]:
        """One non-negative number per block, of its mean square without its weight."""
        raise NotImplementedError

    def update(self, problem: LeastSquares, conditions: Sequence[str]) -> None:
        """Move the weights of all blocks towards the inverse figures; figures that are not finite change nothing."""
        figures = self.figures(problem)
        largest = figures.max()
        if not bool(figures.isfinite().all()) or not largest > 0:
            return
        wanted = 1 / figures.clamp_min(largest / self.most)
        equations = [i for i, b in enumerate(problem.blocks) if b.name not in conditions]
        wanted = (wanted / wanted[equations or slice(None)].mean()).clamp(1 / self.most, self.most)
        new = 1 - self.momentum
        problem.reweigh(
            {b.name: self.momentum * b.weight + new * w for b, w in zip(problem.blocks, wanted.tolist(), strict=True)}
        )

    def state(self) -> dict[str, Any]:
        """Nothing: the old weights are in the blocks."""
        return {}

    def load(self, state: dict[str, Any]) -> None:
        """Nothing to put back."""
