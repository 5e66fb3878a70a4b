"""Measurements at points."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from ..geometry import Domain, PointSet
from ..symbols import Unknown
from .base import Condition, Term, positive
from .place import AtPoints


class Data(Condition):
    """Measurements: `Data(points, u=values, sigma=0.01)`.

    Args:
        points: coordinate name to values of shape (n,), or a matrix (n, d) in the order of the domain.
        sigma: standard deviation of the measurement, in the unit of the values, above 0; without it they are taken to be
            exact, and weigh as much as other conditions.
        weight: factor on the mean square of the deviations in units of sigma.
        values: one keyword per measured unknown, shape (n,).

    Raises:
        TypeError: for points or values that are no numbers.
        ValueError: for no points, lengths that differ, or values that are not finite.
    """

    def __init__(self, points: Any, *, sigma: float = 1.0, weight: float = 1.0, **values: Any):
        super().__init__(weight=weight, values=values)
        self.sigma = positive(
            "sigma", sigma, "it is a standard deviation, the same at all points; take several Data for several of them"
        )
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
        inside = domain.contains(PointSet(points))
        if not inside.all():
            first = ", ".join(f"{name}={column[~inside][0]:g}" for name, column in points.items())
            raise ValueError(
                f"`points` must lie in the domain, got {first} outside of its shape ({int((~inside).sum())} such points): "
                "drop them or extend the domain."
            )
        return [
            Term(
                f"data {name}",
                u - measured if self.sigma == 1 else (u - measured) / self.sigma,
                AtPoints(PointSet(points, {measured.name: value}), self.is_noisy),
                self.weight,
            )
            for name, u, value in self._named(unknowns)
            for measured in [sp.Symbol(f"data_{name}", real=True)]
        ]

    @property
    def is_noisy(self) -> bool:
        """Whether a standard deviation was given."""
        return self.sigma != 1

    def _read(self, name: str, value: Any) -> Any:
        return _column(name, value)

    def __repr__(self) -> str:
        return f"Data({', '.join(self.values)} at {len(next(iter(self.values.values())))} points)"


def _numbers(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value, float).copy()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"`{name}` must be an array of numbers, got {value!r}.") from None


def _column(name: str, value: Any) -> np.ndarray:
    return np.atleast_1d(_numbers(name, value))
