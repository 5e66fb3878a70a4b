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
from .boundary import periodic_axes
from .evolution import CLOSURE, integrate, integrator_for, method_of_lines
from .feasibility import check_order, check_problem, node_counts
from .grid import TensorGrid
from .record import Reference
from .steady import newton, steady_system

STEADY_NODES = {1: 257, 2: 129, 3: 17}
EVOLUTION_NODES = {1: 801, 2: 33, 3: 13}
STEADY_TOLERANCE = 1e-11
EVOLUTION_TOLERANCE = 1e-11
FACTORED_NODES = 10_000
LOOSEST_TOLERANCE = 1e-3
KEPT_INTERVALS = 200


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

    The finer grid halves the spacing of the coarser one. Its solution is returned, and the relative L2 difference of
    the two on their common nodes, which is larger than the error of the finer one as long as the order is visible.
    Steady problems are solved by Newton's method, evolution problems by the method of lines. Measurements (`Data`) are
    left out: equations and conditions alone must fix the solution.

    Args:
        problem: on a box in 1 to 3 space coordinates, with or without time.
        nodes: of the coarser grid along each space coordinate, both ends included; one number serves all.
        order: order of accuracy of the differences: 2, 4 or 6.
        instants: equidistant instants of the result, both ends included.
        tolerance: relative; of the last Newton step, or of each step in time. On the coarser grid it is larger by
            2**order in time, so that the difference of the two shows the error in time as well.
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
    check_order(order)
    if problem.domain.time_name is None:
        counts = node_counts(problem, nodes or STEADY_NODES[problem.domain.dimension])
        grids = [_grid(problem, n, order, order) for n in _doubled(counts)]
        values, details = _steady(problem, grids, tolerance or STEADY_TOLERANCE)
        axes = grids[-1].axes
    else:
        if instants < 2:
            raise ValueError(f"`instants` must be at least 2, got {instants}: both ends belong to the result.")
        counts = node_counts(problem, nodes or EVOLUTION_NODES[problem.domain.dimension - 1])
        grids = [_grid(problem, n, order, CLOSURE[order]) for n in _doubled(counts)]
        moments = np.linspace(*problem.domain.bounds[problem.domain.time_name], instants)
        chosen = integrator or integrator_for(problem)
        values, details = _evolution(problem, grids, moments, chosen, tolerance or EVOLUTION_TOLERANCE)
        axes = grids[-1].axes | {problem.domain.time_name: moments}
    coarse, fine = ({name: g.unfold(v) for name, v in found.items()} for g, found in zip(grids, values, strict=True))
    every_second = (slice(None, None, 2),) * len(counts)
    error = _relative_difference(coarse, {name: v[every_second] for name, v in fine.items()})
    thin = {name: slice(None, None, _stride(len(a))) for name, a in grids[-1].axes.items()}
    sizes = ["x".join(str(len(a)) for a in g.axes.values()) for g in grids]
    return Reference(
        f"finite differences, order {order}, {sizes[-1]}",
        axes | {name: axes[name][s] for name, s in thin.items()},
        {name: v[tuple(thin.values())].copy() for name, v in fine.items()},
        error,
        time.perf_counter() - start,
        {"order": order, "coarse nodes": sizes[0], "fine nodes": sizes[1], **details},
    )


def _doubled(counts: list[int]) -> list[list[int]]:
    return [counts, [2 * n - 1 for n in counts]]


def _grid(problem: Problem, counts: list[int], order: int, closure: int) -> TensorGrid:
    bounds = [problem.domain.bounds[name] for name in problem.domain.space_names]
    nodes = [np.linspace(lo, hi, n) for (lo, hi), n in zip(bounds, counts, strict=True)]
    axes = dict(zip(problem.domain.space_names, nodes, strict=True))
    return TensorGrid(axes, periodic_axes(problem), order, closure)


def _steady(
    problem: Problem, grids: list[TensorGrid], tolerance: float
) -> tuple[list[dict[str, np.ndarray]], dict[str, Any]]:
    """Values on both grids; the finer one starts from the coarser solution."""
    names, found, total = list(problem.unknown), [], 0
    start = np.zeros(len(names) * grids[0].size)
    for grid in grids:
        if found:
            start = np.concatenate([_refined(grids[0], grid, v) for v in found[0].values()])
        system = steady_system(problem, grid)
        by_factors = len(grid.shape) == 1 or grid.order == 2 or grid.size < FACTORED_NODES
        sparser = None if by_factors else steady_system(problem, replace(grid, order=2, closure=2))
        y, count = newton(system, start, tolerance, sparser)
        total += count
        found.append(dict(zip(names, np.split(y, len(names)), strict=True)))
    return found, {"method": "Newton", "steps": total}


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
        values, count = integrate(system, moments, integrator, min(tolerance * slack, LOOSEST_TOLERANCE))
        found.append(values)
        total += count
    return found, {"method": integrator.__name__, "tolerance": tolerance, "evaluations": total}


def _relative_difference(coarse: dict[str, np.ndarray], fine: dict[str, np.ndarray]) -> float:
    """Relative L2 difference over all unknowns together; the absolute one if the solution is zero."""
    miss = np.sqrt(sum(float(np.sum((coarse[n] - v) ** 2)) for n, v in fine.items()))
    size = np.sqrt(sum(float(np.sum(v**2)) for v in fine.values()))
    return float(miss / size if size else miss)


def _stride(nodes: int) -> int:
    """The divisor of the number of intervals that leaves nearest to 200 of them; 1 if there are no more."""
    intervals = nodes - 1
    if intervals <= KEPT_INTERVALS:
        return 1
    divisors = [s for s in range(1, intervals + 1) if intervals % s == 0]
    return min(divisors, key=lambda s: abs(np.log(intervals / s / KEPT_INTERVALS)))
