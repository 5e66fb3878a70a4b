"""Bodies in three dimensions and more: balls and boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Float

from .region import Piece, Region, symbols_of


class Sphere(Piece):
    """A whole sphere."""

    def __init__(self, labels: Sequence[str], names: Sequence[str], centre: np.ndarray, radius: float):
        self.centre, self.radius = centre, radius
        offsets = [s - c for s, c in zip(symbols_of(names), centre, strict=True)]
        super().__init__(labels, (sp.Float(radius**2) - sp.Add(*[o**2 for o in offsets])) / (2 * radius))

    @property
    def measure(self) -> float:
        """Its area."""
        return 4 * np.pi * self.radius**2

    def place(self, unit: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        """Points and outward normals; height and longitude are even, as Archimedes found."""
        height, angle = 2 * unit[:, 0] - 1, 2 * np.pi * unit[:, 1]
        across = np.sqrt(np.clip(1 - height**2, 0, None))
        normals = np.stack([across * np.cos(angle), across * np.sin(angle), height], axis=1)
        return self.centre + self.radius * normals, normals

    def distance(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Distance of points from the sphere."""
        return np.abs(np.linalg.norm(x - self.centre, axis=1) - self.radius)


class BallRegion(Region):
    """What a sphere encloses.

    Args:
        names: of the three coordinates.
        centre: its coordinates.
        radius: above 0.
        label: of its boundary.
    """

    def __init__(self, names: Sequence[str], centre: Sequence[float], radius: float, label: str = "outer"):
        self.names, self.centre, self.radius = tuple(names), np.asarray(centre, float), radius
        self.bounds = {n: (c - radius, c + radius) for n, c in zip(names, centre, strict=True)}
        sphere = Sphere([label], names, self.centre, radius)
        self.pieces, self.factors = (sphere,), (sphere.level,)

    @property
    def volume(self) -> float:
        """Its volume."""
        return 4 / 3 * np.pi * self.radius**3

    def gap(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Signed distance from the sphere, negative inside."""
        return np.linalg.norm(x - self.centre, axis=1) - self.radius

    def __repr__(self) -> str:
        return f"ball({', '.join(repr(float(c)) for c in self.centre)}; {self.radius!r})"


class FlatSide(Piece):
    """A side of a box."""

    def __init__(
        self, labels: Sequence[str], names: Sequence[str], box: Mapping[str, tuple[Any, Any]], axis: str, up: bool
    ):
        self.axis, self.up = list(names).index(axis), up
        self.lower, self.upper = np.array([[float(v) for v in box[n]] for n in names]).T
        symbol, value = symbols_of([axis])[0], box[axis][up]
        super().__init__(labels, (value - symbol) if up else (symbol - value))
        self.trim = None  # beyond its edges the plane leaves the box, which its other factors say

    @property
    def measure(self) -> float:
        """Its area."""
        return float(np.prod(np.delete(self.upper - self.lower, self.axis)))

    def place(self, unit: Float[np.ndarray, "n d-1"]) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d"]]:
        """Points and outward normals."""
        value = self.upper[self.axis] if self.up else self.lower[self.axis]
        lower, upper = np.delete(self.lower, self.axis), np.delete(self.upper, self.axis)
        x = np.insert(lower + (upper - lower) * unit, self.axis, value, axis=1)
        normals = np.zeros_like(x)
        normals[:, self.axis] = 1.0 if self.up else -1.0
        return x, normals

    def distance(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Distance of points from the side."""
        nearest = np.clip(x, self.lower, self.upper)
        nearest[:, self.axis] = self.upper[self.axis] if self.up else self.lower[self.axis]
        return np.linalg.norm(x - nearest, axis=1)


class BoxRegion(Region):
    """A box in any dimension.

    Args:
        bounds: coordinate name to (lower, upper).
        labels: of the lower and the upper side of each coordinate.
    """

    def __init__(self, bounds: Mapping[str, tuple[Any, Any]], labels: Mapping[tuple[str, bool], Sequence[str]]):
        self.names, self.bounds = tuple(bounds), dict(bounds)
        self.lower, self.upper = self.box
        sides = [(axis, up) for axis in self.names for up in (False, True)]
        self.pieces = tuple(FlatSide(labels[side], self.names, bounds, *side) for side in sides)
        self.factors = tuple(p.level for p in self.pieces)

    @property
    def volume(self) -> float:
        """Product of its edges."""
        return float(np.prod(self.upper - self.lower))

    def gap(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Signed distance inside, a bound on it outside."""
        return np.maximum(self.lower - x, x - self.upper).max(axis=1)

    def __repr__(self) -> str:
        return " x ".join(f"{n} in [{lo}, {hi}]" for n, (lo, hi) in self.bounds.items())
