"""Pieces of plane boundaries: segments, arcs of ellipses, and what is left of a curve that others cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import sympy as sp
from jaxtyping import Bool, Float
from scipy import optimize, spatial, special

from .region import Piece, conjunction, symbols_of

LOOKS = 2001
"""Points of a curve at which it is seen where others cut it."""
GUESSES = 256
"""Points of an ellipse, or of a part of one, among which the nearest one is looked for first."""
NEWTON = 30
THIRDS = 60
"""How often the part of a curve that holds the nearest point is cut to two thirds."""
WITHIN = 1e-13
"""How far from the ends of a part of a curve its first and last points are, in parameters of the whole: at an end it may be
another part that begins or ends there."""
TURNS = 16
"""Parts of an ellipse that Gauss's rule has panels on."""
PANELS, PANEL = 24, 16
"""Of Gauss's rule along a curve."""


class Curve(Piece):
    """A plane curve with arc length as its parameter, from 0 to 1, the region to its left.

    Attributes:
        single: whether the distance of any point falls towards the nearest one from everywhere on the curve.
    """

    single = True

    def at(self, s: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
        """Points and outward normals."""
        raise NotImplementedError

    def nearest(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Parameter of the nearest point of the curve."""
        raise NotImplementedError

    @property
    def breaks(self) -> Float[np.ndarray, " k"]:
        """Ascending parameters from 0 to 1 between which the curve is smooth and connected."""
        return np.array([0.0, 1.0])

    def place(self, unit: Float[np.ndarray, "n 1"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
        """Points and outward normals."""
        return self.at(unit[:, 0])

    def distance(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Distance of points from the curve."""
        return np.linalg.norm(x - self.at(self.nearest(x))[0], axis=1)


class Segment(Curve):
    """A straight line from `start` to `stop`, both of them arrays of two numbers."""

    def __init__(self, labels: Sequence[str], names: Sequence[str], start: np.ndarray, stop: np.ndarray):
        self.start, self.along = np.asarray(start, float), np.asarray(stop, float) - np.asarray(start, float)
        (tx, ty), (px, py) = self.along / self.measure, self.start
        x, y = symbols_of(names)
        (cx, cy), length = self.start + self.along / 2, self.measure
        trim = (sp.Float(length**2 / 4) - (x - cx) ** 2 - (y - cy) ** 2) / length
        across = [c * (s - v) for c, s, v in ((tx, y, py), (-ty, x, px)) if c]
        super().__init__(labels, sp.Add(*across), trim)

    @property
    def measure(self) -> float:
        """Its length."""
        return float(np.hypot(*self.along))

    def at(self, s: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
        """Points and outward normals."""
        normal = np.array([self.along[1], -self.along[0]]) / self.measure
        return self.start + s[:, None] * self.along, np.broadcast_to(normal, (len(s), 2))

    def nearest(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Parameter of the nearest point."""
        return np.clip((x - self.start) @ self.along / self.measure**2, 0.0, 1.0)


class Ellipse(Curve):
    """A whole ellipse with its axes along the coordinates, counterclockwise.

    Args:
        labels: what it is called.
        names: of the two coordinates.
        centre: its two coordinates.
        radii: its half axes.
    """

    def __init__(self, labels: Sequence[str], names: Sequence[str], centre: np.ndarray, radii: tuple[float, float]):
        self.centre, self.radii = np.asarray(centre, float), radii
        x, y = (s - c for s, c in zip(symbols_of(names), centre, strict=True))
        super().__init__(labels, ellipse_level((x, y), radii))

    @property
    def round(self) -> bool:
        """Whether it is a circle."""
        return self.radii[0] == self.radii[1]

    @property
    def single(self) -> bool:  # type: ignore[override]
        """Whether it is a circle: points inside other ellipses may be near to both flat sides."""
        return self.round

    @property
    def breaks(self) -> Float[np.ndarray, " k"]:
        """Parts on which the normal turns alike: Gauss's rule needs short ones where an ellipse is bent most."""
        if self.round:
            return super().breaks
        (a, b), turn = self.radii, np.arange(1, TURNS) * 2 * np.pi / TURNS
        angle = np.mod(np.arctan2(b * np.sin(turn), a * np.cos(turn)), 2 * np.pi)
        return np.array([0.0, *self._length(angle), 1.0])

    @property
    def measure(self) -> float:
        """Its length."""
        a, b = self.radii
        return float(4 * b * special.ellipe(1 - a**2 / b**2))

    def at(self, s: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
        """Points and outward normals."""
        return self._on(self._angle(s))

    def nearest(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Parameter of the nearest point: the best of many, then Newton's method for the foot of the perpendicular."""
        (a, b), (u, v) = self.radii, (x - self.centre).T
        angle = np.arctan2(v, u)
        if not self.round:
            ring = np.linspace(0, 2 * np.pi, GUESSES, endpoint=False)
            far = (u[:, None] - a * np.cos(ring)) ** 2 + (v[:, None] - b * np.sin(ring)) ** 2
            angle = ring[far.argmin(axis=1)]
            for _ in range(NEWTON):
                c, s = np.cos(angle), np.sin(angle)
                slope = (a * c - u) * -a * s + (b * s - v) * b * c
                bend = (a * s) ** 2 + (b * c) ** 2 - (a * c - u) * a * c - (b * s - v) * b * s
                angle = angle - np.clip(slope / np.where(bend > 0, bend, 1.0), -0.1, 0.1)
        return np.mod(self._length(angle), 1.0)

    def _on(self, angle: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
        (a, b), c, s = self.radii, np.cos(angle), np.sin(angle)
        normal = np.stack([c * b, s * a], axis=1)
        points = self.centre + np.stack([a * c, b * s], axis=1)
        return points, normal / np.linalg.norm(normal, axis=1, keepdims=True)

    def _length(self, angle: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Length of the arc from angle 0, in lengths of the ellipse."""
        if self.round:
            return angle / (2 * np.pi)
        a, b = self.radii
        return b * special.ellipeinc(angle, 1 - a**2 / b**2) / self.measure

    def _angle(self, s: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """The inverse of `_length`."""
        angle = 2 * np.pi * s
        if not self.round:
            a, b = self.radii
            for _ in range(NEWTON):
                speed = np.hypot(a * np.sin(angle), b * np.cos(angle)) / self.measure
                angle = angle - np.clip((self._length(angle) - s) / speed, -0.5, 0.5)
        return angle


def ellipse_level(offsets: tuple[sp.Expr, ...], radii: Sequence[float]) -> sp.Expr:
    """Vanishes on an ellipse or ellipsoid with slope 1, positive inside."""
    if len(set(radii)) == 1:
        (r, *_) = radii
        return (sp.Float(r**2) - sp.Add(*[o**2 for o in offsets])) / (2 * r)
    scaled = sp.Add(*[(o / r) ** 2 for o, r in zip(offsets, radii, strict=True)])
    slope = sp.sqrt(sp.Add(*[(o / r**2) ** 2 for o, r in zip(offsets, radii, strict=True)]) + (1 - scaled) ** 2)
    return (1 - scaled) / (2 * slope)


class Remains(Curve):
    """What others leave of a curve.

    Args:
        curve: the whole.
        kept: tells of points and outward normals whether they stay.
        cuts: changes its sign where curves cross.
        trim: positive on what is left.
        flip: whether the region lies to the right of the curve.
        labels: what it is called; as the whole without them.
    """

    def __init__(
        self,
        curve: Curve,
        kept: Callable[[np.ndarray, np.ndarray], Bool[np.ndarray, " n"]],
        cuts: Callable[[np.ndarray], Float[np.ndarray, " n"]],
        trim: sp.Expr | None,
        *,
        flip: bool = False,
        labels: Sequence[str] | None = None,
    ):
        self.curve, self.flip = curve, flip
        self.intervals = self._intervals(kept, cuts)
        whole = np.array_equal(self.intervals, [[0.0, 1.0]])
        level = None if curve.level is None else (-curve.level if flip else curve.level)
        super().__init__(labels or curve.labels, level, curve.trim if whole else _both(curve.trim, trim))

    def _intervals(
        self,
        kept: Callable[[np.ndarray, np.ndarray], Bool[np.ndarray, " n"]],
        cuts: Callable[[np.ndarray], Float[np.ndarray, " n"]],
    ) -> Float[np.ndarray, "k 2"]:
        """Where the parameter of the whole curve stays."""

        def stays(s: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
            points, normals = self.curve.at(s)
            return kept(points, -normals if self.flip else normals)

        s = (np.arange(LOOKS) + 0.5) / LOOKS
        s = np.sort(np.concatenate([s, self._narrow(cuts, s)]))
        stay = stays(s)
        ends = [self._end(stays, cuts, s[i], s[i + 1], bool(stay[i])) for i in np.flatnonzero(stay[1:] != stay[:-1])]
        edges = [*([0.0] if stay[0] else []), *ends, *([1.0] if stay[-1] else [])]
        return np.array(edges).reshape(-1, 2)

    def _narrow(self, cuts: Callable[[np.ndarray], Float[np.ndarray, " n"]], s: Float[np.ndarray, " n"]) -> list[float]:
        """Places between the looks where `cuts` changes its sign and back."""

        def depth(place: float, side: float = 1.0) -> float:
            return side * float(cuts(self.curve.at(np.array([place]))[0])[0])

        gap = cuts(self.curve.at(s)[0])
        size, found = np.abs(gap), []
        for i in map(int, np.flatnonzero(size < 2 * self.curve.measure / LOOKS)):
            left, right = max(i - 1, 0), min(i + 1, len(s) - 1)
            if size[i] > min(size[left], size[right]) or np.ptp(np.sign(gap[left : right + 1])):
                continue
            ends = (s[left] if left < i else 0.0, s[right] if right > i else 1.0)
            lowest = optimize.minimize_scalar(depth, bounds=ends, args=(np.sign(gap[i]),), method="bounded")
            if lowest.fun < 0:
                found.append(float(lowest.x))
        return found

    def _end(
        self,
        stays: Callable[[np.ndarray], Bool[np.ndarray, " n"]],
        cuts: Callable[[np.ndarray], Float[np.ndarray, " n"]],
        low: float,
        high: float,
        before: bool,
    ) -> float:
        """Where the curve is cut: by bisection, then where `cuts` vanishes nearby."""
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if bool(stays(np.array([middle]))[0]) == before else (low, middle)

        def crossing(s: float) -> float:
            return float(cuts(self.curve.at(np.array([s]))[0])[0])

        width = 1e-5
        left, right = max(0.0, low - width), min(1.0, high + width)
        if crossing(left) * crossing(right) < 0:
            return float(optimize.brentq(crossing, left, right, xtol=1e-15))
        return (low + high) / 2

    @property
    def single(self) -> bool:  # type: ignore[override]
        """That of the whole curve."""
        return self.curve.single

    @cached_property
    def _starts(self) -> Float[np.ndarray, " k"]:
        """Lengths up to each of the parts, and up to the end of the last one."""
        return np.concatenate([[0.0], (self.intervals[:, 1] - self.intervals[:, 0]).cumsum()])

    @property
    def measure(self) -> float:
        """Length of what is left."""
        return float(self._starts[-1]) * self.curve.measure

    @property
    def breaks(self) -> Float[np.ndarray, " k"]:
        """Ends of the parts that are left, and what breaks the whole curve inside of them."""
        whole = self.curve.breaks  # once: of a shape that was cut n times it asks n curves in turn
        inner = [
            start + whole[(low < whole) & (whole < high)] - low
            for start, (low, high) in zip(self._starts, self.intervals, strict=False)
        ]
        return np.unique(np.concatenate([self._starts, *inner])) / self._starts[-1]

    def at(self, s: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
        """Points and outward normals."""
        starts = self._starts
        along = np.clip(s, 0.0, 1.0) * starts[-1]
        which = np.clip(np.searchsorted(starts, along, side="right") - 1, 0, len(self.intervals) - 1)
        points, normals = self.curve.at(self.intervals[which, 0] + along - starts[which])
        return points, -normals if self.flip else normals

    def nearest(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Parameter of the nearest point: the foot on the whole curve if that stays, else the nearest of what is left."""
        foot = self.curve.nearest(x)
        low, high = self.intervals.T
        first, last = low + 10 * WITHIN, high - 10 * WITHIN  # ends are looked at by themselves
        inside = (foot[:, None] > first) & (foot[:, None] < last)
        which, stays = inside.argmax(axis=1), inside.any(axis=1)
        found = (self._starts[which] + foot - low[which]) / self._starts[-1]
        found[~stays] = self._left(x[~stays])
        return found

    def _left(self, x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        """Parameter of the nearest point, for points whose foot on the whole curve is cut away.

        It is an end of a part; on a curve that comes near twice the best of many points of the parts, then by thirds.
        """
        count = 2 if self.single else GUESSES
        parts = [np.linspace(a + WITHIN, b - WITHIN, count) / self._starts[-1] for a, b in pairwise(self._starts)]
        looks = np.concatenate(parts)
        best = spatial.distance.cdist(x, self.at(looks)[0]).argmin(axis=1)
        if self.single:
            return looks[best]
        low, high = (
            np.concatenate([p[np.clip(np.arange(count) + i, 0, count - 1)] for p in parts])[best] for i in (-1, 1)
        )
        for _ in range(THIRDS):
            left, right = low + (high - low) / 3, high - (high - low) / 3
            closer = np.linalg.norm(x - self.at(left)[0], axis=1) < np.linalg.norm(x - self.at(right)[0], axis=1)
            low, high = np.where(closer, low, left), np.where(closer, right, high)
        return (low + high) / 2


def _both(first: sp.Expr | None, second: sp.Expr | None) -> sp.Expr | None:
    given = [t for t in (first, second) if t is not None]
    return conjunction(*given) if given else None


def arc_rule(
    curve: Curve, panels: int = PANELS
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
    """Points, outward normals and weights of Gauss's rule on so many panels of every smooth part of a curve."""
    nodes, weights = np.polynomial.legendre.leggauss(PANEL)
    ends = np.concatenate([np.linspace(a, b, panels, endpoint=False) for a, b in pairwise(curve.breaks)] + [[1.0]])
    lengths = np.diff(ends)[:, None]
    points, normals = curve.at((ends[:-1, None] + lengths * (nodes + 1) / 2).ravel())
    return points, normals, (lengths * weights / 2).ravel() * curve.measure


def area_within(pieces: Sequence[Piece]) -> float:
    """Area that closed curves enclose, by Gauss's theorem."""
    total = 0.0
    for piece in pieces:
        assert isinstance(piece, Curve)
        points, normals, weights = arc_rule(piece)
        total += float(weights @ (points * normals).sum(axis=1)) / 2
    return total
