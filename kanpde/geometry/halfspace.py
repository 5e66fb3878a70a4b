"""Half planes and half spaces: everything on one side of a line or plane, to be cut from other shapes or cut to them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Float

from .curves import Segment
from .region import Piece, Region, symbols_of


class HalfSpaceRegion(Region):
    """All points on one side of a line in the plane, or of a plane in space.

    Args:
        names: of the two or three coordinates.
        normal: points out of the half space; its length does not matter.
        point: on the line or plane.
        label: of the line or plane.
    """

    def __init__(
        self,
        names: Sequence[str],
        normal: Sequence[float] | np.ndarray,
        point: Sequence[float] | np.ndarray,
        label: str = "cut",
    ):
        self.names, self.point = tuple(names), np.asarray(point, float)
        self.normal = np.asarray(normal, float) / np.linalg.norm(normal)
        self.bounds = self._box()
        self.label = label
        offsets = [s - c for s, c in zip(symbols_of(names), self.point, strict=True)]
        self.factors = (-sp.Add(*[n * o for n, o in zip(self.normal, offsets, strict=True) if n]),)
        self.pieces = ()

    def _box(self) -> dict[str, tuple[Any, Any]]:
        """Without end, but where a coordinate alone says where it ends."""
        bounds = dict.fromkeys(self.names, (-np.inf, np.inf))
        along = np.flatnonzero(self.normal)
        if len(along) == 1:
            end = float(self.point[along[0]])
            bounds[self.names[along[0]]] = (-np.inf, end) if self.normal[along[0]] > 0 else (end, np.inf)
        return bounds

    @property
    def volume(self) -> float:
        """None.

        Raises:
            ValueError: it has no end.
        """
        raise ValueError("`HalfSpace` has no end, and no volume: cut it, as in `square & half`.")

    @property
    def rest(self) -> HalfSpaceRegion:
        """What lies on the other side."""
        return HalfSpaceRegion(self.names, -self.normal, self.point, self.label)

    def face(self, lower: Float[np.ndarray, " d"], upper: Float[np.ndarray, " d"]) -> Piece:
        """The part of the line or plane that can meet a box."""
        centre, reach = (lower + upper) / 2, float(np.linalg.norm(upper - lower))
        foot = centre - ((centre - self.point) @ self.normal) * self.normal
        if len(self.names) == 2:
            along = np.array([-self.normal[1], self.normal[0]])
            return Segment([self.label], self.names, foot - reach * along, foot + reach * along)
        first = np.cross(self.normal, np.eye(3)[np.abs(self.normal).argmin()])
        frame = np.stack([first / np.linalg.norm(first), np.cross(self.normal, first) / np.linalg.norm(first)])
        shadow = (np.array([*product(*zip(lower, upper, strict=True))]) - foot) @ frame.T
        edges = np.ptp(shadow, axis=0)[:, None] * frame
        return Plate([self.label], self.names, foot + shadow.min(axis=0) @ frame, edges, self.normal)

    def gap(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Signed distance from the line or plane."""
        return (x - self.point) @ self.normal

    def distance(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Signed distance from the line or plane, negative inside."""
        return self.gap(x)

    def __repr__(self) -> str:
        kind = "half plane" if len(self.names) == 2 else "half space"
        normal, point = (", ".join(repr(float(v)) for v in values) for values in (self.normal, self.point))
        return f"{kind}({normal} at {point})"


class Plate(Piece):
    """A flat rectangle in space.

    Args:
        labels: what it is called.
        names: of the three coordinates.
        corner: one of its corners.
        edges: from there to the two next to it, orthogonal.
        normal: of length 1, orthogonal to both.
    """

    def __init__(
        self,
        labels: Sequence[str],
        names: Sequence[str],
        corner: Float[np.ndarray, " 3"],
        edges: Float[np.ndarray, "2 3"],
        normal: Float[np.ndarray, " 3"],
    ):
        self.corner, self.edges, self.normal = corner, edges, normal
        offsets = [c - s for s, c in zip(symbols_of(names), corner, strict=True)]
        super().__init__(labels, sp.Add(*[n * o for n, o in zip(normal, offsets, strict=True) if n]))

    @property
    def measure(self) -> float:
        """Its area."""
        return float(np.prod(np.linalg.norm(self.edges, axis=1)))

    def place(self, unit: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        """Points and outward normals."""
        x = self.corner + unit @ self.edges
        return x, np.broadcast_to(self.normal, x.shape)

    def distance(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Distance of points from the rectangle."""
        unit = (x - self.corner) @ self.edges.T / (self.edges**2).sum(axis=1)
        return np.linalg.norm(x - self.place(np.clip(unit, 0.0, 1.0))[0], axis=1)
