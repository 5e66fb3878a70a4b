"""More hidden nodes: they see random functions of the nodes before them, and nothing depends on them yet."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from ..network import Network, check_width
from .exchange import change


@dataclass(frozen=True)
class MoreNodes:
    """Add nodes to every hidden layer.

    Args:
        nodes: how many, at least 1.
        seed: of the functions that they start from.

    Raises:
        ValueError: for a number below 1.
    """

    nodes: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.nodes < 1 or self.nodes != int(self.nodes):
            raise ValueError(f"`nodes` must be a whole number of at least 1, got {self.nodes}: it is added to layers.")

    def __call__(self, network: Network) -> tuple[Network, float]:
        """The wider network and its distance from the given one."""
        if len(network.width) < 3:
            raise ValueError(f"`network` must have a hidden layer, got width {network.width}: it cannot be widened.")
        width = [network.width[0], *[n + self.nodes for n in network.width[1:-1]], network.width[-1]]
        return widen(network, width, generator=torch.Generator().manual_seed(self.seed))


def widen(network: Network, width: Sequence[int], *, generator: torch.Generator) -> tuple[Network, float]:
    """Give a KAN or an MLP more hidden nodes without changing its function.

    Args:
        network: stays as it is.
        width: nodes per layer, none less than at present, inputs and outputs as they are.
        generator: source of the start values of the new nodes, which are those of a new network.

    Returns:
        The new network, and the relative L2 difference of its outputs on the input cube.

    Raises:
        TypeError: for a network that has no start values of its own.
        ValueError: for a width that cannot be.
    """
    if not hasattr(network, "reset"):
        raise TypeError(
            f"`network` must be a KAN or an MLP, got {type(network).__name__}: only they have start values."
        )
    old, new = network.width, check_width(width)
    same_ends = (len(new), new[0], new[-1]) == (len(old), old[0], old[-1])
    if not same_ends or any(a < b for a, b in zip(new, old, strict=True)):
        raise ValueError(f"`width` must have the ends and at least the hidden nodes of {old}, got {new}.")
    wide = _fresh(network, new, generator)
    with torch.no_grad():
        for before, after in zip(network.layers, wide.layers, strict=True):
            edges = after.coefficients.view(after.n_in, after.basis.size, after.n_out)
            edges[:, :, : before.n_out] = 0.0
            edges[: before.n_in, :, : before.n_out] = before.coefficients.unflatten(0, (before.n_in, -1))
            if after.bias is not None and before.bias is not None:
                after.bias[: before.n_out] = before.bias
    wide.settle(generator, kept=old[1:-1])
    wide.to(next(network.parameters()))
    return wide, change(network, wide)


def _fresh(network: Network, width: Sequence[int], generator: torch.Generator) -> Any:
    """A network of the same structure but other widths, from new start values, in float64 on the processor."""
    fresh: Any = copy.deepcopy(network)
    layers = [a.resized(n, m) for a, (n, m) in zip(network.layers, pairwise(width), strict=True)]
    fresh.layers = nn.ModuleList(layers)
    fresh.to("cpu", torch.float64).reset(int(torch.randint(2**31, (), generator=generator)))
    return fresh
