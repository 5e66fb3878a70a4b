"""Pictures as matplotlib figures: solution and reference, errors, and the course of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from .counts import is_count
from .solution import Solution

SMALLEST = 1e-17
DOTS_PER_INCH = 130


def plot_solution(solution: Solution, *, unknown: str | None = None, contours: int = 0) -> Figure:
    """The solution beside the reference and the absolute error, if there is a reference.

    In more than two coordinates the picture is the slice through the middle of all coordinates but the first two
    (space before time). In one coordinate it is a line. Nothing is drawn outside of the domain.

    Args:
        solution: what to show.
        unknown: which unknown; the first one without it.
        contours: about how many contour lines lie over solution and reference.

    Raises:
        ValueError: for an unknown that the solution does not have, or a number of lines below 0.
    """
    name = checked_unknown(solution, unknown)
    if not is_count(contours, least=0):
        raise ValueError(f"`contours` must be a whole number of at least 0, got {contours!r}.")
    sampled = solution.sampled()
    panels: list[tuple[str, np.ndarray, bool]] = [(f"{name}, {solution.model_name}", sampled.values[name], False)]
    if f"{name}_reference" in sampled.values and solution.compared is not None:
        panels.append((solution.compared.name, sampled.values[f"{name}_reference"], False))
        panels.append(("absolute error", sampled.values[f"{name}_error"], True))
    return _panels(sampled.coordinates, panels, solution.problem_name, contours)


def plot_errors(solutions: Mapping[str, Solution], *, unknown: str | None = None) -> Figure:
    """Absolute error of several solutions of one problem, on one logarithmic colour scale.

    Args:
        solutions: label to solution.
        unknown: which unknown; the first one without it.

    Raises:
        ValueError: for no solutions, no reference, or an unknown that they do not have.
    """
    if not solutions:
        raise ValueError("`solutions` must hold at least one, got none.")
    first = next(iter(solutions.values()))
    name = checked_unknown(first, unknown)
    if first.compared is None or name not in first.compared.values:
        raise ValueError(f"`solutions` have no reference for {name}: there is no error to show.")
    wanted = first.compared.values[name]
    axes = first.compared.axes
    panels = [
        (f"absolute error, {label}", np.abs(s.sampled(axes=axes).values[name] - wanted), True)
        for label, s in solutions.items()
    ]
    return _panels(axes, panels, first.problem_name)


def plot_history(solutions: Mapping[str, Sequence[Solution]]) -> Figure:
    """Root of the loss, and relative error, against wall-clock time; one line per run, one colour per model."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for i, (label, runs) in enumerate(solutions.items()):
        for j, run in enumerate(runs):
            style: dict[str, Any] = {"color": f"C{i}", "label": label if j == 0 else None, "lw": 1.2, "alpha": 0.8}
            seconds = np.asarray(run.history.get("seconds", []))
            left.plot(seconds, np.sqrt(np.asarray(run.history.get("loss", []))), **style)
            error = np.asarray(run.history.get("error", []))
            taken = np.isfinite(error)
            right.plot(seconds[taken], np.maximum(error[taken], SMALLEST), **style)
    for axis, title in ((left, "root of the loss"), (right, "relative L2 error")):
        axis.set(xlabel="seconds", ylabel=title, yscale="log")
        axis.grid(alpha=0.3)
        axis.legend()
    return figure


def checked_unknown(solution: Solution, unknown: str | None) -> str:
    """The unknown of that name, the first one without a name.

    Raises:
        ValueError: for an unknown that the solution does not have.
    """
    names = list(solution.field.unknowns)
    if unknown is not None and unknown not in names:
        raise ValueError(f"`unknown` must be one of {', '.join(names)}, got '{unknown}'.")
    return unknown or names[0]


def finite(values: Sequence[np.ndarray]) -> np.ndarray:
    """All finite values; a diverged run may leave none, and a scale needs two different ones."""
    flat = np.concatenate([np.ravel(v) for v in values]) if values else np.empty(0)
    flat = flat[np.isfinite(flat)]
    return flat if flat.size else np.array([0.0, 1.0])


def shading(values: Float[np.ndarray, "n m"]) -> Literal["gouraud", "nearest"]:
    """How `pcolormesh` fills a grid: smoothly, unless there are holes in it, into which colours must not run."""
    return "gouraud" if np.isfinite(values).all() else "nearest"


def aspect(values: Float[np.ndarray, "n m"]) -> Literal["auto", "equal"]:
    """Both lengths alike where the domain is a shape, which leaves holes in the grid, so that circles are round."""
    return "auto" if np.isfinite(values).all() else "equal"


def _panels(
    axes: Mapping[str, np.ndarray], panels: Sequence[tuple[str, np.ndarray, bool]], title: str, contours: int = 0
) -> Figure:
    figure = Figure(figsize=(4.2 * len(panels), 3.6), layout="constrained")
    figure.suptitle(title)
    plots = figure.subplots(1, len(panels), squeeze=False)[0]
    names = list(axes)
    middle = tuple(slice(None) if i < 2 else len(axes[n]) // 2 for i, n in enumerate(names))
    plain = [v[middle] for _, v, logarithmic in panels if not logarithmic]
    errors = [v[middle] for _, v, logarithmic in panels if logarithmic]
    shared = Normalize(finite(plain).min(), finite(plain).max())
    worst = max(SMALLEST * 10, finite(errors).max())
    smallest = min((finite([e]).max() for e in errors), default=worst)
    scale = LogNorm(max(min(worst, smallest) * 1e-3, SMALLEST), worst)
    for plot, (label, values, logarithmic) in zip(plots, panels, strict=True):
        plot.set_title(label, fontsize=9)
        if len(names) == 1:
            plot.plot(axes[names[0]], values)
            plot.set(xlabel=names[0], yscale="log" if logarithmic else "linear")
            continue
        shown = np.maximum(values[middle], SMALLEST) if logarithmic else values[middle]
        mesh = plot.pcolormesh(
            axes[names[0]],
            axes[names[1]],
            shown.T,
            shading=shading(shown),
            norm=scale if logarithmic else shared,
            cmap="magma" if logarithmic else "RdBu_r",
            rasterized=True,
        )
        figure.colorbar(mesh, ax=plot)
        if contours and not logarithmic and np.ptp(finite([shown])) > 0:
            lines = np.ma.masked_invalid(shown.T)
            plot.contour(axes[names[0]], axes[names[1]], lines, contours, colors="black", linewidths=0.6)
        plot.set(xlabel=names[0], ylabel=names[1], aspect=aspect(values[middle]))
    return figure


def save_figures(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write pictures into a folder, which is created.

    Args:
        figures: file name to figure; the ending says the format.
        folder: where.

    Returns:
        The paths.

    Raises:
        ValueError: if the folder cannot be written.
    """
    paths = [folder / name for name in figures]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, figure in zip(paths, figures.values(), strict=True):
            figure.savefig(path, dpi=DOTS_PER_INCH)
    except OSError as error:
        raise ValueError(f"`{folder}` cannot be written ({error.strerror}): choose another folder.") from None
    return paths
