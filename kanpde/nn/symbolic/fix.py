"""Turn edges of a network into formulas, and back into learned functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..edge_layer import EdgeLayer
from ..network import Layer, Network
from ..refine.adaptive import layer_inputs
from .edges import Pair
from .function import SymbolicFunction
from .match import PRICE, Match, matches


def suggest_symbolic(
    network: Network,
    layer: int,
    i: int,
    o: int,
    x: Float[Tensor, "n inputs"],
    *,
    functions: Iterable[str | SymbolicFunction] | None = None,
    price: float = PRICE,
) -> list[Match]:
    """What an edge looks like, the best score first; see `matches`.

    Args:
        network: stays as it is.
        layer: number of the layer, from 0.
        i: number of the node that the edge comes from.
        o: number of the node that it goes to.
        x: inputs of the network at which the edge is looked at.
        functions: names of the library or functions; all of the library without it.
        price: powers of ten in the deviation that a unit of complexity must gain.

    Raises:
        ValueError: for an edge that does not exist.
    """
    found = _layer(network, layer)
    check_edge(network, layer, i, o)
    values = layer_inputs(network, x)[layer]
    return matches(values[:, i], found.edge_values(values)[:, i, [o]], functions, price=price)[0]


def fix_symbolic(network: Network, layer: int, i: int, o: int, match: Match) -> None:
    """Make an edge a formula, in place; its four numbers go on being trained.

    Only the sum of the constants of the edges into a node means something, and training may leave huge ones that cancel:
    the mean of the edge goes to a learned one of the same node, as long as there is one.
    """
    check_edge(network, layer, i, o)
    old = _layer(network, layer)
    keep = [e for e, pair in enumerate(old.pairs) if pair != (i, o)]
    learned, functions = [old.pairs[e] for e in keep], old.functions.detach()[:, keep].clone()
    a, b, c, d = match.affine
    heir = next((e for e, (_, target) in enumerate(learned) if target == o), None)
    if heir is not None:
        one = old.basis.project(functions.new_ones(len(old.basis.fit_points()), 1))[:, 0]
        functions[:, heir] += match.mean * one
        d -= match.mean
    formulas = {**_formulas(old), (i, o): (match.function, (a, b, c, d))}
    _replace(network, layer, EdgeLayer(old.n_in, old.n_out, old.basis, learned, functions, formulas))


def fix_layer(network: Network, layer: int, chosen: Mapping[Pair, Match], x: Float[Tensor, "n inputs"]) -> None:
    """Make all learned edges of a layer formulas, in place; the mean of every output stays.

    Args:
        network: changed.
        layer: number of the layer, from 0.
        chosen: every learned edge with its formula.
        x: inputs of the network at which means are taken.
    """
    old, seen = _layer(network, layer), layer_inputs(network, x)[layer]
    formulas = _formulas(old)
    for pair, match in chosen.items():
        a, b, c, d = match.affine
        formulas[pair] = (match.function, (a, b, c, d - match.mean))
    new = EdgeLayer(old.n_in, old.n_out, old.basis, [], old.functions.detach()[:, :0], formulas)
    with torch.no_grad():
        lost = (old(seen) - new(seen)).mean(0)
        for o in {target for _, target in chosen}:
            new.symbolic.affine[new.symbolic.outputs.index(o), 3] += lost[o]
    _replace(network, layer, new)


def unfix_symbolic(network: Network, layer: int, i: int, o: int) -> None:
    """Make a formula a learned function again, in place: the closest one in the basis of the layer.

    Raises:
        ValueError: for an edge that is no formula.
    """
    old = _layer(network, layer)
    formulas = _formulas(old)
    if (i, o) not in formulas:
        raise ValueError(f"`layer` {layer} must have a formula on edge ({i}, {o}) to unfix, got none there.")
    f, (a, b, c, d) = formulas.pop((i, o))
    z = old.basis.fit_points().to(old.coefficients)
    values = c * f.rows(a * z + b, 0)[0] + d
    functions = torch.cat([old.functions.detach(), old.basis.project(values[:, None])], 1)
    _replace(network, layer, EdgeLayer(old.n_in, old.n_out, old.basis, [*old.pairs, (i, o)], functions, formulas))


def check_edge(network: Network, layer: int, i: int, o: int) -> None:
    """Refuse an edge that does not exist.

    Raises:
        ValueError: naming the edges that do.
    """
    found = _layer(network, layer)
    there = {*found.pairs, *_formulas(found)}
    if (i, o) not in there:
        raise ValueError(f"`i`, `o` must name an edge of layer {layer}, got ({i}, {o}): it has {sorted(there)}.")


def _layer(network: Network, layer: int) -> Layer:
    if not 0 <= layer < len(network.layers):
        raise ValueError(f"`layer` must be between 0 and {len(network.layers) - 1}, got {layer}.")
    return network.layers[layer]


def _formulas(layer: Layer) -> dict[Pair, tuple[SymbolicFunction, Sequence[float]]]:
    if not isinstance(layer, EdgeLayer):
        return {}
    edges = zip(layer.symbolic.pairs, layer.symbolic.functions, layer.symbolic.affine.tolist(), strict=True)
    return {pair: (f, affine) for pair, f, affine in edges}


def _replace(network: Network, layer: int, new: EdgeLayer) -> None:
    layers = list(network.layers)
    layers[layer] = new
    network.layers = cast("Sequence[Layer]", nn.ModuleList(layers))
