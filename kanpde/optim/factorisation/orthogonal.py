"""Householder triangles: [J r] = Q R once, and the triangle of [R; sqrt(lambda) I] for every damping.

J^T J is never formed, so all digits stay; twice the work of the normal equations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg import lapack
from torch import Tensor

from ...linearisation import Linearisation
from .base import DampedStep, Metric
from .batches import batch_rows, check_memory
from .lengthening import lengthening

PANEL = 32
"""Columns that LAPACK takes together."""


@dataclass(frozen=True)
class Orthogonal:
    """Factorisation by orthogonal triangles; with fewer rows than parameters the triangle is filled up with zeros.

    Args:
        memory: bytes that a batch of rows of the Jacobian may take; the triangle is updated by one batch after another.

    Raises:
        ValueError: for a memory that is not positive.

    Source:
        Golub, Van Loan (2013), Matrix Computations, sec. 5.2 and 6.1; Moré (1978), Lecture Notes in Mathematics 630.
    """

    memory: float = 2.0**30

    def __post_init__(self) -> None:
        check_memory(self.memory)

    def __call__(
        self, linear: Linearisation, metric: Metric, *, relative: float = 0.0, turn: int = 0
    ) -> OrthogonalFactor:
        """The triangle of all rows, with the rows r as its last column."""
        count, triangle = linear.parameter_count, None
        for rows, part in linear.batches(batch_rows(linear, self.memory)):
            tall = torch.cat([metric.whiten(part), rows[:, None]], dim=1)
            tall = tall if triangle is None else torch.cat([triangle, tall])
            triangle = torch.linalg.qr(tall, mode="r").R
        assert triangle is not None
        square = triangle.new_zeros(count, count)
        square[: len(triangle)] = triangle[:count, :count]
        right = triangle.new_zeros(count)
        right[: len(triangle)] = triangle[:count, -1][:count]
        return OrthogonalFactor(linear, metric, square, right)


@dataclass
class OrthogonalFactor:
    """The triangle R with J = Q R, and Q^T r."""

    linear: Linearisation
    metric: Metric
    triangle: Float[Tensor, "p p"]
    right: Float[Tensor, " p"]
    _last: tuple[float, Tensor | None] = field(default=(-1.0, None))

    @property
    def largest(self) -> float:
        """By two steps of the power method from the gradient, and not below the square of any column."""
        down, up = self.triangle.T.matmul, self.triangle.matmul
        return max(lengthening([down, up, down, up], self.right) ** 2, float(self.triangle.square().sum(0).max()))

    @property
    def relative_floor(self) -> float:
        """The square of the unit of rounding."""
        return float(torch.finfo(self.triangle.dtype).eps ** 2)

    def step(self, damping: float) -> DampedStep | None:
        """Least squares with the damped triangle."""
        step = self._solved(damping, self.triangle.T @ self.right, self.right)
        if step is None:
            return None
        change = self.triangle @ step
        return DampedStep(step, float(-2 * (self.right @ change) - change @ change))

    def correction(self, rows: Float[Tensor, " n"], damping: float) -> Float[Tensor, " p"] | None:
        """By the corrected semi-normal equations: Q is not kept."""
        gradient = self.metric.whiten_gradient(self.linear.transposed(rows))
        return self._solved(damping, gradient, None)

    def _solved(self, damping: float, gradient: Tensor, right: Tensor | None) -> Tensor | None:
        triangle = self._damped(damping)
        if not bool(triangle.diagonal().all()):
            return None
        return -_semi_normal(triangle, gradient) if right is None else self._refined(triangle, damping, gradient)

    def _refined(self, triangle: Tensor, damping: float, gradient: Tensor) -> Tensor:
        """The step by semi-normal equations, corrected by its own residual: as accurate as with Q."""
        step = -_semi_normal(triangle, gradient)
        for _ in range(2):
            miss = self.triangle.T @ (self.right + self.triangle @ step) + damping * step
            step = step - _semi_normal(triangle, miss)
        return step

    def _damped(self, damping: float) -> Tensor:
        """R of the QR decomposition of [R; sqrt(damping) I]."""
        last, known = self._last
        if known is None or last != damping:
            known = _stacked_triangle(self.triangle, math.sqrt(damping))
            self._last = (damping, known)
        return known


def _semi_normal(triangle: Tensor, gradient: Tensor) -> Tensor:
    half = torch.linalg.solve_triangular(triangle.T, gradient[:, None], upper=False)
    return torch.linalg.solve_triangular(triangle, half, upper=True)[:, 0]


def _stacked_triangle(triangle: Float[Tensor, "p p"], root: float) -> Float[Tensor, "p p"]:
    """R of [triangle; root I]; on the processor by the routine that knows that both are triangles."""
    count = len(triangle)
    if triangle.device.type != "cpu":
        damping = root * torch.eye(count, dtype=triangle.dtype, device=triangle.device)
        return torch.linalg.qr(torch.cat([triangle, damping]), mode="r").R
    above = triangle.numpy().copy(order="F")
    below = np.asfortranarray(root * np.eye(count, dtype=above.dtype))
    (routine,) = lapack.get_lapack_funcs(("tpqrt",), (above,))
    found, _, _, info = routine(count, min(PANEL, count), above, below, overwrite_a=True, overwrite_b=True)
    assert info == 0
    return torch.from_numpy(found).triu()
