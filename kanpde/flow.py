"""Two unknowns as the field of a flow in the plane: arrows and streamlines over its speed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .plot import finite, shading
from .sampled import Sampled
from .solution import Solution

ARROWS = 25
"""Along each coordinate."""

SPEED_NODES = 101


def plot_quiver(
    solution: Solution, unknowns: Sequence[str], *, instant: float | None = None, nodes: int = ARROWS
) -> Figure:
    """Arrows whose components are two unknowns, over their length as a colour; nothing outside of the domain.

    Args:
        solution: in two dimensions of space.
        unknowns: the components along the first and the second coordinate.
        instant: of an evolution; the last one without it.
        nodes: arrows along each coordinate, at least 2.

    Raises:
        ValueError: for other dimensions, unknowns that the solution does not have, or an instant of a steady solution.
    """
    figure, axis, sampled = _speed(solution, unknowns, instant, nodes)
    x, y = np.meshgrid(*_plane(sampled), indexing="ij")
    u, v = (_sheet(sampled, name) for name in unknowns)
    axis.quiver(x, y, np.ma.masked_invalid(u), np.ma.masked_invalid(v), angles="xy", color="black")
    return figure


def plot_streamlines(
    solution: Solution, unknowns: Sequence[str], *, instant: float | None = None, nodes: int = SPEED_NODES
) -> Figure:
    """Lines along which a flow moves whose velocity are two unknowns; arguments and errors as in `plot_quiver`.

    Args:
        solution: in two dimensions of space.
        unknowns: the components along the first and the second coordinate.
        instant: of an evolution; the last one without it.
        nodes: of the grid that the lines are traced on, at least 2.
    """
    figure, axis, sampled = _speed(solution, unknowns, instant, nodes)
    u, v = (np.ma.masked_invalid(_sheet(sampled, name)).T for name in unknowns)
    if np.hypot(u, v).max() > 0:  # a flow at rest has no lines
        x, y = _plane(sampled)
        axis.streamplot(x, y, u, v, color="black", linewidth=0.7, density=1.4, arrowsize=0.8)
    return figure


def _speed(
    solution: Solution, unknowns: Sequence[str], instant: float | None, nodes: int
) -> tuple[Figure, Axes, Sampled]:
    """A picture of the speed, and the components on a coarser grid of so many nodes."""
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
    mesh = axis.pcolormesh(*_plane(fine), speed.T, shading=shading(speed), cmap="viridis", rasterized=True)
    mesh.set_clim(0, finite([speed]).max() or 1)
    figure.colorbar(mesh, ax=axis, label=f"length of ({unknowns[0]}, {unknowns[1]})")
    when = "" if time is None else f", {time} = {chosen[time][0]:g}"
    axis.set(xlabel=space[0], ylabel=space[1], title=f"{solution.problem_name}{when}", aspect="equal")
    return figure, axis, solution.sampled(axes=chosen, nodes=nodes)


def _plane(sampled: Sampled) -> tuple[np.ndarray, np.ndarray]:
    x, y = (a for n, a in sampled.coordinates.items() if n != sampled.time)
    return x, y


def _sheet(sampled: Sampled, name: str) -> np.ndarray:
    return sampled.values[name].reshape([len(a) for a in _plane(sampled)])
