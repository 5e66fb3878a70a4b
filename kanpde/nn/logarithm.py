"""A coordinate on a logarithmic scale: every factor gets the same room, as a parameter over decades needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Logarithm:
    """xi = 2 log(v / lower) / log(ratio) - 1, where v goes from lower to ratio * lower as s goes from -1 to 1.

    Args:
        ratio: of the upper to the lower bound, above 1 and finite.

    Attributes:
        ring: False: no logarithm goes round.
        is_odd: False.

    Raises:
        ValueError: for a ratio outside its range.
    """

    ratio: float
    ring = False
    is_odd = False

    def __post_init__(self) -> None:
        if not 1 < self.ratio < math.inf:
            raise ValueError(f"`ratio` must be above 1 and finite, got {self.ratio}: bounds must be positive.")

    def rows(self, s: Float[Tensor, " n"], order: int) -> list[Float[Tensor, " n"]]:
        """Xi and its derivatives by s, up to `order` (at most 4)."""
        half, scale = (self.ratio - 1) / 2, 2 / math.log(self.ratio)
        q = half / (1 + half * (s + 1))
        plain = [
            lambda: torch.log1p(half * (s + 1)) - 1 / scale,
            lambda: q,
            lambda: -(q**2),
            lambda: 2 * q**3,
            lambda: -6 * q**4,
        ]
        return [scale * plain[m]() for m in range(order + 1)]

    def inverse(self, xi: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """S from xi."""
        return 2 * np.expm1((xi + 1) / 2 * math.log(self.ratio)) / (self.ratio - 1) - 1
