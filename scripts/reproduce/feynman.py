"""27 equations of Feynman's lectures in dimensionless variables.

The ranges are what the database of Udrescu and Tegmark (2020), "AI Feynman", Science Advances 6, eaay2631, gives for the
variables with dimensions, carried over to the dimensionless ones; ratios that would run over more are kept to [1/5, 5] or,
where the database has [1, 3], to [1/3, 3].
"""

from __future__ import annotations

from functools import partial

import numpy as np
from benchmarks.runs import Table
from numpy import arcsin, cos, exp, log, pi, sin, sqrt

from .fits import Target, report, runs

RATIO, THIRD = (0.2, 5.0), (1 / 3, 3.0)
ONE, FIVE = (1.0, 3.0), (1.0, 5.0)
NEAR, FAR = (0.25, 2 / 3), (0.75, 4 / 3)


def _gravity(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, e: np.ndarray, f: np.ndarray) -> np.ndarray:
    return np.asarray(a / ((b - 1) ** 2 + (c - d) ** 2 + (e - f) ** 2))


def _gaussian(t: np.ndarray, t1: np.ndarray | float, s: np.ndarray) -> np.ndarray:
    return np.asarray(exp(-((t - t1) ** 2) / (2 * s**2)) / sqrt(2 * pi * s**2))


def _distance(a: np.ndarray, t1: np.ndarray, t2: np.ndarray) -> np.ndarray:
    return np.asarray(sqrt(1 + a**2 - 2 * a * cos(t1 - t2)))


def _fringes(n: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.asarray(sin(n * t / 2) ** 2 / sin(t / 2) ** 2)


def _transition(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    return np.asarray(a * np.sinc((b - c) / (2 * pi)) ** 2)


TARGETS = (
    Target("I.6.2", lambda t, s: _gaussian(t, 0.0, s), (ONE, ONE), [2, 2, 1, 1], 2.86e-5, 1.45e-4),
    Target("I.6.2b", _gaussian, (ONE, ONE, ONE), [3, 2, 2, 1, 1], 4.45e-4, 7.40e-4),
    Target("I.9.18", _gravity, ((1 / 16, 8 / 9), NEAR, FAR, NEAR, FAR, NEAR), [6, 4, 1, 1], 1.48e-3, 1.59e-3),
    Target("I.12.11", lambda a, t: 1 + a * sin(t), (RATIO, FIVE), [2, 2, 1], 9.13e-4, 6.71e-4, quick=True),
    Target("I.13.12", lambda a, b: a * (1 / b - 1), (FIVE, RATIO), [2, 2, 1], 2.72e-3, 1.42e-3),
    Target(
        "I.15.3x", lambda a, b: (1 - a) / sqrt(1 - b**2), ((0.1, 0.8), (0.05, 2 / 3)), [2, 2, 1, 1], 1.14e-3, 8.54e-4
    ),
    Target("I.16.6", lambda a, b: (a + b) / (1 + a * b), (RATIO, RATIO), [2, 2, 2, 1], 1.06e-3, 6.20e-4),
    Target("I.18.4", lambda a, b: (1 + a * b) / (1 + a), (RATIO, RATIO), [2, 2, 2, 1, 1], 1.50e-4, 3.68e-4),
    Target("I.26.2", lambda n, t: arcsin(n * sin(t)), ((0, 1), FIVE), [2, 2, 2, 1, 1], 7.90e-4, 1.24e-3),
    Target("I.27.6", lambda a, b: 1 / (1 + a * b), (FIVE, RATIO), [2, 2, 1, 1], 1.94e-4, 2.46e-4),
    Target("I.29.16", _distance, (RATIO, FIVE, FIVE), [3, 2, 2, 3, 2, 1, 1], 3.20e-3, 4.64e-3),
    Target("I.30.3", _fringes, (FIVE, FIVE), [2, 3, 2, 2, 1, 1], 1.03e-3, 1.50e-2),
    Target("I.30.5", lambda a, n: arcsin(a / n), (((0.2, 1)), FIVE), [2, 1, 1], 3.49e-5, 9.45e-5),
    Target("I.37.4", lambda a, d: 1 + a + 2 * sqrt(a) * cos(d), (RATIO, FIVE), [2, 2, 1], 4.91e-6, 5.67e-4),
    Target("I.40.1", lambda n, a: n * exp(-a), (FIVE, RATIO), [2, 1, 1], 3.12e-4, 3.99e-4),
    Target("I.44.4", lambda n, a: n * log(a), (FIVE, RATIO), [2, 2, 1], 2.30e-5, 3.99e-4),
    Target("I.50.26", lambda a, b: cos(a) + b * cos(a) ** 2, ((1, 9), ONE), [2, 2, 2, 1], 1.52e-4, 1.53e-3),
    Target("II.2.42", lambda a, b: (a - 1) * b, (RATIO, RATIO), [2, 2, 1], 7.22e-4, 1.81e-4),
    Target("II.6.15a", lambda a, b, c: c * sqrt(a**2 + b**2) / (4 * pi), (THIRD,) * 3, [3, 2, 2, 1], 1.35e-3, 5.92e-4),
    Target("II.11.17", lambda n, a, t: n * (1 + a * cos(t)), (ONE, THIRD, ONE), [3, 3, 2, 2, 1], 5.03e-3, 5.92e-4),
    Target("II.11.27", lambda n, a: n * a / (1 - n * a / 3), ((0, 1), (0, 1)), [2, 2, 1, 1], 1.43e-5, 7.18e-5),
    Target("II.35.18", lambda n, a: n / (exp(a) + exp(-a)), (ONE, THIRD), [2, 1, 1], 7.71e-5, 7.92e-5),
    Target("II.36.38", lambda a, b, c: a + c * b, (THIRD,) * 3, [3, 3, 1], 1.15e-3, 2.15e-3),
    Target("II.38.3", lambda a, b: a / b, (RATIO, RATIO), [2, 1, 1], 8.78e-5, 5.26e-4),
    Target("III.9.52", _transition, (ONE, FIVE, FIVE), [3, 2, 3, 1, 1], 3.90e-3, 9.07e-4),
    Target("III.10.19", lambda a, b: sqrt(1 + a**2 + b**2), (RATIO, RATIO), [2, 1, 1], 8.16e-4, 1.67e-4),
    Target("III.17.37", lambda b, a, t: b * (1 + a * cos(t)), (FIVE, FIVE, FIVE), [3, 3, 3, 1], 4.12e-4, 6.80e-4),
)
"""Figures of the paper's table 3; widths are ours, none wider than 5 or deeper than the paper's unpruned ones."""

TABLE = Table("Equations of Feynman's lectures", partial(runs, TARGETS), partial(report, TARGETS))
