"""Higher degrees: exact for polynomials and trigonometric polynomials, fitted for splines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..basis import Basis, BSpline, Chebyshev, Fourier
from ..network import Network
from .size import Size


@dataclass(frozen=True)
class HigherDegree:
    """Raise the degree, or the number of Fourier modes, of all layers that have one.

    Args:
        step: by how much, at least 1.

    Raises:
        ValueError: for a step below 1.
    """

    step: int = 1

    def __post_init__(self) -> None:
        if self.step < 1 or self.step != int(self.step):
            raise ValueError(f"`step` must be a whole number of at least 1, got {self.step}: it is added to degrees.")

    def __call__(self, network: Network) -> tuple[Network, float]:
        """The refined network and its distance from the given one."""
        return raise_degree(network, [k and k + self.step for k in DEGREE.present(network)])


def raise_degree(network: Network, degree: int | Sequence[int | None]) -> tuple[Network, float]:
    """Give the edge functions of a network a higher degree, or more Fourier modes.

    Chebyshev and Fourier series get coefficients zero. A spline of higher degree on the same grid is smoother at the
    grid points than the old one, so it is fitted; only on a single interval is it exact.

    Args:
        network: stays as it is.
        degree: for all layers that have one, or one per layer, None where it stays; at least the present one.

    Returns:
        The new network, and the relative L2 difference of its outputs on the input cube.

    Raises:
        ValueError: if no layer has a degree, or a number is below the present one.
    """
    return DEGREE.grow(network, degree)


def _degree(basis: Basis) -> int | None:
    if isinstance(basis, BSpline | Chebyshev):
        return basis.degree
    return basis.modes if isinstance(basis, Fourier) else None


def _with_degree(basis: Basis, degree: int) -> Basis:
    if isinstance(basis, BSpline):
        return BSpline(grid=basis.grid.to("cpu", torch.float64), degree=degree, outside=basis.outside)
    if isinstance(basis, Chebyshev):
        return Chebyshev(degree)
    assert isinstance(basis, Fourier)
    return Fourier(degree, basis.period)


DEGREE = Size("degree", _degree, _with_degree)
