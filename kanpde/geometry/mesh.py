"""Bodies that closed surfaces of triangles enclose: drawings of parts, scans, whatever has no formula."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .depth import depth_of
from .region import Piece, Region, symbols_of
from .triangles import Triangles, imported_trimesh

FLAT = 1e-9
"""Volume of a body, in sizes cubed, at least."""
ASIDE = 1e-6
"""How far beside a triangle it is seen which side is inside, in sizes of the surface."""
MIXED = 0.01
"""Part of a surface whose inside may seem to lie at the wrong side, at most: slivers at sharp edges."""
PLACES = 1e-4
"""Steps in which centres of faces are compared to put them in order, in sizes of the body."""
DIGITS = 9
"""Corners that agree in so many digits of the size are one."""


class MeshRegion(Region):
    """What a closed surface of triangles encloses.

    Args:
        names: of the three coordinates.
        surface: closed, its triangles counterclockwise seen from outside.
        angle: by which the normals of two triangles differ, in radians, where a face ends.
        label: of the whole boundary.
    """

    def __init__(self, names: Sequence[str], surface: Triangles, angle: float, label: str = "outer"):
        self.names, self.surface = tuple(names), surface
        lower, upper = surface.corners.min(axis=(0, 1)), surface.corners.max(axis=(0, 1))
        self.bounds = {n: (float(a), float(b)) for n, a, b in zip(names, lower, upper, strict=True)}
        patches = _patches(surface, angle)
        self.pieces = tuple(Patch([f"face {i}", label], p) for i, p in enumerate(patches, 1))
        self.factors = (depth_of(surface)(*symbols_of(names)),)

    @cached_property
    def volume(self) -> float:
        """By the theorem of Gauss."""
        return _signed_volume(self.surface)

    def gap(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Signed distance from the surface, negative inside."""
        return np.where(self.surface.encloses(x), -1.0, 1.0) * self.surface.distance(x)

    def distance(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Signed distance from the surface, negative inside."""
        return self.gap(x)

    def contains(self, x: Float[np.ndarray, "n 3"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        """Whether points lie inside, or outside by no more than `slack`; below 0 it is how far inside they must be."""
        inside = self.surface.encloses(x)
        if not slack:
            return inside
        near = self.surface.distance(x, most=2 * abs(slack)) <= abs(slack)
        return inside | near if slack > 0 else inside & ~near

    def __repr__(self) -> str:
        return f"mesh of {len(self.surface.faces)} triangles ({self.surface.fingerprint[:16]})"


class Patch(Piece):
    """Triangles between which the surface has no sharp edge; it has no formula."""

    def __init__(self, labels: Sequence[str], triangles: Triangles):
        super().__init__(labels, None)
        self.triangles = triangles

    @property
    def measure(self) -> float:
        """Its area."""
        return self.triangles.area

    def place(self, unit: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        """Points and outward normals."""
        return self.triangles.place(unit)

    def distance(self, x: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Distance of points from the patch."""
        return self.triangles.distance(x)


def closed_surface(source: Any, what: str) -> Triangles:
    """The surface of a mesh, as it is needed to enclose a body.

    Corners at the same place are joined; triangles that are given twice or have two corners at one place are dropped. Every
    connected part is turned so that its normals point out of the body, walls of cavities into the cavity.

    Args:
        source: a mesh of trimesh.
        what: it is called in errors.

    Raises:
        ValueError: for a surface that is not closed, encloses no volume or crosses itself.
    """
    trimesh = imported_trimesh("Mesh")
    mesh = trimesh.Trimesh(source.vertices, source.faces, process=False)
    size = float(np.ptp(mesh.vertices, axis=0).max()) if len(mesh.faces) else 0.0
    if not (len(mesh.faces) and np.isfinite(mesh.vertices).all() and size > 0):
        raise ValueError(f"`{what}` must have triangles with finite corners, got {len(mesh.faces)} triangles.")
    mesh.merge_vertices(merge_tex=True, merge_norm=True, digits_vertex=DIGITS - int(np.floor(np.log10(size))))
    own = np.sort(mesh.faces, axis=1)
    mesh.update_faces((own[:, 1:] != own[:, :-1]).all(axis=1) & mesh.unique_faces())
    _, shared = np.unique(mesh.edges_sorted, axis=0, return_counts=True)
    if not mesh.is_watertight:
        raise ValueError(
            f"`{what}` must be closed, got {int((shared != 2).sum())} of {len(shared)} edges that do not join two triangles: "
            "fill its holes where it was drawn, or with trimesh.repair."
        )
    if not mesh.is_winding_consistent:
        trimesh.repair.fix_winding(mesh)
    surface = Triangles(mesh.vertices, mesh.faces)
    turned = _inverted(surface, np.asarray(mesh.face_adjacency), size, what)
    surface = Triangles(surface.vertices, np.where(turned[:, None], surface.faces[:, ::-1], surface.faces))
    if _signed_volume(surface) <= FLAT * size**3:
        raise ValueError(f"`{what}` must enclose a volume, got {_signed_volume(surface):g} for a size of {size:g}.")
    return surface


def read_surface(path: str | Path) -> Triangles:
    """The closed surface in a file; see `closed_surface`.

    Raises:
        ImportError: without trimesh.
        ValueError: for a file that does not exist, cannot be read or holds no closed surface.
    """
    path, trimesh = Path(path), imported_trimesh("read_mesh")
    if not path.is_file():
        raise ValueError(f"`{path}` is no file: give the path of a mesh.")
    kinds = sorted(trimesh.available_formats())
    if path.suffix.lower().lstrip(".") not in kinds:
        raise ValueError(f"`path` must end in .stl, .ply, .off, .obj or another of {', '.join(kinds)}, got '{path}'.")
    try:
        mesh = trimesh.load_mesh(path, process=False)
    except Exception as error:  # what readers of damaged files raise is not foreseen
        about = str(error).partition("\n")[0].rstrip(".")
        raise ValueError(f"`{path}` cannot be read as a mesh ({type(error).__name__}: {about}).") from None
    return closed_surface(mesh, str(path))


def _signed_volume(surface: Triangles) -> float:
    corners = surface.corners - surface.corners.mean(axis=(0, 1))
    return float(np.linalg.det(corners).sum() / 6)


def _inverted(surface: Triangles, neighbours: Int[np.ndarray, "k 2"], size: float, what: str) -> Bool[np.ndarray, " m"]:
    """Which triangles belong to a connected part whose normals point inside."""
    part = _components(neighbours, len(surface.faces))
    middles, step = surface.corners.mean(axis=1), ASIDE * size * surface.normals
    ahead, behind = surface.encloses(middles + step), surface.encloses(middles - step)
    area = np.bincount(part, surface.areas)
    right, wrong = (np.bincount(part, surface.areas * v) / area for v in (behind & ~ahead, ahead & ~behind))
    if (np.maximum(right, wrong) < 1 - MIXED).any():
        raise ValueError(
            f"`{what}` must not cross itself, got triangles inside of the body: unite overlapping parts where it was drawn."
        )
    return (wrong > right)[part]


def _patches(surface: Triangles, angle: float) -> list[Triangles]:
    """The triangles between sharp edges, in the order of the centres of the patches: by the first coordinate, then the next."""
    mesh = imported_trimesh("Mesh").Trimesh(surface.vertices, surface.faces, process=False)
    label = _components(mesh.face_adjacency[mesh.face_adjacency_angles <= angle], len(surface.faces))
    found = [Triangles(surface.vertices, surface.faces[label == i]) for i in range(label.max() + 1)]
    lower, size = surface.vertices.min(axis=0), float(np.ptp(surface.vertices, axis=0).max())

    def place(patch: Triangles) -> list[float]:
        return [*np.round((patch.centre - lower) / (PLACES * size)), *patch.centre]

    return sorted((p for p in found if p.area > 0), key=place)


def _components(pairs: Int[np.ndarray, "k 2"], count: int) -> Int[np.ndarray, " count"]:
    """Which connected part each of so many triangles belongs to."""
    return np.asarray(imported_trimesh("Mesh").graph.connected_component_labels(pairs, node_count=count))


__all__ = ["MeshRegion", "Patch", "closed_surface", "read_surface"]
