"""Boundary conditions, initial conditions and measurements, and the loss terms that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import sympy as sp

from .geometry import Domain, Face, Part, PointSet, Sampler
from .symbols import Unknown, diff


class Place(Protocol):
    """Where a term holds; a sample is one point set, or two whose values are subtracted."""

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """About `n` points per set."""
        ...


@dataclass(frozen=True)
class Interior:
    """All of the domain."""

    domain: Domain

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """`n` points inside."""
        return (self.domain.sample(n, sampler),)


@dataclass(frozen=True)
class OnBoundary:
    """A part of the boundary."""

    part: Part

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """About `n` points with outward normals."""
        return (self.part.sample(n, sampler),)


@dataclass(frozen=True)
class AtStart:
    """The first instant."""

    domain: Domain

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """`n` points at the first instant."""
        return (self.domain.sample_start(n, sampler),)


@dataclass(frozen=True)
class Seam:
    """Both ends of a periodic coordinate: the second set is the first one, moved to the other end."""

    domain: Domain
    axis: str

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """`n` pairs of points."""
        lower = self.domain.sample_face(Face(self.axis, upper=False), n, sampler)
        moved = np.full(len(lower), self.domain.bounds[self.axis][1])
        return lower, PointSet({**lower.columns, self.axis: moved}, lower.extras)


@dataclass(frozen=True)
class AtPoints:
    """Points that the user gave, whatever number is asked for."""

    points: PointSet

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """The given points."""
        return (self.points,)


@dataclass(frozen=True)
class Term:
    """An expression that must vanish at a place; with two point sets, its values on both must agree."""

    name: str
    expression: sp.Expr
    place: Place
    weight: float = 1.0


class Condition:
    """Base of all conditions.

    Args:
        on: boundary part by name or object; None for the whole boundary.
        hard: build the condition into the trial solution instead of penalising its violation.
        weight: factor on the mean square of its residual in the loss, above 0.
        values: one keyword per unknown, a number or an expression in the coordinates.

    Raises:
        ValueError: for a weight that is not positive or a condition without unknown.
    """

    def __init__(
        self, *, on: str | Part | None = None, hard: bool = False, weight: float = 1.0, values: dict[str, Any]
    ):
        if not (np.isfinite(weight) and weight > 0):
            raise ValueError(f"`weight` must be positive and finite, got {weight}: leave the condition out to drop it.")
        if not values:
            name = type(self).__name__
            raise ValueError(f"`{name}` needs a value for an unknown, as in {name}(u=0).")
        self.on, self.hard, self.weight = on, hard, float(weight)
        self.values = values

    @property
    def kind(self) -> str:
        """Lower-case name of the condition."""
        return type(self).__name__.lower()

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """The loss terms, one per unknown that the condition names."""
        part = domain.boundary(self.on)
        return [
            Term(f"{self.kind} {name} on {part.name}", self.residual(u, domain, value), OnBoundary(part), self.weight)
            for name, u, value in self._named(unknowns)
        ]

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """What vanishes where the condition holds."""
        raise NotImplementedError

    def _named(self, unknowns: dict[str, Unknown]) -> list[tuple[str, Unknown, Any]]:
        for name in self.values:
            if name not in unknowns:
                raise ValueError(
                    f"`{type(self).__name__}({name}=...)` names no unknown: this problem has {', '.join(unknowns)}."
                )
        return [(name, unknowns[name], value) for name, value in self.values.items()]

    def __repr__(self) -> str:
        inside = [f"{k}={v}" for k, v in self.values.items()]
        inside += [f"on='{self.on}'"] if isinstance(self.on, str) else []
        inside += ["hard=True"] if self.hard else []
        return f"{type(self).__name__}({', '.join(inside)})"


def _expressions(values: dict[str, Any]) -> dict[str, sp.Expr]:
    for name, value in values.items():
        if isinstance(value, float) and not np.isfinite(value):
            raise ValueError(f"`{name}` must be finite, got {value}: check where the value comes from.")
    return {name: sp.sympify(value) for name, value in values.items()}


class Dirichlet(Condition):
    """Value on the boundary: `Dirichlet(u=0, on="x=0")`."""

    def __init__(self, *, on: str | Part | None = None, hard: bool = False, weight: float = 1.0, **values: Any):
        super().__init__(on=on, hard=hard, weight=weight, values=_expressions(values))

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """`u - g`."""
        return u - value


class Neumann(Condition):
    """Outward normal derivative on the boundary: `Neumann(u=0, on="x=1")`."""

    def __init__(self, *, on: str | Part | None = None, hard: bool = False, weight: float = 1.0, **values: Any):
        super().__init__(on=on, hard=hard, weight=weight, values=_expressions(values))

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """`du/dn - g`."""
        return normal_derivative(u, domain) - value


class Robin(Condition):
    """Combination of value and outward normal derivative, `a u + b du/dn = g`: `Robin(u=g, a=1, b=2, on="y=1")`.

    Raises:
        ValueError: if `b` is zero, which is a Dirichlet condition.
    """

    def __init__(
        self,
        *,
        a: Any = 1,
        b: Any = 1,
        on: str | Part | None = None,
        hard: bool = False,
        weight: float = 1.0,
        **values: Any,
    ):
        super().__init__(on=on, hard=hard, weight=weight, values=_expressions(values))
        self.a, self.b = sp.sympify(a), sp.sympify(b)
        if self.b == 0:
            raise ValueError("`b` must not be 0 in a Robin condition: that is Dirichlet(u=g/a).")

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """`a u + b du/dn - g`."""
        return self.a * u + self.b * normal_derivative(u, domain) - value


class Periodic(Condition):
    """Equal values and derivatives at both ends of the named coordinates: `Periodic("x")`.

    Every unknown is matched with as many derivatives as the order of the equation in that coordinate needs.
    """

    def __init__(self, *axes: str, hard: bool = False, weight: float = 1.0):
        if not axes:
            raise ValueError('`Periodic` needs the name of a coordinate, as in Periodic("x").')
        super().__init__(hard=hard, weight=weight, values={str(axis): None for axis in axes})
        self.axes = tuple(str(axis) for axis in axes)

    def periodic_terms(
        self, domain: Domain, unknowns: dict[str, Unknown], orders: dict[tuple[str, str], int]
    ) -> list[Term]:
        """One term per axis, unknown and derivative below the order of the equation."""
        out = []
        for axis in self.axes:
            x = domain.coordinate(axis)
            if x.kind == "time":
                raise ValueError(f"`Periodic({axis!r})` is a time: give Initial conditions instead.")
            for name, u in unknowns.items():
                for k in range(max(1, orders.get((name, axis), 1))):
                    label = f"periodic {name}{'.' + axis * k if k else ''} in {axis}"
                    out.append(Term(label, diff(u, x, k) if k else u, Seam(domain, axis), self.weight))
        return out

    def __repr__(self) -> str:
        return f"Periodic({', '.join(map(repr, self.axes))}{', hard=True' if self.hard else ''})"


class Initial(Condition):
    """Value, or time derivative with `order=1`, at the first instant: `Initial(u=f)`, `Initial(u=g, order=1)`.

    Raises:
        ValueError: for an order other than 0 to 3.
    """

    def __init__(self, *, order: int = 0, hard: bool = False, weight: float = 1.0, **values: Any):
        super().__init__(hard=hard, weight=weight, values=_expressions(values))
        if order not in (0, 1, 2, 3):
            raise ValueError(f"`order` must be 0 (the value) to 3, got {order}: it counts time derivatives.")
        self.order = order

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """The loss terms, one per unknown that the condition names."""
        t = domain.time
        if t is None:
            raise ValueError("`Initial` needs a time: multiply the domain by Time(t=(0, 1)), or use Dirichlet.")
        label = "initial {}" + ("." + t.name * self.order if self.order else "")
        return [
            Term(label.format(name), (diff(u, t, self.order) if self.order else u) - g, AtStart(domain), self.weight)
            for name, u, g in self._named(unknowns)
        ]


class Data(Condition):
    """Measurements: `Data(points, u=values, sigma=0.01)`.

    Args:
        points: coordinate name to values of shape (n,), or a matrix (n, d) in the order of the domain.
        sigma: standard deviation of the measurement, in the unit of the values, above 0.
        weight: factor on the mean square of the deviations in units of sigma.
        values: one keyword per measured unknown, shape (n,).

    Raises:
        ValueError: for no points, lengths that differ, or values that are not finite.
    """

    def __init__(self, points: Any, *, sigma: float = 1.0, weight: float = 1.0, **values: Any):
        super().__init__(weight=weight, values={k: np.atleast_1d(np.asarray(v, float)) for k, v in values.items()})
        if not sigma > 0:
            raise ValueError(f"`sigma` must be positive, got {sigma}: it is a standard deviation.")
        self.sigma = float(sigma)
        if isinstance(points, dict):
            self.points: Any = {k: np.atleast_1d(np.asarray(v, float)) for k, v in points.items()}
            columns = list(self.points.values())
        else:
            self.points = np.asarray(points, float)
            self.points = self.points[:, None] if self.points.ndim == 1 else self.points
            columns = list(self.points.T)
        count = len(columns[0]) if columns else 0
        if count == 0:
            raise ValueError("`points` must hold at least one point, got none.")
        for name, column in [("points", c) for c in columns] + list(self.values.items()):
            if column.shape != (count,):
                raise ValueError(f"`{name}` must have shape ({count},) like the other columns, got {column.shape}.")
            bad = int((~np.isfinite(column)).sum())
            if bad:
                raise ValueError(f"`{name}` must be finite, got {bad} NaN or infinite values of {count}: drop them.")

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """The loss terms, one per measured unknown."""
        if isinstance(self.points, dict):
            missing = set(domain.names) ^ set(self.points)
            if missing:
                raise ValueError(
                    f"`points` must have the columns {', '.join(domain.names)}, got {', '.join(self.points)}."
                )
            columns = {name: self.points[name] for name in domain.names}
        else:
            if self.points.shape[1] != domain.dimension:
                raise ValueError(
                    f"`points` must have {domain.dimension} columns ({', '.join(domain.names)}), got {self.points.shape[1]}."
                )
            columns = dict(zip(domain.names, self.points.T, strict=True))
        return [
            Term(
                f"data {name}",
                (u - sp.Symbol(f"data_{name}", real=True)) / self.sigma,
                AtPoints(PointSet(columns, {f"data_{name}": value})),
                self.weight,
            )
            for name, u, value in self._named(unknowns)
        ]

    def __repr__(self) -> str:
        return f"Data({', '.join(self.values)} at {len(next(iter(self.values.values())))} points)"


def normal_derivative(u: Unknown, domain: Domain) -> sp.Expr:
    """Derivative along the outward normal, whose components are the known columns `n_x`, `n_y`, ..."""
    space = [c for c in domain.coordinates if c.kind == "space"]
    return sp.Add(*[sp.Symbol(f"n_{c.name}", real=True) * sp.diff(u, c) for c in space])
