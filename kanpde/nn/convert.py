"""Networks of other libraries as ours, with the same outputs everywhere: pykan's checkpoints, efficient-kan's weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .basis import Basis, BSpline, Identity, SiLU, Union
from .edge_layer import EdgeLayer
from .kan import KAN
from .kan_layer import KANLayer
from .network import Layer
from .symbolic.edges import Formula, Pair
from .symbolic.library import LIBRARY

SAME = 1e-6
"""Part of its length up to which grids of different inputs count as one, and grid points of a merged grid as equal."""
PYKAN_NAMES = {"x^0.5": "sqrt", "1/x^0.5": "1/sqrt", "x^1.5": "x^(3/2)", "arcsin": "asin", "arccos": "acos"}
PYKAN_NAMES |= {"arctan": "atan", "arctanh": "atanh", "sgn": "sign"}


def from_efficient_kan(state: Mapping[str, Tensor]) -> KAN:
    """A network with the weights of an `efficient_kan.KAN`, or of another one with the same names.

    Beyond its grid every spline goes on over `spline_order` further intervals and is zero from there on, as it is there.
    Where the inputs of a layer have different grids, the layer has all of their points.

    Args:
        state: what `model.state_dict()` gave; activations are SiLU, as they are by default.

    Raises:
        ValueError: for other names or shapes.
    """
    layers = []
    for part in _layers(state, "layers.{}."):
        if not {"grid", "base_weight", "spline_weight"} <= set(part):
            raise ValueError(
                f"`state` must hold grid, base_weight and spline_weight of every layer, got {sorted(part)}."
            )
        splines = part["spline_weight"]
        if "spline_scaler" in part:
            splines = splines * part["spline_scaler"][..., None]
        layers.append(_layer(part["grid"], splines.permute(1, 2, 0), part["base_weight"].T, SiLU()))
    return _network(layers)


def from_pykan(path: str | Path) -> KAN:
    """A network of a checkpoint of pykan, formulas included.

    Args:
        path: as given to pykan's `saveckpt`: beside it lie `path` + `_state` and `path` + `_config.yml`.

    Raises:
        FileNotFoundError: if one of these does not exist.
        ImportError: without PyYAML, which pykan needs too.
        ValueError: for nodes that multiply, base functions other than silu, identity and zero, edges that are spline and
            formula at once, and functions that are not in our library; and nodes that are scaled or shifted.
    """
    try:
        import yaml
    except ImportError:
        raise ImportError("PyYAML is needed to read checkpoints of pykan: pip install pyyaml.") from None
    config = yaml.safe_load(Path(f"{path}_config.yml").read_text())
    state = torch.load(f"{path}_state", map_location="cpu", weights_only=True)
    width = [w if isinstance(w, list) else [w, 0] for w in config["width"]]
    if any(multiplying for _, multiplying in width):
        raise ValueError(f"`path` must be a network whose nodes add, got {config['width']}: some multiply.")
    bases: dict[str, Basis | None] = {"silu": SiLU(), "identity": Identity(), "zero": None}
    if config["base_fun_name"] not in bases:
        raise ValueError(f"`path` must have base functions {', '.join(bases)}, got '{config['base_fun_name']}'.")
    layers = []
    for number, part in enumerate(_layers(state, "act_fun.{}.")):
        mask = part["mask"]
        splines = part["coef"] * (mask * part["scale_sp"])[..., None]
        base = mask * part["scale_base"]
        layer = _layer(part["grid"], splines.transpose(1, 2), base, bases[config["base_fun_name"]])
        symbolic = _layers(state, "symbolic_fun.{}.")[number]
        names = config[f"symbolic.funs_name.{number}"] if config["symbolic_enabled"] else []
        _check_nodes(state, number)
        layers.append(_with_formulas(layer, mask, names, symbolic))
    return _network(layers)


def _layers(state: Mapping[str, Tensor], prefix: str) -> list[dict[str, Tensor]]:
    """The entries of every layer, under their names in it."""
    found: list[dict[str, Tensor]] = []
    while True:
        start = prefix.format(len(found))
        part = {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}
        if not part:
            break
        found.append(part)
    if not found:
        raise ValueError(f"`state` must hold entries such as {prefix.format(0)}grid, got {', '.join(list(state)[:3])}.")
    return found


def _layer(
    grids: Float[Tensor, "n_in knots"],
    splines: Float[Tensor, "n_in functions n_out"],
    base: Float[Tensor, "n_in n_out"],
    function: Basis | None,
) -> KANLayer:
    """A layer of splines that are zero beyond all of their knots, and of multiples of the base function."""
    degree = grids.shape[1] - splines.shape[1] - 1
    olds = [BSpline(grid=g.double(), degree=degree, outside="zero") for g in grids]
    new = BSpline(grid=_merged(grids.double()), degree=degree, outside="zero")
    edges = []
    for old, own in zip(olds, splines.double(), strict=True):
        padded = torch.cat([own.new_zeros(degree, own.shape[1]), own, own.new_zeros(degree, own.shape[1])])
        if new.size == old.size:
            edges.append(padded)
        else:
            points = new.fit_points()
            edges.append(new.project(old.table(points, 0)[0] @ padded))
    coefficients = torch.stack(edges)
    basis: Basis = new
    if function is not None:
        basis = Union(new, function)
        coefficients = torch.cat([coefficients, base.double()[:, None]], dim=1)
    layer = KANLayer(len(grids), splines.shape[2], basis)
    layer.coefficients = nn.Parameter(coefficients.flatten(0, 1))
    return layer.to(splines.dtype)


def _merged(grids: Float[Tensor, "n_in knots"]) -> Float[Tensor, " points"]:
    """One grid for all inputs: their own, if it is the same for all, else the points of all."""
    length = float(grids.max() - grids.min())
    if float((grids - grids[0]).abs().max()) <= SAME * length:
        return grids[0]
    points = grids.flatten().sort().values
    return points[torch.cat([points.new_ones(1), points.diff()]) > SAME * SAME * length]


def _with_formulas(
    layer: KANLayer, mask: Float[Tensor, "n_in n_out"], names: Sequence[Sequence[str]], part: Mapping[str, Tensor]
) -> Layer:
    """The layer with pykan's symbolic edges, which have the same four numbers as ours."""
    symbolic: dict[Pair, Formula] = {}
    for o, i in part["mask"].nonzero().tolist():
        name = PYKAN_NAMES.get(names[o][i], names[o][i])
        if bool(mask[i, o] != 0):
            raise ValueError(f"`path` must have edges that are spline or formula, got both from {i} to {o}.")
        if name not in LIBRARY:
            raise ValueError(f"`path` must have functions of the library, got '{names[o][i]}'.")
        symbolic[i, o] = (LIBRARY[name], part["affine"][o, i].tolist())
    learned = [e for e, pair in enumerate(layer.pairs) if bool(mask[pair] != 0)]
    if not symbolic and len(learned) == len(layer.pairs):
        return layer
    pairs = [layer.pairs[e] for e in learned]
    functions = layer.functions.detach()[:, learned]
    return EdgeLayer(layer.n_in, layer.n_out, layer.basis, pairs, functions, symbolic)


def _check_nodes(state: Mapping[str, Tensor], number: int) -> None:
    """Pykan can scale and shift its nodes, first the sums and then what is made of them; by default it does not."""
    scales = [state[f"{kind}_scale_{number}"] for kind in ("subnode", "node")]
    shifts = [state[f"{kind}_bias_{number}"] for kind in ("subnode", "node")]
    if any(bool((s != 1).any()) for s in scales) or any(bool(s.any()) for s in shifts):
        raise ValueError(f"`path` must have nodes without scale and shift, got some behind layer {number}.")


def _network(layers: Sequence[Layer]) -> KAN:
    width = [layers[0].n_in, *[layer.n_out for layer in layers]]
    found = KAN(width, basis=[copy.deepcopy(layer.basis).double() for layer in layers], base=False)
    found.layers = cast("Sequence[Layer]", nn.ModuleList(layers))
    return found
