"""The kernel form for fewer rows than parameters: d = -J^T (J J^T + lambda)^-1 r, a matrix of the size of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ...linearisation import Linearisation
from .base import DampedStep, Metric
from .gram import add_lower_product
from .lengthening import lengthening


@dataclass(frozen=True)
class Kernel:
    """Factorisation by J J^T, the neural tangent kernel of the residuals.

    Source:
        Nocedal, Wright (2006), Numerical Optimization, sec. 10.3; the matrix identity is Woodbury's.
    """

    def __call__(self, linear: Linearisation, metric: Metric, *, relative: float = 0.0, turn: int = 0) -> KernelFactor:
        """J J^T."""
        jacobian = metric.whiten(linear.dense())
        matrix = jacobian.new_zeros(len(jacobian), len(jacobian))
        add_lower_product(matrix, jacobian.T)
        return KernelFactor(linear, jacobian, matrix)


@dataclass
class KernelFactor:
    """J in the parameters of the metric, and J J^T, of which only the lower triangle counts."""

    linear: Linearisation
    jacobian: Float[Tensor, "n p"]
    matrix: Float[Tensor, "n n"]

    @property
    def largest(self) -> float:
        """By two steps of the power method from the rows, and not below any entry of the diagonal."""
        return max(lengthening([self._normal, self._normal], self.linear.rows), float(self.matrix.diagonal().max()))

    def _normal(self, rows: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """J J^T times a vector."""
        return self.jacobian @ (self.jacobian.T @ rows)

    @property
    def relative_floor(self) -> float:
        """Some hundred units of rounding."""
        return float(100 * torch.finfo(self.matrix.dtype).eps)

    def step(self, damping: float) -> DampedStep | None:
        """By a Cholesky factor of the damped kernel."""
        step = self.correction(self.linear.rows, damping)
        if step is None:
            return None
        change = self.jacobian @ step
        return DampedStep(step, float(-2 * (self.linear.rows @ change) - change @ change))

    def correction(self, rows: Float[Tensor, " n"], damping: float) -> Float[Tensor, " p"] | None:
        """The same for other rows."""
        damped = self.matrix.clone()
        damped.diagonal().add_(damping)
        triangle, failed = torch.linalg.cholesky_ex(damped)
        if bool(failed):
            return None
        return -(self.jacobian.T @ torch.cholesky_solve(rows[:, None], triangle)[:, 0])
