"""Sparse linear systems: by factors, or by GMRES with the factors of a sparser system of lower order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, gmres, splu

from .grid import Matrix
from .record import ReferenceFailed

LinearSolve = Callable[[np.ndarray], np.ndarray]

GMRES_TOLERANCE = 1e-10
GMRES_RESTART = 60
GMRES_CYCLES = 3


def factored(matrix: Matrix) -> LinearSolve:
    """Solve by sparse LU factors.

    Raises:
        ReferenceFailed: if the matrix is singular.
    """
    try:
        solve: Any = splu(matrix.tocsc()).solve
    except RuntimeError as error:
        raise ReferenceFailed(
            f"the Jacobian with {matrix.shape[0]} rows is singular ({error}): a condition is missing or follows from another."
        ) from None
    return solve


def preconditioned(matrix: Matrix, sparser: Matrix) -> LinearSolve:
    """Solve by GMRES, with the factors of a discretisation of lower order as the preconditioner.

    The preconditioned spectrum does not depend on the grid, and in three dimensions the factors of the sparser matrix
    cost a tenth. Where GMRES does not converge, the matrix itself is factored.

    Source:
        Orszag (1980), Journal of Computational Physics 37, 70.
    """
    diagonal_pivots = {"SymmetricMode": True, "Equil": False}  # exchanging rows would fill the factors sixfold
    try:
        factors = splu(sparser.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=diagonal_pivots)
    except RuntimeError:
        return factored(matrix)
    inverse = LinearOperator(matrix.shape, factors.solve, dtype=float)

    def solve(right: np.ndarray) -> np.ndarray:
        found, failed = gmres(
            matrix, right, rtol=GMRES_TOLERANCE, atol=0.0, restart=GMRES_RESTART, maxiter=GMRES_CYCLES, M=inverse
        )
        return factored(matrix)(right) if failed else found

    return solve
