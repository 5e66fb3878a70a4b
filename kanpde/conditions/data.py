"""Measurements at points."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from ..geometry import Domain, PointSet
from ..symbols import Unknown
from .base import Condition, Term
from .place import AtPoints

DEVIATION = sp.Symbol("_sigma", positive=True)
"""In the terms of measurements: the known column of their standard deviations."""


class Data(Condition):
    """Measurements: `Data(points, u=values, sigma=0.01)`.

    Args:
        points: coordinate name to values of shape (n,), or a matrix (n, d) in the order of the domain.
        sigma: standard deviation of the measurements, above 0 and in the unit of the values: one number, or one for each
            point, shape (n,); without it they are taken to be exact, and weigh as much as other conditions.
        weight: factor on the mean square of the deviations in units of sigma.
        values: one keyword per measured unknown, shape (n,).

    Raises:
        TypeError: for points or values that are no numbers.
        ValueError: for no points, lengths that differ, values that are not finite, or a standard deviation that is not
            positive.
    """

    def __init__(self, points: Any, *, sigma: Any = None, weight: float = 1.0, **values: Any):
        super().__init__(weight=weight, values=values)
        if isinstance(points, dict):
            self.points: Any = {name: _column(name, value) for name, value in points.items()}
            columns = self.points
        else:
            self.points = _numbers("points", points)
            self.points = self.points[:, None] if self.points.ndim == 1 else self.points
            if self.points.ndim != 2:
                raise ValueError(f"`points` must be a matrix (n, d), got shape {self.points.shape}.")
            columns = {f"points[:, {i}]": column for i, column in enumerate(self.points.T)}
        count = len(next(iter(columns.values()), ()))
        if count == 0:
            raise ValueError("`points` must hold at least one point, got none.")
        for name, column in [*columns.items(), *self.values.items()]:
            if column.shape != (count,):
                raise ValueError(f"`{name}` must have shape ({count},) like the other columns, got {column.shape}.")
            bad = int((~np.isfinite(column)).sum())
            if bad:
                raise ValueError(f"`{name}` must be finite, got {bad} NaN or infinite values of {count}: drop them.")
        self.sigma = None if sigma is None else _deviations(sigma, count)

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """The loss terms, one per measured unknown.

        Raises:
            ValueError: for points without a coordinate of the domain, or outside of it.
        """
        if isinstance(self.points, dict):
            given = self.points
        elif self.points.shape[1] == domain.dimension:
            given = dict(zip(domain.names, self.points.T, strict=True))
        else:
            raise ValueError(
                f"`points` must have {domain.dimension} columns ({', '.join(domain.names)}), got {self.points.shape[1]}."
            )
        if set(given) != set(domain.names):
            raise ValueError(f"`points` must have the columns {', '.join(domain.names)}, got {', '.join(given)}.")
        for name, (lo, hi) in domain.bounds.items():
            slack = 1e-9 * (hi - lo)
            outside = (given[name] < lo - slack) | (given[name] > hi + slack)
            if outside.any():
                raise ValueError(
                    f"`points` must lie in the domain, got {name}={given[name][outside][0]:g} outside of [{lo:g}, {hi:g}] "
                    f"({int(outside.sum())} such points): drop them or extend the domain."
                )
        points = {name: given[name] for name in domain.names}
        known = {} if self.sigma is None else {DEVIATION.name: self.sigma}
        inside = domain.contains(PointSet(points))
        if not inside.all():
            first = ", ".join(f"{name}={column[~inside][0]:g}" for name, column in points.items())
            raise ValueError(
                f"`points` must lie in the domain, got {first} outside of its shape ({int((~inside).sum())} such points): "
                "drop them or extend the domain."
            )
        return [
            Term(
                f"data {name}" if self.is_noisy else f"exact data {name}",
                (u - measured) / DEVIATION if self.is_noisy else u - measured,
                AtPoints(PointSet(points, {measured.name: value, **known}), self.is_noisy),
                self.weight,
            )
            for name, u, value in self._named(unknowns)
            for measured in [sp.Symbol(f"data_{name}", real=True)]
        ]

    @property
    def is_noisy(self) -> bool:
        """Whether a standard deviation was given."""
        return self.sigma is not None

    def _read(self, name: str, value: Any) -> Any:
        return _column(name, value)

    def __repr__(self) -> str:
        return f"Data({', '.join(self.values)} at {len(next(iter(self.values.values())))} points)"


def _numbers(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value, float).copy()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"`{name}` must be an array of numbers, got {value!r}.") from None


def _deviations(sigma: Any, count: int) -> np.ndarray:
    """One for each of so many measurements."""
    try:
        given = np.asarray(float(sigma) if np.ndim(sigma) == 0 else sigma, float)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"`sigma` must be a positive number, or one for each point, got {sigma!r}.") from None
    if given.shape not in ((), (count,)):
        raise ValueError(f"`sigma` must be one number, or have shape ({count},) like the values, got {given.shape}.")
    if not (np.isfinite(given) & (given > 0)).all():
        worst = given if given.ndim == 0 else given[~(np.isfinite(given) & (given > 0))][0]
        raise ValueError(f"`sigma` must be a positive number, got {worst:g}: leave it out where values are exact.")
    return np.broadcast_to(given, (count,)).copy()


def _column(name: str, value: Any) -> np.ndarray:
    return np.atleast_1d(_numbers(name, value))
