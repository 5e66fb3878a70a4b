"""Trigonometric polynomials: constant, cosines and sines, for functions that are periodic on [-1, 1] or not."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from .overlapping import Overlapping

LENGTH = 2.0


class Fourier(Overlapping):
    """1, cos(w x), sin(w x), cos(2 w x), sin(2 w x), ..., with w = 2 pi / period.

    A period longer than [-1, 1] leaves room for the way back, so that functions that are not periodic there converge
    as quickly as those that are; the functions then overlap, and coefficients measure only after whitening.

    Args:
        modes: highest multiple of the frequency, at least 1.
        period: at least 2; 2 for functions that are periodic on [-1, 1], 4 for others.

    Raises:
        ValueError: for no mode, or a period shorter than [-1, 1].

    Source:
        Huybrechs (2010), SIAM J. Numer. Anal. 47, "On the Fourier extension of nonperiodic functions".
    """

    def __init__(self, modes: int = 8, period: float = 2 * LENGTH):
        super().__init__()
        if modes < 1 or modes != int(modes):
            raise ValueError(f"`modes` must be at least 1, got {modes}: a constant cannot see its input.")
        if not LENGTH <= period < math.inf:
            raise ValueError(f"`period` must be at least 2, the length of [-1, 1], got {period}: 4 suits any function.")
        self.modes, self.period = int(modes), float(period)
        self.size = 2 * self.modes + 1

    def fill(self, x: Float[Tensor, "*batch"], table: Float[Tensor, "orders *batch size"]) -> None:
        """Write values and derivatives into `table`: each differentiation is a quarter turn and a factor."""
        frequency = 2 * math.pi / self.period * torch.arange(1, self.modes + 1, dtype=x.dtype, device=x.device)
        angle = x[..., None] * frequency
        cosine, sine = torch.cos(angle), torch.sin(angle)
        table[0, ..., 0] = 1.0
        for m, row in enumerate(table):
            if m:
                cosine, sine = -frequency * sine, frequency * cosine
            row[..., 1::2], row[..., 2::2] = cosine, sine

    def one(self) -> Float[Tensor, " size"]:
        """The first function."""
        return torch.eye(self.size, dtype=torch.float64)[0]

    def whitening(self) -> Float[Tensor, "size size"] | None:
        """None for period 2, where the functions are orthogonal."""
        return None if self.period == LENGTH else super().whitening()

    def extra_repr(self) -> str:
        """For printing the module."""
        return f"modes={self.modes}, period={self.period:g}"
