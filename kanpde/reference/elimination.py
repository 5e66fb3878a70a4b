"""Boundary nodes eliminated from an evolution: their values follow from those inside and the boundary data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp
from scipy import sparse
from scipy.sparse.linalg import splu

from ..expression import Expression
from ..problem import Problem
from .boundary import Claim
from .grid import Matrix, TensorGrid
from .record import ReferenceFailed
from .rows import Rows

COLUMNS_AT_ONCE = 256


@dataclass
class BoundaryData:
    """The contribution of given boundary data to the values at the eliminated nodes, and its time derivatives.

    Attributes:
        sources: the part of each condition that is free of unknowns.
        columns: coordinates and normals where each holds.
        solve: solves the conditions for the values at the eliminated nodes.
        time: the time coordinate.
    """

    sources: list[sp.Expr]
    columns: list[dict[str, np.ndarray]]
    solve: Any
    time: sp.Symbol
    _rows: dict[int, list[Rows]] = field(default_factory=dict, repr=False)
    _fixed: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    def __call__(self, level: int, instant: float) -> np.ndarray:
        """Time derivative of order `level` at an instant, of shape (eliminated nodes,)."""
        if level in self._fixed:
            return self._fixed[level]
        if level not in self._rows:
            formulas = [sp.diff(s, self.time, level) if level else s for s in self.sources]
            self._rows[level] = [
                Rows(Expression(sp.sympify(f), []), [], c) for f, c in zip(formulas, self.columns, strict=True)
            ]
        rows = self._rows[level]
        if not rows:
            return np.zeros(0)
        nothing = np.zeros(0)
        found = -self.solve(np.concatenate([r.value(nothing, {self.time.name: instant}) for r in rows]))
        if not any(self.time in r.expression.columns for r in rows):
            self._fixed[level] = found
        return found


@dataclass(frozen=True)
class Elimination:
    """Values of one unknown on all nodes, `inner @ y + outer @ data`, from those at its free nodes.

    Attributes:
        free: indices of the free nodes.
        inner: matrix (size, free nodes).
        outer: matrix (size, eliminated nodes).
        data: the boundary data and their time derivatives.
    """

    free: np.ndarray
    inner: Matrix
    outer: Matrix
    data: BoundaryData


def eliminate(problem: Problem, grid: TensorGrid, owner: str, claims: list[Claim], free: np.ndarray) -> Elimination:
    """Solve the boundary conditions of one unknown for the values at the nodes that they claim.

    Raises:
        ValueError: for a condition that is not linear, names another unknown, or has coefficients that change in time.
        ReferenceFailed: if the conditions depend on one another.
    """
    time = problem.domain.time
    assert time is not None
    nothing = np.zeros(grid.size)
    matrices, sources, columns = [sparse.csr_array((0, grid.size))], [], []
    for claim in claims:
        expression = _linear_condition(problem, owner, claim)
        place = claim.columns(grid)
        operators = [grid.operator(p.orders[:-1], full=True)[claim.nodes] for p in expression.partials]
        rows = Rows(expression, operators, place)
        matrices.append(rows.jacobian(nothing, {time.name: problem.domain.bounds[time.name][0]}))
        sources.append(without_unknowns(claim.formula, problem))
        columns.append(place)
    matrix = sparse.vstack(matrices, format="csc")
    taken = np.concatenate([np.zeros(0, int), *[c.rows for c in claims]])
    try:
        solve = splu(matrix[:, taken]).solve if len(taken) else np.copy
    except RuntimeError:
        names = ", ".join(dict.fromkeys(c.name for c in claims))
        raise ReferenceFailed(f"the boundary conditions depend on one another: {names}.") from None
    one = np.ones(grid.size)
    outer = sparse.csr_array((one[: len(taken)], (taken, np.arange(len(taken)))), shape=(grid.size, len(taken)))
    inner = sparse.csr_array((one[: len(free)], (free, np.arange(len(free)))), shape=(grid.size, len(free)))
    inner = inner + outer @ _solved(solve, matrix[:, free])
    return Elimination(free, inner.tocsr(), outer, BoundaryData(sources, columns, solve, time))


def without_unknowns(formula: sp.Expr, problem: Problem) -> sp.Expr:
    """An expression with zero for every unknown and every derivative of one."""
    unknowns = set(problem.unknown.values())
    atoms = {d for d in formula.atoms(sp.Derivative) if d.expr in unknowns} | unknowns
    return formula.xreplace(dict.fromkeys(atoms, sp.S.Zero))


def _linear_condition(problem: Problem, owner: str, claim: Claim) -> Expression:
    expression = Expression(claim.formula, list(problem.unknown.values()))
    if not expression.is_linear:
        raise ValueError(f"`{claim.name}` is not linear in the unknowns: the method of lines needs linear conditions.")
    if any(p.unknown != owner for p in expression.partials):
        raise ValueError(f"`{claim.name}` couples unknowns: the method of lines needs a condition for each one.")
    u = problem.unknown[owner]
    tokens = {d: sp.Dummy() for d in claim.formula.atoms(sp.Derivative) if d.expr == u} | {u: sp.Dummy()}
    plain = claim.formula.xreplace(tokens)
    if any(sp.diff(plain, token).has(problem.domain.time) for token in tokens.values()):
        raise ValueError(
            f"`{claim.name}` has a coefficient that changes in time: the method of lines takes constant ones and any data."
        )
    return expression


def _solved(solve: Any, right: Matrix) -> Matrix:
    """`solve` applied to the columns of a sparse matrix, negated; small blocks keep the memory small."""
    busy = np.flatnonzero(np.diff(right.indptr))
    total = sparse.csc_array(right.shape)
    for i in range(0, len(busy), COLUMNS_AT_ONCE):
        some = busy[i : i + COLUMNS_AT_ONCE]
        dense = -solve(right[:, some].toarray())
        dense[np.abs(dense) < 1e-15 * np.abs(dense).max()] = 0.0
        spread = sparse.csc_array((np.ones(len(some)), (np.arange(len(some)), some)), shape=(len(some), right.shape[1]))
        total = total + sparse.csc_array(dense) @ spread
    return total
