"""Weights that give the gradients of all blocks the same norm."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ..blocks import LeastSquares
from .equalising import Equalising


class GradientNorm(Equalising):
    """Every block pulls on the parameters with the same force.

    Costs a gradient. Arguments are those of `Equalising`.

    Source:
        Wang, Teng, Perdikaris (2021), SIAM Journal on Scientific Computing 43, A3055, algorithm 1; with norms of all
        gradients in place of maxima and means: Wang, Sankaran, Wang, Perdikaris (2023), arXiv:2308.08468.
    """

    name = "gradient-norm"

    def figures(self, problem: LeastSquares) -> Float[Tensor, " blocks"]:
        """Norm of the gradient of the mean square of each block."""
        linear = [block.linearise() for block in problem.blocks]
        return torch.stack(
            [2 * b.transposed(b.rows).norm() / block.weight for b, block in zip(linear, problem.blocks, strict=True)]
        )
