"""Domains: boxes and shapes in space, an interval of time and their product, with boundary parts that have names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import count
from keyword import iskeyword
from typing import Any, TypeAlias

import numpy as np
import sympy as sp

from ..symbols import Coordinate, as_expression
from .combination import Difference, Intersection, Union
from .placed import Placed
from .planar import PolygonRegion
from .points import PointSet, Sampler, stack
from .product import Product
from .quadrature import POINTS, Quadrature, box_rule, joined, piece_rule, region_rule
from .region import Piece, Region
from .solid import BoxRegion


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
    """A named part of the boundary of a domain, made of sides of a box or of pieces of a shape."""

    domain: Domain
    name: str
    faces: tuple[Face | Piece, ...]

    @property
    def measure(self) -> float:
        """Its length or area, times the duration if there is time."""
        return sum(self.domain.face_measure(face) for face in self.faces)

    @property
    def in_space(self) -> Part:
        """The same part of the domain without time."""
        return Part(self.domain.in_space, self.name, self.faces)

    def quadrature(self, n: int = POINTS) -> Quadrature:
        """About `n` points and weights for integrals over the part, time included, with the outward normals `n_x`, ..."""
        return joined([self.domain.face_rule(face, max(1, n // len(self.faces))) for face in self.faces])

    def sample(self, n: int, sampler: Sampler) -> PointSet:
        """About `n` points, shared out among the faces by their measure, with the outward normals `n_x`, ..."""
        shares = np.array([self.domain.face_measure(face) for face in self.faces])
        counts = np.maximum(1, np.round(n * shares / shares.sum())).astype(int)
        return stack([self.domain.sample_face(f, c, sampler) for f, c in zip(self.faces, counts, strict=True)])


Where: TypeAlias = "str | Coordinate | Part | Sequence[str | Coordinate | Part] | None"
"""How a condition says where on the boundary it holds: by the names of parts, or on all of it."""


class Domain:
    """A box or another shape in named coordinates, of which at most one is time.

    Shapes are combined by `a - b`, `a & b` and `a | b`, moved by `translated`, `rotated` and `scaled`, and multiplied
    by boxes in other coordinates and by a time.

    Args:
        bounds: coordinate name to (lower, upper); SymPy numbers such as `2 * pi` keep their name in `parts`.
        time: name of the time coordinate, if there is one.
        shape: what the domain is in space, inside its bounds; all of the box without it.

    Raises:
        TypeError: for bounds that are no numbers.
        ValueError: for bounds that are not finite or not ascending, or a name that cannot be used.
    """

    def __init__(self, bounds: dict[str, tuple[Any, Any]], time: str | None = None, shape: Region | None = None):
        if not bounds:
            raise ValueError("`bounds` must name at least one coordinate, as in Interval(x=(0, 1)).")
        self.shape = shape
        self.exact_bounds = {name: _checked(name, pair) for name, pair in bounds.items()}
        self.bounds = {name: (float(lo), float(hi)) for name, (lo, hi) in self.exact_bounds.items()}
        self.time_name = time
        self.space_names = tuple(name for name in bounds if name != time)
        self.coordinates = tuple(
            Coordinate(name, "time" if name == time else "space", self.space_names) for name in bounds
        )

    @classmethod
    def of(cls, region: Region) -> Domain:
        """The domain that a region is."""
        return Domain(dict(region.bounds), shape=region)

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
        shape = self.shape or other.shape
        if shape is not None and self.space_names and other.space_names:
            shape = Product(self.region, other.region)
        return Domain(bounds, time, shape)

    def __sub__(self, other: Domain) -> Domain:
        """Cut another shape out: `square - disk`; the new pieces of the boundary are `hole 1`, `hole 2`, ..."""
        if not isinstance(other, Domain):
            return NotImplemented
        taken = {label for piece in self.region.pieces for label in piece.labels}
        number = next(i for i in count(1) if f"hole {i}" not in taken)
        return Domain.of(Difference(self.region, other.region, [f"hole {number}", "holes"]))

    def __and__(self, other: Domain) -> Domain:
        """What lies in both shapes."""
        return Domain.of(Intersection(self.region, other.region)) if isinstance(other, Domain) else NotImplemented

    def __or__(self, other: Domain) -> Domain:
        """What lies in at least one of two shapes."""
        return Domain.of(Union(self.region, other.region)) if isinstance(other, Domain) else NotImplemented

    def translated(self, **shift: float) -> Domain:
        """The same shape elsewhere: `disk.translated(x=1, y=-2)`.

        Raises:
            ValueError: for a coordinate that there is not, or a shift that is no finite number.
        """
        for name, value in shift.items():
            self.coordinate(name)
            _checked_number(name, value)
        return self._placed(1, [shift.get(name, 0) for name in self.region.names])

    def rotated(self, angle: float, *, about: Sequence[float] | None = None, axis: str | None = None) -> Domain:
        """The shape turned by an angle in radians, counterclockwise.

        Args:
            angle: in radians.
            about: point that stays; the middle of the bounding box without it.
            axis: in three dimensions the coordinate that is turned about.

        Raises:
            ValueError: for a number of space coordinates other than 2 and 3, no axis among 3, an angle that is no finite
                number, or a point of another number of coordinates.
        """
        _checked_number("angle", angle)
        names, d = self.region.names, len(self.region.names)
        if d not in (2, 3):
            raise ValueError(f"`rotated` needs two or three coordinates in space, got {', '.join(names)}.")
        if (d == 3) != (axis in names):
            raise ValueError(
                f"`axis` must be one of {', '.join(names)} in three dimensions and None in two, got {axis!r}."
            )
        i, j = (k for k in range(d) if axis is None or names[k] != axis)
        turn = np.eye(d)
        sign = -1.0 if d == 3 and names.index(str(axis)) == 1 else 1.0
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[j, i], turn[i, j] = sign * np.sin(angle), -sign * np.sin(angle)
        centre = self._centre(about)
        return Domain.of(Placed(self.region, turn, centre - turn @ centre))

    def scaled(self, factor: float, *, about: Sequence[float] | None = None) -> Domain:
        """The shape, larger or smaller by a factor above 0 around a point, the middle of the bounding box without it."""
        if not _checked_number("factor", factor) > 0:
            raise ValueError(f"`factor` must be above 0, got {factor}.")
        return self._placed(factor, [(1 - factor) * c for c in self._centre(about)])

    def _placed(self, factor: float, shift: Sequence[float]) -> Domain:
        """The image under x -> factor * x + shift: a box stays one."""
        region = self.region
        if not self.is_box:
            return Domain.of(Placed(region, np.eye(len(shift)), np.array([*map(float, shift)]), float(factor)))
        pairs = zip(self.exact_bounds.items(), shift, strict=True)
        return Domain({name: (factor * lo + by, factor * hi + by) for (name, (lo, hi)), by in pairs})

    def _centre(self, about: Sequence[float] | None) -> np.ndarray:
        """The given point, or the middle of the bounding box."""
        names = self.region.names
        if about is None:
            return np.array([sum(map(float, self.region.bounds[n])) / 2 for n in names])
        if np.shape(about) != (len(names),):
            raise ValueError(f"`about` must be a point ({', '.join(names)}), got {about!r}.")
        return np.array([_checked_number("about", value) for value in about])

    @cached_property
    def region(self) -> Region:
        """The shape in space.

        Raises:
            ValueError: for a domain with time, whose shape is that of its space.
        """
        if self.time_name:
            raise ValueError(f"`{self}` has a time: combine shapes in space first, then multiply by Time.")
        if self.shape is not None:
            return self.shape
        labels = {(f.axis, f.upper): (self.face_name(f), f.axis, "outer") for f in self.faces if isinstance(f, Face)}
        if self.dimension != 2:
            return BoxRegion(self.exact_bounds, labels)
        (x, (x0, x1)), (y, (y0, y1)) = self.bounds.items()
        edges = [labels[y, False], labels[x, True], labels[y, True], labels[x, False]]
        return PolygonRegion((x, y), np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]), edges=edges)

    @property
    def in_space(self) -> Domain:
        """The same shape without time."""
        return Domain({n: self.exact_bounds[n] for n in self.space_names}, shape=self.shape)

    @property
    def only_time(self) -> Domain:
        """The time alone."""
        name = str(self.time_name)
        return Domain({name: self.exact_bounds[name]}, name)

    def with_time(self, ends: tuple[Any, Any]) -> Domain:
        """The same shape in another interval of time."""
        return Domain({**self.exact_bounds, str(self.time_name): ends}, self.time_name, self.shape)

    @cached_property
    def formula(self) -> sp.Expr | None:
        """Positive inside, zero on the boundary with slope 1, as an expression of the coordinates; None for a box.

        For a triangulated surface or a polygon of many edges it is a `Depth`, which has values but no derivatives.
        """
        if self.shape is None:
            return None
        return self.shape.formula.xreplace({s: self.coordinate(s.name) for s in self.shape.symbols})

    @property
    def is_box(self) -> bool:
        """Whether it is all of its bounds."""
        return self.shape is None

    def __repr__(self) -> str:
        bounds = {n: pair for n, pair in self.exact_bounds.items() if self.is_box or n == self.time_name}
        box = " x ".join(f"{name} in [{_text(lo)}, {_text(hi)}]" for name, (lo, hi) in bounds.items())
        return box if self.shape is None else " x ".join([repr(self.shape), *([box] if box else [])])

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
        """Length, area or volume, times the duration if there is time."""
        if self.shape is not None:
            return self.shape.volume * self._duration
        return float(np.prod([hi - lo for lo, hi in self.bounds.values()]))

    @property
    def _duration(self) -> float:
        lo, hi = self.bounds[self.time_name] if self.time_name else (0.0, 1.0)
        return hi - lo

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
    def faces(self) -> tuple[Face | Piece, ...]:
        """Both sides of every space coordinate, or the pieces of the boundary of a shape."""
        if self.shape is not None:
            return self.shape.pieces
        return tuple(Face(name, upper) for name in self.space_names for upper in (False, True))

    def face_name(self, face: Face | Piece) -> str:
        """Such as `x=0` or `x=2*pi`."""
        if isinstance(face, Piece):
            return face.name
        return f"{face.axis}={_text(self.exact_bounds[face.axis][face.upper])}"

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the boundary parts: `x` for both ends, `x=0` for one; `outer`, `hole 1`, `holes` for shapes."""
        if self.shape is not None:
            return tuple(dict.fromkeys(label for piece in self.shape.pieces for label in piece.labels))
        names: list[str] = []
        for axis in self.space_names:
            names += [axis, *(self.face_name(Face(axis, upper)) for upper in (False, True))]
        return tuple(names)

    def boundary(self, name: Where = None) -> Part:
        """The boundary part of that name; the whole boundary without one.

        Args:
            name: such as "x" or "x=0", or a list of such; a part of a factor of this domain, such as the square of
                `square * Time(...)`, stands for the same part here.

        Raises:
            TypeError: for anything but names or parts.
            ValueError: for an unknown name, of which the message lists the nearest ones, or a list without any.
        """
        if not self.faces:
            raise ValueError(f"`on` names a boundary in space, got the domain {self}: use Initial.")
        if name is None:
            return Part(self, "boundary", self.faces)
        if isinstance(name, Part):
            if not all(self._has(face, name.domain) for face in name.faces):
                raise ValueError(f"`on` must be a part of {self}, got '{name.name}' of {name.domain}.")
            return Part(self, name.name, name.faces)
        if isinstance(name, (list, tuple)):
            parts = [self.boundary(n) for n in name]
            if not parts:
                raise ValueError(
                    f"`on` must name at least one part, got {name!r}: the parts are {', '.join(self.parts)}."
                )
            faces = dict.fromkeys(face for part in parts for face in part.faces)
            return Part(self, ", ".join(part.name for part in parts), tuple(faces))
        if not isinstance(name, (str, Coordinate)):
            raise TypeError(f"`on` must name a part or several, got {name!r}: the parts are {', '.join(self.parts)}.")
        text = str(name).replace(" ", "")
        if self.shape is not None:
            wanted = [label for label in self.parts if label.replace(" ", "") == text or _same_place(label, text)]
            pieces = tuple(p for p in self.shape.pieces if wanted and wanted[0] in p.labels)
            if pieces:
                return Part(self, wanted[0], pieces)
        elif text in self.space_names:
            return Part(self, text, tuple(f for f in self.faces if isinstance(f, Face) and f.axis == text))
        for face in self.faces if self.is_box else ():
            if text == self.face_name(face) or _same_place(self.face_name(face), text):
                return Part(self, self.face_name(face), (face,))
        near = get_close_matches(text, self.parts, n=3, cutoff=0.3) or self.parts
        raise ValueError(f"`on` must name a part of the boundary, got '{name}': the nearest are {', '.join(near)}.")

    def _has(self, face: Face | Piece, of: Domain) -> bool:
        """Whether a side or piece of another domain is one of this domain."""
        if isinstance(face, Piece):
            return face in self.faces
        return self.is_box and of.exact_bounds[face.axis] == self.exact_bounds.get(face.axis)

    def contains(self, points: PointSet, slack: float = 1e-9) -> np.ndarray:
        """Which points lie inside or on the boundary, up to `slack` times the size of the domain."""
        inside = np.ones(len(points), bool)
        for name, (lo, hi) in self.bounds.items():
            margin = slack * (hi - lo)
            inside &= (points.columns[name] >= lo - margin) & (points.columns[name] <= hi + margin)
        if self.shape is not None:
            inside &= self.shape.contains(self._in_space(points), slack * self.shape.size)
        return inside

    def distance(self, **columns: Any) -> np.ndarray:
        """Signed distance of points in space from the boundary, negative inside: `domain.distance(x=0.5, y=[0, 1])`.

        Raises:
            ValueError: for coordinates other than those in space.
        """
        if set(columns) != set(self.space_names):
            raise ValueError(f"`columns` must be {', '.join(self.space_names)}, got {', '.join(columns) or 'none'}.")
        arrays = np.broadcast_arrays(*[np.asarray(columns[n], float) for n in self.space_names])
        return self.in_space.region.distance(np.stack([a.ravel() for a in arrays], axis=1)).reshape(arrays[0].shape)

    def _in_space(self, points: PointSet) -> np.ndarray:
        return np.stack([points.columns[name] for name in self.space_names], axis=1)

    def face_measure(self, face: Face | Piece) -> float:
        """Area of a face (times the duration, if there is time); 1 for the end of an interval."""
        if isinstance(face, Piece):
            return face.measure * self._duration
        lo, hi = self.bounds[face.axis]
        return self.volume / (hi - lo)

    # ---------------------------------------------------------------- integrals

    def quadrature(self, n: int = POINTS) -> Quadrature:
        """About `n` points and weights for integrals over the domain, time included.

        `rule = domain.quadrature(); rule.integral(u(**rule.columns))` integrates a function u of the coordinates. Gauss's
        rule on boxes with up to five coordinates; polynomials of degree 20 exactly on other plane shapes, with the usual
        `n`; a mean over even points, good to about 1e-3, on other shapes and in more dimensions.
        """
        if self.shape is None:
            lower, upper = np.array(list(self.bounds.values())).T
            x, weights = box_rule(lower, upper, n)
            return self._weighted(self.names, x, weights)
        x, weights = region_rule(self.shape, n)
        return self._over_time(self._weighted(self.space_names, x, weights))

    def face_rule(self, face: Face | Piece, n: int) -> Quadrature:
        """About `n` points and weights on a face, with the outward normal as extras `n_x`, `n_y`, ..."""
        if isinstance(face, Piece):
            x, normals, weights = piece_rule(face, len(self.space_names), n)
            extras = {f"n_{name}": column for name, column in zip(self.space_names, normals.T, strict=True)}
            return self._over_time(self._weighted(self.space_names, x, weights, extras))
        others = [name for name in self.names if name != face.axis]
        lower, upper = np.array([self.bounds[name] for name in others]).reshape(-1, 2).T
        x, weights = box_rule(lower, upper, n)
        values = np.insert(x, self.names.index(face.axis), self.bounds[face.axis][face.upper], axis=1)
        extras = {f"n_{s}": np.full(len(x), face.outward if s == face.axis else 0.0) for s in self.space_names}
        return self._weighted(self.names, values, weights, extras)

    def _over_time(self, rule: Quadrature) -> Quadrature:
        if self.time_name is None:
            return rule
        lower, upper = np.array([self.bounds[self.time_name]]).T
        instants, lengths = box_rule(lower, upper)
        timed = rule.at_instants(self.time_name, instants[:, 0])
        return Quadrature(timed.columns, timed.extras, weights=timed.weights * np.repeat(lengths, len(rule)))

    @staticmethod
    def _weighted(
        names: Sequence[str], x: np.ndarray, weights: np.ndarray, extras: dict[str, np.ndarray] | None = None
    ) -> Quadrature:
        return Quadrature(dict(zip(names, x.T, strict=True)), extras or {}, weights=weights)

    # ---------------------------------------------------------------- samples

    def sample(self, n: int, sampler: Sampler) -> PointSet:
        """`n` points inside."""
        if self.shape is not None:
            return self._scaled(self.names, self.shape.inner(n, lambda m: sampler(m, self.dimension)))
        return self._scaled(self.names, sampler(n, self.dimension))

    def sample_face(self, face: Face | Piece, n: int, sampler: Sampler) -> PointSet:
        """`n` points on a face, with the outward normal as extras `n_x`, `n_y`, ...; about as many where others cut it."""
        if isinstance(face, Piece):
            return self._on_piece(face, n, sampler)
        others = tuple(name for name in self.names if name != face.axis)
        unit = sampler(n, len(others)) if others else np.zeros((1, 0))
        points = self._fixed(face.axis, self.bounds[face.axis][face.upper], others, unit)
        size = len(points)
        normal = {f"n_{s}": np.full(size, face.outward if s == face.axis else 0.0) for s in self.space_names}
        return PointSet(points.columns, normal)

    def _on_piece(self, piece: Piece, n: int, sampler: Sampler) -> PointSet:
        d = len(self.space_names)
        unit = sampler(max(1, round(n / piece.share)), self.dimension - 1)
        x, normals = piece.place(unit[:, : d - 1])
        found = np.isfinite(x).all(axis=1)
        columns = dict(zip(self.space_names, x[found].T, strict=True))
        if self.time_name:
            columns |= self._scaled((self.time_name,), unit[found, d - 1 :]).columns
        extras = {f"n_{name}": c for name, c in zip(self.space_names, normals[found].T, strict=True)}
        return PointSet(columns, extras)

    def sample_start(self, n: int, sampler: Sampler) -> PointSet:
        """`n` points at the first instant."""
        assert self.time_name is not None
        d = len(self.space_names)
        unit = sampler(n, d) if d else np.zeros((1, 0))
        if self.shape is not None:
            unit = self.shape.inner(n, lambda m: sampler(m, d))
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


def _same_place(label: str, text: str) -> bool:
    """Whether a text such as `x=0.50` says the same side as a label such as `x=1/2`."""
    (axis, _, value), (wanted, _, number) = label.partition("="), text.partition("=")
    if axis != wanted or not value:
        return False
    try:
        there = float(number)
    except ValueError:
        return False
    here = float(sp.sympify(value))  # our own text, such as 2*pi
    return abs(here - there) <= 1e-9 * max(1.0, abs(here))


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


def _checked_number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise ValueError(f"`{name}` must be a finite number, got {value!r}.")
    return number


def _bound(name: str, value: Any) -> sp.Expr:
    """A number as SymPy keeps it: 0.0 becomes 0, and 2*pi stays what it is."""
    number = as_expression(name, value)
    if number.free_symbols:
        raise ValueError(f"`{name}` must be a pair of numbers (lower, upper), got {value} in it.")
    return sp.Integer(int(number)) if isinstance(number, sp.Float) and float(number).is_integer() else number


def _text(number: sp.Expr) -> str:
    return repr(float(number)) if isinstance(number, sp.Float) else str(number)
