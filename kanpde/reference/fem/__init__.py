"""Finite elements of high order from the symbolic form of a problem, with an error from two resolutions."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from ...conditions import Data, Initial
from ...geometry import Domain, PointSet, Quadrature, tensor_points
from ...materials import cases_of
from ...problem import Problem
from ...sampling import Uniform
from ...sources import unbalanced
from ...weak_form import WeakForm, is_mean, weak_form
from ..record import Reference, ReferenceFailed
from .coefficients import kinked
from .discretisation import Discretisation
from .feasibility import check_arguments, check_problem
from .library import available, ngsolve
from .mesh import Grading, Mesh, grading_for, meshed
from .points import Places
from .radau import NODES, integrated

__all__ = ["available", "finite_elements"]

ELEMENTS = {1: 20, 2: 12, 3: 3}
"""Along the longest side of the domain, by the number of space coordinates; fewer for more than one unknown, or time."""
FEWER = {1: 20, 2: 8, 3: 3}
ORDERS = {1: 8, 2: 7, 3: 4}
POINTS = {1: 201, 2: 101, 3: 31}
POINTS_WITH_TIME = {1: 201, 2: 51, 3: 21}
LEFT_OUT = {1: 1e-6, 2: 1e-6, 3: 1e-2}
"""Part of the domain that a mesh may leave out; volumes of bodies that are cut are estimates."""
ROUNDING = 1e-14
"""What a solution of some thousand unknowns loses, and two resolutions may lose alike."""
COARSER = 3.0
"""How much larger the elements of the first solution are where a coefficient jumps inside of them: the error is then
proportional to their size, whatever the degree."""


class _Solved(NamedTuple):
    """Values at points inside, and figures."""

    values: dict[str, np.ndarray]
    details: dict[str, Any]


def finite_elements(
    problem: Problem,
    *,
    order: int | None = None,
    size: float | None = None,
    nodes: int | None = None,
    instants: int = 51,
) -> Reference:
    """Solve a problem by finite elements of high order, twice, which tells the error.

    The second solution, which is returned, has polynomials of one more degree, one more layer of elements at corners
    and half the step in time, and elements a third as large if a coefficient, or a value that is given, has jumps or kinks.
    Its error is the relative L2 difference of both on the grid of the result, which is larger than the error of the second
    one, but where materials meet in corners in which a solution is rougher than the root of the distance, and where a layer
    or a pulse is narrower than the elements, or the steps, of both. Elements are curved like the boundary and do not cross
    the lines between materials; they do cross those where a `Piecewise` changes, which leaves an error of a thousandth or
    so. Equations are of second order in space; a pair of velocity and pressure has elements of Taylor and Hood; evolutions
    are integrated by Radau's method of order 5 (4 where boundary values change in time). Measurements (`Data`) are left out,
    unless they are what fixes the constant of a pressure.

    Args:
        problem: on a box in 1 to 3 space coordinates or a shape, steady or of first order in time.
        order: degree of the polynomials of the first solution, at least 1, or 2 with a pressure; by default 8, 7 and 4
            in one, two and three dimensions.
        size: largest diameter of an element; by default a part of the longest side of the domain.
        nodes: of the result along each space coordinate; its grid is equidistant, from
            end to end or, with a pressure, half a spacing away from them, because pressures may be infinite in corners.
        instants: equidistant instants of the result of an evolution, both ends included; also the number of steps in
            time of the first solution.

    Returns:
        The reference on a tensor grid, NaN outside of a domain that is no box.

    Raises:
        ImportError: without NGSolve.
        ValueError: for a problem that finite elements cannot take, saying why.
        ReferenceFailed: if Newton's method gives up, or parts of the domain are too thin to be meshed.

    Source:
        Schoeberl (2014), "C++11 Implementation of Finite Elements in NGSolve", TU Wien, ASC Report 30/2014.
    """
    begin = time.perf_counter()
    check_problem(problem)
    weak = weak_form(problem)
    for sentence in unbalanced(problem, weak):
        raise ValueError(sentence)
    d = len(problem.domain.space_names)
    longest = max(float(np.ptp(problem.domain.bounds[n])) for n in problem.domain.space_names)
    degree = ORDERS[d] if order is None else order
    usual = FEWER if problem.domain.time_name or len(problem.unknown) > 1 else ELEMENTS
    diameter = longest / usual[d] if size is None else size
    count = (POINTS_WITH_TIME if problem.domain.time_name else POINTS)[d] if nodes is None else nodes
    check_arguments(degree, diameter, count, instants, pressure=bool(weak.pressures))
    ngsolve()
    inside = problem.domain.in_space if problem.domain.time_name else problem.domain
    axes = _axes(inside, count, midpoints=bool(weak.pressures))
    grid = tensor_points(axes)
    kept = inside.contains(grid)
    points = np.stack(list(grid.columns.values()), axis=1)[kept]
    grading = grading_for(
        problem.domain,
        changing_pieces(weak),
        materials=problem.materials.values(),
        cut=diameter if weak.pressures else 0.0,
    )
    first_values = [e for c in problem.condition_list if isinstance(c, Initial) for e in c.expressions]
    between = cases_of(problem.materials, problem.domain).values() if problem.materials else ()
    rough = kinked([*weak.expressions, *map(problem.with_cases, first_values)], between)
    coarser = diameter * (COARSER if rough else 1.0)
    first = _solved(problem, weak, points, (degree, coarser, grading.coarser), instants, 1)
    second = _solved(problem, weak, points, (degree + 1, diameter, grading), instants, 2)
    values = {n: _on_grid(v, kept, tuple(len(a) for a in axes.values())) for n, v in second.values.items()}
    if problem.domain.time_name:
        axes[problem.domain.time_name] = np.linspace(*problem.domain.bounds[problem.domain.time_name], instants)
    details = {"order": degree + 1, "element size": diameter, **second.details}
    name = f"finite elements, order {degree + 1}, {details['elements']} elements"
    error = _difference(first.values, second.values)
    return Reference(name, axes, values, error, time.perf_counter() - begin, details)


def _axes(domain: Domain, count: int, *, midpoints: bool) -> dict[str, np.ndarray]:
    """Equidistant nodes from end to end, or the midpoints of as many intervals: a pressure may be infinite in corners."""
    if not midpoints:
        return domain.grid([count] * domain.dimension)
    return {n: lo + (np.arange(count) + 0.5) * (hi - lo) / count for n, (lo, hi) in domain.bounds.items()}


def changing_pieces(weak: WeakForm) -> set[tuple[Any, Any]]:
    """Pairs of pieces of which one has values and the other has none."""
    pairs = set()
    for name, given in weak.essential.items():
        for place in given:
            for other in weak.natural[name]:
                pairs |= {(place, other), (other, place)}
    return pairs


def _solved(
    problem: Problem,
    weak: WeakForm,
    points: np.ndarray,
    resolution: tuple[int, float, Grading],
    instants: int,
    halving: int,
) -> _Solved:
    order, size, grading = resolution
    mesh = meshed(problem.domain, size, grading, problem.materials)
    inside = problem.domain.in_space if problem.domain.time_name else problem.domain
    stages = len(NODES) if problem.domain.time_name else 1
    _check_filled(mesh)
    system = Discretisation(problem, weak, mesh, order, stages)
    places = Places(mesh.mesh, inside, points)
    details = {"elements": mesh.mesh.ne, "degrees of freedom": system.unknowns, "layers at corners": grading.layers}
    if problem.domain.time_name:
        steps = (instants - 1) * halving
        values, count = integrated(problem, system, places, steps, halving)
        return _Solved(
            values, details | {"method": "Radau IIA, order 5", "steps in time": steps, "Newton steps": count}
        )
    system.add(0)
    system.set_essential(0)
    count = system.solve()
    values = {name: places.values(system.component(0, name)) for name in problem.unknown}
    for name in weak.loose:
        values[name] = values[name] + _shift(problem, system, name)
    return _Solved(values, details | {"method": "Newton", "steps": count})


def _check_filled(mesh: Mesh) -> None:
    """Refuse a mesh that leaves a part of its domain out, even with elements of high order."""
    ng, volume = ngsolve(), mesh.domain.volume
    mesh.mesh.Curve(ORDERS[len(mesh.domain.names)])
    share = float(ng.Integrate(ng.CoefficientFunction(1.0), mesh.mesh)) / volume
    if not abs(share - 1) < LEFT_OUT[len(mesh.domain.names)]:
        raise ReferenceFailed(
            f"the mesh holds {100 * share:.6g} % of the domain: parts of it are too thin for elements. Make them wider, or give an "
            "exact solution."
        )


def _shift(problem: Problem, system: Discretisation, name: str) -> float:
    """What is added to an unknown that is fixed up to a constant, so that it has its given values in the mean."""
    at, shares, wanted = fixing(problem, name)
    where = np.stack([at.columns[n] for n in problem.domain.space_names], axis=1)
    found = Places(system.mesh.mesh, problem.domain, where).values(system.component(0, name))
    return wanted - float(shares @ found)


def fixing(problem: Problem, name: str) -> tuple[PointSet, np.ndarray, float]:
    """Points whose weighted mean of an unknown is given, by measurements or as an integral, the weights, and the mean.

    Raises:
        ValueError: if there are none.
    """
    for condition in problem.condition_list:
        if isinstance(condition, Data) and name in condition.values:
            term = next(t for t in problem.terms_of(condition) if t.expression.has(problem.unknown[name]))
            given = condition.values[name]
            return term.place.points, np.full(len(given), 1 / len(given)), float(np.mean(given))  # type: ignore[attr-defined]
    for term in problem.terms:
        if is_mean(problem, term) and term.expression.has(problem.unknown[name]):
            (rule,) = term.place.sample(1, Uniform(0))
            assert isinstance(rule, Quadrature)
            return rule, rule.shares[0], float(problem.unknown[name] - term.expression)
    raise ValueError(
        f"`{name}` is fixed only up to a constant: give its mean by Integral({name}=0), or its value at a point."
    )


def _on_grid(values: np.ndarray, kept: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    whole = np.full((len(kept), *values.shape[1:]), np.nan)
    whole[kept] = values
    return whole.reshape(*shape, *values.shape[1:])


def _difference(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> float:
    """Relative L2 difference over all unknowns, and rounding; the absolute one if the solution is zero."""
    miss = sum(float(np.nansum((first[n] - v) ** 2)) for n, v in second.items())
    size = sum(float(np.nansum(v**2)) for v in second.values())
    return float(np.sqrt(miss / size if size else miss)) + ROUNDING
