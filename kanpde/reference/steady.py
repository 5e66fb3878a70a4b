"""Steady problems on a tensor grid: Newton's method with the exact sparse Jacobian."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import sympy as sp
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from ..expression import Expression
from ..problem import Problem
from .boundary import boundary_claims, free_nodes
from .grid import Matrix, TensorGrid
from .linear_solve import LinearSolve, factored, preconditioned
from .record import ReferenceFailed
from .rows import Rows

NEWTON_STEPS = 50
SHORTEST_STEP = 2.0**-20
ROUNDING_STEP = 1e-6


@dataclass(frozen=True)
class SteadySystem:
    """As many rows as values: the equations at free nodes, then the boundary conditions.

    Attributes:
        rows: all rows, in the order of the residual.
        order: where each row stands in the square system, next to the node that it belongs to.
    """

    rows: list[Rows]
    order: np.ndarray

    @property
    def is_linear(self) -> bool:
        """Whether the Jacobian is the same everywhere."""
        return all(r.expression.is_linear for r in self.rows)

    def residual(self, y: np.ndarray) -> np.ndarray:
        """What vanishes at the solution."""
        return np.concatenate([r.value(y) for r in self.rows])[self.order]

    def jacobian(self, y: np.ndarray) -> Matrix:
        """Derivative of the residual."""
        stacked = sparse.vstack([r.jacobian(y) for r in self.rows], format="csr")
        return stacked[self.order].tocsc()


def steady_system(problem: Problem, grid: TensorGrid, equations: dict[str, sp.Expr] | None = None) -> SteadySystem:
    """Discretise a problem without time.

    Args:
        equations: unknown to what vanishes at its nodes; the equations of the problem without it.

    Raises:
        ValueError: for conditions that a grid cannot hold.
    """
    names, unknowns = list(problem.unknown), list(problem.unknown.values())
    claims = boundary_claims(problem, grid)
    free = free_nodes(problem, grid, claims)
    rows, place = [], []

    def add(formula: sp.Expr, nodes: np.ndarray, columns: dict[str, np.ndarray], *, full: bool) -> None:
        expression = Expression(formula, unknowns)
        blocks = [
            [grid.operator(p.orders, full=full)[nodes] if name == p.unknown else _empty(nodes, grid) for name in names]
            for p in expression.partials
        ]
        rows.append(Rows(expression, [sparse.hstack(b, format="csr") for b in blocks], columns))

    for owner, formula in (equations or paired_equations(problem)).items():
        nodes = free[owner]
        if len(nodes):
            add(formula, nodes, {name: c[nodes] for name, c in grid.columns.items()}, full=False)
            place.append(names.index(owner) * grid.size + nodes)
    for claim in claims:
        add(claim.formula, claim.nodes, claim.columns(grid), full=True)
        place.append(names.index(claim.owner) * grid.size + claim.rows)
    return SteadySystem(rows, np.argsort(np.concatenate(place)))


def harmonic_start(problem: Problem, grid: TensorGrid) -> np.ndarray:
    """Harmonic functions that meet the conditions: where Newton's method starts if it fails from zero.

    Raises:
        ReferenceFailed: if the conditions do not fix them.
    """
    space = [c for c in problem.domain.coordinates if c.kind == "space"]
    harmonic = {name: sp.Add(*[sp.diff(u, c, 2) for c in space]) for name, u in problem.unknown.items()}
    system = steady_system(problem, replace(grid, order=2, closure=2), harmonic)
    return newton(system, np.zeros(len(problem.unknown) * grid.size), ROUNDING_STEP)[0]


def paired_equations(problem: Problem) -> dict[str, sp.Expr]:
    """Unknown to the equation that holds at its nodes: the pairing with the highest derivatives on the diagonal.

    Raises:
        ValueError: if there are more equations than unknowns.
    """
    names, formulas = list(problem.unknown), list(problem.equations.values())
    if len(formulas) != len(names):
        raise ValueError(
            f"`residual` gives {len(formulas)} equations for {len(names)} unknowns: finite differences need as many."
        )
    order = np.full((len(names), len(names)), -100)
    for i, formula in enumerate(formulas):
        for p in Expression(formula, list(problem.unknown.values())).partials:
            j = names.index(p.unknown)
            order[j, i] = max(order[j, i], sum(p.orders))
    owners, chosen = linear_sum_assignment(-order)
    return {names[j]: formulas[i] for j, i in zip(owners, chosen, strict=True)}


def newton(
    system: SteadySystem, start: np.ndarray, tolerance: float, sparser: SteadySystem | None = None
) -> tuple[np.ndarray, int]:
    """Newton's method, its step halved until the residual shrinks.

    Args:
        tolerance: largest last step, relative to the solution.
        sparser: the same problem at a lower order, to precondition the linear systems; factors without it.

    Returns:
        The solution and the number of steps.

    Raises:
        ReferenceFailed: if the Jacobian is singular or the residual stops shrinking.
    """
    y = start
    with np.errstate(all="ignore"):
        residual = system.residual(y)
        if not np.isfinite(residual).all():
            raise ReferenceFailed(
                "the residual is not finite where Newton's method starts: the equation is singular there."
            )
        solve = _linear_solve(system, sparser, y)
    for count in range(NEWTON_STEPS):
        if count and not system.is_linear:
            solve = _linear_solve(system, sparser, y)
        step = -solve(residual)
        size = float(np.abs(step).max())
        if not np.isfinite(size):
            raise ReferenceFailed(f"Newton's step {count + 1} is not finite: the Jacobian is singular or overflows.")
        scale = max(float(np.abs(y + step).max()), 1e-300)
        if size <= tolerance * scale:
            return y + step, count + 1
        length, trial, after = _shortened(system, y, step, float(np.linalg.norm(residual)))
        if length == 0.0:
            if size <= ROUNDING_STEP * scale:
                return y, count + 1
            if system.is_linear:
                raise ReferenceFailed(
                    "the linear equations on the grid are singular to rounding: where conditions meet in corners, those of the grid may "
                    "say the same thing twice. Finite elements may take the problem."
                )
            raise ReferenceFailed(
                f"Newton's method stops at a residual of {np.linalg.norm(residual):.3g} after {count + 1} steps: "
                "another start or a parameter closer to a known case may help."
            )
        y, residual = trial, after
    raise ReferenceFailed(
        f"Newton's method has a residual of {np.linalg.norm(residual):.3g} after {NEWTON_STEPS} steps: it converges too slowly."
    )


def _linear_solve(system: SteadySystem, sparser: SteadySystem | None, y: np.ndarray) -> LinearSolve:
    matrix = system.jacobian(y)
    return preconditioned(matrix, sparser.jacobian(y)) if sparser else factored(matrix)


def _shortened(
    system: SteadySystem, y: np.ndarray, step: np.ndarray, before: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """The first of the steps 1, 1/2, 1/4, ... that lowers the residual; length 0 if none does."""
    length = 1.0
    while length >= SHORTEST_STEP:
        trial = y + length * step
        with np.errstate(all="ignore"):
            after = system.residual(trial)
            norm = float(np.linalg.norm(after))
        if norm < (1 - 1e-4 * length) * before:
            return length, trial, after
        length /= 2
    return 0.0, y, np.zeros(0)


def _empty(nodes: np.ndarray, grid: TensorGrid) -> Matrix:
    return sparse.csr_array((len(nodes), grid.size))
