"""How fine to compute: numbers of nodes, what rounding leaves of their accuracy, and which nodes to keep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..problem import Problem
from .boundary import periodic_axes
from .grid import TensorGrid

STEADY_NODES = {1: 257, 2: 129, 3: 17}
EVOLUTION_NODES = {1: 801, 2: 33, 3: 13}
HIGHER_ORDER = 2
"""Above this order rounding and stiffness forbid so many nodes: half as many intervals per further order."""
FEWEST_INTERVALS = 12
ROUNDING = 1e-16
KEPT_INTERVALS = 200


def two_grids(problem: Problem, nodes: int | Sequence[int] | None, order: int, closure: int) -> list[TensorGrid]:
    """A grid and one of half its spacing, the nodes of the first among those of the second.

    Args:
        nodes: along each space coordinate of the first one, both ends included; a default for the kind of problem
            without it.

    Raises:
        ValueError: for a number below 3 or the wrong number of numbers.
    """
    names = problem.domain.space_names
    wanted = _default_nodes(problem) if nodes is None else nodes
    counts = [int(wanted)] * len(names) if isinstance(wanted, (int, np.integer)) else [int(n) for n in wanted]
    if len(counts) != len(names):
        raise ValueError(f"`nodes` must be one number or {len(names)} ({', '.join(names)}), got {len(counts)}.")
    if min(counts) < 3:
        raise ValueError(f"`nodes` must be at least 3, got {min(counts)}: a difference needs neighbours.")
    both = (counts, [2 * n - 1 for n in counts])
    bounds = {name: problem.domain.bounds[name] for name in names}
    return [
        TensorGrid(
            {name: np.linspace(lo, hi, n) for (name, (lo, hi)), n in zip(bounds.items(), each, strict=True)},
            periodic_axes(problem),
            order,
            closure,
        )
        for each in both
    ]


def rounding_error(problem: Problem, grid: TensorGrid) -> float:
    """Relative error that rounding leaves: a difference of order k on n intervals magnifies it by n^k."""
    magnified = [
        (len(nodes) - 1.0) ** problem.orders[unknown, name]
        for name, nodes in grid.axes.items()
        for unknown in problem.unknown
    ]
    return ROUNDING * max(magnified)


def thinned(grid: TensorGrid, values: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Axes and values at about 200 intervals per axis, both ends among them; all nodes where there are no more."""
    keep = {name: slice(None, None, _stride(len(nodes) - 1)) for name, nodes in grid.axes.items()}
    axes = {name: grid.axes[name][s] for name, s in keep.items()}
    return axes, {name: v[tuple(keep.values())].copy() for name, v in values.items()}


def space_order(problem: Problem) -> int:
    """Highest order of differentiation along one space coordinate."""
    return max(problem.orders[unknown, name] for unknown in problem.unknown for name in problem.domain.space_names)


def _default_nodes(problem: Problem) -> int:
    """Measured to end in seconds on one core; fewer for derivatives above the second and for systems."""
    dimension = len(problem.domain.space_names)
    intervals = (STEADY_NODES if problem.domain.time_name is None else EVOLUTION_NODES)[dimension] - 1
    halvings = max(0, space_order(problem) - HIGHER_ORDER)
    halvings += int(dimension > 1 and len(problem.unknown) > 1)
    return max(intervals // 2**halvings, FEWEST_INTERVALS) + 1


def _stride(intervals: int) -> int:
    if intervals <= KEPT_INTERVALS:
        return 1
    divisors = [s for s in range(1, intervals + 1) if intervals % s == 0]
    return min(divisors, key=lambda s: abs(np.log(intervals / s / KEPT_INTERVALS)))
