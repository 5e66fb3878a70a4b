"""Gaussian bumps on a uniform grid, the radial basis functions of FastKAN."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from .overlapping import Overlapping


class Gaussian(Overlapping):
    """exp(-((x - c) / (width h))^2) for centres c on a uniform grid of spacing h.

    The grid goes on beyond [-1, 1] by twice the width, as far as bumps reach in: without these functions the error
    at the ends is some thousand times larger. Far beyond the grid every function is zero.

    Args:
        intervals: number of grid intervals of [-1, 1], at least 1.
        width: in grid spacings, above 0; 1 is FastKAN's, wider functions overlap more and approximate better.

    Raises:
        ValueError: for no interval, or a width that is not positive.

    Source:
        Li (2024), "Kolmogorov-Arnold Networks are Radial Basis Function Networks", arXiv:2405.06721.
    """

    def __init__(self, intervals: int = 8, width: float = 2.5):
        super().__init__()
        if intervals < 1 or intervals != int(intervals):
            raise ValueError(f"`intervals` must be at least 1, got {intervals}: the grid has both ends.")
        if not 0 < width < math.inf:
            raise ValueError(f"`width` must be positive and finite, got {width}: 1 is one grid spacing.")
        self.intervals, self.width = int(intervals), float(width)
        self.beyond = math.ceil(2 * self.width)
        self.size = self.intervals + 1 + 2 * self.beyond

    def fill(self, x: Float[Tensor, "*batch"], table: Float[Tensor, "orders *batch size"]) -> None:
        """Write values and derivatives into `table`, by the recursion of the Hermite polynomials."""
        steps = torch.arange(-self.beyond, self.intervals + self.beyond + 1, dtype=x.dtype, device=x.device)
        scale = self.intervals / (2 * self.width)
        z = ((x + 1)[..., None] * (self.intervals / 2) - steps) / self.width
        torch.exp(-z.square(), out=table[0])
        for m in range(len(table) - 1):
            torch.mul(table[m], -2 * scale * z, out=table[m + 1])
            if m:
                table[m + 1].sub_(table[m - 1], alpha=2 * m * scale**2)

    def extra_repr(self) -> str:
        """For printing the module."""
        return f"intervals={self.intervals}, width={self.width:g}"
