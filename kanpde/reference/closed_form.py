"""References that need no solver: exact solutions as expressions, and closed forms as NumPy functions."""

from __future__ import annotations

import time

import numpy as np

from ..expression import numeric
from ..geometry import PointSet, tensor_points
from ..problem import Problem
from .record import Reference

NODES = {1: 1001, 2: 101, 3: 31, 4: 13}
FEWEST_NODES = 7
MOST_POINTS = 200_000
"""Of a grid in many dimensions."""
ROUNDING = 1e-15
CHUNK = 10_000


def usual_nodes(dimension: int) -> int:
    """Nodes per coordinate of a grid that shows a solution well and stays small in many dimensions."""
    return NODES.get(dimension, max(2, min(FEWEST_NODES, int(MOST_POINTS ** (1 / dimension) + 1e-9))))


def exact_reference(
    problem: Problem, nodes: int | None = None, *, axes: dict[str, np.ndarray] | None = None
) -> Reference | None:
    """The exact solution or closed form of a problem on a tensor grid, NaN outside of the domain; None if it has neither.

    Args:
        problem: with the method `exact` or `closed_form`.
        nodes: per coordinate, equidistant, at least 2; fewer in more dimensions without it.
        axes: the nodes themselves, coordinate to values in the order of the domain.

    Raises:
        ValueError: for fewer than 2 nodes, or a closed form that is not finite.
    """
    dimension = problem.domain.dimension
    count = usual_nodes(dimension) if nodes is None else nodes
    if count < 2:
        raise ValueError(f"`nodes` must be at least 2, got {count}: a grid needs both ends.")
    if problem.exact_solution is None and getattr(problem, "closed_form", None) is None:
        return None  # before a grid is laid, which does not fit into memory in many dimensions
    start = time.perf_counter()
    axes = problem.domain.grid([count] * dimension) if axes is None else axes
    grid, shape = tensor_points(axes), tuple(len(a) for a in axes.values())
    inside = problem.domain.contains(grid)
    points = grid.at(inside)
    if problem.exact_solution is not None:
        found = {name: numeric(e, points.columns) for name, e in problem.exact_solution.items()}
        name, error = "exact solution", ROUNDING
    else:
        found, name, error = _in_chunks(problem, points), "closed form", problem.closed_form_error
    values = {}
    for unknown, v in found.items():
        if not np.isfinite(v).all():
            raise ValueError(
                f"`{name}` of {unknown} is not finite at {int((~np.isfinite(v)).sum())} of {v.size} points."
            )
        whole = np.full(len(grid), np.nan)
        whole[inside] = v
        values[unknown] = whole.reshape(shape)
    return Reference(name, axes, values, error, time.perf_counter() - start, {"nodes": "x".join(map(str, shape))})


def _in_chunks(problem: Problem, points: PointSet) -> dict[str, np.ndarray]:
    """The closed form at all points, some thousands at a time: it may take much memory per point."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in problem.unknown}
    for start in range(0, len(points), CHUNK):
        columns = {name: column[start : start + CHUNK] for name, column in points.columns.items()}
        size = len(next(iter(columns.values())))
        found = problem.closed_form(**columns)  # type: ignore[attr-defined]
        found = found if isinstance(found, dict) else {next(iter(problem.unknown)): found}
        for name in problem.unknown:
            values = np.asarray(found.get(name), float)
            if values.shape not in ((), (size,)):
                raise ValueError(
                    f"`closed_form` must return {name} at {size} points with shape ({size},), got {values.shape}."
                )
            parts[name].append(np.broadcast_to(values, size))
    return {name: np.concatenate(values) for name, values in parts.items()}
