"""Ways to draw points: uniform, grid, Latin hypercube, Sobol. Each is a seeded sampler of the unit cube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc


@dataclass(frozen=True)
class Uniform:
    """Independent uniform points."""

    seed: int = 0

    def __call__(self, n: int, d: int) -> Float[np.ndarray, "n d"]:
        """`n` points of the unit cube in `d` dimensions."""
        return np.random.default_rng(self.seed).random((_at_least_one(n), d))


@dataclass(frozen=True)
class Grid:
    """Cell centres of an equidistant grid; about `n` points, the nearest power of a whole number."""

    seed: int = 0

    def __call__(self, n: int, d: int) -> Float[np.ndarray, "n d"]:
        """About `n` points of the unit cube in `d` dimensions."""
        side = max(1, round(_at_least_one(n) ** (1 / max(d, 1))))
        axis = (np.arange(side) + 0.5) / side
        return np.stack([m.ravel() for m in np.meshgrid(*[axis] * d, indexing="ij")], axis=1)


@dataclass(frozen=True)
class LatinHypercube:
    """One point in each of `n` slices along every axis.

    Source:
        McKay, Beckman, Conover (1979), Technometrics 21, 239.
    """

    seed: int = 0

    def __call__(self, n: int, d: int) -> Float[np.ndarray, "n d"]:
        """`n` points of the unit cube in `d` dimensions."""
        return qmc.LatinHypercube(d, rng=np.random.default_rng(self.seed)).random(_at_least_one(n))


@dataclass(frozen=True)
class Sobol:
    """Scrambled Sobol points, the default: they fill the cube more evenly than random ones.

    Source:
        Owen (1998), Journal of Complexity 14, 466.
    """

    seed: int = 0

    def __call__(self, n: int, d: int) -> Float[np.ndarray, "n d"]:
        """`n` points of the unit cube in `d` dimensions."""
        power = int(np.ceil(np.log2(_at_least_one(n))))
        return qmc.Sobol(d, rng=np.random.default_rng(self.seed)).random_base2(power)[:n]


def denser_at_ends(unit: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Even points of [0, 1], moved so that their density is that of the arcsine law, as of Chebyshev nodes.

    Least squares with polynomials of degree k need some k log k such points, but k^2 even ones.

    Source:
        Cohen, Davenport, Leviatan (2013), Foundations of Computational Mathematics 13, 819;
        Cohen, Migliorati (2017), SMAI Journal of Computational Mathematics 3, 181.
    """
    return (1 - np.cos(np.pi * unit)) / 2


def _at_least_one(n: int) -> int:
    if n < 1:
        raise ValueError(f"`n` must be at least 1, got {n}: it is a number of points.")
    return n


Sampling = Uniform | Grid | LatinHypercube | Sobol
SAMPLERS: dict[str, type[Sampling]] = {"uniform": Uniform, "grid": Grid, "lhs": LatinHypercube, "sobol": Sobol}
