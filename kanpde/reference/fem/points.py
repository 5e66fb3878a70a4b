"""Values of finite element functions at points, also at those that the curved mesh misses by rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ...geometry import Domain

INWARD = (1e-12, 1e-10, 1e-8, 1e-6, 1e-5)
"""How far points outside of the mesh are moved inside, in sizes of the domain, until they are found."""


class Places:
    """Where points lie in a mesh.

    Args:
        mesh: of NGSolve.
        domain: that it covers, without time.
        points: in the domain.
    """

    def __init__(self, mesh: Any, domain: Domain, points: Float[np.ndarray, "n d"]):
        points = points.copy()
        self.size = len(points)
        found = self._found(mesh, points)
        size = max(hi - lo for lo, hi in domain.bounds.values())
        for distance in INWARD:
            lost = np.flatnonzero(found["nr"] < 0)
            if not len(lost):
                break
            moved = points[lost] + distance * size * _inward(domain, points[lost], size)
            found[lost] = self._found(mesh, moved)
        self.kept = found["nr"] >= 0
        self.there = found[self.kept]

    def _found(self, mesh: Any, points: Float[np.ndarray, "n d"]) -> np.ndarray:
        return np.atleast_1d(mesh(*[np.ascontiguousarray(c) for c in points.T])).copy()

    def values(self, function: Any) -> Float[np.ndarray, " n"]:
        """The function at the points; NaN where the mesh has none."""
        out = np.full(self.size, np.nan)
        if len(self.there):
            out[self.kept] = np.asarray(function(self.there)).reshape(len(self.there))
        return out


def _inward(domain: Domain, points: Float[np.ndarray, "n d"], size: float) -> Float[np.ndarray, "n d"]:
    """Directions in which the distance from the boundary grows."""
    h, out = 1e-6 * size, np.zeros_like(points)
    for i, _ in enumerate(domain.names):
        for sign in (1.0, -1.0):
            moved = points.copy()
            moved[:, i] += sign * h
            out[:, i] -= sign * domain.distance(**dict(zip(domain.names, moved.T, strict=True)))
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return out / np.where(length > 0, length, 1.0)
