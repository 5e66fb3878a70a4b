"""Turn edges of a network into formulas, and back into learned functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..edge_layer import EdgeLayer
from ..network import Layer, Network
from .edges import Formula, Pair
from .function import SymbolicFunction
from .match import PRICE, Match, matches

CONSTANT = "0"
"""Name of the function that stands for a constant."""


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
    check_edge(network, layer, i, o)
    seen = network.layer_inputs(x)[layer]
    values = network.layers[layer].edge_values(seen)[:, i, [o]]
    return matches(seen[:, i], values, functions, price=price)[0]


def suggest_layer(
    network: Network,
    layer: int,
    x: Float[Tensor, "n inputs"],
    *,
    pairs: Iterable[Pair] | None = None,
    functions: Iterable[str | SymbolicFunction] | None = None,
    price: float = PRICE,
) -> dict[Pair, list[Match]]:
    """The same for several edges of a layer, the learned ones without `pairs`; a node with one value has constants alone."""
    found: dict[Pair, list[Match]] = {}
    edges = _layer(network, layer).pairs if pairs is None else list(pairs)
    seen = network.layer_inputs(x)[layer]
    values = network.layers[layer].edge_values(seen)
    for i in sorted({i for i, _ in edges}):
        outputs = [o for source, o in edges if source == i]
        varies = bool(seen[:, i].max() > seen[:, i].min())
        per_edge = matches(seen[:, i], values[:, i, outputs], functions if varies else [CONSTANT], price=price)
        found |= {(i, o): edge for o, edge in zip(outputs, per_edge, strict=True)}
    return found


def fix_symbolic(network: Network, layer: int, chosen: Mapping[Pair, Match]) -> None:
    """Make edges of a layer formulas, in place; their numbers go on being trained.

    Only the sum of the constants of the edges into a node means something, and training may leave huge ones that cancel:
    the means of the edges go to a learned one of the same node, or all to one of the new formulas.

    Args:
        network: changed.
        layer: number of the layer, from 0.
        chosen: edges with their formulas.

    Raises:
        ValueError: for an edge that does not exist.
    """
    for i, o in chosen:
        check_edge(network, layer, i, o)
    old = _layer(network, layer)
    keep = [e for e, pair in enumerate(old.pairs) if pair not in chosen]
    learned, functions = [old.pairs[e] for e in keep], old.functions.detach()[:, keep].clone()
    formulas, owed = dict(old.formulas), dict.fromkeys((o for _, o in chosen), 0.0)
    for pair, match in chosen.items():
        formulas[pair] = _raised((match.function, match.affine), -match.mean)
        owed[pair[1]] += match.mean
    for node, mean in owed.items():
        heir = next((e for e, (_, o) in enumerate(learned) if o == node), None)
        if heir is None:
            pair = next(pair for pair in chosen if pair[1] == node)
            formulas[pair] = _raised(formulas[pair], mean)
        else:
            functions[:, heir] += mean * old.basis.project(functions.new_ones(len(old.basis.fit_points()), 1))[:, 0]
    _replace(network, layer, EdgeLayer(old.n_in, old.n_out, old.basis, learned, functions, formulas))


def _raised(formula: Formula, constant: float) -> Formula:
    f, (a, b, c, d) = formula
    return f, (a, b, c, d + constant)


def unfix_symbolic(network: Network, layer: int, i: int, o: int) -> None:
    """Make a formula a learned function again, in place: the closest one in the basis of the layer.

    Raises:
        ValueError: for an edge that is no formula, or one that has no value somewhere on the grid.
    """
    old = _layer(network, layer)
    formulas = dict(old.formulas)
    if (i, o) not in formulas:
        raise ValueError(f"`layer` {layer} must have a formula on edge ({i}, {o}) to unfix, got none there.")
    f, (a, b, c, d) = formulas.pop((i, o))
    z = old.basis.fit_points().to(old.coefficients)
    values = c * f.rows(a * z + b, 0)[0] + d
    if not bool(values.isfinite().all()):
        raise ValueError(
            f"`{f.name}` on edge ({i}, {o}) of layer {layer} must have values on all of [{float(z.min()):.3g}, "
            f"{float(z.max()):.3g}] to become a learned function, got none at some: fit a learned edge there anew."
        )
    functions = torch.cat([old.functions.detach(), old.basis.project(values[:, None])], 1)
    _replace(network, layer, EdgeLayer(old.n_in, old.n_out, old.basis, [*old.pairs, (i, o)], functions, formulas))


def check_edge(network: Network, layer: int, i: int, o: int) -> None:
    """Refuse an edge that does not exist.

    Raises:
        ValueError: naming the edges that do.
    """
    found = _layer(network, layer)
    if (i, o) not in found.connections:
        there = sorted(found.connections)
        raise ValueError(f"`i`, `o` must name an edge of layer {layer}, got ({i}, {o}): it has {there}.")


def _layer(network: Network, layer: int) -> Layer:
    if not 0 <= layer < len(network.layers):
        raise ValueError(f"`layer` must be between 0 and {len(network.layers) - 1}, got {layer}.")
    return network.layers[layer]


def _replace(network: Network, layer: int, new: EdgeLayer) -> None:
    layers = list(network.layers)
    layers[layer] = new
    network.layers = cast("Sequence[Layer]", nn.ModuleList(layers))
