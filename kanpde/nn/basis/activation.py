"""Single functions of one variable with derivatives of every order: identity, tanh, SiLU, sine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

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
        for row, out in zip(self.rows(x, len(table) - 1), table[..., 0], strict=True):
            out.copy_(row)


class Identity(Activation):
    """x."""

    def rows(self, x: Tensor, order: int) -> list[Tensor]:
        """x, 1, 0, 0, ..."""
        return [x, torch.ones_like(x), *[torch.zeros_like(x)] * (order - 1)][: order + 1]


class Tanh(Activation):
    """tanh(x); its derivatives are polynomials p_m(tanh x) with p_{m+1} = p_m' (1 - y^2)."""

    def rows(self, x: Tensor, order: int) -> list[Tensor]:
        """Value and derivatives."""
        return _chain(torch.tanh(x), (1, 0, -1), order)


class SiLU(Activation):
    """x s(x) with the logistic function s, the base function of the KAN paper."""

    def rows(self, x: Tensor, order: int) -> list[Tensor]:
        """By Leibniz: x s^(m) + m s^(m-1)."""
        s = _chain(torch.sigmoid(x), (0, 1, -1), order)
        return [x * s[0], *[torch.addcmul(m * s[m - 1], x, s[m]) for m in range(1, order + 1)]]


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


def _chain(y: Tensor, slope: tuple[int, ...], order: int) -> list[Tensor]:
    """Values y and their derivatives as polynomials in y, where y' = slope(y)."""
    rows = [y]
    for highest, *others, constant in _polynomials(slope, order):
        out = y * highest
        for coefficient in others:
            out.add_(coefficient).mul_(y)
        rows.append(out.add_(constant) if constant else out)
    return rows


@cache
def _polynomials(slope: tuple[int, ...], order: int) -> list[list[float]]:
    """Coefficients of the derivatives 1 to `order`, highest power first."""
    polynomial, found = Polynomial([0, 1]), []
    for _ in range(order):
        polynomial = polynomial.deriv() * Polynomial(slope)
        found.append(polynomial.coef[::-1].tolist())
    return found
