"""Weights that let an equation count at a time only once it holds at all earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..blocks import LeastSquares
from ..counts import checked_interval
from .point_weights import of_mean_one, without


class Causal:
    """Causal training: the points of a bin in time weigh exp(-tolerance * sum of the mean squares in earlier bins).

    Time is the last coordinate. All equations share the bins and the sum; their weights are scaled to mean 1, where the
    paper leaves the first bin at 1. Conditions are left alone. Once the smallest weight is above `goal`, the next
    tolerance is taken; after the last one training is `finished`.

    Args:
        every: number of steps between two updates, at least 1.
        tolerances: positive and rising, in the inverse unit of the squared residual.
        bins: number of intervals of equal length, at least 2.
        goal: between 0 and 1.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        Wang, Sankaran, Perdikaris (2024), Computer Methods in Applied Mechanics and Engineering 421, 116813,
        algorithm 1.
    """

    name = "causal"

    def __init__(
        self,
        *,
        every: int = 1,
        tolerances: Sequence[float] = (1e-2, 1e-1, 1.0, 1e1, 1e2),
        bins: int = 32,
        goal: float = 0.99,
    ):
        rising = all(a < b for a, b in pairwise(tolerances))
        if not tolerances or not tolerances[0] > 0 or not rising:
            raise ValueError(f"`tolerances` must be positive and rising, got {list(tolerances)}: as in [0.01, 1, 100].")
        if bins < 2:
            raise ValueError(f"`bins` must be at least 2, got {bins}: the first bin weighs the others.")
        if not 0 < goal < 1:
            raise ValueError(f"`goal` must be between 0 and 1, got {goal}: 0.99 is usual.")
        self.every, self.tolerances = checked_interval(every, "updates"), tuple(tolerances)
        self.bins, self.goal = bins, goal
        self._stage, self._finished = 0, False

    @property
    def finished(self) -> bool:
        """Whether the smallest weight was above `goal` at the last tolerance, when last updated."""
        return self._finished

    def update(self, problem: LeastSquares, conditions: Sequence[str]) -> None:
        """Weigh the points of the equations; residuals that are not finite change nothing."""
        rows = problem.residual()
        found = [(b, rows[p]) for b, p in zip(problem.blocks, problem.slices, strict=True) if b.name not in conditions]
        equations = [b for b, _ in found]
        squares = [b.size * without(b, part).square() for b, part in found]
        if not equations or not all(bool(s.isfinite().all()) for s in squares):
            return
        places = self._places([b.sides[0].x[:, -1] for b in equations])
        means = torch.stack([self._means(p, s) for p, s in zip(places, squares, strict=True)]).sum(0)
        weights = self._weights(torch.cat([means.new_zeros(1), means[:-1].cumsum(0)]))
        problem.reweigh(point_weights={b.name: of_mean_one(weights[p]) for p, b in zip(places, equations, strict=True)})

    def _places(self, times: Sequence[Float[Tensor, " n"]]) -> list[Int[Tensor, " n"]]:
        """The bin of each instant."""
        start, end = min(t.min() for t in times), max(t.max() for t in times)
        length = (end - start).clamp_min(torch.finfo(start.dtype).tiny)
        return [((t - start) / length * self.bins).long().clamp(0, self.bins - 1) for t in times]

    def _means(self, place: Int[Tensor, " n"], squares: Float[Tensor, " n"]) -> Float[Tensor, " bins"]:
        empty = squares.new_zeros(self.bins)
        counts = empty.index_add(0, place, torch.ones_like(squares))
        return empty.index_add(0, place, squares) / counts.clamp_min(1)

    def _weights(self, earlier: Float[Tensor, " bins"]) -> Float[Tensor, " bins"]:
        """Weights of the bins by the first tolerance from the present one on that is not met yet."""
        while True:
            weights = (-self.tolerances[self._stage] * earlier).exp()
            met = bool(weights.min() > self.goal)
            self._finished = met and self._stage == len(self.tolerances) - 1
            if not met or self._finished:
                return weights
            self._stage += 1

    def state(self) -> dict[str, Any]:
        """Which tolerance is the present one, and whether the last one was met."""
        return {"stage": self._stage, "finished": self._finished}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved memory."""
        self._stage, self._finished = int(state["stage"]), bool(state["finished"])
