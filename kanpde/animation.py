"""An evolution as a film: one picture per instant, on one scale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .counts import is_count
from .plot import aspect, checked_unknown, finite, shading
from .record import check_target, unwritable
from .sampled import Sampled
from .solution import Solution

DOTS = 100
"""Per inch."""

NODES = {1: 401, 2: 101}
"""Nodes of each coordinate that is shown, by their number."""


def animate(
    solution: Solution,
    path: str | Path,
    *,
    unknown: str | None = None,
    frames: int = 60,
    rate: float = 15.0,
    overwrite: bool = False,
) -> Path:
    """Write the course of an unknown in time as a film, on one scale for all instants.

    With one coordinate in space it is a curve, with two a coloured plane, with more the slice through the middle of all but
    the first two. The domain is left white outside.

    Args:
        solution: of an evolution.
        path: ends in .gif, or in .mp4, which needs the program ffmpeg.
        unknown: which unknown; the first one without it.
        frames: number of instants, equidistant, both ends included; at least 2.
        rate: pictures per second, above 0.
        overwrite: whether a file that exists may be replaced.

    Returns:
        The path.

    Raises:
        ValueError: for a steady solution or no space, an unknown that the solution does not have, another ending, .mp4
            without ffmpeg, numbers out of range, or a file that exists or cannot be written.
    """
    name = checked_unknown(solution, unknown)
    path = checked_film_path(solution, path, overwrite=overwrite)
    if not is_count(frames, least=2):
        raise ValueError(f"`frames` must be a whole number of at least 2, got {frames!r}.")
    if not 0 < rate < np.inf:
        raise ValueError(f"`rate` must be positive, got {rate}: it is a number of pictures per second.")
    time = str(solution.time_name)
    space = [n for n in solution.field.names if n != time]
    middle = {n: [sum(solution.field.bounds[n]) / 2] for n in space[2:]}
    fineness = {n: NODES[min(2, len(space))] for n in space[:2]}
    sampled = solution.sampled(axes=middle, nodes={**fineness, time: frames})
    figure = Figure(figsize=(5.6, 4.2), layout="constrained", dpi=DOTS)
    FigureCanvasAgg(figure)
    draw = scene(figure.subplots(), sampled, name)
    kind: Callable[..., AbstractMovieWriter] = FFMpegWriter if path.suffix == ".mp4" else PillowWriter
    writer = kind(fps=rate)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with writer.saving(figure, str(path), DOTS):
            for i, instant in enumerate(sampled.coordinates[time]):
                draw(i)
                figure.suptitle(f"{solution.problem_name}, {time} = {instant:.3g}")
                writer.grab_frame()
    except OSError as error:
        raise unwritable(path, error) from None
    return path


def checked_film_path(solution: Solution, path: str | Path, *, overwrite: bool) -> Path:
    """The path, once it is sure that a film of this solution can be written there; errors as in `animate`."""
    path = Path(path)
    if solution.time_name is None or len(solution.field.names) < 2:
        raise ValueError("`solution` must be an evolution in space to be animated: use plot_solution.")
    if path.suffix not in (".gif", ".mp4"):
        raise ValueError(f"`path` must end in .gif or .mp4, got '{path}'.")
    if path.suffix == ".mp4" and not FFMpegWriter.isAvailable():
        raise ValueError(
            f"`{path}` needs the program ffmpeg, which is not on the path: install it (apt install ffmpeg, "
            "conda install ffmpeg), or choose a path that ends in .gif."
        )
    return check_target(path, overwrite=overwrite)


def scene(axis: Axes, sampled: Sampled, name: str) -> Callable[[int], None]:
    """The first picture, and what changes it into that of another instant."""
    values, names = sampled.values[name], [n for n in sampled.coordinates if n != sampled.time]
    values = values.reshape(*values.shape[: min(2, len(names))], values.shape[-1])
    bounds = finite([values])
    low, high = float(bounds.min()), float(bounds.max())
    margin = 0.05 * (high - low) or 0.5
    if len(names) == 1:
        x = sampled.coordinates[names[0]]
        (line,) = axis.plot(x, values[:, 0])
        axis.set(xlabel=names[0], ylabel=name, xlim=(x[0], x[-1]), ylim=(low - margin, high + margin))
        return lambda i: line.set_ydata(values[:, i])
    x, y = (sampled.coordinates[n] for n in names[:2])
    mesh = axis.pcolormesh(x, y, values[..., 0].T, shading=shading(values[..., 0]), vmin=low, vmax=high, cmap="RdBu_r")
    axis.get_figure().colorbar(mesh, ax=axis, label=name)  # type: ignore[union-attr]
    axis.set(xlabel=names[0], ylabel=names[1], aspect=aspect(values[..., 0]))
    return lambda i: mesh.set_array(values[..., i].T)
