"""Quadratic forms of the edge functions beside the residuals of a loss: what is wanted of them apart from the fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from .linearisation import BlockLinearisation, DenseSlopes, NoSlopes, Slopes
from .nn import Network


class Prior:
    """Rows that are linear in the coefficients of the learned edges, and so exact for Gauss-Newton.

    Args:
        network: whose layers they belong to.
        roots: per layer, what the coefficients of an edge are multiplied by; no rows where it has none.

    Attributes:
        size: number of rows.
    """

    def __init__(self, network: Network, roots: Sequence[Float[Tensor, "rows size edges"]]):
        self.network, self.roots = network, list(roots)
        self.size = sum(len(root) * root.shape[2] for root in self.roots)

    def rows(self) -> Float[Tensor, " n"]:
        """All rows; they carry gradients if these are enabled."""
        parts = [
            torch.einsum("rse,se->re", root, layer.functions).flatten()
            for root, layer in zip(self.roots, self.network.layers, strict=True)
        ]
        return torch.cat(parts)

    def linearise(self, parameters: int) -> list[BlockLinearisation]:
        """Rows and their derivative, one block per layer that has any.

        Args:
            parameters: number of columns; those behind the network's are the unknown numbers of an inverse problem.
        """
        blocks, start = [], 0
        for root, layer in zip(self.roots, self.network.layers, strict=True):
            count, n = layer.coefficients.numel(), len(root) * root.shape[2]
            after = start + sum(p.numel() for p in layer.parameters())
            if n:
                matrix = _matrix(root, layer.places)
                slopes: list[Slopes] = [
                    NoSlopes(n, start),
                    DenseSlopes(matrix),
                    NoSlopes(n, parameters - start - count),
                ]
                blocks.append(BlockLinearisation(matrix @ layer.coefficients.detach().flatten(), [slopes]))
            start = after
        return blocks

    def state(self) -> dict[str, Any]:
        """What `load` needs."""
        return {"roots": self.roots}

    @classmethod
    def load(cls, network: Network, state: dict[str, Any]) -> Prior:
        """The prior whose `state` was saved, on the same network."""
        like = next(network.parameters())
        return cls(network, [root.to(like) for root in state["roots"]])


def _matrix(root: Float[Tensor, "rows size edges"], places: Tensor) -> Float[Tensor, "n coefficients"]:
    """The rows as a matrix on the coefficients in the order in which the layer holds them."""
    count, size, edges = root.shape
    matrix = root.new_zeros(count, edges, size * edges)
    columns = places.T[None].expand(count, edges, size)
    return matrix.scatter_(2, columns, root.transpose(1, 2)).flatten(0, 1)
