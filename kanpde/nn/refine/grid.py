"""Finer grids: exact for B-splines where every interval is divided equally, fitted otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ..basis import Basis, BSpline, Gaussian
from ..network import Network
from .size import Size


@dataclass(frozen=True)
class FinerGrid:
    """Divide the grid intervals of all layers that have a grid.

    Args:
        factor: number of parts of every interval, at least 2.

    Raises:
        ValueError: for a factor below 2.
    """

    factor: int = 2

    def __post_init__(self) -> None:
        if self.factor < 2 or self.factor != int(self.factor):
            raise ValueError(f"`factor` must be a whole number of at least 2, got {self.factor}: it divides intervals.")

    def __call__(self, network: Network) -> tuple[Network, float]:
        """The refined network and its distance from the given one."""
        return refine_grid(network, [n and self.factor * n for n in INTERVALS.present(network)])


def refine_grid(network: Network, intervals: int | Sequence[int | None]) -> tuple[Network, float]:
    """Give the layers of a network finer grids.

    Splines on a multiple of their number of intervals stay the same functions but for rounding, beyond the grid too;
    there, however, rounding grows like the distance in grid intervals to the power of the degree.

    Args:
        network: stays as it is.
        intervals: for all layers with a grid, or one per layer, None where it stays; at least the present number.

    Returns:
        The new network, and the relative L2 difference of its outputs on the input cube.

    Raises:
        ValueError: if no layer has a grid, or a number is below the present one.
    """
    return INTERVALS.grow(network, intervals)


def _intervals(basis: Basis) -> int | None:
    if isinstance(basis, BSpline):
        return len(basis.grid) - 1
    return basis.intervals if isinstance(basis, Gaussian) else None


def _with_intervals(basis: Basis, intervals: int) -> Basis:
    if isinstance(basis, BSpline):
        grid = _divided(basis.grid.to("cpu", torch.float64), intervals)
        return BSpline(grid=grid, degree=basis.degree, outside=basis.outside)
    assert isinstance(basis, Gaussian)
    return Gaussian(intervals, basis.width)


def _divided(grid: Float[Tensor, " points"], intervals: int) -> Float[Tensor, " more"]:
    """As many points as wanted by linear interpolation in the number of the point: a multiple keeps all of them."""
    place = torch.arange(intervals + 1, dtype=grid.dtype) * (len(grid) - 1) / intervals
    below = place.long().clamp(max=len(grid) - 2)
    return torch.lerp(grid[below], grid[below + 1], place - below)


INTERVALS = Size("intervals", _intervals, _with_intervals)
