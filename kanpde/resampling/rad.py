"""All points drawn anew, the more of them the larger the residual."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..counts import checked_interval
from ..geometry import PointSet
from .selection import checked_candidates, checked_density, checked_pool, density, draw


class RAD:
    """Residual-based adaptive distribution: candidates drawn with probability ~ |r|^power / mean(|r|^power) + constant.

    Args:
        every: number of steps between two choices, at least 1; Gauss-Newton needs some tens to settle at new points.
        power: of the residual, at least 0; 0 is even.
        constant: share of even points, at least 0; large is even.
        pool: candidates per point, at least 1; with exactly 1 all candidates are taken.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        Wu, Zhu, Tan, Kartha, Lu (2023), Computer Methods in Applied Mechanics and Engineering 403, 115671.
    """

    name = "rad"

    def __init__(self, *, every: int = 50, power: float = 1.0, constant: float = 1.0, pool: float = 10.0):
        self.every, self.pool = checked_interval(every, "choices"), checked_candidates(pool)
        self.power, self.constant = checked_density(power, constant)

    def pool_size(self, n: int) -> int:
        """`pool` candidates per point."""
        return round(self.pool * n)

    def choose(
        self, current: PointSet, pool: PointSet, residual: Float[np.ndarray, " pool"], rng: np.random.Generator
    ) -> PointSet:
        """Candidates drawn by the density; none of the present points stays.

        Raises:
            ValueError: for a pool smaller than the present set.
        """
        checked_pool(pool, len(current))
        probabilities = density(residual, power=self.power, constant=self.constant)
        return pool.at(draw(len(current), probabilities, rng))
