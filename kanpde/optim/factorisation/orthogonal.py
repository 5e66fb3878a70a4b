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
        square = triangle.new_zeros(count + 1, count + 1)
        square[: len(triangle)] = triangle[: count + 1]
        return OrthogonalFactor(linear, metric, square)


@dataclass
class OrthogonalFactor:
    """The triangle R of [J r] = Q R: its last column is Q^T r, and what is in its corner is left out of account."""

    linear: Linearisation
    metric: Metric
    both: Float[Tensor, "p+1 p+1"]
    _last: tuple[float, Tensor | None] = field(default=(-1.0, None))

    @property
    def triangle(self) -> Float[Tensor, "p p"]:
        """R of J alone."""
        return self.both[:-1, :-1]

    @property
    def right(self) -> Float[Tensor, " p"]:
        """Q^T r."""
        return self.both[:-1, -1]

    @property
    def largest(self) -> float:
        """By two steps of the power method from the gradient, and not below the square of any column."""
        down, up = self.triangle.T.matmul, self.triangle.matmul
        return max(lengthening([down, up, down, up], self.right) ** 2, float(self.triangle.square().sum(0).max()))

    @property
    def relative_floor(self) -> float:
        """The square of the unit of rounding."""
        return float(torch.finfo(self.both.dtype).eps ** 2)

    def step(self, damping: float) -> DampedStep | None:
        """Least squares with the damped triangle.

        Q^T r is turned along with R. The semi-normal equations R^T R s = -J^T r would do without it, but with the rounding
        of the gradient divided by the damping: along directions that nothing depends on, such as constants of edges that
        cancel, steps of any length.
        """
        damped = self._damped(damping)
        if damped is None:
            return None
        step = -torch.linalg.solve_triangular(damped[:-1, :-1], damped[:-1, -1:], upper=True)[:, 0]
        change = self.triangle @ step
        return DampedStep(step, float(-2 * (self.right @ change) - change @ change))

    def correction(self, rows: Float[Tensor, " n"], damping: float) -> Float[Tensor, " p"] | None:
        """By the semi-normal equations: Q is not kept."""
        damped = self._damped(damping)
        if damped is None:
            return None
        gradient, triangle = self.metric.whiten_gradient(self.linear.transposed(rows)), damped[:-1, :-1]
        half = torch.linalg.solve_triangular(triangle.T, gradient[:, None], upper=False)
        return -torch.linalg.solve_triangular(triangle, half, upper=True)[:, 0]

    def _damped(self, damping: float) -> Float[Tensor, "p+1 p+1"] | None:
        """The triangle of the QR decomposition of [R Q^T r; sqrt(damping) I 0]; None for a singular one."""
        last, known = self._last
        if last != damping:
            known = _stacked_triangle(self.both, math.sqrt(damping))
            self._last = (damping, known)
        return known if known is not None and bool(known.diagonal()[:-1].all()) else None


def _stacked_triangle(both: Float[Tensor, "p+1 p+1"], root: float) -> Float[Tensor, "p+1 p+1"]:
    """R of [both; root I 0]; on the processor by the routine that knows that both are triangles."""
    count = len(both) - 1
    if both.device.type != "cpu":
        damping = root * torch.eye(count, count + 1, dtype=both.dtype, device=both.device)
        return torch.linalg.qr(torch.cat([both, damping]), mode="r").R
    above = both.numpy().copy(order="F")
    below = np.asfortranarray(root * np.eye(count, count + 1, dtype=above.dtype))
    (routine,) = lapack.get_lapack_funcs(("tpqrt",), (above,))
    found, _, _, info = routine(count, min(PANEL, count + 1), above, below, overwrite_a=True, overwrite_b=True)
    assert info == 0
    return torch.from_numpy(found).triu()
