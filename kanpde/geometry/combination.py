"""Regions cut out of, added to and cut to each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Bool, Float

from ..sampling import Sobol
from .curves import Curve, Remains, area_within
from .halfspace import HalfSpaceRegion
from .region import NUDGE, Piece, Region, conjunction, disjunction

LOOKS = 2**17
"""Points by which the volume of a body is estimated where no formula gives it."""


class Combination(Region):
    """Base of what two regions in the same coordinates make together.

    A piece of either boundary stays where the new region lies on exactly one side of it.

    Args:
        first: a region.
        second: another one, in the same coordinates.
        labels: of the pieces that come from the second; its own without them.

    Raises:
        ValueError: for coordinates that differ, or if nothing is left.
    """

    flips = False
    """Whether the second region lies on the outer side of its pieces."""
    sign = "?"

    def __init__(self, first: Region, second: Region, labels: Sequence[str] | None = None):
        if first.names != second.names:
            raise ValueError(
                f"`{self.sign}` takes two shapes in the same coordinates, got {', '.join(first.names)} and "
                f"{', '.join(second.names)}."
            )
        if len(first.names) < 2:
            raise ValueError(
                f"`{self.sign}` takes shapes in two or three dimensions, got intervals of {first.names[0]}: write the "
                "interval that is left."
            )
        self.names, self.first, self.second, self.labels = first.names, first, second, labels
        self.bounds = self._box()
        if any(not float(lo) < float(hi) for lo, hi in self.bounds.values()):
            raise ValueError(f"`{self.sign}` of {first} and {second} is empty: they do not overlap.")
        self.pieces = self._pieces()
        if not self.pieces:
            raise ValueError(f"`{self.sign}` of {first} and {second} is empty: one covers the other.")
        if not np.isfinite([[float(v) for v in pair] for pair in self.bounds.values()]).all():
            raise ValueError(
                f"`{self.sign}` of {first} and {second} has no end: a half space must be cut, as in `square & half`."
            )

    def _box(self) -> dict[str, tuple[Any, Any]]:
        raise NotImplementedError

    def _trim(self, second: bool) -> sp.Expr | None:
        """Positive where pieces of the first, or of the second, region stay."""
        raise NotImplementedError

    def _pieces(self) -> tuple[Piece, ...]:
        labels = self.labels
        own = [self._remains(p, self._trim(False), second=False, labels=None) for p in _drawn(self.first, self.second)]
        other = [
            self._remains(p, self._trim(True), second=True, labels=[*labels] if labels else None)
            for p in _drawn(self.second, self.first)
        ]
        if self.flips and all(p is not None for p in own) and not any(other):
            raise ValueError(f"`{self.sign}` of {self.first} and {self.second} cuts nothing: they do not overlap.")
        return tuple(p for p in [*own, *other] if p is not None)

    def _remains(self, piece: Piece, trim: sp.Expr | None, *, second: bool, labels: list[str] | None) -> Piece | None:
        other = self.first if second else self.second
        flip = second and self.flips
        step = NUDGE * min(r.size for r in (self.first, self.second) if np.isfinite(r.size))

        def kept(x: np.ndarray, normals: np.ndarray) -> Bool[np.ndarray, " n"]:
            stays = self.contains(x - step * normals) & ~self.contains(x + step * normals)
            if second:
                shared = x[stays]
                on_first = self.first.contains(shared, 1e-3 * step) & ~self.first.contains(shared, -1e-3 * step)
                stays[stays] = ~on_first
            return stays

        if labels and piece.name != "outer":
            labels = [*labels, f"{labels[0]} {piece.name}" if len(piece.labels) > 1 else piece.name]
        if isinstance(piece, Curve):
            found: Piece = Remains(piece, kept, other.gap, trim, flip=flip, labels=labels)
            return found if found.measure > 0 else None
        surface = CutSurface(piece, kept, trim, flip=flip, labels=labels)
        return surface if surface.share > 0 else None

    @cached_property
    def volume(self) -> float:
        """Area, or an estimate of the volume by even points, within about 3e-4 of the bounding box."""
        if len(self.names) == 2:
            return area_within(self.pieces)
        lower, upper = self.box
        unit = Sobol(0)(LOOKS, len(lower))
        return float(self.contains(lower + (upper - lower) * unit).mean() * np.prod(upper - lower))

    def distance(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Signed distance in the plane; in space a bound on it that vanishes where it does."""
        return super().distance(x) if len(self.names) == 2 else self.gap(x)

    def __repr__(self) -> str:
        return f"({self.first} {self.sign} {self.second})"


class Difference(Combination):
    """The first region without the second."""

    flips, sign = True, "-"

    def _box(self) -> dict[str, tuple[Any, Any]]:
        if isinstance(self.second, HalfSpaceRegion):
            return _overlap(self.first, self.second.rest)
        return dict(self.first.bounds)

    def _trim(self, second: bool) -> sp.Expr:
        return self.first.formula if second else -self.second.formula

    @property
    def factors(self) -> tuple[sp.Expr, ...]:  # type: ignore[override]
        """Those of the first, and what is outside of the second."""
        return (*self.first.factors, *outside(self.second))

    def gap(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """A function that vanishes on the boundary, negative inside."""
        return np.maximum(self.first.gap(x), -self.second.gap(x))

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        """Whether points lie in the first region and not in the second, up to `slack` of `gap`."""
        found = self.first.contains(x, slack)
        found[found] = ~self.second.contains(x[found], -slack)
        return found


class Intersection(Combination):
    """What lies in both regions."""

    sign = "&"

    def _box(self) -> dict[str, tuple[Any, Any]]:
        return _overlap(self.first, self.second)

    def _trim(self, second: bool) -> sp.Expr:
        return self.first.formula if second else self.second.formula

    @property
    def factors(self) -> tuple[sp.Expr, ...]:  # type: ignore[override]
        """Those of both."""
        return (*self.first.factors, *self.second.factors)

    def gap(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """A function that vanishes on the boundary, negative inside."""
        return np.maximum(self.first.gap(x), self.second.gap(x))

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        """Whether points lie in both regions, up to `slack` of `gap`."""
        found = self.first.contains(x, slack)
        found[found] = self.second.contains(x[found], slack)
        return found


class Union(Combination):
    """What lies in at least one of two regions."""

    sign = "|"

    def _box(self) -> dict[str, tuple[Any, Any]]:
        boxes = zip(self.names, self.first.bounds.values(), self.second.bounds.values(), strict=True)
        return {n: (min(a[0], b[0], key=float), max(a[1], b[1], key=float)) for n, a, b in boxes}

    def _trim(self, second: bool) -> sp.Expr:
        return -self.first.formula if second else -self.second.formula

    @property
    def factors(self) -> tuple[sp.Expr, ...]:  # type: ignore[override]
        """One for both together."""
        return (disjunction(self.first.formula, self.second.formula),)

    def gap(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """A function that vanishes on the boundary, negative inside."""
        return np.minimum(self.first.gap(x), self.second.gap(x))

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        """Whether points lie in at least one region, up to `slack` of `gap`."""
        found = self.first.contains(x, slack)
        found[~found] = self.second.contains(x[~found], slack)
        return found


class CutSurface(Piece):
    """What others leave of a surface: points of the whole that stay.

    Args:
        whole: the surface.
        kept: tells of points and outward normals whether they stay.
        trim: positive on what is left.
        flip: whether the region lies on the outer side of the whole.
        labels: what it is called; as the whole without them.
    """

    def __init__(self, whole: Piece, kept: Any, trim: sp.Expr | None, *, flip: bool, labels: Sequence[str] | None):
        self.whole, self.kept, self.flip = whole, kept, flip
        unit = Sobol(0)(2**14, 2)
        x, normals = whole.place(unit)
        self._share = float(kept(x, -normals if flip else normals).mean())
        level = None if whole.level is None else (-whole.level if flip else whole.level)
        both = [t for t in (whole.trim, trim) if t is not None]
        super().__init__(labels or whole.labels, level, None if self._share == 1 else conjunction(*both))

    @property
    def share(self) -> float:
        """Part of the points of the whole that stay."""
        return self._share * self.whole.share

    @property
    def measure(self) -> float:
        """Area of what is left, to about a thousandth of the whole where a part is cut away."""
        return self._share * self.whole.measure

    def place(self, unit: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        """Points and outward normals; NaN where a point does not stay."""
        x, normals = self.whole.place(unit)
        normals = -normals if self.flip else normals
        stay = self.kept(x, normals)[:, None]
        return np.where(stay, x, np.nan), np.where(stay, normals, np.nan)

    def distance(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Distance from the whole surface."""
        return self.whole.distance(x)


def _overlap(first: Region, second: Region) -> dict[str, tuple[Any, Any]]:
    """Where the boxes of both regions meet."""
    boxes = zip(first.names, first.bounds.values(), second.bounds.values(), strict=True)
    return {n: (max(a[0], b[0], key=float), min(a[1], b[1], key=float)) for n, a, b in boxes}


def outside(region: Region) -> tuple[sp.Expr, ...]:
    """Factors that are all positive outside of a region."""
    if isinstance(region, Union):
        return (*outside(region.first), *outside(region.second))
    return (-region.formula,)


def _drawn(region: Region, other: Region) -> tuple[Piece, ...]:
    """The pieces of a region; of a half space the part of its line or plane that can meet the other."""
    if not isinstance(region, HalfSpaceRegion):
        return region.pieces
    if isinstance(other, HalfSpaceRegion):
        raise ValueError("`HalfSpace` must be cut from or to a bounded shape, got two half spaces.")
    return (region.face(*other.box),)
