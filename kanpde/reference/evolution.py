"""Evolution problems on a tensor grid: the method of lines, integrated in time by SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.integrate import BDF, DOP853, OdeSolver, Radau, solve_ivp

from ..conditions import Initial
from ..expression import Expression, numeric
from ..problem import Problem
from .boundary import boundary_claims, free_nodes
from .elimination import Elimination, eliminate
from .grid import Matrix, TensorGrid
from .normal_form import time_derivatives
from .record import ReferenceFailed
from .resolution import space_order
from .rows import Rows

USUAL = 1e-3
"""Size of a solution that starts from less and is not known to stay smaller."""
CLOSURE = {2: 2, 4: 3, 6: 4}
"""Order of accuracy inside to the one near the ends: one-sided differences of full order let waves grow."""


@dataclass(frozen=True)
class Block:
    """A part of the state: a time derivative of an unknown, at its free nodes.

    Attributes:
        unknown: its name.
        level: order of the time derivative.
        place: where it stands in the state.
    """

    unknown: str
    level: int
    place: slice


@dataclass(frozen=True)
class MethodOfLines:
    """Ordinary differential equations `dy/dt = rate(t, y)` for the values at free nodes.

    Attributes:
        grid: the nodes in space.
        blocks: the parts of the state.
        eliminations: unknown to its values on all nodes.
        rows: unknown to the expression of its highest time derivative.
        time: name of the time.
        start: the state at the first instant.
    """

    grid: TensorGrid
    blocks: list[Block]
    eliminations: dict[str, Elimination]
    rows: dict[str, Rows]
    time: str
    start: np.ndarray

    def rate(self, t: float, y: np.ndarray) -> np.ndarray:
        """Time derivative of the state."""
        parts = []
        for block in self.blocks:
            above = self._block(block.unknown, block.level + 1)
            if above:
                parts.append(y[above.place])
            else:
                rows = self.rows[block.unknown]
                parts.append(rows.value(y, {self.time: t}, self._offsets(rows, t)))
        return np.concatenate(parts)

    def jacobian(self, t: float, y: np.ndarray) -> Matrix:
        """Sparse derivative of the rate by the state."""
        parts = []
        for block in self.blocks:
            above = self._block(block.unknown, block.level + 1)
            if above:
                width = above.place.stop - above.place.start
                parts.append(sparse.eye_array(width, len(y), k=above.place.start, format="csr"))
            else:
                rows = self.rows[block.unknown]
                parts.append(rows.jacobian(y, {self.time: t}, self._offsets(rows, t)))
        return sparse.vstack(parts, format="csc")

    def everywhere(self, name: str, t: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Values of an unknown on all nodes at all instants, of shape (nodes, instants)."""
        block, elimination = self._block(name, 0), self.eliminations[name]
        assert block is not None
        data = np.stack([elimination.data(0, instant) for instant in t], axis=1)
        return elimination.inner @ y[block.place] + elimination.outer @ data

    def _block(self, name: str, level: int) -> Block | None:
        return next((b for b in self.blocks if (b.unknown, b.level) == (name, level)), None)

    def _offsets(self, rows: Rows, t: float) -> list[np.ndarray]:
        found = []
        for p, matrix in zip(rows.expression.partials, rows.shifts, strict=True):
            found.append(matrix @ self.eliminations[p.unknown].data(p.orders[-1], t))
        return found


def method_of_lines(problem: Problem, grid: TensorGrid) -> MethodOfLines:
    """Discretise an evolution problem in space.

    Raises:
        ValueError: for an equation or a condition that the method cannot take.
        ReferenceFailed: if the boundary conditions depend on one another.
    """
    time, unknowns = str(problem.domain.time_name), list(problem.unknown.values())
    formulas = time_derivatives(problem)
    claims = boundary_claims(problem, grid)
    free = free_nodes(problem, grid, claims)
    eliminations = {
        name: eliminate(problem, grid, name, [c for c in claims if c.owner == name], free[name])
        for name in problem.unknown
    }
    blocks, total = [], 0
    for name in problem.unknown:
        for level in range(problem.orders[name, time]):
            blocks.append(Block(name, level, slice(total, total + len(free[name]))))
            total += len(free[name])
    rows = {}
    for name, formula in formulas.items():
        expression = Expression(formula, unknowns)
        matrices, shifts = [], []
        for p in expression.partials:
            elimination, operator = eliminations[p.unknown], grid.operator(p.orders[:-1])[free[name]]
            place = next(b.place for b in blocks if (b.unknown, b.level) == (p.unknown, p.orders[-1]))
            matrices.append(_widened(operator @ elimination.inner, place, total))
            shifts.append(operator @ elimination.outer)
        columns = {c: values[free[name]] for c, values in grid.columns.items()}
        rows[name] = Rows(expression, matrices, columns, shifts)
    start = np.concatenate([_initial(problem, grid, b.unknown, b.level)[free[b.unknown]] for b in blocks])
    return MethodOfLines(grid, blocks, eliminations, rows, time, start)


def integrator_for(problem: Problem) -> type[OdeSolver]:
    """Radau if the order in space is above the order in time, as diffusion is stiff; DOP853 for waves.

    DOP853 in three space dimensions as well: the factors that Radau needs cost more there than many small steps.
    """
    order_in_time = min(problem.orders[name, str(problem.domain.time_name)] for name in problem.unknown)
    stiff = space_order(problem) > order_in_time
    return Radau if stiff and len(problem.domain.space_names) < 3 else DOP853


def integrate(
    system: MethodOfLines, instants: np.ndarray, integrator: type[OdeSolver], tolerance: float
) -> tuple[dict[str, np.ndarray], int]:
    """Values of every unknown on all nodes at the given instants.

    Args:
        tolerance: of each step, relative to the value and to the largest one.

    Returns:
        Unknown to values of shape (nodes, instants), and the number of evaluations of the rate.

    Raises:
        ReferenceFailed: if the integrator gives up.
    """
    options = {"jac": system.jacobian} if issubclass(integrator, (BDF, Radau)) else {}

    def run(scale: float) -> Any:
        with np.errstate(all="ignore"):
            return solve_ivp(
                system.rate,
                (instants[0], instants[-1]),
                system.start,
                method=integrator,
                t_eval=instants,
                rtol=tolerance,
                atol=tolerance * scale,
                **options,
            )

    scale = max(float(np.abs(system.start).max()), USUAL)
    found = run(scale)
    size = float(np.abs(found.y).max(initial=0.0))
    if 0 < size < scale / 2:  # in other units it would have had other tolerances
        found = run(size)
    if not found.success or not np.isfinite(found.y).all():
        reached = found.t[-1] if len(found.t) else instants[0]
        raise ReferenceFailed(
            f"{integrator.__name__} stopped after {system.time}={reached:.4g} of {instants[-1]:.4g}: {found.message}"
        )
    return {name: system.everywhere(name, instants, found.y) for name in system.eliminations}, int(found.nfev)


def _initial(problem: Problem, grid: TensorGrid, name: str, level: int) -> np.ndarray:
    """Initial values of a time derivative on all nodes."""
    time = str(problem.domain.time_name)
    for condition in problem.condition_list:
        if isinstance(condition, Initial) and condition.order == level and name in condition.values:
            columns = grid.columns | {time: np.full(grid.size, problem.domain.bounds[time][0])}
            return numeric(condition.values[name], columns)
    order = f", order={level}" if level else ""
    raise ValueError(
        f"`conditions` gives no initial value for the derivative of order {level} of {name} in {time}: "
        f"add Initial({name}=...{order})."
    )


def _widened(matrix: Matrix, place: slice, total: int) -> Matrix:
    """A matrix moved to the columns of one block of the state."""
    coo = matrix.tocoo()
    return sparse.csr_array((coo.data, (coo.row, coo.col + place.start)), shape=(matrix.shape[0], total))
