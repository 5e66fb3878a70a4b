"""Single functions of one variable with derivatives of every order: identity, tanh, SiLU, sine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from numpy.polynomial import Polynomial
from torch import Tensor

from .base import Basis


class Activation(Basis):
    """Base of families with one member."""

    size = 1

    def rows(self, x: Tensor, order: int) -> list[Tensor]:
        """The function and its derivatives, each of the shape of `x`."""
        raise NotImplementedError

    def fill(self, x: Float[Tensor, "*batch"], table: Float[Tensor, "orders *batch size"]) -> None:
        """Write the function and its derivatives into `table`."""
        torch.stack(self.rows(x, len(table) - 1), out=table[..., 0])


class Identity(Activation):
    """x."""

    def rows(self, x: Tensor, order: int) -> list[Tensor]:
        """x, 1, 0, 0, ..."""
        return [x, torch.ones_like(x), *[torch.zeros_like(x)] * (order - 1)][: order + 1]


class Tanh(Activation):
    """tanh(x); its derivatives are polynomials p_m(tanh x) with p_{m+1} = p_m' (1 - y^2)."""

    def rows(self, x: Tensor, order: int) -> list[Tensor]:
        """Value and derivatives."""
        return _chain(torch.tanh(x), Polynomial([1, 0, -1]), order)


class SiLU(Activation):
    """x s(x) with the logistic function s, the base function of the KAN paper."""

    def rows(self, x: Tensor, order: int) -> list[Tensor]:
        """By Leibniz: x s^(m) + m s^(m-1)."""
        s = _chain(torch.sigmoid(x), Polynomial([0, 1, -1]), order)
        return [x * s[m] + (m * s[m - 1] if m else 0) for m in range(order + 1)]


class Sine(Activation):
    """sin(frequency x).

    Args:
        frequency: in radians per unit of the input, above 0.

    Raises:
        ValueError: for a frequency that is not positive.
    """

    def __init__(self, frequency: float = 1.0):
        super().__init__()
        if not frequency > 0:
            raise ValueError(f"`frequency` must be positive, got {frequency}: a constant cannot see its input.")
        self.frequency = float(frequency)

    def rows(self, x: Tensor, order: int) -> list[Tensor]:
        """sin, cos, -sin, -cos, ..., times powers of the frequency."""
        s, c = torch.sin(self.frequency * x), torch.cos(self.frequency * x)
        cycle: list[Callable[[], Tensor]] = [lambda: s, lambda: c, lambda: -s, lambda: -c]
        return [cycle[m % 4]() * self.frequency**m for m in range(order + 1)]


def _chain(y: Tensor, slope: Polynomial, order: int) -> list[Tensor]:
    """Values y and their derivatives as polynomials in y, where y' = slope(y)."""
    polynomial, rows = Polynomial([0, 1]), []
    for _ in range(order + 1):
        out = torch.zeros_like(y)
        for coefficient in np.atleast_1d(polynomial.coef)[::-1]:
            out = out * y + float(coefficient)
        rows.append(out)
        polynomial = polynomial.deriv() * slope
    return rows
