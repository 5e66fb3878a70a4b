"""Weights that rest on the points where the residual has been large for a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..blocks import LeastSquares
from ..counts import checked_interval
from .point_weights import of_mean_one, without


class ResidualAttention:
    """Residual-based attention: a running mean of |r| / max |r| at every point, which multiplies the residual there.

    The paper's step eta only scales all weights alike, which mean 1 takes out again, so there is none; the mean starts
    from 1, the largest value. Weights of the blocks stay as they are, and new points start afresh.

    Args:
        every: number of steps between two updates, at least 1.
        decay: share of the old mean in the new one, from 0 to below 1; 0.999 suits gradient methods.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        Anagnostopoulos, Toscano, Stergiopulos, Karniadakis (2024), Computer Methods in Applied Mechanics and
        Engineering 421, 116805.
    """

    name = "residual-attention"

    def __init__(self, *, every: int = 1, decay: float = 0.9):
        if not 0 <= decay < 1:
            raise ValueError(f"`decay` must be from 0 to below 1, got {decay}: 0.9 looks back about ten updates.")
        self.every, self.decay = checked_interval(every, "updates"), decay
        self._attention: dict[str, Tensor] = {}

    def update(self, problem: LeastSquares, conditions: Sequence[str]) -> None:
        """Weigh the points of all blocks; a block whose residual is zero or not finite is left alone."""
        rows, weights = problem.residual(), {}
        for block, part in zip(problem.blocks, problem.slices, strict=True):
            size = without(block, rows[part]).abs()
            largest = size.max()
            if not bool(largest.isfinite()) or largest == 0:
                continue
            fresh = block.point_weights is None or block.name not in self._attention
            before = torch.ones_like(size) if fresh else self._attention[block.name].to(size)
            attention = self.decay * before + (1 - self.decay) * size / largest
            self._attention[block.name], weights[block.name] = attention, of_mean_one(attention.square())
        problem.reweigh(point_weights=weights)

    def state(self) -> dict[str, Any]:
        """The running means."""
        return {"attention": dict(self._attention)}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved memory."""
        self._attention = {name: torch.as_tensor(values) for name, values in state["attention"].items()}
