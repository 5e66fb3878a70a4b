"""Curved meshes of domains, whose boundary pieces have names and whose elements shrink towards corners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy as sp

from ...geometry import Domain, Piece
from ...geometry.combination import Difference, Intersection, Union
from ...geometry.corners import corners_of
from ...geometry.halfspace import HalfSpaceRegion
from ...geometry.placed import Placed
from ...geometry.planar import EllipseRegion, PolygonRegion
from ...geometry.region import Region
from ...geometry.solid import BallRegion, BoxRegion
from .library import ngsolve

FACTOR = 0.15
"""By which elements shrink from layer to layer towards a corner.

Source:
    Gui, Babuska (1986), Numerische Mathematik 49, 577.
"""
LAYERS = 7.0
"""Layers towards a corner where the solution goes like the first power of the distance."""
LAYERS_OF_FLOWS = 4.0
"""The same with a pressure, whose rounding errors grow with the inverse square of the smallest element."""
CURVATURE = 4.0
"""Elements on a radius of curvature, at least."""
NEAR = 1e-6
"""How far a vertex may be from its corner, in sizes of the domain."""
INSIDE, BETWEEN = "inside", "between materials"
"""Names of lines that are no boundary."""
IN, ANY = " in ", ".*"
"""Between piece and material in the name of a part of the boundary, and any material."""
STRONGEST = 0.5
"""Exponent that is assumed in the corners of materials: where two meet inside, it is larger."""
ASIDE = 1e-5
"""How far beside the boundary it is seen which side is inside, in sizes of the domain."""


@dataclass(frozen=True)
class Grading:
    """Corners towards which elements shrink.

    Attributes:
        corners: their points.
        layers: of elements round each of them.
        cuts: lines from corners into the domain that elements do not cross: a triangle with two sides on the boundary
            holds no pressure in its corner.
    """

    corners: tuple[tuple[float, float], ...] = ()
    layers: int = 0
    cuts: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = ()

    @property
    def coarser(self) -> Grading:
        """The same with a layer less."""
        return replace(self, layers=max(0, self.layers - 1))


@dataclass(frozen=True)
class Mesh:
    """A mesh with straight elements, to be curved with the order of its use.

    Attributes:
        mesh: of NGSolve.
        names: side or piece to the name, or a regular expression for the names, of its part of the mesh's boundary.
        domain: that it covers, without time.
        materials: their names.
    """

    mesh: Any
    names: dict[Any, str]
    domain: Domain
    materials: tuple[str, ...] = ()

    def indicators(self, *, boundary: bool) -> dict[str, Any]:
        """Name of every material to a coefficient function that is 1 in it, or on its part of the boundary, and 0 elsewhere."""
        if boundary:
            return {m: self.mesh.BoundaryCF({f"{ANY}{IN}{m}": 1.0}, default=0.0) for m in self.materials}
        return {m: self.mesh.MaterialCF({m: 1.0}, default=0.0) for m in self.materials}

    @cached_property
    def outward(self) -> Any:
        """Outward normal on the boundary: that of NGSolve, turned on the parts where it points inside."""
        ng, d = ngsolve(), len(self.domain.names)
        kind = {2: ng.SEGM, 3: ng.TRIG}[d]
        points = self.mesh.MapToAllElements({kind: ng.IntegrationRule(kind, 1)}, ng.BND)
        x, normals = (
            np.asarray(f(points)) for f in (ng.CoefficientFunction((ng.x, ng.y, ng.z)[:d]), ng.specialcf.normal(d))
        )
        step = ASIDE * max(hi - lo for lo, hi in self.domain.bounds.values())
        signs = [1.0] * len(self.mesh.GetBoundaries())
        for element, point, normal in zip(self.mesh.Elements(ng.BND), x, normals, strict=True):
            ahead, behind = (
                float(self.domain.distance(**dict(zip(self.domain.names, point + s * step * normal, strict=True))))
                for s in (1.0, -1.0)
            )
            signs[element.index] = 1.0 if ahead > behind else -1.0
        return ng.specialcf.normal(d) * ng.CoefficientFunction(signs)


def grading_for(
    domain: Domain, changing: set[tuple[Piece, Piece]], *, materials: Iterable[Domain] = (), cut: float = 0.0
) -> Grading:
    """Corners of a plane domain and of materials in it, with as many layers as the strongest singularity asks for.

    A solution goes like r^(pi / opening) there, or the root of that where a value is given on one side only.

    Args:
        changing: pairs of pieces of which one has values only.
        materials: shapes inside the domain, to whose corners elements shrink as well.
        cut: length of lines that halve the corners below half a turn; none for 0.
    """
    if len(domain.space_names) != 2:
        return Grading()
    inside = domain.in_space if domain.time_name else domain
    corners = corners_of(inside.region)
    exponents = [np.pi / c.opening / (2.0 if (c.right, c.left) in changing else 1.0) for c in corners]
    between = [c for shape in materials for c in corners_of(shape.region)]
    exponents += [STRONGEST for _ in between]
    wanted = LAYERS_OF_FLOWS if cut else LAYERS
    layers = max((int(np.ceil(wanted / e)) for e in exponents), default=0)
    cuts = [
        (c.point, (c.point[0] + cut * float(np.cos(c.bisector)), c.point[1] + cut * float(np.sin(c.bisector))))
        for c in corners
        if cut and c.opening < np.pi
    ]
    return Grading(tuple(c.point for c in (*corners, *between)), layers, tuple(cuts))


def meshed(
    domain: Domain, size: float, grading: Grading, materials: Mapping[str, Domain] = MappingProxyType({})
) -> Mesh:
    """A mesh of a box in one to three dimensions or of a shape, without its time.

    Args:
        domain: with or without time.
        size: largest diameter of an element.
        grading: corners towards which elements shrink.
        materials: name to shape, which fill the domain; elements do not cross their boundaries. In one or two dimensions.

    Raises:
        ValueError: for a shape that cannot be meshed.
    """
    ng = ngsolve()
    names = {face: f"piece {i}{IN + ANY if materials else ''}" for i, face in enumerate(domain.faces)}
    inside = domain.in_space if domain.time_name else domain
    if len(inside.names) == 1:
        return Mesh(_line(inside, size, names, materials), names, inside, tuple(materials))
    from netgen import occ

    region = inside.region
    shape = _glued(occ, materials) if materials else _shape(occ, region)
    if grading.cuts:
        shape = occ.Glue([shape, *(occ.Segment(occ.Pnt(*a, 0), occ.Pnt(*b, 0)) for a, b in grading.cuts)])
    pieces = dict(zip(region.pieces, _labels(domain, region, names), strict=True))
    inner = bool(grading.cuts or materials)
    for side in shape.edges if len(region.names) == 2 else shape.faces:
        middle = _middle(side, len(region.names))
        meeting = [name for name, m in materials.items() if _borders(m, middle, region.size)]
        nearest = min(region.pieces, key=lambda piece: float(piece.distance(middle)[0]))
        if inner and float(nearest.distance(middle)[0]) > NEAR * region.size:
            side.name = BETWEEN if len(meeting) > 1 else INSIDE
        else:
            side.name = pieces[nearest].replace(ANY, "".join(meeting))
    if grading.layers:
        points = np.array(grading.corners)
        for vertex in shape.vertices:
            if np.linalg.norm(points - np.array([vertex.p.x, vertex.p.y]), axis=1).min() < NEAR * region.size:
                vertex.hpref = 1
    mesh = ng.Mesh(occ.OCCGeometry(shape, dim=len(region.names)).GenerateMesh(maxh=size, curvaturesafety=CURVATURE))
    if grading.layers:
        mesh.RefineHP(grading.layers, factor=FACTOR)
    return Mesh(mesh, names, inside, tuple(materials))


def _borders(shape: Domain, point: np.ndarray, size: float) -> bool:
    """Whether a point lies on the boundary of a shape."""
    distance = shape.distance(**dict(zip(shape.names, point.T, strict=True)))
    return bool(np.abs(distance).max() < NEAR * size)


def _glued(occ: Any, materials: Mapping[str, Domain]) -> Any:
    """The shapes of all materials, with common lines where they meet."""
    shapes = {name: _shape(occ, material.region) for name, material in materials.items()}
    for name, shape in shapes.items():
        shape.faces.name = name
    return occ.Glue(list(shapes.values()))


def _labels(domain: Domain, region: Region, names: dict[Any, str]) -> list[str]:
    """Names of the pieces of the region, which for a box stand for its sides."""
    if domain.shape is not None:
        return [names[piece] for piece in region.pieces]
    by_text = {domain.face_name(face): name for face, name in names.items()}
    return [by_text[piece.name] for piece in region.pieces]


def _line(domain: Domain, size: float, names: dict[Any, str], materials: Mapping[str, Domain]) -> Any:
    from netgen.meshing import Element0D, Element1D, MeshPoint, Pnt
    from netgen.meshing import Mesh as Plain

    ((lo, hi),) = domain.bounds.values()
    ends = [lo, hi]

    def known(x: float) -> float:
        """The end of another part that this one is but for rounding."""
        near = next((end for end in ends if abs(end - x) < NEAR * (hi - lo)), None)
        if near is None:
            ends.append(x)
        return x if near is None else near

    bounds = {name: next(iter(shape.bounds.values())) for name, shape in (materials or {INSIDE: domain}).items()}
    parts = {name: (known(a), known(b)) for name, (a, b) in bounds.items()}
    plain = Plain(dim=1)
    points: dict[float, Any] = {}
    for name, (a, b) in sorted(parts.items(), key=lambda part: part[1]):
        nodes = np.linspace(a, b, max(1, int(np.ceil((b - a) / size))) + 1)
        points |= {float(x): plain.Add(MeshPoint(Pnt(float(x), 0, 0))) for x in nodes if float(x) not in points}
        region = plain.AddRegion(name, dim=1)
        for left, right in pairwise(nodes):
            plain.Add(Element1D([points[float(left)], points[float(right)]], index=region))
    for x, name in zip((lo, hi), names.values(), strict=True):
        (there,) = (n for n, part in parts.items() if x in part)
        plain.Add(Element0D(points[x], index=plain.AddRegion(name.replace(ANY, there), dim=0)))
    meeting = sorted(set(points) & {x for part in parts.values() for x in part} - {lo, hi})
    if meeting:
        between = plain.AddRegion(BETWEEN, dim=0)
        for x in meeting:
            plain.Add(Element0D(points[x], index=between))
    return ngsolve().Mesh(plain)


def _shape(occ: Any, region: Region) -> Any:
    """The region for the geometry kernel."""
    if isinstance(region, PolygonRegion):
        plane = occ.WorkPlane().MoveTo(*map(float, region.vertices[0]))
        for vertex in region.vertices[1:]:
            plane = plane.LineTo(*map(float, vertex))
        return plane.Close().Face()
    if isinstance(region, EllipseRegion):
        return _ellipse(occ, region)
    if isinstance(region, BoxRegion):
        return occ.Box(occ.Pnt(*map(float, region.lower)), occ.Pnt(*map(float, region.upper)))
    if isinstance(region, BallRegion):
        return occ.Sphere(occ.Pnt(*map(float, region.centre)), float(region.radius))
    if isinstance(region, Placed):
        return _placed(occ, region)
    if isinstance(region, (Difference, Intersection, Union)):
        first, second = (_operand(occ, own, other) for own, other in _both_ways(region))
        if isinstance(region, Difference):
            return first - second
        return first * second if isinstance(region, Intersection) else first + second
    raise ValueError(
        f"`domain` has the shape {region}, which cannot be meshed: finite elements take boxes, balls, plane shapes and "
        "their combinations."
    )


def _both_ways(region: Any) -> list[tuple[Region, Region]]:
    return [(region.first, region.second), (region.second, region.first)]


def _operand(occ: Any, region: Region, other: Region) -> Any:
    """A region, or of a half space what can meet the other one."""
    if not isinstance(region, HalfSpaceRegion):
        return _shape(occ, region)
    lower, upper = other.box
    if len(region.names) == 3:
        if any(piece.level is None or sp.total_degree(piece.level) != 1 for piece in other.pieces):
            raise ValueError(
                f"`domain` cuts {other} by a plane, whose mesh does not tell round parts of the boundary from flat ones: "
                "finite elements take bodies with flat sides there."
            )
        return occ.HalfSpace(occ.Pnt(*map(float, region.point)), occ.Vec(*map(float, region.normal)))
    half = (upper - lower) / 2
    line = region.face(lower - half, upper + half)
    start, end = line.place(np.array([[0.0], [1.0]]))[0]
    deep = -2 * float(np.linalg.norm(end - start)) * region.normal
    return _shape(occ, PolygonRegion(region.names, np.array([start, end, end + deep, start + deep])))


def _ellipse(occ: Any, region: EllipseRegion) -> Any:
    (a, b), (x, y) = map(float, region.radii), map(float, region.centre)
    if a == b:
        return occ.Circle(occ.Pnt(x, y), a).Face()
    plane = occ.WorkPlane(occ.Axes((x, y, 0), n=occ.Z, h=occ.X if a > b else occ.Y))
    return plane.Ellipse(max(a, b), min(a, b)).Face()


def _placed(occ: Any, region: Placed) -> Any:
    motion = region.motion
    shape = _shape(occ, region.region)
    if motion.factor != 1:
        shape = shape.Scale(occ.Pnt(0, 0, 0), float(motion.factor))
    rotation = motion.rotation
    if len(region.names) == 2:
        angle = float(np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0])))
        axis = occ.Z
    else:
        skew = np.array(
            [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]]
        )
        angle = float(np.degrees(np.arctan2(np.linalg.norm(skew), np.trace(rotation) - 1)))
        axis = occ.Dir(*map(float, skew)) if np.linalg.norm(skew) > 0 else occ.Z
    if angle:
        shape = shape.Rotate(occ.Axis(occ.Pnt(0, 0, 0), axis), angle)
    shift = [*map(float, motion.shift), 0.0][:3]
    return shape.Move(occ.Vec(*shift))


def _middle(side: Any, dimension: int) -> np.ndarray:
    """A point of an edge, or points of the edges and the middle of a face."""
    if dimension == 2:
        low, high = side.parameter_interval
        point = side.Value(low + 0.4837 * (high - low))
        return np.array([[point.x, point.y]])
    centre = side.center
    return np.array([[centre.x, centre.y, centre.z]])
