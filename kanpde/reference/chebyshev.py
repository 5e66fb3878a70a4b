"""Chebyshev collocation for steady problems on a box, from the symbolic form, with an error from two grids."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import reduce

import numpy as np
from jaxtyping import Float
from scipy import sparse
from scipy.interpolate import BarycentricInterpolator

from ..problem import Problem
from .boundary import periodic_axes
from .closed_form import usual_nodes
from .feasibility import check_problem
from .grid import Matrix, TensorGrid
from .record import Reference
from .resolution import rounding_error
from .spectral import relative_difference
from .steady import newton, steady_system

INTERVALS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
MOST_VALUES = 5_000
"""Unknowns times nodes: matrices are full along each axis, so that their factors fill up."""
NEWTON_TOLERANCE = 1e-12


class ChebyshevGrid(TensorGrid):
    """Nodes at the extrema of a Chebyshev polynomial; derivatives are those of the polynomial through all values."""

    def operator(self, orders: Sequence[int], *, full: bool = False) -> Matrix:
        """Matrix of the partial derivative with the given order per axis."""
        factors = [
            sparse.csr_array(np.linalg.matrix_power(differentiation_matrix(nodes), order))
            for nodes, order in zip(self.solved.values(), orders, strict=True)
        ]
        return sparse.csr_array(reduce(lambda a, b: sparse.kron(a, b, format="csr"), factors))


def chebyshev(
    problem: Problem,
    *,
    intervals: int | None = None,
    tolerance: float = 1e-10,
    axes: dict[str, np.ndarray] | None = None,
) -> Reference:
    """Solve a steady problem with a smooth solution by collocation, on two grids that tell the error.

    The coarser grid has two thirds of the intervals, or three quarters. The solution on the finer one is returned; its
    error is the relative L2 difference of the two on the axes. Newton's method starts from zero.

    Args:
        problem: on a box in 1 to 3 space coordinates, without time and without `Periodic`.
        intervals: of the finer grid along each coordinate, at least 6; as many as the tolerance needs and memory allows
            without it.
        tolerance: relative L2 error that is sought.
        axes: where values are wanted, coordinate to nodes; an equidistant grid without it.

    Raises:
        ValueError: for a problem that the method cannot take.
        ReferenceFailed: if Newton's method gives up.

    Source:
        Trefethen (2000), Spectral Methods in MATLAB, chapters 7 and 13.
    """
    start = time.perf_counter()
    check_problem(problem)
    if problem.domain.time_name or periodic_axes(problem):
        raise ValueError(f"`{problem.name}` has a time or is periodic: Chebyshev collocation is for steady boxes.")
    if intervals is not None and intervals < 6:
        raise ValueError(f"`intervals` must be at least 6, got {intervals}: a coarser grid must tell the error.")
    dimension, unknowns = len(problem.domain.space_names), len(problem.unknown)
    axes = axes or problem.domain.grid([usual_nodes(dimension)] * dimension)
    affordable = [n for n in INTERVALS if n in INTERVALS[:2] or unknowns * (n + 1) ** dimension <= MOST_VALUES]
    error, runs = np.inf, []
    for count in [2 * intervals // 3, intervals] if intervals else affordable:
        runs.append(_solve(problem, count, axes))
        if len(runs) > 1:
            rounding = rounding_error(problem, _grid(problem, count))
            error = relative_difference(runs[-2][0], runs[-1][0]) + rounding
        if error <= tolerance:
            break
    values, steps = runs[-1]
    size = "x".join([str(count + 1)] * dimension)
    details = {"nodes": size, "method": "Newton", "steps": steps}
    return Reference(f"Chebyshev collocation, {size}", axes, values, error, time.perf_counter() - start, details)


def differentiation_matrix(nodes: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n n"]:
    """From values at Chebyshev nodes to the derivative of the polynomial through them.

    Source:
        Trefethen (2000), Spectral Methods in MATLAB, chapter 6; the diagonal after Baltensperger, Trummer (2003), SIAM
        Journal on Scientific Computing 24, 1465.
    """
    weights = _weights(len(nodes))
    gaps = nodes[:, None] - nodes + np.eye(len(nodes))
    matrix = weights / weights[:, None] / gaps
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return matrix


def _solve(problem: Problem, intervals: int, axes: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], int]:
    """Values on the axes, and the number of Newton steps."""
    grid = _grid(problem, intervals)
    y, steps = newton(steady_system(problem, grid), np.zeros(len(problem.unknown) * grid.size), NEWTON_TOLERANCE)
    found = {}
    for name, values in zip(problem.unknown, np.split(y, len(problem.unknown)), strict=True):
        out = grid.unfold(values)
        for i, (axis, nodes) in enumerate(grid.axes.items()):
            out = BarycentricInterpolator(nodes, out, axis=i, wi=_weights(len(nodes)))(axes[axis])
        found[name] = out
    return found, steps


def _grid(problem: Problem, intervals: int) -> ChebyshevGrid:
    unit = np.sin(np.pi / 2 * np.linspace(-1, 1, intervals + 1))
    bounds = problem.domain.bounds.items()
    axes = {name: (lo + hi) / 2 + (hi - lo) / 2 * unit for name, (lo, hi) in bounds}
    return ChebyshevGrid(axes, frozenset(), order=intervals, closure=intervals)


def _weights(count: int) -> np.ndarray:
    """Barycentric weights of Chebyshev nodes."""
    weights = (-1.0) ** np.arange(count)
    weights[[0, -1]] /= 2
    return weights
