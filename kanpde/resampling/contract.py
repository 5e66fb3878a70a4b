"""What every resampling offers: new training points between two steps, as many as before."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from jaxtyping import Float

from ..geometry import PointSet


class Resampling(Protocol):
    """One way to choose the points of an equation anew; it remembers nothing.

    The number of points stays the same, and with it the number of rows of the least-squares problem.

    Attributes:
        name: as on the command line.
        every: number of steps between two choices, at least 1.
    """

    @property
    def name(self) -> str: ...  # noqa: D102  (described above)

    @property
    def every(self) -> int: ...  # noqa: D102

    def pool_size(self, n: int) -> int:
        """Number of candidates to draw for a set of `n` points."""
        ...

    def choose(
        self, current: PointSet, pool: PointSet, residual: Float[np.ndarray, " pool"], rng: np.random.Generator
    ) -> PointSet:
        """The next points.

        Args:
            current: the present points.
            pool: freshly drawn candidates.
            residual: of the equation at the candidates.
            rng: decides what chance decides.

        Returns:
            As many points as `current` has.
        """
        ...
