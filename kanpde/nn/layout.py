"""The structure of a network as plain data, and the network back from it: no code is stored or run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, cast

import torch
from torch import nn

from ..serialise import decode, encode
from . import basis as families
from .basis import Activation, Basis, Union
from .edge_layer import EdgeLayer
from .initialisation import DECAY
from .kan import KAN
from .mlp import MLP
from .network import Layer, Network, held_parameters
from .symbolic.function import SymbolicFunction

KNOWN: dict[str, Callable[..., Basis]] = {name: getattr(families, name) for name in families.__all__}


def describe(network: torch.nn.Module) -> dict[str, Any] | None:
    """Plain numbers, strings, lists and dicts that `build` makes an equal structure from; None for other modules."""
    if not isinstance(network, Network):
        return None
    held, decay = held_parameters(network), getattr(network.layers[0], "decay", DECAY)
    return {
        "kind": network.kind,
        **({"held": held} if held else {}),
        **({"decay": decay} if decay != DECAY else {}),
        "squash": network.squash is not None,
        "layers": [
            {"n_in": a.n_in, "n_out": a.n_out, "bias": a.bias is not None, "basis": _describe(a.basis), **_edges(a)}
            for a in network.layers
        ],
    }


def build(layout: dict[str, Any], dtype: torch.dtype = torch.float64) -> Network:
    """A network of the given structure; its parameters are still to be loaded.

    A KAN or an MLP comes back as such, so that a resumed run can restart it from new weights.

    Raises:
        ValueError: for a basis that this version does not know.
    """
    network = _built(layout, dtype)
    for name in layout.get("held", ()):
        network.get_parameter(name).requires_grad_(False)
    return network


def _built(layout: dict[str, Any], dtype: torch.dtype) -> Network:
    entries = layout["layers"]
    bases = [_build(entry["basis"]) for entry in entries]
    width = [int(entries[0]["n_in"]), *[int(entry["n_out"]) for entry in entries]]
    kind = str(layout["kind"])
    if kind == KAN.kind:
        network: Network = KAN(
            width, basis=bases, base=False, squash=bool(layout["squash"]), decay=layout.get("decay", DECAY)
        )
        chosen = [_edge_layer(entry, basis) for entry, basis in zip(entries, bases, strict=True)]
        pairs = zip(chosen, network.layers, strict=True)
        network.layers = cast("Sequence[Layer]", nn.ModuleList([new or old for new, old in pairs]))
        return network.to(dtype)
    if kind == MLP.kind and isinstance(bases[-1], Activation):
        return MLP(width, activation=bases[-1], dtype=dtype)
    layers = []
    for n_in, n_out, basis, entry in zip(width[:-1], width[1:], bases, entries, strict=True):
        start = torch.zeros(n_in * basis.size, n_out, dtype=torch.float64)
        layers.append(Layer(n_in, basis, start, bias=bool(entry["bias"])))
    network = Network(layers, squash=bool(layout["squash"])).to(dtype)
    network.kind = kind
    return network


def _edges(layer: Layer) -> dict[str, Any]:
    """Which edges a layer has, where they are chosen one by one."""
    if not isinstance(layer, EdgeLayer):
        return {}
    formulas = [
        {
            "edge": list(pair),
            "name": f.name,
            "formula": encode(f.formula),
            "complexity": f.complexity,
            "domain": f.domain,
        }
        for pair, (f, _) in layer.formulas.items()
    ]
    return {"learned": [list(pair) for pair in layer.pairs], "symbolic": formulas}


def _edge_layer(entry: dict[str, Any], basis: Basis) -> EdgeLayer | None:
    """The layer of an entry whose edges are chosen one by one; None for the others."""
    if "learned" not in entry:
        return None
    learned = [(int(i), int(o)) for i, o in entry["learned"]]
    symbolic = {(int(e["edge"][0]), int(e["edge"][1])): (_formula(e), (1.0, 0.0, 1.0, 0.0)) for e in entry["symbolic"]}
    functions = torch.zeros(basis.size, len(learned), dtype=torch.float64)
    return EdgeLayer(int(entry["n_in"]), int(entry["n_out"]), basis, learned, functions, symbolic)


def _formula(entry: dict[str, Any]) -> SymbolicFunction:
    low, high = entry["domain"]
    return SymbolicFunction(str(entry["name"]), decode(entry["formula"]), entry["complexity"], domain=(low, high))


def _describe(basis: Basis) -> dict[str, Any]:
    """Its type and what its constructor was called with, which every basis keeps under the same names."""
    if isinstance(basis, Union):
        return {"type": "Union", "members": [_describe(m) for m in basis.members]}
    kept = {name: getattr(basis, name) for name in signature(type(basis)).parameters if hasattr(basis, name)}
    plain = {name: value.tolist() if isinstance(value, torch.Tensor) else value for name, value in kept.items()}
    return {"type": type(basis).__name__, **plain}


def _build(entry: dict[str, Any]) -> Basis:
    kind, arguments = entry["type"], {k: v for k, v in entry.items() if k != "type"}
    if kind not in KNOWN:
        raise ValueError(f"`{kind}` is no basis that this version of kanpde knows: update it to read this record.")
    if kind == "Union":
        return Union(*[_build(m) for m in arguments["members"]])
    lists = {k: torch.tensor(v, dtype=torch.float64) for k, v in arguments.items() if isinstance(v, list)}
    return KNOWN[kind](**arguments | lists)
