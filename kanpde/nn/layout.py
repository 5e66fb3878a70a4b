"""The structure of a network as plain data, and the network back from it: no code is stored or run."""

from __future__ import annotations

from typing import Any

import torch

from .basis import Basis, BSpline, Chebyshev, Identity, SiLU, Sine, Tanh, Union
from .network import Layer, Network

SINGLE: dict[str, type[Basis]] = {"Identity": Identity, "Tanh": Tanh, "SiLU": SiLU}


def describe(network: torch.nn.Module) -> dict[str, Any] | None:
    """Plain numbers, strings, lists and dicts that `build` makes an equal structure from; None for other modules."""
    if not isinstance(network, Network):
        return None
    layers: list[Any] = list(network.layers)
    return {
        "kind": network.kind,
        "squash": network.squash is not None,
        "layers": [
            {"n_in": l.n_in, "n_out": l.n_out, "bias": l.bias is not None, "basis": _describe(l.basis)} for l in layers
        ],
    }


def build(layout: dict[str, Any], dtype: torch.dtype = torch.float64) -> Network:
    """A network of the given structure with all parameters zero.

    Raises:
        ValueError: for a basis that this version does not know.
    """
    layers = []
    for entry in layout["layers"]:
        basis = _build(entry["basis"])
        start = torch.zeros(int(entry["n_in"]) * basis.size, int(entry["n_out"]), dtype=torch.float64)
        layers.append(Layer(int(entry["n_in"]), basis, start, bias=bool(entry["bias"])))
    network = Network(layers, squash=bool(layout["squash"])).to(dtype)
    network.kind = str(layout["kind"])
    return network


def _describe(basis: Any) -> dict[str, Any]:
    name = type(basis).__name__
    if isinstance(basis, Union):
        return {"type": name, "members": [_describe(m) for m in basis.members]}
    if isinstance(basis, BSpline):
        return {"type": name, "grid": basis.grid.tolist(), "degree": basis.degree, "outside": basis.outside}
    if isinstance(basis, Chebyshev):
        return {"type": name, "degree": basis.degree}
    if isinstance(basis, Sine):
        return {"type": name, "frequency": basis.frequency}
    return {"type": name}


def _build(entry: dict[str, Any]) -> Basis:
    name = entry["type"]
    if name == "Union":
        return Union(*[_build(m) for m in entry["members"]])
    if name == "BSpline":
        grid = torch.tensor([float(g) for g in entry["grid"]], dtype=torch.float64)
        return BSpline(grid=grid, degree=int(entry["degree"]), outside=str(entry["outside"]))
    if name == "Chebyshev":
        return Chebyshev(int(entry["degree"]))
    if name == "Sine":
        return Sine(float(entry["frequency"]))
    if name not in SINGLE:
        raise ValueError(f"`{name}` is no basis that this version of kanpde knows: update it to read this record.")
    return SINGLE[name]()
