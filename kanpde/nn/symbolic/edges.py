"""Edges that are formulas, `c f(a x + b) + d`, with four numbers each that go on being trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...jet import Jet, JetPlan, expand
from .function import SymbolicFunction

Pair = tuple[int, int]
Formula = tuple[SymbolicFunction, Sequence[float]]


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

    @property
    def formulas(self) -> dict[Pair, Formula]:
        """Input and output of each, with its function and its numbers as they are now."""
        return dict(zip(self.pairs, zip(self.functions, self.affine.tolist(), strict=True), strict=True))

    def forward(self, x: Float[Tensor, "*batch n_in"]) -> Float[Tensor, "*batch edges"]:
        """Value of every edge."""
        return self._values(x[..., self.inputs], 0)[0, ..., 0]

    def propagate(self, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n edges"]:
        """Jet of every edge from the jet of the layer's inputs."""
        return expand(_Family(1, self._values), jet[..., self.inputs], plan)[..., 0]

    def slopes(self, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n edges 4"]:
        """Jet of the derivative of every edge by its four numbers."""
        return expand(_Family(4, self._slopes), jet[..., self.inputs], plan)

    def _values(self, x: Float[Tensor, "*batch edges"], order: int) -> Float[Tensor, "orders *batch edges 1"]:
        """The edges as functions of their inputs: row m is c a^m f^(m)(a x + b), and d is added to the value."""
        a, _, c, d = self.affine.unbind(1)
        rows = [c * a**m * f for m, f in enumerate(self._tables(x, order))]
        return torch.stack([rows[0] + d, *rows[1:]])[..., None]

    def _slopes(self, x: Float[Tensor, "*batch edges"], order: int) -> Float[Tensor, "orders *batch edges 4"]:
        """Their derivatives by a, b, c and d, as functions of their inputs."""
        a, _, c, _ = self.affine.unbind(1)
        f = self._tables(x, order + 1)
        rows = []
        for m in range(order + 1):
            by_b = c * a**m * f[m + 1]
            by_a = x * by_b + (m * c * a ** (m - 1) * f[m] if m else 0.0)
            rows.append(torch.stack([by_a, by_b, a**m * f[m], torch.full_like(x, float(m == 0))], -1))
        return torch.stack(rows)

    def _tables(self, x: Float[Tensor, "*batch edges"], order: int) -> Float[Tensor, "orders *batch edges"]:
        """Values of f and its derivatives at a x + b, for every edge."""
        a, b = self.affine[:, 0], self.affine[:, 1]
        z = a * x + b
        columns = [f.derivatives(z[..., k], order)[..., 0] for k, f in enumerate(self.functions)]
        return torch.stack(columns, -1) if columns else z.new_zeros(order + 1, *z.shape)


@dataclass
class _Family:
    """What jets are expanded in: so many functions per edge."""

    size: int
    derivatives: Callable[[Tensor, int], Tensor]

    @property
    def table(self) -> Callable[[Tensor, int], Tensor]:
        return self.derivatives
