"""Points and weights for integrals over domains and over parts of their boundaries.

Boxes have the tensor product of Gauss's rules. Other plane shapes have even points inside, whose equal weights are
changed as little as it takes to integrate all polynomials up to a degree exactly: their moments follow from the
boundary by Gauss's theorem. What is left, such as bodies with round surfaces, has even points with equal weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float

from ..sampling import Sobol
from .curves import Curve, arc_rule
from .points import PointSet, stack
from .product import Product
from .region import Piece, Region
from .solid import BoxRegion, FlatSide

POINTS = 2048
"""Of a rule inside a domain, about."""
MOST_PER_AXIS, FEWEST_PER_AXIS = 64, 4
"""Gauss nodes along an axis; where there can be no more than the latter, even points do better."""
PER_POLYNOMIAL = 8
"""Points inside a plane shape per polynomial that they integrate exactly."""
EVEN = Sobol(0)
"""Even points of the unit cube, the same ones every time."""
PANELS = 4
"""Pieces of every smooth arc, each with a Gauss rule of its own."""

Rule = tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]
SurfaceRule = tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]


@dataclass(frozen=True, kw_only=True)
class Quadrature(PointSet):
    """Points with weights: the weighted sum of a function's values is about its integral.

    Args:
        weights: shape (n,), in units of length, area or volume.
        count: the points are those of so many rules, one after another and of equal size.
    """

    weights: Float[np.ndarray, " n"]
    count: int = 1

    def integral(self, values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " count"]:
        """One sum for each of the rules."""
        return (self.weights * values).reshape(self.count, -1).sum(1)

    @property
    def shares(self) -> Float[np.ndarray, "count points"]:
        """The parts of the points in the mean that each rule gives."""
        weights = self.weights.reshape(self.count, -1)
        return weights / weights.sum(1, keepdims=True)

    def at_instants(self, name: str, instants: Float[np.ndarray, " m"]) -> Quadrature:
        """The same rule at each of some instants of the time `name`."""
        m, n = len(instants), len(self)
        columns = {key: np.tile(values, m) for key, values in self.columns.items()} | {name: np.repeat(instants, n)}
        extras = {key: np.tile(values, m) for key, values in self.extras.items()}
        return Quadrature(columns, extras, weights=np.tile(self.weights, m), count=m)


def joined(rules: Sequence[Quadrature]) -> Quadrature:
    """One rule for places side by side."""
    points = stack(rules)
    return Quadrature(points.columns, points.extras, weights=np.concatenate([rule.weights for rule in rules]))


def box_rule(lower: Float[np.ndarray, " d"], upper: Float[np.ndarray, " d"], n: int = POINTS) -> Rule:
    """About `n` points: Gauss's rule along every axis, or even points where that leaves too few along each."""
    d, volume = len(lower), float(np.prod(upper - lower))
    per_axis = min(MOST_PER_AXIS, round(n ** (1 / max(d, 1))))
    if per_axis < FEWEST_PER_AXIS:
        return lower + (upper - lower) * EVEN(n, d), np.full(n, volume / n)
    nodes, weights = np.polynomial.legendre.leggauss(per_axis)
    unit, each = (np.array([*product(v, repeat=d)]).reshape(per_axis**d, d) for v in ((nodes + 1) / 2, weights / 2))
    return lower + (upper - lower) * unit, each.prod(1) * volume


def region_rule(region: Region, n: int = POINTS) -> Rule:
    """About `n` points inside a shape."""
    if isinstance(region, BoxRegion):
        return box_rule(*region.box, n)
    if isinstance(region, Product):
        share = len(region.first.names) / len(region.names)
        (x, v), (y, w) = (region_rule(r, round(n**s)) for r, s in ((region.first, share), (region.second, 1 - share)))
        return np.hstack([np.repeat(x, len(y), axis=0), np.tile(y, (len(x), 1))]), np.outer(v, w).ravel()
    if all(isinstance(piece, Curve) for piece in region.pieces):
        return _plane_rule(region, n)
    return _inside(region, n), np.full(n, region.volume / n)


def piece_rule(piece: Piece, dimension: int, n: int = POINTS) -> SurfaceRule:
    """About `n` points on a piece of a boundary in so many dimensions, with outward normals."""
    if isinstance(piece, Curve):
        return arc_rule(piece, PANELS)
    if isinstance(piece, FlatSide):
        unit, weights = box_rule(np.zeros(dimension - 1), np.ones(dimension - 1), n)
        return *piece.place(unit), weights * piece.measure
    x, normals = piece.place(EVEN(round(n / piece.share), dimension - 1))
    found = np.isfinite(x).all(axis=1)
    return x[found], normals[found], np.full(int(found.sum()), piece.measure / found.sum())


def _plane_rule(region: Region, n: int) -> Rule:
    """Even points, with weights near equal ones that integrate polynomials exactly.

    Their moments are integrals along the boundary, of a primitive in the first coordinate times the normal's component.
    """
    degree = int(np.sqrt(2 * n / PER_POLYNOMIAL)) - 1
    pairs = [(a, b) for a in range(degree + 1) for b in range(degree + 1 - a)]
    lower, upper = region.box
    half = (upper - lower) / 2

    def legendre(x: Float[np.ndarray, "n 2"]) -> list[Float[np.ndarray, "n k"]]:
        return [np.polynomial.legendre.legvander((x[:, i] - lower[i]) / half[i] - 1, degree + 1) for i in (0, 1)]

    moments = np.zeros(len(pairs))
    for piece in region.pieces:
        x, normals, weights = piece_rule(piece, 2)
        p, q = legendre(x)
        rising = [(p[:, a + 1] - p[:, a - 1]) / (2 * a + 1) for a in range(1, degree + 1)]
        primitives = [p[:, 1], *rising]
        moments += [float((weights * normals[:, 0] * half[0]) @ (primitives[a] * q[:, b])) for a, b in pairs]
    inside = _inside(region, n)
    p, q = legendre(inside)
    values = np.stack([p[:, a] * q[:, b] for a, b in pairs], axis=1)
    equal = np.full(n, region.volume / n)
    change, *_ = np.linalg.lstsq(values.T, moments - values.T @ equal, rcond=1e-13)
    return inside, equal + change


def _inside(region: Region, n: int) -> Float[np.ndarray, "n d"]:
    lower, upper = region.box
    return lower + (upper - lower) * region.inner(n, lambda m: EVEN(m, len(lower)))
