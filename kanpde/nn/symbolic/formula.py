"""A network whose edges are all formulas, as SymPy expressions of its inputs."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from ..network import Layer, Network
from .function import X


def symbolic_formula(network: Network, inputs: Sequence[str | sp.Expr] | None = None) -> list[sp.Expr]:
    """The outputs of a network as expressions.

    Args:
        network: every edge a formula, or absent.
        inputs: names of the inputs, or expressions that stand for them; x1, x2, ... without it.

    Returns:
        One expression per output; numbers as floats of 17 digits.

    Raises:
        ValueError: for an edge that is still learned, or another number of inputs.
    """
    names = [f"x{i + 1}" for i in range(network.width[0])] if inputs is None else list(inputs)
    if len(names) != network.width[0]:
        raise ValueError(f"`inputs` must name the {network.width[0]} inputs of the network, got {len(names)}.")
    nodes: list[sp.Expr] = [sp.Symbol(n, real=True) if isinstance(n, str) else n for n in names]
    for number, layer in enumerate(network.layers):
        if number and network.squash is not None:
            nodes = [sp.tanh(node) for node in nodes]
        if layer.pairs:
            i, o = layer.pairs[0]
            raise ValueError(
                f"`network` must have formulas on all edges, but edge ({i}, {o}) of layer {number} is still learned: "
                "fix it with `fix_symbolic`, or prune it."
            )
        nodes = _outputs(layer, nodes)
    return nodes


def _outputs(layer: Layer, nodes: Sequence[sp.Expr]) -> list[sp.Expr]:
    out: list[sp.Expr] = [sp.S.Zero] * layer.n_out
    for (i, o), (f, affine) in layer.formulas.items():
        a, b, c, d = (sp.Float(v, 17) if v != int(v) or abs(v) > 1e15 else sp.Integer(int(v)) for v in affine)
        out[o] += c * f.formula.xreplace({X: a * nodes[i] + b}) + d
    return out
