"""Chebyshev polynomials of the first kind, by the three-term recurrence and its derivatives."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from .base import Basis


class Chebyshev(Basis):
    """T_0, ..., T_degree, defined on all of the real line and meant for [-1, 1].

    Args:
        degree: highest polynomial degree, at least 1.

    Raises:
        ValueError: for a degree below 1.
    """

    def __init__(self, degree: int = 8):
        super().__init__()
        if degree < 1 or degree != int(degree):
            raise ValueError(f"`degree` must be at least 1, got {degree}: a constant cannot see its input.")
        self.degree = int(degree)
        self.size = self.degree + 1

    def fill(self, x: Float[Tensor, "*batch"], table: Float[Tensor, "orders *batch size"]) -> None:
        """Write values and derivatives into `table`."""
        rows = x.new_zeros(self.size, len(table), *x.shape)
        rows[0, 0], rows[1, 0] = 1.0, x
        rows[1, 1:2] = 1.0
        twice_x = 2 * x
        slopes = 2.0 * torch.arange(1, len(table), dtype=x.dtype, device=x.device).reshape(-1, *[1] * x.ndim)
        for n in range(2, self.size):
            torch.mul(twice_x, rows[n - 1], out=rows[n])
            rows[n] -= rows[n - 2]
            rows[n, 1:].addcmul_(slopes, rows[n - 1, :-1])
        table.copy_(rows.movedim(0, -1))

    def one(self) -> Float[Tensor, " size"]:
        """The first polynomial."""
        return torch.eye(self.size, dtype=torch.float64)[0]

    def extra_repr(self) -> str:
        """For printing the module."""
        return f"degree={self.degree}"
