"""Points picked out of a set, evenly or by a density, and how many of them are new."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int

from ..geometry import PointSet


def changed(before: PointSet, after: PointSet) -> int:
    """Number of points of `after` that were not in `before`, down to the last bit."""
    known = {row.tobytes() for row in before.array}
    return sum(row.tobytes() not in known for row in after.array)


def density(residual: Float[np.ndarray, " n"], *, power: float, constant: float) -> Float[np.ndarray, " n"]:
    """Probabilities proportional to |r|^power / mean(|r|^power) + constant.

    They are all the same where that says nothing: for residuals that are all zero, or not all finite.

    Source:
        Wu, Zhu, Tan, Kartha, Lu (2023), Computer Methods in Applied Mechanics and Engineering 403, 115671.
    """
    largest = np.abs(residual).max()
    if not np.isfinite(largest) or largest == 0:
        return np.full(len(residual), 1 / len(residual))
    powers = (np.abs(residual) / largest) ** power
    raised = powers / powers.mean() + constant
    return raised / raised.sum()


def draw(n: int, probabilities: Float[np.ndarray, " pool"], rng: np.random.Generator) -> Int[np.ndarray, " n"]:
    """`n` different indices, drawn one after the other by their probabilities among those left.

    The times at which independent Poisson processes of these rates strike first come in such an order. Those of
    probability zero come last, so that there are always enough.

    Source:
        Efraimidis, Spirakis (2006), Information Processing Letters 97, 181.
    """
    with np.errstate(divide="ignore"):
        times = rng.exponential(size=len(probabilities)) / probabilities
    return np.argsort(times, kind="stable")[:n]


def checked_pool(pool: PointSet, n: int) -> None:
    """Refuse a pool with fewer than `n` points."""
    if len(pool) < n:
        raise ValueError(f"`pool` must hold at least {n} points, got {len(pool)}: ask `pool_size` how many.")


def checked_candidates(pool: float) -> float:
    """`pool`, if it is a number of candidates per point.

    Raises:
        ValueError: for any other value.
    """
    if not 1 <= pool < math.inf:
        raise ValueError(f"`pool` must be at least 1, got {pool}: it is a number of candidates per point.")
    return pool


def checked_density(power: float, constant: float) -> tuple[float, float]:
    """Both arguments of `density`, if they are in their range."""
    if power < 0:
        raise ValueError(f"`power` must be 0 or above, got {power}: a negative one shuns large residuals.")
    if constant < 0:
        raise ValueError(f"`constant` must be 0 or above, got {constant}: it is the share of even points.")
    return power, constant
