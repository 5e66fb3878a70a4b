"""How much every edge and node of a network matters to its outputs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from .network import Network


@dataclass(frozen=True)
class Attribution:
    """Scores between 0 and about 1; the outputs have 1.

    Attributes:
        edges: per layer, from inputs (rows) to outputs (columns).
        nodes: per layer of nodes, inputs first.
        magnitudes: mean absolute deviation of every edge function from its mean, the |phi|_1 of the KAN paper.
    """

    edges: list[Float[Tensor, "n_in n_out"]]
    nodes: list[Float[Tensor, " nodes"]]
    magnitudes: list[Float[Tensor, "n_in n_out"]]


def attribution(network: Network, x: Float[Tensor, "n inputs"]) -> Attribution:
    """Share of every edge in the spread of the outputs, passed back from layer to layer.

    A node hands its score to the edges into it, each by its own standard deviation over that of their sum; a node's
    score is the sum over the edges out of it. Constant parts of an edge function count for nothing.

    Args:
        network: KAN or other network of layers.
        x: inputs of the network, shape (n, inputs), at least 2.

    Raises:
        ValueError: for fewer than two points: there is no spread; or edges without a value there.

    Source:
        Liu, Ma, Wang, Matusik, Tegmark (2024), "KAN 2.0", arXiv:2408.10205, sec. 3.1.
    """
    if len(x) < 2:
        raise ValueError(f"`x` must hold at least 2 points, got {len(x)}: scores are shares of a spread.")
    values = [layer.edge_values(h) for layer, h in zip(network.layers, network.layer_inputs(x), strict=True)]
    for number, v in enumerate(values):
        bad = ~v.isfinite().flatten(1).all(1)
        if bool(bad.any()):
            raise ValueError(
                f"`x` must be inputs at which all edges have values, got {int(bad.sum())} of {len(x)} at which layer "
                f"{number} has none: give the inputs that the network was fitted at, `kanpde.fitting.scaled_inputs(points)`."
            )
    score = torch.ones(network.width[-1], dtype=values[-1].dtype, device=values[-1].device)
    edges: list[Tensor] = []
    nodes = [score]
    for v in reversed(values):
        total = v.sum(1).std(0).clamp_min(torch.finfo(v.dtype).tiny)
        shares = v.std(0) / total * score
        score = shares.sum(1)
        edges.insert(0, shares)
        nodes.insert(0, score)
    return Attribution(edges, nodes, [(v - v.mean(0)).abs().mean(0) for v in values])
