"""Plane shapes: ellipses and polygons."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import sympy as sp
from jaxtyping import Float

from .curves import Ellipse, Segment, area_within, ellipse_level
from .depth import depth_of
from .region import Piece, Region, conjunction, disjunction

MOST_EDGES = 24
"""Of a polygon that has a formula: it grows faster than the square of their number."""


class PlanarRegion(Region):
    """Base of plane shapes: their area follows from their boundary."""

    @cached_property
    def volume(self) -> float:
        """Area."""
        return area_within(self.pieces)


class EllipseRegion(PlanarRegion):
    """What an ellipse encloses.

    Args:
        names: of the two coordinates.
        centre: its two coordinates.
        radii: half axes along the coordinates, above 0.
        label: of its boundary.
    """

    def __init__(self, names: Sequence[str], centre: Sequence[float], radii: tuple[float, float], label: str = "outer"):
        self.names, self.centre, self.radii = tuple(names), np.asarray(centre, float), radii
        self.bounds = {n: (c - r, c + r) for n, c, r in zip(names, centre, radii, strict=True)}
        self.curve = Ellipse([label], names, self.centre, radii)
        self.pieces: tuple[Piece, ...] = (self.curve,)
        self.factors = (self.curve.level,)

    @property
    def volume(self) -> float:
        """Its area."""
        return float(np.pi * self.radii[0] * self.radii[1])

    def gap(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """A function that vanishes on the boundary, negative inside."""
        scaled = (x - self.centre) / self.radii
        return min(self.radii) * (np.linalg.norm(scaled, axis=1) - 1)

    def __repr__(self) -> str:
        return f"ellipse({_numbers(self.centre)}; {_numbers(self.radii)})"


class PolygonRegion(PlanarRegion):
    """What a closed line of segments encloses.

    Args:
        names: of the two coordinates.
        vertices: in order round the polygon, either way, the first not repeated.
        labels: further ones of every edge, beside `edge 1`, `edge 2`, ...
        edges: their names instead.

    Raises:
        ValueError: for fewer than three vertices, two that coincide, or edges that cross.
    """

    def __init__(
        self,
        names: Sequence[str],
        vertices: Float[np.ndarray, "n 2"],
        labels: Sequence[str] = ("outer",),
        edges: Sequence[Sequence[str]] | None = None,
    ):
        points = np.asarray(vertices, float)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
            raise ValueError(f"`vertices` must be at least three pairs of finite numbers, got shape {points.shape}.")
        if np.array_equal(points[0], points[-1]):
            points = points[:-1]
        ahead = np.roll(points, -1, axis=0)
        if (np.linalg.norm(ahead - points, axis=1) <= 1e-12 * np.ptp(points, axis=0).max()).any():
            raise ValueError("`vertices` must be different from their neighbours, got two that coincide: drop one.")
        _refuse_crossings(points, ahead)
        doubled = points[:, 0] @ ahead[:, 1] - points[:, 1] @ ahead[:, 0]
        if doubled < 0:
            points = points[::-1]
            edges = None if edges is None else [*edges[-2::-1], edges[-1]]
        self.names, self.vertices = tuple(names), points
        self.bounds = {n: (float(c.min()), float(c.max())) for n, c in zip(names, points.T, strict=True)}
        edges = edges or [(f"edge {i + 1}", *labels) for i in range(len(points))]
        ends = np.roll(points, -1, axis=0)
        self.pieces = tuple(Segment(e, names, p, q) for e, p, q in zip(edges, points, ends, strict=True))

    @cached_property
    def factors(self) -> tuple[sp.Expr, ...]:  # type: ignore[override]
        """One per edge or pocket of the convex hull; of many edges their distance, which is no formula.

        Source:
            Dobkin, Guibas, Hershberger, Snoeyink (1993), Algorithmica 10, 1, "An efficient algorithm for finding the CSG
            representation of a simple polygon".
        """
        count = len(self.vertices)
        if count > MOST_EDGES:
            return (depth_of(self)(*self.symbols),)
        corners = _hull(self.vertices)
        chains = [
            np.arange(i, j + 1 if j > i else j + count + 1) % count
            for i, j in zip(corners, [*corners[1:], corners[0]], strict=True)
        ]
        return tuple(self._chain(chain, outside=True) for chain in chains)

    def _chain(self, chain: np.ndarray, *, outside: bool) -> sp.Expr:
        """Positive on the inner side of consecutive edges: of all together, or of at least one, in turn."""
        if len(chain) == 2:
            segment = self.pieces[chain[0]]
            assert isinstance(segment, Segment)
            assert segment.level is not None
            return segment.level
        corners = _hull(self.vertices[chain])
        if len(corners) == 2:  # all on one line
            return self._chain(chain[:2], outside=outside)
        corners = sorted(corners)
        parts = [self._chain(chain[i : j + 1], outside=not outside) for i, j in pairwise(corners)]
        return disjunction(*parts) if outside else conjunction(*parts)

    def gap(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Signed distance: the sign is the parity of the edges above a point."""
        nearest = np.min([piece.distance(x) for piece in self.pieces], axis=0)
        ends = np.roll(self.vertices, -1, axis=0)
        crossed = np.zeros(len(x), bool)
        for (px, py), (qx, qy) in zip(self.vertices, ends, strict=True):
            spans = (px > x[:, 0]) != (qx > x[:, 0])
            with np.errstate(divide="ignore", invalid="ignore"):
                height = py + (x[:, 0] - px) * (qy - py) / (qx - px)
            crossed ^= spans & (height > x[:, 1])
        return np.where(crossed, -nearest, nearest)

    def distance(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Signed distance from the boundary, negative inside."""
        return self.gap(x)

    def depth(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Distance from the boundary, negative outside."""
        return -self.gap(x)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The vertices, counterclockwise."""
        return {"vertices": self.vertices}

    @property
    def fingerprint(self) -> str:
        """Digest of the vertices."""
        return hashlib.sha256(self.vertices.tobytes()).hexdigest()

    def corners(self) -> list[tuple[Float[np.ndarray, " 2"], float]]:
        """Vertices with their inner angles, in radians."""
        before, after = np.roll(self.vertices, 1, axis=0), np.roll(self.vertices, -1, axis=0)
        back, on = before - self.vertices, after - self.vertices
        angles = np.arctan2(back[:, 1], back[:, 0]) - np.arctan2(on[:, 1], on[:, 0])
        return [(v, float(a % (2 * np.pi))) for v, a in zip(self.vertices, angles, strict=True)]

    def __repr__(self) -> str:
        return f"polygon({'; '.join(_numbers(v) for v in self.vertices)})"


def _hull(points: Float[np.ndarray, "n 2"]) -> list[int]:
    """Indices of the corners of the convex hull, counterclockwise from the first index, those on edges left out.

    Source:
        Andrew (1979), Information Processing Letters 9, 216.
    """
    order = np.lexsort(points.T[::-1])
    scale = float(np.ptp(points, axis=0).max()) ** 2

    def half(indices: np.ndarray) -> list[int]:
        found: list[int] = []
        for i in indices:
            while len(found) > 1:
                a, b = points[found[-1]] - points[found[-2]], points[i] - points[found[-1]]
                if a[0] * b[1] - a[1] * b[0] > 1e-12 * scale:
                    break
                found.pop()
            found.append(int(i))
        return found[:-1]

    ring = half(order) + half(order[::-1])
    start = ring.index(min(ring))
    return ring[start:] + ring[:start]


def _refuse_crossings(points: Float[np.ndarray, "n 2"], ahead: Float[np.ndarray, "n 2"]) -> None:
    along = ahead - points
    count = len(points)
    for i in range(count - 2):
        others = np.arange(i + 2, count - (i == 0))
        a, b, c = along[i], along[others], points[others] - points[i]
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = a[0] * b[:, 1] - a[1] * b[:, 0]
            s = (c[:, 0] * b[:, 1] - c[:, 1] * b[:, 0]) / cross
            t = (c[:, 0] * a[1] - c[:, 1] * a[0]) / cross
        hit = (s >= 0) & (s <= 1) & (t >= 0) & (t <= 1)
        if hit.any():
            raise ValueError(
                f"`vertices` must go round without crossing, got edges {i + 1} and {others[hit][0] + 1} that meet: "
                "put them in order."
            )


def _numbers(values: Sequence[float] | np.ndarray) -> str:
    return ", ".join(repr(float(v)) for v in values)


__all__ = ["EllipseRegion", "PlanarRegion", "PolygonRegion", "ellipse_level"]
