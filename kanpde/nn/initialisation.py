"""Start values from which Gauss-Newton trains: smooth random edges, and hidden values that fill the next grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from .basis import Basis, Chebyshev, Union
from .basis.overlapping import Overlapping
from .network import Network

DECAY, SMOOTH_DECAY = 1.5, 3.0
"""Powers by which the coefficients of start functions fall: usually, and for evolutions above the second order."""
HIGHEST_DEGREE = 30
RANGE_POINTS, RANGE_POINTS_DEEP = 1000, 20_000
"""With 1,000 a few points lie so far out that two hidden layers of polynomials start from a residual of 1e15; one hidden
layer ends two to four times lower with them (L-shape, four discs)."""
MANY_INPUTS, OVERSHOOT = 4, 1.15
"""From so many inputs on, the points of several hidden layers lie at `OVERSHOOT * cos(pi u)`, cut to [-1, 1], for even u, a
third of each coordinate at its ends: hidden values are largest in the corners of the cube, of which points that are spread
evenly see none in five dimensions. Three hidden layers started there from values of 1e8 to 1e32, now from about 1."""
RANGE_MARGIN = 1.02


def start_degree(basis: Basis) -> int:
    """Degree of the random series that edge functions start from: as many coefficients as functions, at most 31.

    Overlapping functions make polynomials well of a third of that degree; what is beyond costs huge coefficients.
    """
    first = basis.members[0] if isinstance(basis, Union) else basis
    resolved = first.size // 3 if isinstance(first, Overlapping) else basis.size - 1
    return max(1, min(HIGHEST_DEGREE, resolved))


def smooth_edges(
    basis: Basis,
    n_in: int,
    n_out: int,
    *,
    constant: bool,
    degree: int,
    generator: torch.Generator,
    decay: float = DECAY,
) -> Float[Tensor, "features n_out"]:
    """Coefficients of random smooth edge functions.

    Each edge is a Chebyshev series with coefficients N(0, 1) (1 + n)^-decay / sqrt(n_in), projected on `basis`. The decay
    keeps derivatives bounded: with too little of it an equation of the fourth order starts from a residual of 1e11 or
    1e3, as it happens, and ends accordingly; with more than needed Poisson's equation gets stuck.

    Args:
        basis: the functions to expand in.
        n_in: number of inputs, at least 1.
        n_out: number of outputs, at least 1.
        constant: whether the series has a constant term.
        degree: highest degree of the series, at least 1.
        generator: source of randomness.
        decay: power by which coefficients fall, at least 0.

    Returns:
        Coefficients in float64, the functions of the first input first.
    """
    series = torch.randn(n_in, degree + 1, n_out, generator=generator, dtype=torch.float64) / math.sqrt(n_in)
    series *= (1.0 + torch.arange(degree + 1))[:, None] ** -decay
    if not constant:
        series[:, 0] = 0.0
    values = torch.einsum("pc,ico->pio", Chebyshev(degree).table(basis.fit_points(), 0)[0], series)
    return basis.project(values).transpose(0, 1).flatten(0, 1)


def fill_ranges(network: Network, generator: torch.Generator, *, kept: Sequence[int] | None = None) -> None:
    """Shift and scale hidden nodes so that their values over the input cube fill [-1, 1].

    Without this some seeds start where the next layer's basis hardly reaches, and never leave.

    Args:
        network: in float64 on the processor.
        generator: source of the points at which hidden values are taken.
        kept: how many nodes at the front of every hidden layer stay as they are; none without it.
    """
    deep = len(network.layers) > 2
    x = torch.rand(
        RANGE_POINTS_DEEP if deep else RANGE_POINTS, network.width[0], generator=generator, dtype=torch.float64
    )
    cornered = deep and network.width[0] >= MANY_INPUTS
    x = (OVERSHOOT * torch.cos(math.pi * x)).clamp(-1, 1) if cornered else 2 * x - 1
    with torch.no_grad():
        for layer, start in zip(network.layers[:-1], kept or [0] * len(network.layers), strict=False):
            h = layer(x)
            low, high = h[:, start:].min(0).values, h[:, start:].max(0).values
            middle, half = (low + high) / 2, ((high - low) / 2 * RANGE_MARGIN).clamp_min(1e-8)
            layer.normalise(start, middle, half)
            h[:, start:].sub_(middle).div_(half)
            x = h
