"""A region moved, turned or scaled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Bool, Float

from .curves import Curve
from .halfspace import HalfSpaceRegion
from .region import Piece, Region, symbols_of


class Placed(Region):
    """The image of a region under x -> factor * rotation @ x + shift.

    Args:
        region: bounded.
        rotation: an orthogonal matrix of determinant 1.
        shift: added afterwards.
        factor: above 0.
    """

    def __init__(
        self, region: Region, rotation: Float[np.ndarray, "d d"], shift: Float[np.ndarray, " d"], factor: float = 1.0
    ):
        if isinstance(region, HalfSpaceRegion):
            raise ValueError("`HalfSpace` has no bounds to be placed by: give another normal or point.")
        self.names, self.region = region.names, region
        self.motion = Motion(np.asarray(rotation, float), np.asarray(shift, float), float(factor))
        self.pieces = tuple(self._moved(p, labels) for p, labels in zip(region.pieces, self._labels(), strict=True))
        self.bounds = self._box()

    def _moved(self, piece: Piece, labels: Sequence[str]) -> Piece:
        kind = PlacedCurve if isinstance(piece, Curve) else PlacedPiece
        return kind(piece, labels, self.motion, self.names)

    def _labels(self) -> list[list[str]]:
        """What the pieces are called: `x=0` where that is after the motion, or `edge 1`, `side 1`, ... once turned."""
        taken = {label for piece in self.region.pieces for label in piece.labels}
        word = "edge" if len(self.names) == 2 else "side"
        free = (name for name in (f"{word} {i}" for i in count(1)) if name not in taken)
        numbered: dict[str, str] = {}

        def renamed(label: str) -> str | None:
            before, axis, value = _side(label)
            if axis not in self.names or not (value or self.motion.turns):
                return label
            if not value:
                return None  # both ends of a coordinate
            if self.motion.turns:
                numbered[label] = numbered.get(label) or next(free)
                return before + numbered[label]
            place = self.motion.factor * float(sp.sympify(value)) + self.motion.shift[self.names.index(axis)]
            return f"{before}{axis}={place:.12g}"

        return [[new for label in p.labels if (new := renamed(label))] for p in self.region.pieces]

    def _box(self) -> dict[str, tuple[Any, Any]]:
        if not self.motion.turns:
            ends = zip(*self.region.bounds.values(), strict=True)
            low, high = (self.motion(np.array([[float(v) for v in end]]))[0] for end in ends)
            return {n: (float(a), float(b)) for n, a, b in zip(self.names, low, high, strict=True)}
        unit = np.linspace(0, 1, 4001)[:, None] if len(self.names) == 2 else _square(65)
        x = np.concatenate([piece.place(unit)[0] for piece in self.pieces])
        x = x[np.isfinite(x).all(axis=1)]
        slack = 1e-3 * float(np.ptp(x, axis=0).max())  # the outermost point may lie between two of these
        return {n: (float(c.min() - slack), float(c.max() + slack)) for n, c in zip(self.names, x.T, strict=True)}

    @cached_property
    def factors(self) -> tuple[sp.Expr, ...]:  # type: ignore[override]
        """Those of the region, moved along; their slopes stay."""
        return tuple(self.motion.carried(f, self.names) for f in self.region.factors)

    @property
    def volume(self) -> float:
        """That of the region, scaled."""
        return self.region.volume * self.motion.factor ** len(self.names)

    def gap(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """That of the region, scaled."""
        return self.motion.factor * self.region.gap(self.motion.back(x))

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        """Whether the region has the points whose images these are."""
        return self.region.contains(self.motion.back(x), slack / self.motion.factor)

    def distance(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """That of the region, scaled."""
        return self.motion.factor * self.region.distance(self.motion.back(x))

    def __repr__(self) -> str:
        return f"{self.motion}({self.region})"


class Motion:
    """x -> factor * rotation @ x + shift."""

    def __init__(self, rotation: Float[np.ndarray, "d d"], shift: Float[np.ndarray, " d"], factor: float):
        self.rotation, self.shift, self.factor = rotation, shift, factor

    @property
    def turns(self) -> bool:
        """Whether directions change."""
        return not np.array_equal(self.rotation, np.eye(len(self.shift)))

    def __call__(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """Images of points."""
        return self.factor * x @ self.rotation.T + self.shift

    def back(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """Points whose images these are."""
        return (x - self.shift) @ self.rotation / self.factor

    def carried(self, level: sp.Expr, names: Sequence[str]) -> sp.Expr:
        """The expression whose zeros are moved along, with the same slopes there."""
        symbols = symbols_of(names)
        offsets = [s - c for s, c in zip(symbols, self.shift, strict=True)]
        rows = [
            sp.Add(*[v * o for v, o in zip(column, offsets, strict=True) if v]) / self.factor
            for column in self.rotation.T
        ]
        return self.factor * level.xreplace(dict(zip(symbols, rows, strict=True)))

    def __repr__(self) -> str:
        numbers = [*self.rotation.ravel(), *self.shift, self.factor]
        return f"placed[{', '.join(repr(float(v)) for v in numbers)}]"


class PlacedPiece(Piece):
    """The image of a piece, with names of its own."""

    def __init__(self, piece: Piece, labels: Sequence[str], motion: Motion, names: Sequence[str]):
        self.piece, self.motion = piece, motion
        level, trim = (None if e is None else motion.carried(e, names) for e in (piece.level, piece.trim))
        super().__init__(labels, level, trim)

    @property
    def measure(self) -> float:
        """That of the piece, scaled."""
        d = len(self.motion.shift)
        return self.piece.measure * self.motion.factor ** (d - 1)

    def place(self, unit: Float[np.ndarray, "n d-1"]) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d"]]:
        """Points and outward normals."""
        x, normals = self.piece.place(unit)
        return self.motion(x), normals @ self.motion.rotation.T

    @property
    def share(self) -> float:
        """That of the piece."""
        return self.piece.share

    def distance(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Distance of points from the piece."""
        return self.motion.factor * self.piece.distance(self.motion.back(x))


class PlacedCurve(PlacedPiece, Curve):
    """The image of a plane curve."""

    piece: Curve

    @property
    def single(self) -> bool:  # type: ignore[override]
        """That of the curve."""
        return self.piece.single

    def at(self, s: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
        """Points and outward normals."""
        return self.place(s[:, None])

    @property
    def breaks(self) -> Float[np.ndarray, " k"]:
        """Those of the curve."""
        return self.piece.breaks

    def nearest(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Parameter of the nearest point of the curve."""
        return self.piece.nearest(self.motion.back(x))


def _side(label: str) -> tuple[str, str, str]:
    """What stands before the name of a side such as `hole 1 x=0`, its coordinate, and where it is; both ends of it have no place."""
    before, gap, last = label.rpartition(" ")
    axis, _, value = last.partition("=")
    return before + gap, axis, value


def _square(side: int) -> Float[np.ndarray, "n 2"]:
    axis = np.linspace(0, 1, side)
    return np.stack([m.ravel() for m in np.meshgrid(axis, axis)], axis=1)
