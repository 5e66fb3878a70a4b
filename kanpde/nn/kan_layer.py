"""The layer of a Kolmogorov-Arnold network: a learned function on every edge from its inputs to its outputs."""

from __future__ import annotations

import torch

from .basis import Basis
from .initialisation import DECAY, smooth_edges, start_degree
from .network import Layer


class KANLayer(Layer):
    """Map `n_in` inputs to `n_out` sums of learned functions of one variable.

    Output `o` is `sum_i phi_io(x_i)`, each edge function expanded in `basis`.

    Args:
        n_in: number of inputs, at least 1.
        n_out: number of outputs, at least 1.
        basis: the functions of one variable, for every edge the same.
        generator: source of randomness; a fixed one without it.
        constant: whether the random start functions have a constant term.
        decay: power by which the coefficients of the start functions fall; see `smooth_edges`.

    Source:
        Liu et al. (2024), "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, sec. 2.2.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        basis: Basis,
        *,
        generator: torch.Generator | None = None,
        constant: bool = True,
        decay: float = DECAY,
    ):
        super().__init__(n_in, basis, torch.zeros(n_in * basis.size, n_out, dtype=torch.float64))
        self.constant, self.decay = constant, float(decay)
        self.reset(generator or torch.Generator().manual_seed(0))

    def reset(self, generator: torch.Generator) -> None:
        """Start again from new random edge functions."""
        degree = start_degree(self.basis)
        edges = smooth_edges(
            self.basis, self.n_in, self.n_out,
            constant=self.constant, degree=degree, generator=generator, decay=self.decay,
        )  # fmt: skip
        with torch.no_grad():
            self.coefficients.copy_(edges)
