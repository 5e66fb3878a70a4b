"""Regions of space that are no boxes: what every shape knows of itself and of the pieces of its boundary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Bool, Float

NUDGE = 1e-7
"""Distance by which points are moved off a boundary to see what lies on its two sides, in sizes of the region."""


class Piece:
    """A smooth piece of a boundary.

    Args:
        labels: what it is called; the first is its name, further ones may be shared with other pieces.
        level: vanishes on the piece and all of the curve or surface that it is cut from, with slope 1, and grows into the
            region; None if there is no such formula.
        trim: positive on the piece and negative on the rest of that curve or surface; None if it is all of it.
    """

    def __init__(self, labels: Sequence[str], level: sp.Expr | None, trim: sp.Expr | None = None):
        self.labels, self.level, self.trim = tuple(labels), level, trim

    @property
    def name(self) -> str:
        """The first label."""
        return self.labels[0]

    @property
    def measure(self) -> float:
        """Length of a curve, area of a surface."""
        raise NotImplementedError

    @property
    def share(self) -> float:
        """Part of the points of `place` that lie on the piece."""
        return 1.0

    def place(self, unit: Float[np.ndarray, "n d-1"]) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d"]]:
        """Points and outward normals, even by measure where `unit` is even in the unit cube; NaN where others cut."""
        raise NotImplementedError

    def distance(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Distance of points from the piece, not negative."""
        raise NotImplementedError


class Region:
    """Base of all shapes.

    Attributes:
        names: of the coordinates, in order.
        bounds: the smallest box that holds the shape, coordinate name to (lower, upper).
        pieces: of the boundary.
        factors: expressions of the plain real symbols of `names`; the shape is where all of them are positive.
    """

    names: tuple[str, ...]
    bounds: dict[str, tuple[Any, Any]]
    pieces: tuple[Piece, ...]
    factors: tuple[sp.Expr, ...]

    @property
    def volume(self) -> float:
        """Area in two dimensions, volume in three."""
        raise NotImplementedError

    def gap(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """A continuous function that vanishes on the boundary, negative inside."""
        raise NotImplementedError

    def distance(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Signed distance from the boundary, negative inside."""
        nearest = np.min([piece.distance(x) for piece in self.pieces], axis=0)
        return np.where(self.gap(x) <= 0, -nearest, nearest)

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        """Whether points lie inside, or outside by no more than `slack` of `gap`."""
        return self.gap(x) <= slack

    @property
    def box(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        """Lower and upper ends of the bounding box."""
        lower, upper = np.array([[float(v) for v in self.bounds[name]] for name in self.names]).T
        return lower, upper

    @property
    def size(self) -> float:
        """Longest side of the bounding box."""
        lower, upper = self.box
        return float((upper - lower).max())

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """What `factors` are expressions of."""
        return symbols_of(self.names)

    @property
    def formula(self) -> sp.Expr:
        """One expression that is positive inside and vanishes on the boundary with slope 1."""
        return conjunction(*self.factors)

    def inner(self, n: int, draw: Any) -> Float[np.ndarray, "n d"]:
        """`n` of the even points that `draw(m)` gives in the unit cube, which stands for the bounding box: those inside."""
        lower, upper = self.box
        wanted = 1.1 * n * float(np.prod(upper - lower)) / self.volume + 16
        while True:
            unit = draw(int(wanted))
            inside = np.flatnonzero(self.contains(lower + (upper - lower) * unit[:, : len(lower)]))
            if len(inside) >= n:
                return unit[inside[np.linspace(0, len(inside) - 1, n).round().astype(int)]]
            wanted *= 2


def symbols_of(names: Sequence[str]) -> tuple[sp.Symbol, ...]:
    """Plain real symbols of these names."""
    return tuple(sp.Symbol(name, real=True) for name in names)


def conjunction(*factors: sp.Expr) -> sp.Expr:
    """Positive where all factors are; where one alone vanishes, it goes to zero like that one.

    Joined in pairs of halves: every step holds both of its sides twice, and one after another would make 2^n terms of n.

    Source:
        Rvachev (1963), Reports of the Ukrainian Academy of Sciences 6, 765; Shapiro (2007), Acta Numerica 16, 239.
    """
    if len(factors) == 1:
        return factors[0]
    half = (len(factors) + 1) // 2
    f, g = conjunction(*factors[:half]), conjunction(*factors[half:])
    return f + g - sp.sqrt(f**2 + g**2)


def disjunction(*factors: sp.Expr) -> sp.Expr:
    """Positive where at least one factor is; see `conjunction`."""
    return -conjunction(*[-f for f in factors])


def trimmed(level: sp.Expr, trim: sp.Expr) -> sp.Expr:
    """Zero where `level` is zero and `trim` is not negative, positive elsewhere, with slope 1 across.

    Source:
        Sukumar, Srivastava (2022), Computer Methods in Applied Mechanics and Engineering 389, 114333, eq. (12).
    """
    return sp.sqrt(level**2 + ((sp.sqrt(trim**2 + level**4) - trim) / 2) ** 2)
