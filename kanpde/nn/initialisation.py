"""Start values from which Gauss-Newton trains: smooth random edges, and hidden values that fill the next grid."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from .basis import Basis
from .basis.chebyshev import Chebyshev
from .network import Network

DECAY = 1.5
RANGE_POINTS = 1000
RANGE_MARGIN = 1.02


def smooth_edges(
    basis: Basis, n_in: int, n_out: int, *, constant: bool, degree: int, generator: torch.Generator
) -> Float[Tensor, "features n_out"]:
    """Coefficients of random smooth edge functions.

    Each edge is a Chebyshev series with coefficients N(0, 1) (1 + n)^-1.5 / sqrt(n_in), projected on `basis`; the
    decay keeps second derivatives bounded.

    Args:
        basis: the functions to expand in.
        n_in: number of inputs, at least 1.
        n_out: number of outputs, at least 1.
        constant: whether the series has a constant term.
        degree: highest degree of the series, at least 1.
        generator: source of randomness.

    Returns:
        Coefficients in float64, the functions of the first input first.
    """
    series = torch.randn(n_in, degree + 1, n_out, generator=generator, dtype=torch.float64) / math.sqrt(n_in)
    series *= (1.0 + torch.arange(degree + 1))[:, None] ** -DECAY
    if not constant:
        series[:, 0] = 0.0
    values = torch.einsum("pc,ico->pio", Chebyshev(degree).table(basis.fit_points(), 0)[0], series)
    return basis.project(values).transpose(0, 1).flatten(0, 1)


def fill_ranges(network: Network, generator: torch.Generator) -> None:
    """Shift and scale every hidden node so that its values over the input cube fill [-1, 1].

    Without this some seeds start where the next layer's basis hardly reaches, and never leave.

    Args:
        network: in float64 on the processor.
        generator: source of the points at which hidden values are taken.
    """
    x = 2 * torch.rand(RANGE_POINTS, network.width[0], generator=generator, dtype=torch.float64) - 1
    with torch.no_grad():
        for layer in network.layers[:-1]:
            h = layer(x)
            low, high = h.min(0).values, h.max(0).values
            middle, half = (low + high) / 2, ((high - low) / 2 * RANGE_MARGIN).clamp_min(1e-8)
            ones = layer.basis.project(torch.ones(len(layer.basis.fit_points()), dtype=torch.float64)[:, None])[:, 0]
            layer.coefficients.div_(half)
            layer.coefficients[: layer.basis.size].sub_(ones[:, None] * (middle / half))
            x = (h - middle) / half
