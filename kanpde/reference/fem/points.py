"""Values of finite element functions at points, also at those that the curved mesh misses by rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ...geometry import Domain

INWARD = 1e-12 * 4.0 ** np.arange(15)
"""How far points outside of the mesh are moved inside, in sizes of the domain, until they are found."""


class Places:
    """Where points lie in a mesh; values at those beside it are extrapolated from two points inside, linearly.

    Args:
        mesh: of NGSolve.
        domain: that it covers, without time.
        points: in the domain.
    """

    def __init__(self, mesh: Any, domain: Domain, points: Float[np.ndarray, "n d"]):
        size = max(hi - lo for lo, hi in domain.bounds.values())
        near = _found(mesh, points)
        far = near.copy()
        for distance in INWARD * size:
            lost = np.flatnonzero((near["nr"] < 0) | (far["nr"] < 0))
            if not len(lost):
                break
            step = distance * _inward(domain, points[lost], size)
            near[lost], far[lost] = _found(mesh, points[lost] + step), _found(mesh, points[lost] + 2 * step)
        self.size = len(points)
        self.kept = (near["nr"] >= 0) & (far["nr"] >= 0)
        self.near, self.far = near[self.kept], far[self.kept]

    def values(self, function: Any) -> Float[np.ndarray, " n"]:
        """The function at the points; NaN where the mesh has none."""
        out = np.full(self.size, np.nan)
        if self.kept.any():
            near, far = (np.asarray(function(there)).reshape(len(there)) for there in (self.near, self.far))
            out[self.kept] = np.where(self.near == self.far, near, 2 * near - far)
        return out


def _found(mesh: Any, points: Float[np.ndarray, "n d"]) -> np.ndarray:
    """Elements and coordinates in them, for NGSolve; the number of the element is negative where there is none."""
    return np.atleast_1d(mesh(*[np.ascontiguousarray(c) for c in points.T])).copy()


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
