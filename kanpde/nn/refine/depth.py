"""More layers: one before the outputs, whose first nodes are the outputs and the functions on them straight lines."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...counts import is_count
from ..basis import Basis, BSpline
from ..kan_layer import KANLayer
from ..network import Network
from .exchange import POINTS, change, remade

MARGIN = 1.02
"""How much longer than the range of a node's values the grid of the next layer is."""


@dataclass(frozen=True)
class Deeper:
    """Insert a layer before the outputs of a KAN.

    Args:
        nodes: of the layer that was the output, at least as many as there are outputs.
        seed: of the functions that further nodes start from.

    Raises:
        ValueError: for a number below 1.
    """

    nodes: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not is_count(self.nodes):
            raise ValueError(f"`nodes` must be a whole number of at least 1, got {self.nodes}: a layer has nodes.")

    def __call__(self, network: Network) -> tuple[Network, float]:
        """The deeper network and its distance from the given one."""
        return deepen(network, self.nodes, generator=torch.Generator().manual_seed(self.seed))


def deepen(
    network: Network,
    nodes: int,
    *,
    basis: Basis | None = None,
    x: Float[Tensor, "n inputs"] | None = None,
    generator: torch.Generator,
) -> tuple[Network, float]:
    """Insert a layer before the outputs of a KAN without changing its function.

    The outputs become hidden nodes, scaled to [-1, 1], and a straight line leads from each to the output that it was.
    Narrow deep KANs that start from random functions in all layers mostly get stuck; from a trained one with fewer
    layers they do not.

    Args:
        network: stays as it is.
        nodes: how many hidden nodes there are then, at least as many as outputs; the others are random functions of the
            nodes before them, and nothing depends on them yet.
        basis: of the functions on the new edges; that of the last layer, with equal grid intervals, without it.
        x: inputs whose values say where the outputs lie; evenly spread ones in the input cube without it.
        generator: source of the random functions.

    Returns:
        The new network, and the relative L2 difference of its outputs on the input cube.

    Raises:
        TypeError: for a network whose last layer is none of a KAN, or has edges that were pruned or made formulas.
        ValueError: for fewer nodes than outputs, or a network that squashes hidden values.
    """
    last = network.layers[-1]
    if not isinstance(last, KANLayer):
        raise TypeError(f"`network` must be a KAN with all of its last edges, got a {type(last).__name__} at the end.")
    if nodes < last.n_out:
        raise ValueError(f"`nodes` must be at least {last.n_out}, the number of outputs, got {nodes}.")
    if network.squash is not None:
        raise ValueError(
            "`network` must not squash its hidden values: a straight line does not undo a tanh. Take squash=False."
        )
    before = copy.deepcopy(network).to("cpu", torch.float64)
    if x is None:
        x = 2 * torch.rand(POINTS, network.width[0], generator=generator, dtype=torch.float64) - 1
    wide, line = _widened(before, nodes, generator), _fresh(basis or last.basis)
    with torch.no_grad():
        values = wide(before.layer_inputs(x.to("cpu", torch.float64))[-1])
    low, high = values.min(0).values, values.max(0).values
    middle, half = (low + high) / 2, ((high - low) / 2 * MARGIN).clamp_min(1e-8)
    wide.normalise(0, middle, half)
    out = KANLayer(nodes, last.n_out, line, generator=generator)
    with torch.no_grad():
        edges = out.coefficients.view(nodes, line.size, last.n_out).zero_()
        for o in range(last.n_out):
            edges[o, :, o] = line.project((middle[o] + half[o] * line.fit_points())[:, None])[:, 0]
    deeper = copy.deepcopy(before)
    deeper.layers = cast("list[nn.Module]", nn.ModuleList([*before.layers[:-1], wide, out]))  # type: ignore[assignment]
    deeper.to(next(network.parameters()))
    return deeper, change(network, deeper)


def _widened(network: Network, nodes: int, generator: torch.Generator) -> KANLayer:
    """The last layer with further outputs."""
    last = network.layers[-1]
    wide = cast("KANLayer", last.resized(last.n_in, nodes))
    wide.reset(generator)
    with torch.no_grad():
        wide.coefficients[:, : last.n_out] = last.coefficients
    return wide


def _fresh(basis: Basis) -> Basis:
    """The basis on [-1, 1], with equal grid intervals."""
    copied = copy.deepcopy(basis).to("cpu", torch.float64)
    return remade(
        copied, lambda m: BSpline(len(m.grid) - 1, m.degree, outside=m.outside) if isinstance(m, BSpline) else m
    )
