"""Domains with named coordinates and boundary parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .depth import Depth, Measured, depth_of
from .domain import Domain, Face, Part, Where, tensor_points
from .halfspace import HalfSpaceRegion
from .mesh import MeshRegion, closed_surface, read_surface
from .planar import EllipseRegion, PolygonRegion
from .points import PointSet, Sampler, stack
from .quadrature import Quadrature, joined
from .region import Piece, Region, conjunction, disjunction, trimmed
from .solid import BallRegion
from .triangles import Triangles, imported_trimesh

__all__ = [
    "Annulus",
    "Ball",
    "Box",
    "Depth",
    "Disk",
    "Domain",
    "Ellipse",
    "Face",
    "HalfSpace",
    "Interval",
    "Mesh",
    "Part",
    "Piece",
    "PointSet",
    "Polygon",
    "Quadrature",
    "Rectangle",
    "Region",
    "Sampler",
    "Time",
    "Triangle",
    "Triangles",
    "Where",
    "conjunction",
    "depth_of",
    "disjunction",
    "joined",
    "read_mesh",
    "recorded_shape",
    "stack",
    "tensor_points",
    "trimmed",
]


def Box(**bounds: tuple[Any, Any]) -> Domain:  # noqa: N802  (reads as the class that users know)
    """A box in any dimension: `Box(x=(0, 1), y=(0, 1), z=(0, 2))`."""
    return Domain(bounds)


def Interval(**bounds: tuple[Any, Any]) -> Domain:  # noqa: N802
    """An interval: `Interval(x=(-1, 1))`.

    Raises:
        ValueError: for any other number of coordinates than one.
    """
    return _of_dimension("Interval", 1, bounds)


def Rectangle(**bounds: tuple[Any, Any]) -> Domain:  # noqa: N802
    """A rectangle: `Rectangle(x=(0, 2), y=(-1, 1))`.

    Raises:
        ValueError: for any other number of coordinates than two.
    """
    return _of_dimension("Rectangle", 2, bounds)


def Time(**bounds: tuple[Any, Any]) -> Domain:  # noqa: N802
    """Make an interval of time, which a domain in space is multiplied by.

    Raises:
        ValueError: for any other number of coordinates than one.
    """
    return Domain(_of_dimension("Time", 1, bounds).exact_bounds, time=next(iter(bounds)))


def _of_dimension(name: str, dimension: int, bounds: dict[str, tuple[Any, Any]]) -> Domain:
    if len(bounds) != dimension:
        got = ", ".join(bounds) or "none"
        raise ValueError(f"`{name}` takes {dimension} named coordinate(s), got {got}: use Box for another number.")
    return Domain(bounds)


def Disk(*, radius: float, name: str = "outer", **centre: float) -> Domain:  # noqa: N802
    """A disk: `Disk(x=0.5, y=0.5, radius=0.2)`; `name` is that of its boundary.

    Raises:
        ValueError: for a radius that is not positive, or another number of coordinates than two.
    """
    radius = _positive("radius", radius)
    return Ellipse(radii=(radius, radius), name=name, **centre)


def Ellipse(*, radii: tuple[float, float], name: str = "outer", **centre: float) -> Domain:  # noqa: N802
    """An ellipse with its axes along the coordinates: `Ellipse(x=0, y=0, radii=(2, 1))`; `rotated` turns it.

    Raises:
        ValueError: for radii that are not positive, or another number of coordinates than two.
    """
    names, point = _centre("Ellipse", 2, centre)
    first, second = (_positive("radii", r) for r in radii)
    return Domain.of(EllipseRegion(names, point, (first, second), name))


def Annulus(*, inner: float, outer: float, **centre: float) -> Domain:  # noqa: N802
    """What lies between two circles: `Annulus(x=0, y=0, inner=1, outer=2)`, with the parts `outer` and `inner`.

    Raises:
        ValueError: for radii that are not positive or do not ascend.
    """
    if not 0 < inner < outer:
        raise ValueError(f"`inner` must be above 0 and below `outer`, got {inner} and {outer}.")
    names, point = _centre("Annulus", 2, centre)
    whole, hole = (EllipseRegion(names, point, (r, r), label) for r, label in ((outer, "outer"), (inner, "inner")))
    return Domain.of(whole) - Domain.of(hole)


def Polygon(  # noqa: N802
    vertices: Any, *, holes: Sequence[Any] = (), coordinates: Sequence[str] = ("x", "y"), name: str = "outer"
) -> Domain:
    """A polygon, also an imported outline: `Polygon([(0, 0), (2, 0), (0, 1)])`, with the parts `edge 1`, `edge 2`, ...

    Args:
        vertices: shape (n, 2), in order round the polygon, either way; or a polygon of shapely with its holes.
        holes: vertices of polygons that are cut out, `hole 1`, `hole 2`, ...
        coordinates: their names.
        name: of the whole outer boundary.

    Raises:
        ValueError: for fewer than three vertices, or edges that cross.
    """
    if hasattr(vertices, "exterior"):
        holes = [*holes, *(np.asarray(ring.coords) for ring in vertices.interiors)]
        vertices = np.asarray(vertices.exterior.coords)
    found = Domain.of(PolygonRegion(coordinates, _vertices(vertices), labels=(name,)))
    for hole in holes:
        found -= Domain.of(PolygonRegion(coordinates, _vertices(hole)))
    return found


def Triangle(first: Any, second: Any, third: Any, *, coordinates: Sequence[str] = ("x", "y")) -> Domain:  # noqa: N802
    """A triangle by its corners: `Triangle((0, 0), (1, 0), (0, 1))`."""
    return Polygon([first, second, third], coordinates=coordinates)


def Ball(*, radius: float, name: str = "outer", **centre: float) -> Domain:  # noqa: N802
    """A ball: `Ball(x=0, y=0, z=0, radius=1)`; `name` is that of its boundary.

    Raises:
        ValueError: for a radius that is not positive, or another number of coordinates than three.
    """
    names, point = _centre("Ball", 3, centre)
    return Domain.of(BallRegion(names, point, _positive("radius", radius), name))


def Mesh(  # noqa: N802
    vertices: Any,
    faces: Any = None,
    *,
    coordinates: Sequence[str] = ("x", "y", "z"),
    angle: float = 40.0,
    name: str = "outer",
) -> Domain:
    """The body that a closed surface of triangles encloses: `Mesh(vertices, faces)`, with the parts `face 1`, `face 2`, ...

    A face ends at edges where the normals of two triangles differ by more than `angle`. Faces are numbered by their centres:
    from the lowest first coordinate on, where that agrees (to 1e-4 of the size) by the second, then the third.

    The distance is that of the triangles, the volume and the areas are exact. Corners at the same place are joined. Every
    connected part whose normals point inside is turned round; one inside of another is a cavity. There is no formula, so
    conditions on its faces are penalties.

    Args:
        vertices: shape (n, 3); or a mesh of trimesh with its faces.
        faces: shape (m, 3), three indices of vertices for each triangle.
        coordinates: their names.
        angle: in degrees.
        name: of the whole boundary.

    Raises:
        ImportError: without trimesh.
        ValueError: for a surface that is not closed, crosses itself or encloses no volume, and indices without a vertex.
    """
    if faces is None and hasattr(vertices, "faces"):
        return _body(closed_surface(vertices, "vertices"), coordinates, angle, name)
    trimesh = imported_trimesh("Mesh")
    corners, triangles = np.asarray(vertices, float), np.asarray([] if faces is None else faces)
    if corners.ndim != 2 or corners.shape[1] != 3:
        raise ValueError(f"`vertices` must be rows of three numbers, got shape {corners.shape}.")
    if triangles.ndim != 2 or triangles.shape[1] != 3 or triangles.dtype.kind not in "iu":
        raise ValueError(
            f"`faces` must be rows of three whole numbers, got {triangles.dtype} of shape {triangles.shape}."
        )
    if triangles.min() < 0 or triangles.max() >= len(corners):
        raise ValueError(
            f"`faces` must be indices from 0 to {len(corners) - 1}, got {triangles.min()} to {triangles.max()}."
        )
    return _body(closed_surface(trimesh.Trimesh(corners, triangles, process=False), "faces"), coordinates, angle, name)


def read_mesh(
    path: str | Path, *, coordinates: Sequence[str] = ("x", "y", "z"), angle: float = 40.0, name: str = "outer"
) -> Domain:
    """The body in a file of a closed surface, such as a drawing in STL: `read_mesh("part.stl")`; see `Mesh`.

    Args:
        path: ends in .stl, .ply, .off, .obj or what else trimesh reads.
        coordinates: their names.
        angle: between the normals of two triangles, in degrees, above which a face ends.
        name: of the whole boundary.

    Raises:
        ImportError: without trimesh.
        ValueError: for a file that cannot be read, or a surface that is not closed, crosses itself or encloses no volume.
    """
    return _body(read_surface(path), coordinates, angle, name)


def recorded_shape(arrays: dict[str, np.ndarray]) -> Measured:
    """The shape that has these numbers, `Measured.arrays`: a surface, or a polygon."""
    if "faces" in arrays:
        return Triangles(arrays["vertices"], arrays["faces"])
    return PolygonRegion(("x", "y"), arrays["vertices"])


def _body(surface: Triangles, coordinates: Sequence[str], angle: float, name: str) -> Domain:
    if not 0 < _finite("angle", angle) <= 180:
        raise ValueError(f"`angle` must be above 0 and at most 180 degrees, got {angle}.")
    if isinstance(coordinates, str) or len(set(coordinates)) != 3 or len(coordinates) != 3:
        raise ValueError(f"`coordinates` must be three names, got {coordinates!r}.")
    return Domain.of(MeshRegion(coordinates, surface, float(np.radians(angle)), name))


def HalfSpace(*, through: Sequence[float], name: str = "cut", **normal: float) -> Domain:  # noqa: N802
    """Everything on one side of a line or plane, to be cut from or to a shape: `disk & half` is a part of a disk.

    `half = HalfSpace(x=1, y=1, through=(0, 0))` is where x + y is below 0.

    Args:
        through: a point on the line or plane.
        name: of the line or plane.
        normal: one component per coordinate, of which there are two or three, of a vector out of the half space.

    Raises:
        ValueError: for a normal without length, or another number of coordinates or of numbers in `through`.
    """
    if len(normal) not in (2, 3):
        got = ", ".join(normal) or "none"
        raise ValueError(
            f"`HalfSpace` takes 2 or 3 named coordinates, got {got}: write HalfSpace(x=1, y=0, through=(0, 0))."
        )
    names, vector = _centre("HalfSpace", len(normal), normal)
    if not any(vector):
        raise ValueError(f"`normal` must have a length, got {normal}.")
    point = [_finite("through", v) for v in through]
    if len(point) != len(names):
        raise ValueError(f"`through` must be a point in {', '.join(names)}, got {len(point)} numbers.")
    return _HalfSpace(HalfSpaceRegion(names, vector, point, name))


class _HalfSpace(Domain):
    """A region without bounds, good for combining only."""

    def __init__(self, region: HalfSpaceRegion):
        super().__init__(dict.fromkeys(region.names, (-1, 1)), shape=region)

    def __mul__(self, other: Domain) -> Domain:
        raise ValueError(f"`{self}` has no bounds: cut it from or to a shape first.")


def _centre(name: str, dimension: int, centre: dict[str, float]) -> tuple[tuple[str, ...], list[float]]:
    if len(centre) != dimension:
        got = ", ".join(centre) or "none"
        raise ValueError(f"`{name}` takes {dimension} named coordinates, got {got}: write {name}(x=0, y=0, ...).")
    return tuple(centre), [_finite(n, v) for n, v in centre.items()]


def _finite(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"`{name}` must be a number, got {value!r}.") from None
    if not np.isfinite(number):
        raise ValueError(f"`{name}` must be finite, got {value}.")
    return number


def _positive(name: str, value: Any) -> float:
    number = _finite(name, value)
    if number <= 0:
        raise ValueError(f"`{name}` must be above 0, got {value}.")
    return number


def _vertices(points: Any) -> np.ndarray:
    return np.array([[_finite("vertices", v) for v in point] for point in points])
