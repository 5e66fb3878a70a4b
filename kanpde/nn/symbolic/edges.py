"""Edges that are formulas, `c f(a x + b) + d`, with four numbers each that go on being trained."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...jet import Jet, JetPlan, expand
from .function import SymbolicFunction

Pair = tuple[int, int]


class SymbolicEdges(nn.Module):
    """The symbolic edges of a layer.

    Args:
        pairs: input and output of each.
        functions: f of each.
        affine: a, b, c, d of each, shape (edges, 4).

    Attributes:
        affine: trained.
    """

    def __init__(self, pairs: Sequence[Pair], functions: Sequence[SymbolicFunction], affine: Float[Tensor, "edges 4"]):
        super().__init__()
        self.pairs, self.functions = [(int(i), int(o)) for i, o in pairs], list(functions)
        self.affine = nn.Parameter(affine)

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def inputs(self) -> list[int]:
        """Which input each edge sees."""
        return [i for i, _ in self.pairs]

    @property
    def outputs(self) -> list[int]:
        """Which output each edge adds to."""
        return [o for _, o in self.pairs]

    def forward(self, x: Float[Tensor, "*batch n_in"]) -> Float[Tensor, "*batch edges"]:
        """Value of every edge."""
        return _Values(self).derivatives(x[..., self.inputs], 0)[0, ..., 0]

    def propagate(self, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n edges"]:
        """Jet of every edge from the jet of the layer's inputs."""
        return expand(_Values(self), jet[..., self.inputs], plan)[..., 0]

    def slopes(self, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n edges 4"]:
        """Jet of the derivative of every edge by its four numbers."""
        return expand(_Slopes(self), jet[..., self.inputs], plan)

    def tables(self, x: Float[Tensor, "*batch edges"], order: int) -> Float[Tensor, "orders *batch edges"]:
        """Values of f and its derivatives at a x + b, for every edge."""
        a, b = self.affine[:, 0], self.affine[:, 1]
        z = a * x + b
        columns = [f.derivatives(z[..., k], order)[..., 0] for k, f in enumerate(self.functions)]
        return torch.stack(columns, -1) if columns else z.new_zeros(order + 1, *z.shape)


class _Values:
    """The edges as functions of their inputs: row m is c a^m f^(m)(a x + b), and d is added to the value."""

    size = 1

    def __init__(self, edges: SymbolicEdges):
        self.edges = edges

    def derivatives(self, x: Tensor, order: int) -> Tensor:
        a, _, c, d = self.edges.affine.unbind(1)
        rows = [c * a**m * f for m, f in enumerate(self.edges.tables(x, order))]
        return torch.stack([rows[0] + d, *rows[1:]])[..., None]

    table = derivatives


class _Slopes:
    """Their derivatives by a, b, c and d, as functions of their inputs."""

    size = 4

    def __init__(self, edges: SymbolicEdges):
        self.edges = edges

    def derivatives(self, x: Tensor, order: int) -> Tensor:
        a, _, c, _ = self.edges.affine.unbind(1)
        f = self.edges.tables(x, order + 1)
        rows = []
        for m in range(order + 1):
            by_b = c * a**m * f[m + 1]
            by_a = x * by_b + (m * c * a ** (m - 1) * f[m] if m else 0.0)
            rows.append(torch.stack([by_a, by_b, a**m * f[m], torch.full_like(x, float(m == 0))], -1))
        return torch.stack(rows)

    table = derivatives
