"""Finite differences from the symbolic form of a problem, with an error from two grids."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.integrate import OdeSolver
from scipy.interpolate import make_interp_spline

from ..problem import Problem
from .evolution import CLOSURE, integrate, integrator_for, method_of_lines
from .feasibility import check_arguments, check_problem
from .grid import TensorGrid
from .record import Reference, ReferenceFailed
from .resolution import rounding_error, thinned, two_grids
from .steady import harmonic_start, newton, steady_system

NEWTON_TOLERANCE = 1e-11
TIME_TOLERANCE = {2: 1e-7, 4: 1e-9, 6: 1e-11}
LOOSEST_TOLERANCE = 1e-3
FACTORED_NODES = 2_000
"""Up to so many nodes linear systems are solved by factors, whatever the dimension."""


def finite_difference(
    problem: Problem,
    *,
    nodes: int | Sequence[int] | None = None,
    order: int = 6,
    instants: int = 101,
    tolerance: float | None = None,
    integrator: type[OdeSolver] | None = None,
) -> Reference:
    """Solve a problem on a box by finite differences, on two grids that tell the error.

    The finer grid halves the spacing of the coarser one. Its solution is returned; its error is the relative L2
    difference of the two on their common nodes, which is larger than the error of the finer one as soon as the order
    of accuracy shows, plus what rounding contributes. Of several solutions it is the one that Newton's method finds
    from zero. Steady problems are solved by Newton's method, evolution problems by the method of lines. Measurements (`Data`) are
    left out: equations and conditions alone must fix the solution.

    Args:
        problem: on a box in 1 to 3 space coordinates, with or without time.
        nodes: of the coarser grid along each space coordinate, both ends included; one number serves all.
        order: order of accuracy of the differences: 2, 4 or 6. Evolution problems have a lower one near the ends (4
            for 6), so that no wave grows there; with outflow or free ends waves then converge with order 5.
        instants: equidistant instants of the result, both ends included.
        tolerance: relative; of the last Newton step, or of each step in time, where it is raised to what rounding
            allows. Steps in time on the coarser grid have 2**order times as much, so that the difference of the two
            shows the error in time as well.
        integrator: a class of `scipy.integrate`; Radau for a stiff problem and DOP853 otherwise, see `integrator_for`.

    Returns:
        The reference on the finer grid, thinned to about 200 intervals per coordinate.

    Raises:
        ValueError: for a problem that finite differences cannot take, or a grid that is too coarse for the order.
        ReferenceFailed: if Newton's method or the integrator gives up.

    Source:
        Fornberg (1988), Mathematics of Computation 51, 699; Schiesser (1991), The Numerical Method of Lines.
    """
    start = time.perf_counter()
    check_problem(problem)
    check_arguments(order, instants, tolerance)
    if problem.domain.time_name is None:
        grids = two_grids(problem, nodes, order, order)
        values, details = _steady(problem, grids, tolerance or NEWTON_TOLERANCE)
        moments = None
    else:
        grids = two_grids(problem, nodes, order, CLOSURE[order])
        moments = np.linspace(*problem.domain.bounds[problem.domain.time_name], instants)
        chosen = integrator or integrator_for(problem)
        values, details = _evolution(problem, grids, moments, chosen, tolerance or TIME_TOLERANCE[order])
    coarse, fine = ({name: g.unfold(v) for name, v in found.items()} for g, found in zip(grids, values, strict=True))
    error = _relative_difference(coarse, fine) + rounding_error(problem, grids[-1])
    axes, kept = thinned(grids[-1], fine)
    if moments is not None:
        axes[str(problem.domain.time_name)] = moments
    sizes = ["x".join(str(len(a)) for a in g.axes.values()) for g in grids]
    details = {"order": order, "coarse nodes": sizes[0], "fine nodes": sizes[1], **details}
    name = f"finite differences, order {order}, {sizes[1]}"
    return Reference(name, axes, kept, error, time.perf_counter() - start, details)


def _steady(
    problem: Problem, grids: list[TensorGrid], tolerance: float
) -> tuple[list[dict[str, np.ndarray]], dict[str, Any]]:
    """Values on both grids; the finer one starts from the coarser solution."""
    coarse, fine = grids
    try:
        first, steps = _newton_on(problem, coarse, np.zeros(len(problem.unknown) * coarse.size), tolerance)
    except ReferenceFailed:
        first, steps = _newton_on(problem, coarse, harmonic_start(problem, coarse), tolerance)
    start = np.concatenate([_refined(coarse, fine, v) for v in first.values()])
    second, more = _newton_on(problem, fine, start, tolerance)
    return [first, second], {"method": "Newton", "steps": steps + more}


def _newton_on(
    problem: Problem, grid: TensorGrid, start: np.ndarray, tolerance: float
) -> tuple[dict[str, np.ndarray], int]:
    system = steady_system(problem, grid)
    by_factors = len(grid.shape) == 1 or grid.order == 2 or grid.size < FACTORED_NODES
    sparser = None if by_factors else steady_system(problem, replace(grid, order=2, closure=2))
    y, count = newton(system, start, max(tolerance, rounding_error(problem, grid)), sparser)
    return dict(zip(problem.unknown, np.split(y, len(problem.unknown)), strict=True)), count


def _refined(coarse: TensorGrid, fine: TensorGrid, values: np.ndarray) -> np.ndarray:
    """Cubic interpolation to the finer grid."""
    out = coarse.unfold(values)
    for i, (name, nodes) in enumerate(coarse.axes.items()):
        out = make_interp_spline(nodes, out, k=3, axis=i)(fine.solved[name])
    return out.ravel()


def _evolution(
    problem: Problem, grids: list[TensorGrid], moments: np.ndarray, integrator: type[OdeSolver], tolerance: float
) -> tuple[list[dict[str, np.ndarray]], dict[str, Any]]:
    found, total = [], 0
    for i, grid in enumerate(grids):
        system = method_of_lines(problem, grid)
        slack = 1.0 if i else 2.0**grid.order
        reachable = max(tolerance, rounding_error(problem, grid))
        values, count = integrate(system, moments, integrator, min(reachable * slack, LOOSEST_TOLERANCE))
        found.append(values)
        total += count
    return found, {"method": integrator.__name__, "tolerance": tolerance, "evaluations": total}


def _relative_difference(coarse: dict[str, np.ndarray], fine: dict[str, np.ndarray]) -> float:
    """Relative L2 difference over all unknowns and all common nodes; the absolute one if the solution is zero."""
    miss = size = 0.0
    for name, values in coarse.items():
        common = fine[name]
        for axis in range(values.ndim):
            common = (
                common
                if common.shape[axis] == values.shape[axis]
                else common.take(range(0, common.shape[axis], 2), axis)
            )
        miss += float(np.sum((values - common) ** 2))
        size += float(np.sum(common**2))
    return float(np.sqrt(miss / size if size else miss))
