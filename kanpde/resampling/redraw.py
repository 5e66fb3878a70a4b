"""All points drawn anew."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..counts import checked_interval
from ..geometry import PointSet
from .selection import checked_pool


class Redraw:
    """Fresh points, wherever the residual is large.

    Args:
        every: number of steps between two choices, at least 1; Gauss-Newton needs some tens to settle at new points.

    Raises:
        ValueError: for a setting outside its range.
    """

    name = "redraw"

    def __init__(self, *, every: int = 50):
        self.every = checked_interval(every, "choices")

    def pool_size(self, n: int) -> int:
        """As many candidates as points."""
        return n

    def choose(
        self, current: PointSet, pool: PointSet, residual: Float[np.ndarray, " pool"], rng: np.random.Generator
    ) -> PointSet:
        """The first candidates; of a larger pool of low discrepancy they are the even ones.

        Raises:
            ValueError: for a pool smaller than the present set.
        """
        checked_pool(pool, len(current))
        return pool.at(np.arange(len(current)))
