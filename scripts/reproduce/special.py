"""15 special functions of two variables, with the shapes of the paper's table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from benchmarks.runs import Table
from scipy import special

from .fits import Target, report, runs


def _legendre(order: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The associated Legendre function of real degree v and whole order m, with the phase (-1)^m that SciPy has.

    From the hypergeometric series, Abramowitz, Stegun (1964), 8.1.2; SciPy's own has whole degrees alone.
    """
    m = order

    def values(v: np.ndarray, x: np.ndarray) -> np.ndarray:
        factor = special.gamma(v + m + 1) * special.rgamma(v - m + 1) / (2.0**m * special.factorial(m))
        series = special.hyp2f1(m - v, m + v + 1, m + 1, (1 - x) / 2)
        return np.asarray((-1) ** m * factor * (1 - x**2) ** (m / 2) * series)

    return values


def _harmonic(order: int, degree: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Real part of a spherical harmonic of azimuth and polar angle."""
    return lambda azimuth, polar: np.asarray(special.sph_harm_y(degree, order, polar, azimuth).real)


def _sn(u: np.ndarray, m: np.ndarray) -> np.ndarray:
    """The first Jacobi elliptic function."""
    return np.asarray(special.ellipj(u, m)[0])


SPHERE = ((0.0, 2 * np.pi), (0.0, np.pi))
ELLIPTIC = ((0.0, 1.5), (0.0, 0.9))
LEGENDRE = ((0.0, 3.0), (-0.9, 0.9))
TARGETS = (
    Target("ellipj", _sn, ((0, 5), (0, 0.9)), [2, 3, 2, 1, 1], 1.33e-4, 6.48e-4),
    Target("ellipkinc", special.ellipkinc, ELLIPTIC, [2, 2, 1, 1, 1], 1.24e-4, 5.52e-4),
    Target("ellipeinc", special.ellipeinc, ELLIPTIC, [2, 2, 1, 1], 8.26e-5, 3.04e-4),
    Target("jv", special.jv, ((0, 2), (0.5, 10)), [2, 3, 1, 1, 1], 1.64e-3, 5.52e-3),
    Target("jv, wider", special.jv, ((0, 2), (0.5, 10)), [2, 5, 1], 1.64e-3, 5.52e-3, wider=True),
    Target("yv", special.yv, ((0, 3), (1, 10)), [2, 2, 2, 1], 1.49e-5, 3.45e-4),
    Target("kv", special.kv, ((0, 3), (1, 5)), [2, 2, 1], 2.52e-5, 1.67e-4),
    Target("iv", special.iv, ((0, 5), (0.5, 5)), [2, 4, 3, 2, 1, 1], 9.28e-3, 1.07e-2),
    Target("lpmv, m=0", _legendre(0), LEGENDRE, [2, 2, 1], 5.25e-5, 1.74e-2),
    Target("lpmv, m=1", _legendre(1), LEGENDRE, [2, 4, 1], 6.90e-4, 1.50e-3),
    Target("lpmv, m=2", _legendre(2), LEGENDRE, [2, 3, 2, 1], 2.26e-4, 9.43e-4),
    Target("sph_harm(0, 1)", _harmonic(0, 1), SPHERE, [2, 1, 1], 2.21e-7, 1.25e-6, quick=True),
    Target("sph_harm(1, 1)", _harmonic(1, 1), SPHERE, [2, 3, 2, 1], 1.22e-4, 6.70e-4),
    Target("sph_harm(0, 2)", _harmonic(0, 2), SPHERE, [2, 1, 1], 1.95e-7, 2.85e-6),
    Target("sph_harm(1, 2)", _harmonic(1, 2), SPHERE, [2, 2, 1, 1], 1.50e-5, 1.84e-3),
    Target("sph_harm(2, 2)", _harmonic(2, 2), SPHERE, [2, 2, 3, 2, 1], 9.45e-5, 6.21e-4),
)
"""The shapes and figures are those of table 2 of the paper; `wider` is a shape of ours beside them."""

TABLE = Table("Special functions", partial(runs, TARGETS), partial(report, TARGETS))
