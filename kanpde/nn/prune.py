"""Smaller networks: edges and nodes that hardly matter to the outputs are left out."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .attribution import attribution
from .edge_layer import EdgeLayer
from .network import Layer, Network
from .symbolic.edges import Pair

TOLERANCE = 0.03


@dataclass(frozen=True)
class Pruned:
    """What pruning came to.

    Attributes:
        network: the smaller one.
        change: relative L2 difference of the outputs at the given points, before any more training.
        edges: number of edges that were left out, those of left out nodes included.
        nodes: number of hidden nodes that were left out.
        threshold: the score up to which edges were left out.
        inputs: numbers of the inputs that still matter.
    """

    network: Network
    change: float
    edges: int
    nodes: int
    threshold: float
    inputs: list[int]


def prune(
    network: Network,
    x: Float[Tensor, "n inputs"],
    *,
    threshold: float | None = None,
    tolerance: float = TOLERANCE,
    remove: Sequence[Collection[Pair]] = (),
) -> Pruned:
    """Leave out edges by their `attribution`, and hidden nodes without edges in or out.

    The mean of what is left out goes into another edge of the same node. Inputs stay, also those without edges, so
    that the network still takes the same points.

    Args:
        network: stays as it is.
        x: inputs at which edges are judged, shape (n, inputs), at least 2.
        threshold: leave out edges with a score up to this, 0 or above; without it, the one up to which the outputs change
            by at most `tolerance`.
        tolerance: relative L2 change of the outputs, above 0.
        remove: edges to leave out by hand, one collection of (input, output) per layer; then scores are not used.

    Raises:
        ValueError: for a number outside its range, or an edge that does not exist.
    """
    if any(layer.bias is not None for layer in network.layers):
        raise ValueError("`network` must be a KAN, got one with biases: it has no functions on its edges to judge.")
    if threshold is not None and not threshold >= 0:
        raise ValueError(f"`threshold` must be 0 or above, got {threshold}: scores are shares of the spread.")
    if not tolerance > 0:
        raise ValueError(f"`tolerance` must be positive, got {tolerance}: it is a relative change of the outputs.")
    present = [layer.connections for layer in network.layers]
    if remove:
        return _without(network, x, [p - q for p, q in zip(present, _by_hand(remove, present), strict=True)], 0.0)
    scores = attribution(network, x).edges

    def up_to(limit: float) -> Pruned:
        kept = [{(i, o) for i, o in p if float(s[i, o]) > limit} for p, s in zip(present, scores, strict=True)]
        return _without(network, x, kept, limit)

    if threshold is not None:
        return up_to(threshold)
    candidates = sorted({float(s[i, o]) for p, s in zip(present, scores, strict=True) for i, o in p})
    best, low, high = up_to(-1.0), 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        found = up_to(candidates[middle])
        if found.change <= tolerance:
            best, low = found, middle + 1
        else:
            high = middle
    return best


def _by_hand(remove: Sequence[Collection[Pair]], present: Sequence[set[Pair]]) -> list[set[Pair]]:
    if len(remove) != len(present):
        raise ValueError(f"`remove` must hold one collection of edges per layer, {len(present)}, got {len(remove)}.")
    chosen = [{(int(i), int(o)) for i, o in pairs} for pairs in remove]
    for layer, (pairs, there) in enumerate(zip(chosen, present, strict=True)):
        if pairs - there:
            raise ValueError(f"`remove[{layer}]` must name edges of layer {layer}, got {min(pairs - there)}.")
    return chosen


def _without(network: Network, x: Tensor, kept: list[set[Pair]], threshold: float) -> Pruned:
    """The network with the given edges alone, as far as they lead from an input to an output."""
    kept = _with_every_output(network, x, kept)
    alive = _connected(kept, network.width)
    kept = [{(i, o) for i, o in p if o in alive[k + 1]} for k, p in enumerate(kept)]
    kept = [{(i, o) for i, o in p if k == 0 or i in alive[k]} for k, p in enumerate(kept)]
    nodes = [list(range(network.width[0])), *[sorted(a) for a in alive[1:-1]], list(range(network.width[-1]))]
    inputs = network.layer_inputs(x)
    layers = [
        _chosen(layer, pairs, nodes[k], nodes[k + 1], layer.edge_values(inputs[k]).mean(0))
        for k, (layer, pairs) in enumerate(zip(network.layers, kept, strict=True))
    ]
    smaller = copy.deepcopy(network)
    smaller.layers = cast("Sequence[Layer]", nn.ModuleList(layers))
    with torch.no_grad():
        before, after = network(inputs[0]), smaller(inputs[0])
    change = float((after - before).norm() / (before - before.mean(0)).norm().clamp_min(1e-300))
    edges = sum(len(layer.connections) for layer in network.layers) - sum(map(len, kept))
    lost = sum(network.width[1:-1]) - sum(smaller.width[1:-1])
    return Pruned(smaller, change, edges, lost, threshold, sorted({i for i, _ in kept[0]}))


def _with_every_output(network: Network, x: Tensor, kept: list[set[Pair]]) -> list[set[Pair]]:
    """An output that no input leads to gets its strongest way back."""
    kept = [set(p) for p in kept]
    scores: list[Tensor] = []
    for node in sorted(set(range(network.width[-1])) - _connected(kept, network.width)[-1]):
        scores, target = scores or attribution(network, x).edges, node
        for k in reversed(range(len(kept))):
            there = [pair for pair in network.layers[k].connections if pair[1] == target]
            if not there:
                break
            strongest = max(there, key=lambda pair: float(scores[k][pair]))
            kept[k].add(strongest)
            target = strongest[0]
    return kept


def _connected(kept: Sequence[set[Pair]], width: Sequence[int]) -> list[set[int]]:
    """Per layer of nodes, those that depend on an input and that an output depends on."""
    reached = [set(range(width[0]))]
    for pairs in kept:
        reached.append({o for i, o in pairs if i in reached[-1]})
    needed = [set(range(width[-1]))]
    for pairs in reversed(kept):
        needed.insert(0, {i for i, o in pairs if o in needed[0]})
    return [a & b for a, b in zip(reached, needed, strict=True)]


def _chosen(
    layer: Layer, pairs: set[Pair], sources: list[int], targets: list[int], means: Float[Tensor, "n_in n_out"]
) -> Layer:
    """A layer between the given nodes with the given edges; the means of the others are added to one edge of the node."""
    learned = [e for e, pair in enumerate(layer.pairs) if pair in pairs]
    place = {pair: (sources.index(pair[0]), targets.index(pair[1])) for pair in pairs}
    formulas = {place[pair]: formula for pair, formula in layer.formulas.items() if pair in pairs}
    found = EdgeLayer(
        len(sources), len(targets), copy.deepcopy(layer.basis),
        [place[layer.pairs[e]] for e in learned], layer.functions.detach()[:, learned], formulas,
    )  # fmt: skip
    for new, old in enumerate(targets):
        lost = sum(float(means[i, old]) for i, o in layer.connections - pairs if o == old)
        found.normalise(new, means.new_tensor([-lost]), means.new_ones(1))
    return found
