"""The singular value decomposition of J: every damping costs one product. For small problems, and as the yardstick."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ...linearisation import Linearisation
from .base import DampedStep, Metric


@dataclass(frozen=True)
class Singular:
    """Factorisation by singular values of the triangle of [J r]."""

    def __call__(
        self, linear: Linearisation, metric: Metric, *, relative: float = 0.0, turn: int = 0
    ) -> SingularFactor:
        """QR first, because the triangle is smaller than J."""
        count = linear.parameter_count
        tall = torch.cat([metric.whiten(linear.dense()), linear.rows[:, None]], dim=1)
        triangle = torch.linalg.qr(tall, mode="r").R
        u, s, vh = torch.linalg.svd(triangle[:count, :count], full_matrices=False)
        return SingularFactor(linear, metric, s, vh, s * (u.T @ triangle[:count, -1][: len(u)]))


@dataclass
class SingularFactor:
    """Singular values, right vectors, and the gradient in their basis."""

    linear: Linearisation
    metric: Metric
    values: Float[Tensor, " k"]
    vectors: Float[Tensor, "k p"]
    gradient: Float[Tensor, " k"]

    @property
    def largest(self) -> float:
        """The largest squared singular value."""
        return float(self.values[0].square())

    @property
    def relative_floor(self) -> float:
        """The square of the unit of rounding."""
        return float(torch.finfo(self.values.dtype).eps ** 2)

    def step(self, damping: float) -> DampedStep:
        """Each component by itself."""
        squared = self.values.square()
        q = self.gradient / (squared + damping)
        return DampedStep(-(self.vectors.T @ q), float(2 * (self.gradient @ q) - (squared * q) @ q))

    def correction(self, rows: Float[Tensor, " n"], damping: float) -> Float[Tensor, " p"]:
        """The same for other rows."""
        gradient = self.vectors @ self.metric.whiten_gradient(self.linear.transposed(rows))
        return -(self.vectors.T @ (gradient / (self.values.square() + damping)))
