"""The structure of a network as plain data, and the network back from it: no code is stored or run."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import torch

from . import basis as families
from .basis import Activation, Basis, Union
from .kan import KAN
from .mlp import MLP
from .network import Layer, Network

KNOWN: dict[str, Callable[..., Basis]] = {name: getattr(families, name) for name in families.__all__}


def describe(network: torch.nn.Module) -> dict[str, Any] | None:
    """Plain numbers, strings, lists and dicts that `build` makes an equal structure from; None for other modules."""
    if not isinstance(network, Network):
        return None
    return {
        "kind": network.kind,
        "squash": network.squash is not None,
        "layers": [
            {"n_in": a.n_in, "n_out": a.n_out, "bias": a.bias is not None, "basis": _describe(a.basis)}
            for a in network.layers
        ],
    }


def build(layout: dict[str, Any], dtype: torch.dtype = torch.float64) -> Network:
    """A network of the given structure; its parameters are still to be loaded.

    A KAN or an MLP comes back as such, so that a resumed run can restart it from new weights.

    Raises:
        ValueError: for a basis that this version does not know.
    """
    entries = layout["layers"]
    bases = [_build(entry["basis"]) for entry in entries]
    width = [int(entries[0]["n_in"]), *[int(entry["n_out"]) for entry in entries]]
    kind = str(layout["kind"])
    if kind == KAN.kind:
        return KAN(width, basis=bases, base=False, squash=bool(layout["squash"]), dtype=dtype)
    if kind == MLP.kind and isinstance(bases[-1], Activation):
        return MLP(width, activation=bases[-1], dtype=dtype)
    layers = []
    for n_in, n_out, basis, entry in zip(width[:-1], width[1:], bases, entries, strict=True):
        start = torch.zeros(n_in * basis.size, n_out, dtype=torch.float64)
        layers.append(Layer(n_in, basis, start, bias=bool(entry["bias"])))
    network = Network(layers, squash=bool(layout["squash"])).to(dtype)
    network.kind = kind
    return network


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
