"""Domains: boxes in space, an interval of time and their product, with boundary parts that have names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from keyword import iskeyword
from typing import Any

import numpy as np
import sympy as sp

from ..symbols import Coordinate, as_expression
from .points import PointSet, Sampler, stack


@dataclass(frozen=True)
class Face:
    """One side of a box: where coordinate `axis` has its lower or its upper value."""

    axis: str
    upper: bool

    @property
    def outward(self) -> float:
        """Component of the outward normal along the axis, -1 or +1."""
        return 1.0 if self.upper else -1.0


@dataclass(frozen=True)
class Part:
    """A named piece of the boundary of a domain, made of faces."""

    domain: Domain
    name: str
    faces: tuple[Face, ...]

    def sample(self, n: int, sampler: Sampler) -> PointSet:
        """About `n` points, shared out among the faces by their measure, with the outward normals `n_x`, ..."""
        shares = np.array([self.domain.face_measure(face) for face in self.faces])
        counts = np.maximum(1, np.round(n * shares / shares.sum())).astype(int)
        return stack([self.domain.sample_face(f, c, sampler) for f, c in zip(self.faces, counts, strict=True)])


class Domain:
    """A box in named coordinates, of which at most one is time.

    Args:
        bounds: coordinate name to (lower, upper); SymPy numbers such as `2 * pi` keep their name in `parts`.
        time: name of the time coordinate, if there is one.

    Raises:
        TypeError: for bounds that are no numbers.
        ValueError: for bounds that are not finite or not ascending, or a name that cannot be used.
    """

    def __init__(self, bounds: dict[str, tuple[Any, Any]], time: str | None = None):
        if not bounds:
            raise ValueError("`bounds` must name at least one coordinate, as in Interval(x=(0, 1)).")
        self.exact_bounds = {name: _checked(name, pair) for name, pair in bounds.items()}
        self.bounds = {name: (float(lo), float(hi)) for name, (lo, hi) in self.exact_bounds.items()}
        self.time_name = time
        self.space_names = tuple(name for name in bounds if name != time)
        self.coordinates = tuple(
            Coordinate(name, "time" if name == time else "space", self.space_names) for name in bounds
        )

    def __mul__(self, other: Domain) -> Domain:
        """Product with a domain in other coordinates: `Interval(x=(0, 1)) * Time(t=(0, 2))`."""
        if not isinstance(other, Domain):
            return NotImplemented
        shared = set(self.bounds) & set(other.bounds)
        if shared:
            raise ValueError(f"`{sorted(shared)[0]}` occurs in both factors of the product: give it two names.")
        if self.time_name and other.time_name:
            raise ValueError(f"`{other.time_name}` is a second time beside `{self.time_name}`: make it an Interval.")
        bounds = {**self.exact_bounds, **other.exact_bounds}
        time = self.time_name or other.time_name
        if time:
            bounds[time] = bounds.pop(time)
        return Domain(bounds, time)

    def __repr__(self) -> str:
        return " x ".join(f"{name} in [{_text(lo)}, {_text(hi)}]" for name, (lo, hi) in self.exact_bounds.items())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, time last."""
        return tuple(self.bounds)

    @property
    def dimension(self) -> int:
        """Number of coordinates, time included."""
        return len(self.bounds)

    @property
    def volume(self) -> float:
        """Product of all edge lengths, time included."""
        return float(np.prod([hi - lo for lo, hi in self.bounds.values()]))

    @property
    def time(self) -> Coordinate | None:
        """The time coordinate, or None."""
        return next((c for c in self.coordinates if c.kind == "time"), None)

    def coordinate(self, name: str) -> Coordinate:
        """The coordinate of that name.

        Raises:
            ValueError: if there is none; the message lists the ones there are.
        """
        for c in self.coordinates:
            if c.name == str(name):
                return c
        raise ValueError(f"`{name}` is not a coordinate of this domain: it has {', '.join(self.names)}.")

    # ---------------------------------------------------------------- boundary

    @property
    def faces(self) -> tuple[Face, ...]:
        """Both sides of every space coordinate."""
        return tuple(Face(name, upper) for name in self.space_names for upper in (False, True))

    def face_name(self, face: Face) -> str:
        """Such as `x=0` or `x=2*pi`."""
        return f"{face.axis}={_text(self.exact_bounds[face.axis][face.upper])}"

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the boundary parts: `x` for both ends, `x=0` for one."""
        names: list[str] = []
        for axis in self.space_names:
            names += [axis, *(self.face_name(Face(axis, upper)) for upper in (False, True))]
        return tuple(names)

    def boundary(self, name: str | Coordinate | Part | None = None) -> Part:
        """The boundary part of that name; the whole boundary without one.

        Args:
            name: such as "x" or "x=0"; a part of a factor of this domain, such as the square of `square * Time(...)`,
                stands for the same part here.

        Raises:
            TypeError: for anything but a name or a part.
            ValueError: for an unknown name; the message lists the nearest ones.
        """
        if not self.faces:
            raise ValueError(f"`on` names a boundary in space, got the domain {self}: use Initial.")
        if name is None:
            return Part(self, "boundary", self.faces)
        if isinstance(name, Part):
            if any(name.domain.exact_bounds[f.axis] != self.exact_bounds.get(f.axis) for f in name.faces):
                raise ValueError(f"`on` must be a part of {self}, got '{name.name}' of {name.domain}.")
            return Part(self, name.name, name.faces)
        if not isinstance(name, (str, Coordinate)):
            raise TypeError(f"`on` must be the name of one part, got {name!r}: the parts are {', '.join(self.parts)}.")
        text = str(name).replace(" ", "")
        if text in self.space_names:
            return Part(self, text, tuple(f for f in self.faces if f.axis == text))
        for face in self.faces:
            if text == self.face_name(face) or self._is_value_of(text, face):
                return Part(self, self.face_name(face), (face,))
        near = get_close_matches(text, self.parts, n=3, cutoff=0.3) or self.parts
        raise ValueError(f"`on` must name a part of the boundary, got '{name}': the nearest are {', '.join(near)}.")

    def _is_value_of(self, text: str, face: Face) -> bool:
        axis, _, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            return False
        bound = self.bounds[face.axis][face.upper]
        return axis == face.axis and abs(number - bound) <= 1e-9 * max(1.0, abs(bound))

    def face_measure(self, face: Face) -> float:
        """Area of a face (times the duration, if there is time); 1 for the end of an interval."""
        lo, hi = self.bounds[face.axis]
        return self.volume / (hi - lo)

    # ---------------------------------------------------------------- samples

    def sample(self, n: int, sampler: Sampler) -> PointSet:
        """`n` points inside."""
        return self._scaled(self.names, sampler(n, self.dimension))

    def sample_face(self, face: Face, n: int, sampler: Sampler) -> PointSet:
        """`n` points on a face, with the outward normal as extras `n_x`, `n_y`, ..."""
        others = tuple(name for name in self.names if name != face.axis)
        unit = sampler(n, len(others)) if others else np.zeros((1, 0))
        points = self._fixed(face.axis, self.bounds[face.axis][face.upper], others, unit)
        size = len(points)
        normal = {f"n_{s}": np.full(size, face.outward if s == face.axis else 0.0) for s in self.space_names}
        return PointSet(points.columns, normal)

    def sample_start(self, n: int, sampler: Sampler) -> PointSet:
        """`n` points at the first instant."""
        assert self.time_name is not None
        unit = sampler(n, len(self.space_names)) if self.space_names else np.zeros((1, 0))
        return self._fixed(self.time_name, self.bounds[self.time_name][0], self.space_names, unit)

    def _scaled(self, names: Sequence[str], unit: np.ndarray) -> PointSet:
        span = {name: self.bounds[name] for name in names}
        return PointSet({name: lo + (hi - lo) * unit[:, i] for i, (name, (lo, hi)) in enumerate(span.items())})

    def _fixed(self, axis: str, value: float, others: Sequence[str], unit: np.ndarray) -> PointSet:
        columns = self._scaled(others, unit).columns | {axis: np.full(len(unit), value)}
        return PointSet({name: columns[name] for name in self.names})

    def grid(self, counts: Sequence[int]) -> dict[str, np.ndarray]:
        """Equidistant axes, ends included, with `counts[i]` nodes along coordinate i."""
        pairs = zip(self.bounds.items(), counts, strict=True)
        return {name: np.linspace(lo, hi, n) for (name, (lo, hi)), n in pairs}


def tensor_points(axes: dict[str, np.ndarray]) -> PointSet:
    """All points of a tensor grid, the last axis running fastest."""
    mesh = np.meshgrid(*axes.values(), indexing="ij")
    return PointSet({name: m.ravel() for name, m in zip(axes, mesh, strict=True)})


def _checked(name: str, pair: Any) -> tuple[sp.Expr, sp.Expr]:
    taken = name.startswith(("_", "n_", "data_")) or name == "self" or iskeyword(name) or not name.isidentifier()
    if taken or hasattr(sp.Function("u")(sp.Symbol("q")), name):
        raise ValueError(f"`{name}` cannot name a coordinate: Python, SymPy or kanpde use this word. Choose another.")
    try:
        lower, upper = pair
    except (TypeError, ValueError):
        raise TypeError(f"`{name}` must be a pair of numbers (lower, upper), got {pair!r}.") from None
    lo, hi = (_bound(name, v) for v in (lower, upper))
    if not float(lo) < float(hi):
        raise ValueError(f"`{name}` must be an interval with lower < upper, got {pair!r}.")
    return lo, hi


def _bound(name: str, value: Any) -> sp.Expr:
    """A number as SymPy keeps it: 0.0 becomes 0, and 2*pi stays what it is."""
    number = as_expression(name, value)
    if number.free_symbols:
        raise ValueError(f"`{name}` must be a pair of numbers (lower, upper), got {value} in it.")
    return sp.Integer(int(number)) if isinstance(number, sp.Float) and float(number).is_integer() else number


def _text(number: sp.Expr) -> str:
    return repr(float(number)) if isinstance(number, sp.Float) else str(number)
