"""A few points exchanged for candidates with a large residual."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ..counts import checked_interval
from ..geometry import PointSet, stack
from .selection import checked_candidates, checked_density, checked_pool, density, draw


class RAR:
    """Residual-based adaptive refinement: the candidates with the largest residual come in.

    The papers let the set grow. Here as many points leave, drawn evenly, so that the number of rows stays and what was
    there keeps its shape; the new ones are the last.

    Args:
        every: number of steps between two choices, at least 1.
        added: share of the points that is exchanged, above 0 and at most 1; at least one point is.
        pool: candidates per point, at least 1.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        Lu, Meng, Mao, Karniadakis (2021), SIAM Review 63, 208; as RAR-G: Wu, Zhu, Tan, Kartha, Lu (2023),
        Computer Methods in Applied Mechanics and Engineering 403, 115671.
    """

    name = "rar"

    def __init__(self, *, every: int = 10, added: float = 0.05, pool: float = 10.0):
        if not 0 < added <= 1:
            raise ValueError(f"`added` must be above 0 and at most 1, got {added}: it is a share of the points.")
        self.every, self.added, self.pool = checked_interval(every, "choices"), added, checked_candidates(pool)

    def pool_size(self, n: int) -> int:
        """`pool` candidates per point."""
        return round(self.pool * n)

    def choose(
        self, current: PointSet, pool: PointSet, residual: Float[np.ndarray, " pool"], rng: np.random.Generator
    ) -> PointSet:
        """The points that stay, in their order, and then the new ones.

        Raises:
            ValueError: for a pool smaller than the number of new points.
        """
        n = len(current)
        count = max(1, round(self.added * n))
        checked_pool(pool, count)
        staying = np.sort(rng.permutation(n)[count:])
        return stack([current.at(staying), pool.at(self.picks(count, residual, rng))])

    def picks(
        self, count: int, residual: Float[np.ndarray, " pool"], rng: np.random.Generator
    ) -> Int[np.ndarray, " count"]:
        """Candidates with the largest residuals, in falling order; a residual that is not a number is the least."""
        size = np.nan_to_num(np.abs(residual), nan=-1.0, posinf=np.inf)
        return np.argsort(-size, kind="stable")[:count]


class RARD(RAR):
    """Refinement with distribution: the new points are drawn with probability ~ |r|^power / mean(|r|^power) + constant.

    Args:
        every: as for `RAR`.
        added: as for `RAR`.
        power: of the residual, at least 0.
        constant: share of even points among the new ones, at least 0.
        pool: as for `RAR`.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        Wu, Zhu, Tan, Kartha, Lu (2023), Computer Methods in Applied Mechanics and Engineering 403, 115671.
    """

    name = "rar-d"

    def __init__(
        self,
        *,
        every: int = 10,
        added: float = 0.05,
        power: float = 2.0,
        constant: float = 0.0,
        pool: float = 10.0,
    ):
        super().__init__(every=every, added=added, pool=pool)
        self.power, self.constant = checked_density(power, constant)

    def picks(
        self, count: int, residual: Float[np.ndarray, " pool"], rng: np.random.Generator
    ) -> Int[np.ndarray, " count"]:
        """Candidates drawn by the density."""
        return draw(count, density(residual, power=self.power, constant=self.constant), rng)
