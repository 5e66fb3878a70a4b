"""A trained trial solution as a function of the coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import sympy as sp
import torch
from jaxtyping import Bool, Float

from .ansatz import Ansatz
from .blocks import Side, Trial
from .expression import Expression
from .geometry import PointSet, tensor_points
from .nn.network import Network
from .nn.symbolic.formula import symbolic_formula
from .symbols import Coordinate, Unknown, UnknownDerivative, unknown

CHUNK = 20_000
SLACK = 1e-9
"""By how much a point may lie outside, in sizes of the domain."""


class Evaluable:
    """Base of what can be called with coordinates: `field(x=0.5, t=[0, 1])`.

    Attributes:
        names: of the coordinates, in order.
        unknowns: names of the unknown functions.
        bounds: coordinate name to (lower, upper).
        periodic: names of the coordinates that go round.
    """

    names: tuple[str, ...]
    unknowns: tuple[str, ...]
    bounds: dict[str, tuple[float, float]]
    periodic: tuple[str, ...]

    def contains(self, points: PointSet) -> Bool[np.ndarray, " n"]:
        """Which points lie in the shape that the field lives on, up to rounding; all of its box without one."""
        raise NotImplementedError

    def values(self, points: PointSet, name: str, derivative: str | tuple[int, ...] = "") -> Float[np.ndarray, " n"]:
        """An unknown, or one of its partial derivatives, at the given points."""
        raise NotImplementedError

    def on_grid(self, axes: Mapping[str, np.ndarray], derivative: str = "") -> dict[str, np.ndarray]:
        """All unknowns on a tensor grid, in the order of `axes`; NaN where the grid leaves the shape."""
        points, shape = tensor_points(dict(axes)), [len(a) for a in axes.values()]
        found = self.filled(points, self.contains(points), derivative)
        return {name: values.reshape(shape) for name, values in found.items()}

    def filled(
        self, points: PointSet, inside: Bool[np.ndarray, " n"], derivative: str = ""
    ) -> dict[str, Float[np.ndarray, " n"]]:
        """All unknowns at the points that lie inside, NaN at the others."""
        chosen = points if inside.all() else points.at(inside)
        found = {name: np.full(len(points), np.nan) for name in self.unknowns}
        for name, values in found.items():
            values[inside] = self.values(chosen, name, derivative)
        return found

    def covers(self, points: PointSet) -> Bool[np.ndarray, " n"]:
        """Which points lie within the bounds and in the shape, up to rounding: where the field has values."""
        found = self.contains(points)
        for name, values in points.columns.items():
            found = found & self._in_range(name, values)
        return found

    def check_range(self, name: str, values: Float[np.ndarray, " *shape"]) -> None:
        """Refuse values of a coordinate that are not finite or out of bounds.

        Raises:
            ValueError: for such values; a coordinate that goes round has no bounds.
        """
        if not np.isfinite(values).all():
            raise ValueError(
                f"`{name}` must be finite, got {int((~np.isfinite(values)).sum())} NaN or infinite values."
            )
        if not self._in_range(name, values).all():
            low, high = self.bounds[name]
            raise ValueError(
                f"`{name}` must lie in [{low:g}, {high:g}], got {values.min():g} to {values.max():g}: "
                "the network knows nothing beyond."
            )

    def _in_range(self, name: str, values: np.ndarray) -> np.ndarray:
        low, high = self.bounds[name]
        slack = SLACK * (high - low)
        return (low - slack <= values) & (values <= high + slack) | (name in self.periodic)

    def __call__(self, derivative: str = "", **coordinates: Any) -> Any:
        """Values at any points: `field(x=0.5, t=[0, 1])`; the arguments are broadcast.

        Args:
            derivative: such as "x" or "xxt" for a partial derivative instead of the value.
            coordinates: one number or array per coordinate.

        Returns:
            A float or an array of the broadcast shape; a dict of them if there are several unknowns.

        Raises:
            TypeError: for a derivative that is no text: coordinates are given by name.
            ValueError: for a coordinate that is missing, unknown, not finite or outside the domain, or shapes that do not fit together.
        """
        if not isinstance(derivative, str):
            raise TypeError(f"`derivative` must be text such as 'xx', got {derivative!r}: give coordinates by name.")
        names = list(self.names)
        if set(coordinates) != set(names):
            raise ValueError(f"`coordinates` must be {', '.join(names)}, got {', '.join(coordinates) or 'none'}.")
        given = {n: _numbers(n, coordinates[n]) for n in names}
        try:
            arrays = np.broadcast_arrays(*given.values())
        except ValueError:
            shapes = ", ".join(f"{n} {a.shape}" for n, a in given.items())
            raise ValueError(f"`coordinates` must have shapes that broadcast, got {shapes}.") from None
        for n, a in zip(names, arrays, strict=True):
            self.check_range(n, a)
        points = PointSet({n: a.ravel() for n, a in zip(names, arrays, strict=True)})
        inside = self.contains(points)
        if not inside.all():
            first = ", ".join(f"{n}={c[~inside][0]:g}" for n, c in points.columns.items())
            raise ValueError(
                f"`coordinates` must lie in the domain, got {int((~inside).sum())} of {len(points)} points outside, the "
                f"first at {first}: leave them out, or take `solution.sampled()`, which has NaN there."
            )
        found = {u: self.values(points, u, derivative).reshape(arrays[0].shape) for u in self.unknowns}
        plain = {u: float(v) if v.ndim == 0 else v for u, v in found.items()}
        return next(iter(plain.values())) if len(plain) == 1 else plain


@dataclass(frozen=True)
class Field(Evaluable):
    """The unknowns of a problem as functions: forms in coordinates and network outputs, and the network.

    Attributes:
        coordinates: in order, time last.
        outputs: the network's outputs as symbolic functions.
        forms: unknown to its expression in coordinates and outputs.
        trial: the network on these coordinates.
        inside: an expression that is positive in the domain, for one that is no box.
    """

    coordinates: tuple[Coordinate, ...]
    outputs: dict[str, Unknown]
    forms: dict[str, sp.Expr]
    trial: Trial
    inside: sp.Expr | None = None

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the coordinates, in order."""
        return tuple(c.name for c in self.coordinates)

    @property
    def unknowns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the unknown functions."""
        return tuple(self.forms)

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:  # type: ignore[override]
        """Coordinate name to (lower, upper)."""
        return self.trial.input_map.bounds

    @property
    def periodic(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the coordinates that go round."""
        return self.trial.input_map.periodic

    def symbolic_formula(self) -> dict[str, sp.Expr]:
        """The unknowns as expressions of the coordinates; see `KAN.symbolic_formula`.

        Raises:
            ValueError: for a network with learned edges or of other make, and for stretched coordinates.
        """
        network = self.trial.network
        if not isinstance(network, Network):
            raise ValueError(f"`model` must be a KAN to have a formula, got {type(network).__name__}.")
        inputs = self.trial.input_map.expressions({c.name: c for c in self.coordinates})
        values = dict(zip(self.outputs.values(), symbolic_formula(network, inputs), strict=True))
        return {name: form.subs(values).doit() for name, form in self.forms.items()}

    @property
    def parts(self) -> tuple[Field, ...]:
        """The field alone; one of several slabs has more."""
        return (self,)

    @classmethod
    def of(cls, ansatz: Ansatz, trial: Trial) -> Field:
        """The field of a trial solution."""
        domain = ansatz.problem.domain
        return cls(domain.coordinates, ansatz.outputs, ansatz.forms, trial, domain.formula)

    def contains(self, points: PointSet) -> Bool[np.ndarray, " n"]:
        """Which points lie in the domain, up to rounding."""
        if self._inside is None:
            return np.ones(len(points), bool)
        size = max(hi - lo for lo, hi in self.bounds.values())
        with np.errstate(all="ignore"):
            value = self._inside.value(self._inside.known(points.known), [])
        return np.broadcast_to(np.asarray(value, float) >= -SLACK * size, (len(points),))

    @cached_property
    def _inside(self) -> Expression | None:
        return None if self.inside is None else Expression(self.inside, [])

    @cached_property
    def _expressions(self) -> dict[tuple[str, str | tuple[int, ...]], Expression]:
        return {}

    def expression(self, name: str, derivative: str | tuple[int, ...] = "") -> Expression:
        """An unknown, or one of its partial derivatives such as "xx", ready to be evaluated.

        Raises:
            ValueError: for an unknown or a derivative that does not exist.
        """
        if name not in self.forms:
            raise ValueError(f"`{name}` is not an unknown of this solution: it has {', '.join(self.forms)}.")
        key = (name, derivative)
        if key not in self._expressions:
            form = self.forms[name]
            variables = self._variables(name, derivative) if derivative else []
            form = sp.diff(form, *variables, simplify=False) if variables else form
            self._expressions[key] = Expression(form, list(self.outputs.values()))
        return self._expressions[key]

    def _variables(self, name: str, derivative: str | tuple[int, ...]) -> list[Coordinate]:
        """What a partial derivative such as "xxt" differentiates by, in order."""
        if isinstance(derivative, tuple):
            return [c for c, count in zip(self.coordinates, derivative, strict=True) for _ in range(count)]
        symbolic = unknown(name, self.coordinates)
        try:
            wanted = getattr(symbolic, derivative)
        except UnknownDerivative as error:
            raise ValueError(str(error)) from None
        if not isinstance(wanted, sp.Derivative):
            names = ", ".join(map(str, self.coordinates))
            raise ValueError(f"`{name}.{derivative}` is not a partial derivative: the coordinates are {names}.")
        return [v for v, count in wanted.variable_count for _ in range(int(count))]

    def side(self, name: str, points: PointSet, derivative: str | tuple[int, ...] = "") -> Side:
        """An unknown at fixed points, to be evaluated again and again while the network changes."""
        return Side(self.expression(name, derivative), [str(v.func) for v in self.outputs.values()], points, self.trial)

    def values(self, points: PointSet, name: str, derivative: str | tuple[int, ...] = "") -> Float[np.ndarray, " n"]:
        """An unknown, or one of its partial derivatives, at the given points.

        Conditions that are built in on a shape may leave a limit alone on edges and in corners: there it is the value that
        much further inside as points may lie outside.
        """
        out = [np.empty(0)]
        for start in range(0, len(points), CHUNK):
            part = points.at(slice(start, start + CHUNK))
            with torch.no_grad():
                out.append(self._side_or_limit(name, part, derivative).values().cpu().numpy().astype(float))
        return np.concatenate(out)

    def _side_or_limit(self, name: str, points: PointSet, derivative: str | tuple[int, ...]) -> Side:
        """As `side`, at points on the edge that are moved inwards where there is no value."""
        try:
            return self.side(name, points, derivative)
        except ValueError:
            if self._inside is None:
                raise
            return self.side(name, self._moved(points, self.expression(name, derivative)), derivative)

    def _moved(self, points: PointSet, expression: Expression) -> PointSet:
        """The points, moved inwards by a hair where what is known of an expression is not finite."""
        assert self._inside is not None
        lost = ~np.broadcast_to(expression.is_known(points.known), (len(points),))
        edge, space = points.at(lost), [s.name for s in self._inside.columns]
        hair = SLACK * max(hi - lo for lo, hi in self.bounds.values())
        tries = []
        for steps in product((-hair, 0.0, hair), repeat=len(space)):
            moved = {n: edge.columns[n] + step for n, step in zip(space, steps, strict=True)}
            tries.append(PointSet({**edge.columns, **moved}, edge.extras))
        depths = [np.broadcast_to(self._inside.value(self._inside.known(t.known), []), (len(edge),)) for t in tries]
        deepest = np.argmax(depths, axis=0)
        columns = {n: c.astype(float) for n, c in points.columns.items()}
        for n in space:
            columns[n][lost] = np.stack([t.columns[n] for t in tries])[deepest, np.arange(len(edge))]
        return PointSet(columns, points.extras)


def relative_error(found: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> float:
    """Relative L2 error over all unknowns together, where the reference has a value; the absolute one if that is zero."""
    known = [~np.isnan(w) for w in wanted]
    found, wanted = ([v[k] for v, k in zip(values, known, strict=True)] for values in (found, wanted))
    with np.errstate(over="ignore", invalid="ignore"):  # a diverged run has an infinite error
        miss = np.sqrt(sum(float(np.sum((f - w) ** 2)) for f, w in zip(found, wanted, strict=True)))
        size = np.sqrt(sum(float(np.sum(w**2)) for w in wanted))
    return float(miss / size) if size else float(miss)


def _numbers(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value, float)
    except (TypeError, ValueError):
        raise ValueError(f"`{name}` must be a number or an array of numbers, got {value!r}.") from None
