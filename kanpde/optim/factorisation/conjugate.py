"""Conjugate gradients without a Jacobian, preconditioned by a Nystroem approximation: for parameters in the 1e5s."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from ...linearisation import Linearisation
from .base import DampedStep, Metric


@dataclass(frozen=True)
class ConjugateGradients:
    """Matrix-free damped steps: memory grows with the rank times the number of parameters, not with its square.

    Args:
        rank: of the approximation of J^T J that preconditions, at least 1; one approximation serves every damping.
        iterations: at most, per damping.
        tolerance: of the residual of the normal equations, beside the gradient; some units of rounding at least.
        seed: of the random test matrix.

    Source:
        Frangella, Tropp, Udell (2023), SIAM Journal on Matrix Analysis and Applications 44, 718, alg. 2.1 and 5.1.
    """

    rank: int = 100
    iterations: int = 300
    tolerance: float = 1e-8
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rank", "iterations"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}: 100 is usual.")
        if not 0 < self.tolerance < 1:
            raise ValueError(f"`tolerance` must be between 0 and 1, got {self.tolerance}: 1e-8 is usual.")

    def __call__(
        self, linear: Linearisation, metric: Metric, *, relative: float = 0.0, turn: int = 0
    ) -> ConjugateFactor:
        """The approximation U diag(values) U^T of J^T J."""
        generator = torch.Generator().manual_seed(self.seed)
        count, rank = linear.parameter_count, min(self.rank, linear.parameter_count)
        test = torch.randn(count, rank, generator=generator, dtype=torch.float64).to(linear.rows)
        test = torch.linalg.qr(test).Q
        operator = _Normal(linear, metric)
        image = torch.stack([operator(column) for column in test.T], dim=1)
        digits = torch.finfo(image.dtype)
        shift = max(digits.eps * float(image.norm()), digits.tiny)
        image = image + shift * test
        core = test.T @ image
        triangle, failed = torch.linalg.cholesky_ex((core + core.T) / 2)
        if bool(failed):  # rounding: go by eigenvalues instead
            values, vectors = torch.linalg.eigh((core + core.T) / 2)
            half = image @ (vectors / values.clamp_min(shift).sqrt())
        else:
            half = torch.linalg.solve_triangular(triangle, image.T, upper=False).T
        u, s, _ = torch.linalg.svd(half, full_matrices=False)
        return ConjugateFactor(operator, u, (s.square() - shift).clamp_min(0.0), self)


@dataclass(frozen=True)
class _Normal:
    """J^T J in the parameters of the metric."""

    linear: Linearisation
    metric: Metric

    def __call__(self, step: Tensor) -> Tensor:
        return self.metric.whiten_gradient(self.linear.transposed(self.linear.product(self.metric.unwhiten(step))))


@dataclass
class ConjugateFactor:
    """The preconditioner, and the last solution, which the next damping starts from."""

    operator: _Normal
    vectors: Float[Tensor, "p rank"]
    values: Float[Tensor, " rank"]
    settings: ConjugateGradients
    _start: Tensor | None = field(default=None)

    @property
    def largest(self) -> float:
        """That of the approximation."""
        return float(self.values[0])

    @property
    def relative_floor(self) -> float:
        """Below this the iteration does not end."""
        return max(1e-12, 100 * torch.finfo(self.values.dtype).eps)

    def step(self, damping: float) -> DampedStep:
        """By preconditioned conjugate gradients, from the step of the damping before."""
        linear, metric = self.operator.linear, self.operator.metric
        gradient = metric.whiten_gradient(linear.gradient)
        step = self._start = self._solved(-gradient, damping, self._start)
        change = linear.product(metric.unwhiten(step))
        return DampedStep(step, float(-2 * (linear.rows @ change) - change @ change))

    def correction(self, rows: Float[Tensor, " n"], damping: float) -> Float[Tensor, " p"]:
        """The same for other rows."""
        gradient = self.operator.metric.whiten_gradient(self.operator.linear.transposed(rows))
        return self._solved(-gradient, damping, None)

    def _solved(self, right: Tensor, damping: float, start: Tensor | None) -> Tensor:
        x = torch.zeros_like(right) if start is None else start
        r = right - self.operator(x) - damping * x if start is not None else right.clone()
        z = self._preconditioned(r, damping)
        p, rz = z, float(r @ z)
        digits = 10 * torch.finfo(right.dtype).eps
        bound = max(self.settings.tolerance, digits) * float(right.norm())
        for _ in range(self.settings.iterations):
            if float(r.norm()) <= bound or rz <= 0:
                break
            ap = self.operator(p) + damping * p
            length = rz / float(p @ ap)
            x, r = x + length * p, r - length * ap
            z = self._preconditioned(r, damping)
            rz, before = float(r @ z), rz
            p = z + (rz / before) * p
        return x

    def _preconditioned(self, r: Tensor, damping: float) -> Tensor:
        inside = self.vectors.T @ r
        smallest = self.values[-1] + damping
        return r + self.vectors @ (inside * (smallest / (self.values + damping) - 1))
