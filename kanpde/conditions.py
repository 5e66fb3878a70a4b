"""Boundary conditions, initial conditions and measurements, and the loss terms that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import sympy as sp

from .geometry import Domain, Face, Part, PointSet, Sampler
from .symbols import Coordinate, Unknown, as_expression, diff

RESERVED = ("a", "b", "flux", "flux_jump", "hard", "on", "order", "points", "sigma", "value", "weight")
"""Keywords of conditions, which therefore cannot name an unknown."""


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
    """Points that the user gave, whatever number is asked for.

    Attributes:
        noisy: whether what was measured there has a standard deviation.
    """

    points: PointSet
    noisy: bool = False

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

    @property
    def is_equation(self) -> bool:
        """Whether it holds inside, and is no condition."""
        return isinstance(self.place, Interior)


class Condition:
    """Base of all conditions.

    Args:
        on: boundary part by name or object; None for the whole boundary.
        hard: build the condition into the trial solution instead of penalising its violation.
        weight: factor on the mean square of its residual in the loss, above 0.
        values: one keyword per unknown, a number or an expression in the coordinates; None for all unknowns alike.

    Raises:
        TypeError: for a value that is neither number nor expression, or a keyword that the condition does not have.
        ValueError: for a weight that is not positive or a condition without unknown.
    """

    def __init__(
        self,
        *,
        on: str | Coordinate | Part | None = None,
        hard: bool = False,
        weight: float = 1.0,
        values: dict[str, Any] | None,
    ):
        name = type(self).__name__
        if values is not None and not values:
            raise ValueError(f"`{name}` needs a value for an unknown, as in {name}(u=0).")
        for key, value in (values or {}).items():
            if key in RESERVED:
                raise TypeError(f"`{key}` is no argument of {name}, got {value!r}: take it out.")
        self.values = {key: self._read(key, value) for key, value in (values or {}).items()}
        self.on, self.hard = on, bool(hard)
        self.weight = _positive("weight", weight, "leave the condition out to drop it")

    @property
    def kind(self) -> str:
        """Lower-case name of the condition."""
        return type(self).__name__.lower()

    @property
    def expressions(self) -> list[sp.Expr]:
        """All that was given as an expression."""
        return [v for v in self.values.values() if isinstance(v, sp.Expr)]

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

    def _read(self, name: str, value: Any) -> Any:
        return as_expression(name, value)

    def _named(self, unknowns: dict[str, Unknown]) -> list[tuple[str, Unknown, Any]]:
        for name in self.values:
            if name not in unknowns:
                raise ValueError(
                    f"`{type(self).__name__}({name}=...)` names no unknown: this problem has {', '.join(unknowns)}."
                )
        return [(name, unknowns[name], value) for name, value in self.values.items()]

    def __repr__(self) -> str:
        inside = [f"{k}={v}" for k, v in self.values.items()]
        if self.on is not None:
            inside.append(f"on='{self.on.name if isinstance(self.on, Part) else self.on}'")
        inside += ["hard=True"] if self.hard else []
        return f"{type(self).__name__}({', '.join(inside)})"


def _positive(name: str, value: Any, remedy: str) -> float:
    number = as_expression(name, value)
    if not number.is_positive or number.free_symbols:
        raise ValueError(f"`{name}` must be a positive number, got {value}: {remedy}.")
    return float(number)


class Dirichlet(Condition):
    """Value on the boundary: `Dirichlet(u=0, on="x=0")`."""

    def __init__(
        self, *, on: str | Coordinate | Part | None = None, hard: bool = False, weight: float = 1.0, **values: Any
    ):
        super().__init__(on=on, hard=hard, weight=weight, values=values)

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """`u - g`."""
        return u - value


class Neumann(Condition):
    """Outward normal derivative on the boundary: `Neumann(u=0, on="x=1")`."""

    def __init__(
        self, *, on: str | Coordinate | Part | None = None, hard: bool = False, weight: float = 1.0, **values: Any
    ):
        super().__init__(on=on, hard=hard, weight=weight, values=values)

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
        on: str | Coordinate | Part | None = None,
        hard: bool = False,
        weight: float = 1.0,
        **values: Any,
    ):
        super().__init__(on=on, hard=hard, weight=weight, values=values)
        self.a, self.b = as_expression("a", a), as_expression("b", b)
        if self.b.is_zero:
            raise ValueError(f"`b` must not be 0 in a Robin condition, got {b}: that is Dirichlet(u=g/a).")

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """`a u + b du/dn - g`."""
        return self.a * u + self.b * normal_derivative(u, domain) - value

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, a={self.a}, b={self.b})"


class Flux(Condition):
    """Component of a vector along the outward normal: `Flux(u=k * grad(u), on="x=1")` says n . k grad u = 0.

    Such are tractions, `Flux(u=[s_xx, s_xy], v=[s_xy, s_yy], on="hole 1")`, and all that the divergence in an equation
    leaves on the boundary.

    Args:
        value: what the component is, a number or an expression in the coordinates; or a dict by unknown.
        on: boundary part by name or object; None for the whole boundary.
        weight: factor on the mean square of its residual in the loss, above 0.
        values: one keyword per unknown that the condition belongs to, a vector with one component per space coordinate.

    Raises:
        TypeError: for a vector that is none.
    """

    def __init__(
        self, *, value: Any = 0, on: str | Coordinate | Part | None = None, weight: float = 1.0, **values: Any
    ):
        super().__init__(on=on, weight=weight, values=values)
        given = value if isinstance(value, dict) else dict.fromkeys(values, value)
        if set(given) != set(values):
            raise ValueError(f"`value` must name {', '.join(values)}, got {', '.join(map(str, given))}.")
        self.value = {name: as_expression("value", v) for name, v in given.items()}

    @property
    def expressions(self) -> list[sp.Expr]:
        """All that was given as an expression."""
        return [*self.value.values(), *(e for vector in self.values.values() for e in vector)]

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """The loss terms, one per unknown that the condition names."""
        part = domain.boundary(self.on)
        found = []
        for name, _, vector in self._named(unknowns):
            if len(vector) != len(domain.space_names):
                raise ValueError(f"`{name}` of Flux must have {len(domain.space_names)} components, got {len(vector)}.")
            along = sp.Add(*[n * f for n, f in zip(normal(domain), vector, strict=True)])
            found.append(Term(f"flux {name} on {part.name}", along - self.value[name], OnBoundary(part), self.weight))
        return found

    def _read(self, name: str, value: Any) -> Any:
        if not isinstance(value, (list, tuple, sp.MatrixBase)):
            raise TypeError(f"`{name}` of Flux must be a vector such as k * grad(u), got {value!r}.")
        return tuple(as_expression(name, component) for component in value)


class Interface(Condition):
    """What holds where two materials meet: `Interface(u=0, flux=k * grad(u))`.

    Every unknown has one function per material; the value of the later material less that of the one before it in
    `materials` is given, and the like for the flux through the surface, along the normal out of the earlier one.

    Args:
        flux: a vector expression with one component per space coordinate, or a scalar in one dimension; None for none.
        flux_jump: by how much it is larger in the later material.
        weight: factor on the mean squares of the residuals in the loss, above 0.
        values: one keyword per unknown, by how much it is larger in the later material.

    Raises:
        ValueError: for neither a value nor a flux.
    """

    def __init__(self, *, flux: Any = None, flux_jump: Any = 0, weight: float = 1.0, **values: Any):
        super().__init__(weight=weight, values=values or None)
        if not values and flux is None:
            raise ValueError("`Interface` needs a value or a flux, as in Interface(u=0, flux=k * grad(u)).")
        components = list(flux) if isinstance(flux, (list, tuple, sp.MatrixBase)) else [] if flux is None else [flux]
        self.flux = [as_expression("flux", component) for component in components]
        self.flux_jump = as_expression("flux_jump", flux_jump)

    @property
    def expressions(self) -> list[sp.Expr]:
        """All that was given as an expression."""
        return [*super().expressions, *self.flux, self.flux_jump]

    def __repr__(self) -> str:
        flux = [f"flux={self.flux if len(self.flux) > 1 else self.flux[0]}"] if self.flux else []
        return f"Interface({', '.join([*(f'{k}={v}' for k, v in self.values.items()), *flux])})"

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """None for the problem as a whole: they say what holds between functions of different materials."""
        self._named(unknowns)
        if self.flux and len(self.flux) != len(domain.space_names):
            raise ValueError(f"`flux` must have {len(domain.space_names)} components, got {len(self.flux)}.")
        return []


class Periodic(Condition):
    """Equal values and derivatives at both ends of the named coordinates: `Periodic("x")`.

    Every unknown is matched with as many derivatives as the order of the equation in that coordinate needs.

    Raises:
        ValueError: for no coordinate, or the same one twice.
    """

    def __init__(self, *axes: str | Coordinate, hard: bool = False, weight: float = 1.0):
        super().__init__(hard=hard, weight=weight, values=None)
        self.axes = tuple(str(axis) for axis in axes)
        if not axes or len(set(self.axes)) < len(axes):
            raise ValueError(f'`Periodic` takes different coordinates, got {axes}: write Periodic("x", "y").')

    def periodic_terms(
        self, domain: Domain, unknowns: dict[str, Unknown], orders: dict[tuple[str, str], int]
    ) -> list[Term]:
        """One term per axis, unknown and derivative below the order of the equation."""
        out = []
        for axis in self.axes:
            x = domain.coordinate(axis)
            if x.kind == "time":
                raise ValueError(
                    f"`Periodic({axis!r})` is in time, which has a start: give Initial conditions instead."
                )
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
        super().__init__(hard=hard, weight=weight, values=values)
        if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order <= 3:
            raise ValueError(f"`order` must be 0 (the value) to 3, got {order!r}: it counts time derivatives.")
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
        self.sigma = _positive("sigma", sigma, "it is a standard deviation")
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


def normal_derivative(u: Unknown, domain: Domain) -> sp.Expr:
    """Derivative along the outward normal, whose components are the known columns `n_x`, `n_y`, ..."""
    space = [c for c in domain.coordinates if c.kind == "space"]
    return sp.Add(*[n * sp.diff(u, c) for n, c in zip(normal(domain), space, strict=True)])


def normal(domain: Domain) -> list[sp.Symbol]:
    """Components of the outward normal, known columns at points of a boundary."""
    return [sp.Symbol(f"n_{name}", real=True) for name in domain.space_names]
