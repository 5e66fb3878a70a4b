"""Pictures of a network: the diagram of the KAN paper with every edge function drawn in place, and close-ups of edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from torch import Tensor

from .attribution import attribution
from .network import Network
from .refine.adaptive import spline_of
from .symbolic.fix import check_edge

CURVE = 400
"""Points that a function is drawn with."""
LEARNED, SYMBOLIC = "black", "crimson"
FAINT = 0.02
"""Edges more transparent than this are left out."""
FAINTEST_NODE = 0.15


def diagram(
    network: Network,
    x: Float[Tensor, "n inputs"],
    *,
    beta: float = 3.0,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
) -> Figure:
    """The network from the inputs below to the outputs above, a box with its function on every edge.

    Formulas are red. An edge is as opaque as `tanh(beta * score)`, by its `attribution`.

    Args:
        network: KAN or other network of layers.
        x: inputs at which scores are taken, and whose range the functions are drawn over.
        beta: how fast edges become opaque, above 0.
        inputs: names of the inputs; x1, x2, ... without it.
        outputs: names of the outputs; y1, y2, ... without it.

    Returns:
        A figure; `figure.savefig("kan.svg")` writes it.

    Raises:
        ValueError: for a number or a list of names that cannot be.

    Source:
        Liu et al. (2024), "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, fig. 2.4.
    """
    if not beta > 0:
        raise ValueError(f"`beta` must be positive, got {beta}: it says how fast edges become opaque.")
    width = network.width
    below = _names("inputs", inputs, width[0], "x")
    above = _names("outputs", outputs, width[-1], "y")
    found, seen = attribution(network, x), network.layer_inputs(x)
    scores = found.edges
    most = max(max(a * b for a, b in pairwise(width)), 4)
    figure = Figure(figsize=(min(16.0, 0.7 * most), 2.2 * len(network.layers) + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    for number, layer in enumerate(network.layers):
        values = layer.edge_values(seen[number])
        pairs = sorted(layer.connections)
        for place, (i, o) in enumerate(pairs):
            alpha = math.tanh(beta * float(scores[number][i, o]))
            if alpha > FAINT:
                colour = SYMBOLIC if (i, o) in layer.formulas else LEARNED
                middle = ((place + 0.5) / len(pairs), number + 0.5)
                ends = (_place(i, width[number], number), _place(o, width[number + 1], number + 1))
                box = (0.4 / most, 0.16)
                _edge(axes, seen[number][:, i], values[:, i, o], middle, ends, box, colour=colour, alpha=alpha)
    for number, count in enumerate(width):
        places = np.array([_place(k, count, number) for k in range(count)])
        opacity = np.clip(np.tanh(beta * found.nodes[number].cpu().double().numpy()), FAINTEST_NODE, 1.0)
        colours = [to_rgba(LEARNED, float(a)) for a in opacity]
        axes.scatter(places[:, 0], places[:, 1], s=18, color=colours, zorder=3)
    for names, number, shift, align in ((below, 0, -0.06, "top"), (above, len(width) - 1, 0.06, "bottom")):
        for k, name in enumerate(names):
            at = _place(k, len(names), number)
            axes.text(at[0], at[1] + shift, name, ha="center", va=align)
    axes.set(xlim=(0, 1), ylim=(-0.25, len(width) - 0.75))
    return figure


def close_up(network: Network, layer: int, i: int, o: int, x: Float[Tensor, "n inputs"]) -> Figure:
    """One edge function over the values that it sees, with the points of its grid and how often values occur.

    Args:
        network: KAN or other network of layers.
        layer: number of the layer, from 0.
        i: number of the node that the edge comes from.
        o: number of the node that it goes to.
        x: inputs of the network.

    Raises:
        ValueError: for an edge that does not exist.
    """
    check_edge(network, layer, i, o)
    found = network.layers[layer]
    seen = network.layer_inputs(x)[layer]
    at, values = _curve(seen[:, i], found.edge_values(seen)[:, i, o])
    figure = Figure(figsize=(5, 3.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    upper.plot(at, values, color=SYMBOLIC if (i, o) in found.formulas else LEARNED)
    spline = spline_of(found.basis)
    if spline is not None:
        for knot in spline.grid.tolist():
            upper.axvline(knot, color="lightgrey", lw=0.6, zorder=0)
    upper.set(ylabel="edge function", title=f"layer {layer}, from node {i} to node {o}", xlim=(at[0], at[-1]))
    lower.hist(seen[:, i].cpu().numpy(), bins=50, color="grey")
    lower.set(xlabel=f"values of node {i}", ylabel="inputs")
    return figure


def _names(argument: str, given: Sequence[str] | None, count: int, letter: str) -> list[str]:
    if given is None:
        return [f"${letter}_{{{k + 1}}}$" for k in range(count)]
    if len(given) != count:
        raise ValueError(f"`{argument}` must hold {count} names, one per node, got {len(given)}.")
    return list(given)


def _place(k: int, count: int, height: float) -> tuple[float, float]:
    return (k + 0.5) / count, height


def _curve(x: Float[Tensor, " n"], y: Float[Tensor, " n"]) -> tuple[np.ndarray, np.ndarray]:
    """A function of one variable from its values, in ascending order, with few points."""
    order = torch.argsort(x)
    keep = order[torch.linspace(0, len(order) - 1, min(CURVE, len(order))).round().long()]
    return x[keep].cpu().double().numpy(), y[keep].cpu().double().numpy()


def _edge(
    axes: Axes,
    x: Float[Tensor, " n"],
    y: Float[Tensor, " n"],
    middle: tuple[float, float],
    ends: tuple[tuple[float, float], tuple[float, float]],
    box: tuple[float, float],
    *,
    colour: str,
    alpha: float,
) -> None:
    """A box with the function in it, and lines from one node through the box to the other."""
    (cx, cy), (w, h) = middle, box
    lines = [[ends[0], (cx, cy - h)], [(cx, cy + h), ends[1]]]
    lines.append([(cx - w, cy - h), (cx + w, cy - h), (cx + w, cy + h), (cx - w, cy + h), (cx - w, cy - h)])
    axes.add_collection(LineCollection(lines, colors=colour, alpha=alpha, linewidths=0.8))
    at, values = (_scaled(v) for v in _curve(x, y))
    axes.plot(cx + 0.85 * w * at, cy + 0.8 * h * values, color=colour, alpha=alpha, lw=1.3)


def _scaled(values: np.ndarray) -> np.ndarray:
    """Values moved to [-1, 1]; 0 where they are all the same."""
    low, high = values.min(), values.max()
    return 2 * (values - low) / (high - low) - 1 if high > low else np.zeros_like(values)
