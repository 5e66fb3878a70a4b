"""Weights that give all blocks the same mean rate of convergence under gradient flow."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ..blocks import LeastSquares
from ..linearisation import BlockLinearisation
from .equalising import Equalising

MOST_ROWS = 1024
"""Of the Jacobian, at a time."""


class NeuralTangentKernel(Equalising):
    """Every block has a neural tangent kernel J J^T of the same mean eigenvalue.

    The paper divides traces, having as many points in each block; means over the points do not depend on how many
    there are. Costs a Jacobian. Arguments are those of `Equalising`.

    Source:
        Wang, Yu, Perdikaris (2022), Journal of Computational Physics 449, 110768, algorithm 1.
    """

    name = "ntk"

    def figures(self, problem: LeastSquares) -> Float[Tensor, " blocks"]:
        """Trace of the kernel of each block over its number of points."""
        traces = [_trace(b.linearise(), problem.parameter_count) / b.weight for b in problem.blocks]
        return torch.stack(traces)


def _trace(linear: BlockLinearisation, parameters: int) -> Tensor:
    """Sum of the squares of the entries of the Jacobian."""
    total, n = linear.rows.new_zeros(()), len(linear.rows)
    for start in range(0, n, MOST_ROWS):
        rows = slice(start, min(start + MOST_ROWS, n))
        part = linear.rows.new_empty(rows.stop - start, parameters)
        linear.fill(part, rows)
        total += part.square().sum()
    return total
