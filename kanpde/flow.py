"""Two unknowns as the field of a flow in the plane: arrows and streamlines over its speed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .counts import is_count
from .plot import finite, shading
from .sampled import Sampled
from .solution import Solution

ARROWS = 25
"""Along the longer side."""

SPEED_NODES = 101
"""Along each coordinate, of the colours and of the lines."""


def plot_quiver(
    solution: Solution, unknowns: Sequence[str], *, instant: float | None = None, nodes: int = ARROWS
) -> Figure:
    """Arrows whose components are two unknowns, over their length as a colour; nothing outside of the domain.

    Args:
        solution: in two dimensions of space.
        unknowns: the components along the first and the second coordinate.
        instant: of an evolution; the last one without it.
        nodes: arrows along the longer side, at least 2; as far from each other along the shorter one.

    Raises:
        ValueError: for other dimensions, unknowns that the solution does not have, or an instant of a steady solution.
    """
    if not is_count(nodes, least=2):
        raise ValueError(f"`nodes` must be a whole number of at least 2, got {nodes!r}.")
    figure, axis, chosen = _speed(solution, unknowns, instant)
    sides = {n: hi - lo for n, (lo, hi) in solution.field.bounds.items() if n not in chosen}
    counts = {n: max(2, round(1 + (nodes - 1) * side / max(sides.values()))) for n, side in sides.items()}
    sampled = solution.sampled(axes=chosen, nodes=counts)
    x, y = np.meshgrid(*_plane(sampled), indexing="ij")
    u, v = (_sheet(sampled, name) for name in unknowns)
    there = np.isfinite(u) & np.isfinite(v)
    axis.quiver(x[there], y[there], u[there], v[there], angles="xy", color="black", width=0.004)
    return figure


def plot_streamlines(solution: Solution, unknowns: Sequence[str], *, instant: float | None = None) -> Figure:
    """Lines along which a flow moves whose velocity are two unknowns; arguments and errors as in `plot_quiver`.

    Args:
        solution: in two dimensions of space.
        unknowns: the components along the first and the second coordinate.
        instant: of an evolution; the last one without it.
    """
    figure, axis, chosen = _speed(solution, unknowns, instant)
    sampled = solution.sampled(axes=chosen, nodes=SPEED_NODES)
    u, v = (np.ma.masked_invalid(_sheet(sampled, name)).T for name in unknowns)
    if np.hypot(u, v).max() > 0:  # a flow at rest has no lines
        x, y = _plane(sampled)
        axis.streamplot(x, y, u, v, color="black", linewidth=0.7, density=1.4, arrowsize=0.8)
    return figure


def _speed(
    solution: Solution, unknowns: Sequence[str], instant: float | None
) -> tuple[Figure, Axes, dict[str, list[float]]]:
    """A picture of the speed, and the time at which it was taken, by name."""
    names = solution.field.unknowns
    if isinstance(unknowns, str) or len(unknowns) != 2 or not set(unknowns) <= set(names):
        raise ValueError(f"`unknowns` must be two of {', '.join(names)}, got {unknowns!r}.")
    time = solution.time_name
    space = [n for n in solution.field.names if n != time]
    if len(space) != 2:
        raise ValueError(f"`solution` must have two coordinates in space for a flow, got {', '.join(space) or 'none'}.")
    if time is None and instant is not None:
        raise ValueError(f"`instant` must be left out for a steady solution, got {instant}.")
    chosen = {} if time is None else {time: [solution.field.bounds[time][1] if instant is None else instant]}
    fine = solution.sampled(axes=chosen, nodes=SPEED_NODES)
    speed = np.hypot(*(_sheet(fine, name) for name in unknowns))
    figure = Figure(figsize=(5.2, 4.2), layout="constrained")
    axis = figure.subplots()
    mesh = axis.pcolormesh(*_plane(fine), speed.T, shading=shading(speed), cmap="Blues", rasterized=True)
    mesh.set_clim(0, finite([speed]).max() or 1)
    figure.colorbar(mesh, ax=axis, label=f"length of ({unknowns[0]}, {unknowns[1]})")
    when = "" if time is None else f", {time} = {chosen[time][0]:g}"
    axis.set(xlabel=space[0], ylabel=space[1], title=f"{solution.problem_name}{when}", aspect="equal")
    return figure, axis, chosen


def _plane(sampled: Sampled) -> tuple[np.ndarray, np.ndarray]:
    x, y = (a for n, a in sampled.coordinates.items() if n != sampled.time)
    return x, y


def _sheet(sampled: Sampled, name: str) -> np.ndarray:
    return sampled.values[name].reshape([len(a) for a in _plane(sampled)])
