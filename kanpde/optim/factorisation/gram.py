"""The normal equations: J^T J once, and a Cholesky factor for every damping.

Cheapest for N > P, and half of the digits are lost: good while the damping is above 1e-11 of the largest eigenvalue.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from ...linearisation import Linearisation
from .base import DampedStep, Metric
from .batches import batch_rows, check_memory
from .lengthening import lengthening

LEAF = 512
"""Products smaller than this are not split further: one half of the symmetric matrix is computed, in blocks."""


@dataclass(frozen=True)
class Gram:
    """Factorisation by normal equations.

    Args:
        memory: bytes that a batch of rows of the Jacobian may take; J^T J is summed over batches.
        dtype: of the product J^T J; the rest stays in the type of the parameters. float32 halves its time and is good
            while the damping is above 1e-4 of the largest eigenvalue.

    Raises:
        ValueError: for a memory that is not positive.
    """

    memory: float = 2.0**30
    dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        check_memory(self.memory)

    def __call__(self, linear: Linearisation, metric: Metric, *, relative: float = 0.0, turn: int = 0) -> GramFactor:
        """J^T J and J^T r, summed over batches of rows."""
        count = linear.parameter_count
        kind = self.dtype or linear.rows.dtype
        matrix = linear.rows.new_zeros(count, count, dtype=kind)
        gradient = linear.rows.new_zeros(count)
        for rows, part in linear.batches(batch_rows(linear, self.memory)):
            part = metric.whiten(part)
            gradient.addmv_(part.T, rows)
            add_lower_product(matrix, part.to(kind))
        return GramFactor(linear, metric, matrix.to(linear.rows.dtype), gradient, torch.finfo(kind).eps)


@dataclass
class GramFactor:
    """J^T J, of which only the lower triangle counts, and J^T r."""

    linear: Linearisation
    metric: Metric
    matrix: Float[Tensor, "p p"]
    gradient: Float[Tensor, " p"]
    epsilon: float
    _last: tuple[float, Tensor | None] = field(default=(-1.0, None))

    @property
    def largest(self) -> float:
        """By two steps of the power method from the gradient, and not below any entry of the diagonal."""
        full = self.matrix.tril() + self.matrix.tril(-1).T
        return max(lengthening([full.matmul, full.matmul], self.gradient), float(full.diagonal().max()))

    @property
    def relative_floor(self) -> float:
        """Some hundred units of rounding."""
        return 100 * self.epsilon

    def _triangle(self, damping: float) -> Tensor | None:
        if self._last[0] != damping:
            damped = self.matrix.clone()
            damped.diagonal().add_(damping)
            triangle, failed = torch.linalg.cholesky_ex(damped)
            self._last = (damping, None if bool(failed) else triangle)
        return self._last[1]

    def step(self, damping: float) -> DampedStep | None:
        """By a Cholesky factor of the damped matrix."""
        triangle = self._triangle(damping)
        if triangle is None:
            return None
        step = -torch.cholesky_solve(self.gradient[:, None], triangle)[:, 0]
        return DampedStep(step, float(damping * (step @ step) - self.gradient @ step))

    def correction(self, rows: Float[Tensor, " n"], damping: float) -> Float[Tensor, " p"] | None:
        """The same for other rows."""
        triangle = self._triangle(damping)
        if triangle is None:
            return None
        gradient = self.metric.whiten_gradient(self.linear.transposed(rows))
        return -torch.cholesky_solve(gradient[:, None], triangle)[:, 0]


def add_lower_product(matrix: Float[Tensor, "p p"], tall: Float[Tensor, "n p"]) -> None:
    """Add the lower triangle of `tall.T @ tall`, in blocks of which those above the diagonal are left out."""
    count = tall.shape[1]
    for start in range(0, count, LEAF):
        stop = min(start + LEAF, count)
        matrix[start:stop, :stop].addmm_(tall[:, start:stop].T, tall[:, :stop])
