"""Triangles in space: even points on them, the distance from them, and which points closed ones enclose."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

PAIRS = 2**21
"""Of points and triangles that are looked at together, at most."""
DEEP = 1e-2
"""Depth, in sizes of the surface, from which on depths are not told apart."""
ASKEW = Rotation.from_rotvec([0.61, 0.37, -0.83]).as_matrix()
"""A turn after which no edge of a drawing is upright."""


class Triangles:
    """Some triangles of a surface.

    Args:
        vertices: corners of triangles.
        faces: three indices of vertices for each, counterclockwise seen from outside.
    """

    def __init__(self, vertices: Float[np.ndarray, "n 3"], faces: Int[np.ndarray, "m 3"]):
        self.vertices, self.faces = np.asarray(vertices, float), np.asarray(faces, int)
        self.corners = self.vertices[self.faces]
        a, b, c = self.corners.transpose(1, 0, 2)
        across = np.cross(b - a, c - a)
        doubled = np.linalg.norm(across, axis=1)
        self.areas = doubled / 2
        self.normals = across / np.where(doubled > 0, doubled, 1.0)[:, None]

    @property
    def area(self) -> float:
        """Of all together."""
        return float(self.areas.sum())

    @property
    def centre(self) -> Float[np.ndarray, " 3"]:
        """Centre of gravity."""
        return self.areas @ self.corners.mean(axis=1) / self.area

    def place(self, unit: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        """Points and normals: the first number picks a triangle by area, what is left of it and the second a point of it.

        Source:
            Turk (1990), "Generating random points in triangles", Graphics Gems, 24.
        """
        ends = self.areas.cumsum()
        along = unit[:, 0] * ends[-1]
        which = np.minimum(np.searchsorted(ends, along, side="right"), np.flatnonzero(self.areas)[-1])
        rest = (along - ends[which]) / self.areas[which] + 1
        root = np.sqrt(np.clip(rest, 0.0, 1.0))
        weights = np.stack([1 - root, root * (1 - unit[:, 1]), root * unit[:, 1]], axis=1)
        return np.einsum("nk,nkd->nd", weights, self.corners[which]), self.normals[which]

    def distance(self, x: Float[np.ndarray, "n 3"], most: float = np.inf) -> Float[np.ndarray, " n"]:
        """Distance of points from the nearest triangle, or `most` where it is larger.

        The distance from the nearest corner bounds where the nearest triangle can be.
        """
        nearest = imported_trimesh("Mesh").triangles.closest_point
        found = np.empty(len(x))
        for part in self._shares(len(x)):
            points = self._scaled(x[part])
            reach = np.minimum(self._corner_tree.query(points)[0] * (1 + 1e-9) + 1e-12, most / self._unit)
            rows, which = self._meeting(self._tree, points - reach[:, None], points + reach[:, None])
            apart = np.linalg.norm(self._centres[which] - points[rows], axis=1)
            near = apart - self._radii[which] <= reach[rows]
            rows, which = rows[near], which[near]
            feet = nearest(self._drawn[which], points[rows])
            best = reach.copy()
            np.minimum.at(best, rows, np.linalg.norm(feet - points[rows], axis=1))
            found[part] = best * self._unit
        return found

    def encloses(self, x: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
        """Whether an odd number of triangles lies above points, which are inside if the triangles close a surface.

        A point below an edge is below exactly one of the two triangles that share it, because both see the same numbers.

        Source:
            Haines (1994), "Point in polygon strategies", Graphics Gems IV, 24 (the rule at edges).
        """
        found = np.zeros(len(x), bool)
        for part in self._shares(len(x)):
            points = self._scaled(x[part]) @ ASKEW.T
            above = points.copy()
            above[:, 2] = np.maximum(points[:, 2], self._turned[..., 2].max())
            rows, which = self._meeting(self._turned_tree, points, above)
            p, corners = points[rows], self._turned[which]
            below = np.einsum("nd,nd->n", p - corners[:, 0], self._upward[which]) < 0
            covered = np.zeros(len(rows), bool)
            for i, j in ((0, 1), (1, 2), (0, 2)):
                (px, py), (qx, qy) = corners[:, i, :2].T, corners[:, j, :2].T
                spans = (px > p[:, 0]) != (qx > p[:, 0])
                with np.errstate(divide="ignore", invalid="ignore"):
                    height = py + (p[:, 0] - px) * (qy - py) / (qx - px)
                covered ^= spans & (height > p[:, 1])
            found[part] = np.bincount(rows[covered & below], minlength=len(points)) % 2 == 1
        return found

    def depth(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Distance from a closed surface, negative outside; beyond a hundredth of its size, where it takes long, that."""
        most = DEEP * float(np.ptp(self.vertices, axis=0).max())
        return np.where(self.encloses(x), 1.0, -1.0) * self.distance(x, most)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Vertices and faces."""
        return {"vertices": self.vertices, "faces": self.faces}

    @property
    def fingerprint(self) -> str:
        """Digest of all numbers."""
        return hashlib.sha256(self.vertices.tobytes() + self.faces.tobytes()).hexdigest()

    # ---------------------------------------------------------------- looking triangles up, in units of their own size

    @cached_property
    def _unit(self) -> float:
        """About the length of an edge: lengths are compared with fixed ones in what we build on."""
        return float(np.sqrt(self.areas.mean()))

    @cached_property
    def _origin(self) -> Float[np.ndarray, " 3"]:
        return self.corners.reshape(-1, 3).mean(axis=0)

    def _scaled(self, x: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        return (x - self._origin) / self._unit

    @cached_property
    def _drawn(self) -> Float[np.ndarray, "m 3 3"]:
        return self._scaled(self.corners)

    @cached_property
    def _centres(self) -> Float[np.ndarray, "m 3"]:
        return self._drawn.mean(axis=1)

    @cached_property
    def _radii(self) -> Float[np.ndarray, " m"]:
        return np.linalg.norm(self._drawn - self._centres[:, None], axis=2).max(axis=1)

    @cached_property
    def _corner_tree(self) -> KDTree:
        return KDTree(self._scaled(self.vertices[np.unique(self.faces)]))

    @cached_property
    def _tree(self) -> Any:
        return imported_trimesh("Mesh").triangles.bounds_tree(self._drawn)

    @cached_property
    def _turned(self) -> Float[np.ndarray, "m 3 3"]:
        """Corners in the order of their indices, so that both triangles at an edge see it alike."""
        return (self._scaled(self.vertices) @ ASKEW.T)[np.sort(self.faces, axis=1)]

    @cached_property
    def _turned_tree(self) -> Any:
        return imported_trimesh("Mesh").triangles.bounds_tree(self._turned)

    @cached_property
    def _upward(self) -> Float[np.ndarray, "m 3"]:
        a, b, c = self._turned.transpose(1, 0, 2)
        across = np.cross(b - a, c - a)
        return across * np.sign(across[:, 2:])

    def _shares(self, n: int) -> Iterator[slice]:
        """Runs of so many points that each may be looked at with every triangle."""
        step = max(1, PAIRS // len(self.faces))
        return (slice(start, start + step) for start in range(0, n, step))

    @staticmethod
    def _meeting(
        tree: Any, lower: Float[np.ndarray, "n 3"], upper: Float[np.ndarray, "n 3"]
    ) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " k"]]:
        """Pairs of a box and a triangle whose own box it meets."""
        which, counts = tree.intersection_v(lower, upper)
        return np.repeat(np.arange(len(lower)), counts.astype(int)), which.astype(int)


def imported_trimesh(what: str) -> ModuleType:
    """The package that reads and repairs triangulated surfaces.

    Raises:
        ImportError: if it, or what it looks triangles up with, is not installed.
    """
    try:
        import rtree  # noqa: F401
        import trimesh
    except ImportError as error:
        raise ImportError(f"`{what}` needs {error.name}, which is not installed: pip install kanpde[mesh].") from None
    return trimesh
