"""Grids of B-splines that follow where the values of a layer lie, and edge functions fitted anew on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ..basis import Basis, BSpline
from ..network import Network
from .exchange import POINTS, exchange, members, remade


@dataclass(frozen=True)
class AdaptedGrid:
    """Move the grid points of all B-spline layers to where their inputs lie, for inputs spread evenly.

    Args:
        mix: share of equal intervals, above 0 and at most 1; see `adapted_grid`.
        seed: of the points at which the network is evaluated.

    Raises:
        ValueError: for a share outside its range.
    """

    mix: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        _check_mix(self.mix)

    def __call__(self, network: Network) -> tuple[Network, float]:
        """The network on its new grids and its distance from the given one."""
        splines = [spline_of(layer.basis) for layer in network.layers]
        if not any(splines):
            raise ValueError("`network` must have a layer of B-splines, got none: other edges have no grid to move.")
        generator = torch.Generator().manual_seed(self.seed)
        x = 2 * torch.rand(POINTS, network.width[0], generator=generator, dtype=torch.float64) - 1
        ends = torch.ones_like(x[:1])
        pairs = zip(network.layer_inputs(torch.cat([-ends, x, ends])), splines, strict=True)
        return regrid(
            network, [None if s is None else adapted_grid(v, len(s.grid) - 1, mix=self.mix) for v, s in pairs]
        )


def adapted_grid(samples: Tensor, intervals: int, *, mix: float = 0.5) -> Float[Tensor, " points"]:
    """A grid from the lowest to the highest sample, between equal intervals and equal numbers of samples in each.

    Args:
        samples: numbers of any shape, not all equal.
        intervals: number of grid intervals, at least 1.
        mix: share of equal intervals, above 0 and at most 1.

    Returns:
        `mix` times the uniform grid plus `1 - mix` times the quantiles of the samples, shape (intervals + 1,).

    Raises:
        ValueError: for a number outside its range, or samples without any spread.

    Source:
        Liu et al. (2024), "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756; `grid_eps` of their code.
    """
    if intervals < 1 or intervals != int(intervals):
        raise ValueError(f"`intervals` must be at least 1, got {intervals}: a spline needs one interval.")
    _check_mix(mix)
    values = samples.detach().to("cpu", torch.float64).flatten()
    if not bool(values.isfinite().all()) or not values.max() > values.min():
        raise ValueError("`samples` must be finite and not all equal: there is nothing to lay a grid over.")
    shares = torch.linspace(0, 1, intervals + 1, dtype=torch.float64)
    return mix * torch.lerp(values.min(), values.max(), shares) + (1 - mix) * torch.quantile(values, shares)


def regrid(network: Network, grids: Sequence[Tensor | None]) -> tuple[Network, float]:
    """Fit the edge functions of a network on other grids by least squares.

    Args:
        network: stays as it is.
        grids: ascending grid points for every layer, None for those that stay.

    Returns:
        The new network, and the relative L2 difference of its outputs on the input cube.

    Raises:
        ValueError: for a grid of a layer without B-splines, or another number of grids than layers.
    """
    bases = [layer.basis for layer in network.layers]
    if len(grids) != len(bases):
        raise ValueError(f"`grids` must hold one grid or None per layer, {len(bases)}, got {len(grids)}.")
    for i, (basis, grid) in enumerate(zip(bases, grids, strict=True)):
        if grid is not None and spline_of(basis) is None:
            raise ValueError(f"`grids[{i}]` must be None, got a grid: layer {i} has no B-splines.")
    return exchange(network, [b if g is None else _with_grid(b, g) for b, g in zip(bases, grids, strict=True)])


def spline_of(basis: Basis) -> BSpline | None:
    """The B-splines among the members of a basis."""
    return next((m for m in members(basis) if isinstance(m, BSpline)), None)


def _with_grid(basis: Basis, grid: Tensor) -> Basis:
    points = grid.to("cpu", torch.float64)
    return remade(
        basis,
        lambda m: BSpline(grid=points, degree=m.degree, outside=m.outside) if isinstance(m, BSpline) else m,
    )


def _check_mix(mix: float) -> None:
    if not 0 < mix <= 1:
        raise ValueError(f"`mix` must be above 0 and at most 1, got {mix}: quantiles alone may coincide.")
