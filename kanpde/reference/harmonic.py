"""Laplace's and Poisson's equation on plane shapes by solutions of the equation that fit the boundary values."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import sympy as sp
from jaxtyping import Float

from ..conditions import Dirichlet
from ..expression import numeric
from ..geometry import PointSet, tensor_points
from ..geometry.corners import Corner, corners_of
from ..geometry.holes import holes_of
from ..problem import Problem
from ..sampling import Grid
from ..singularity import corner_function, is_straight
from .closed_form import usual_nodes
from .record import Reference

DEGREE, IMAGE_DEGREE = 40, 16
"""Of polynomials and of powers around holes; of powers around what straight sides make of holes."""
CORNER = 20.0
"""Exponents of corner functions are below."""
PER_PIECE = 800
GRADING = 3.0
"""Points of a piece lie towards its ends like powers of this order."""
CUTOFF = 1e-14


def harmonic(problem: Problem, nodes: int | None = None, *, axes: dict[str, np.ndarray] | None = None) -> Reference:
    """A sum of polynomials, logarithms and poles in the holes, and corner functions, all of them harmonic.

    The sum that is closest to the boundary values is found by least squares; with a constant right side a polynomial of
    degree two is added. By the maximum principle the error inside is at most that on the boundary, which is measured
    between the points that were fitted: it is the error that is stated.

    Args:
        problem: steady, one unknown, a multiple of its Laplacian and a constant; its value given on all of the boundary.
        nodes: per coordinate, equidistant.
        axes: the nodes themselves.

    Raises:
        ValueError: for any other problem, naming what does not fit.

    Source:
        Fox, Henrici, Moler (1967), SIAM Journal on Numerical Analysis 4, 89; Gopal, Trefethen (2019), SIAM Journal on
        Numerical Analysis 57, 2074 (for the harmonic functions at corners and holes).
    """
    start = time.perf_counter()
    name, source = _source(problem)
    domain = problem.domain
    functions = _basis(problem)
    x, wanted = _boundary(problem, name, PER_PIECE)
    lift = _polynomial(source)
    table = functions(x)
    scale = np.linalg.norm(table, axis=0)
    weights, *_ = np.linalg.lstsq(table / scale, wanted - lift(x), rcond=CUTOFF)
    weights = weights / scale

    def value(points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
        return functions(points) @ weights + lift(points)

    between, truth = _boundary(problem, name, PER_PIECE + 77)
    worst = float(np.abs(value(between) - truth).max())
    axes = axes or domain.grid([usual_nodes(2) if nodes is None else nodes] * 2)
    grid = tensor_points(axes)
    inside = domain.contains(grid)
    found = np.full(len(grid), np.nan)
    found[inside] = value(grid.array[inside])
    size = float(np.sqrt(np.mean(found[inside] ** 2))) or 1.0
    shape = tuple(len(a) for a in axes.values())
    details = {"functions": len(weights), "worst on the boundary": worst}
    seconds = time.perf_counter() - start
    return Reference("harmonic functions", axes, {name: found.reshape(shape)}, worst / size, seconds, details)


def _source(problem: Problem) -> tuple[str, float]:
    """The unknown, and the constant that its Laplacian is."""
    domain = problem.domain
    if domain.time_name or len(domain.space_names) != 2:
        raise ValueError(f"`domain` must be a plane shape without time for harmonic functions, got {domain!r}.")
    if len(problem.unknown) != 1 or len(problem.equations) != 1 or problem.inverse_parameters or problem.materials:
        raise ValueError(
            f"`{problem.name}` must have one equation, one unknown and one material for harmonic functions."
        )
    ((name, u),), (equation,) = problem.unknown.items(), problem.equations.values()
    x, y = domain.coordinates
    expanded = sp.expand(equation)
    factor = expanded.coeff(sp.diff(u, x, 2))
    rest = (
        sp.simplify(expanded - factor * (sp.diff(u, x, 2) + sp.diff(u, y, 2)))
        if factor.is_number and factor != 0
        else u
    )
    if not rest.is_number:
        raise ValueError(
            f"`residual` must be a multiple of the Laplacian and a constant for harmonic functions, got {equation}."
        )
    return name, float(-rest / factor)


def _polynomial(source: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: source * (x**2).sum(axis=1) / 4


def _boundary(problem: Problem, name: str, count: int) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
    """Points of all pieces, dense towards their ends, and what is given there."""
    points, values = [], []
    for piece in problem.domain.region.pieces:
        given = [c for c in problem.condition_list if isinstance(c, Dirichlet) and piece in _faces(problem, c)]
        if not given:
            raise ValueError(f"`{piece.name}` must have a Dirichlet condition for harmonic functions.")
        s = Grid()(count, 1)
        x, _ = piece.place(s**GRADING / (s**GRADING + (1 - s) ** GRADING))
        points.append(x)
        columns = dict(zip(problem.domain.names, x.T, strict=True))
        values.append(numeric(given[0].values[name], PointSet(columns).known))
    return np.concatenate(points), np.concatenate(values)


def _faces(problem: Problem, condition: Dirichlet) -> tuple[object, ...]:
    if problem.domain.is_box:
        part = problem.domain.boundary(condition.on)
        names = {problem.domain.face_name(face) for face in part.faces}
        return tuple(p for p in problem.domain.region.pieces if p.name in names)
    return problem.domain.boundary(condition.on).faces


def _basis(problem: Problem) -> Callable[[np.ndarray], np.ndarray]:
    region = problem.domain.region
    lower, upper = region.box
    centre, reach = (lower + upper) / 2, float(np.linalg.norm(upper - lower)) / 2
    holes = [(np.array(hole.place), hole.radius) for hole in holes_of(problem.domain)]
    poles = [(place, radius, DEGREE) for place, radius in holes]
    poles += [(image, radius, IMAGE_DEGREE) for image, radius in _images(problem, holes)]
    corners = [f for corner in corners_of(region) for f in _of_corner(problem, corner)]

    def functions(x: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n m"]:
        z = ((x - centre) / reach) @ np.array([1, 1j])
        columns = [_parts(z[:, None] ** np.arange(DEGREE + 1))]
        for place, radius, degree in poles:
            w = radius / ((x - place) @ np.array([1, 1j]))
            columns += [np.log(np.abs(w))[:, None], _parts(w[:, None] ** np.arange(1, degree + 1))]
        columns += [np.broadcast_to(f(*x.T), len(x))[:, None] for f in corners]
        table = np.concatenate(columns, axis=1)
        return table[:, np.abs(table).max(axis=0) > 0]

    return functions


def _parts(powers: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k2"]:
    return np.concatenate([powers.real, powers.imag[:, 1:] if (powers[:, 0] == 1).all() else powers.imag], axis=1)


def _images(problem: Problem, holes: list[tuple[np.ndarray, float]]) -> list[tuple[np.ndarray, float]]:
    """The holes as straight sides mirror them: where a solution that goes on beyond a side has its singularities."""
    found = []
    for piece in problem.domain.region.pieces:
        if not is_straight(piece):
            continue
        (start, _), normals = piece.place(np.array([[0.0], [1.0]]))
        for place, radius in holes:
            image = place - 2 * ((place - start) @ normals[0]) * normals[0]
            if not problem.domain.contains(PointSet(dict(zip(problem.domain.names, image[:, None], strict=True))))[0]:
                found.append((image, radius))
    return found


def _of_corner(problem: Problem, corner: Corner) -> list[Callable[..., np.ndarray]]:
    step, coordinates = np.pi / corner.opening, problem.domain.coordinates
    found = []
    for k in range(1, int(CORNER / step) + 1):
        exponent = k * step
        whole = abs(exponent - round(exponent)) < 1e-9
        e = corner_function(corner, coordinates, round(exponent) if whole else exponent, logarithmic=whole)
        found.append(sp.lambdify(coordinates, e, "numpy"))
    return found
