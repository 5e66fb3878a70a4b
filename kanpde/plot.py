"""Pictures as matplotlib figures: solution and reference, errors, and the course of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from .solution import Solution

SMALLEST = 1e-17


def plot_solution(solution: Solution, *, unknown: str | None = None) -> Figure:
    """The solution beside the reference and the absolute error, if there is a reference.

    In more than two coordinates the picture is the slice through the middle of all coordinates but the first two
    (space before time). In one coordinate it is a line.

    Args:
        solution: what to show.
        unknown: which unknown; the first one without it.
    """
    name = unknown or next(iter(solution.field.forms))
    axes = solution.grid()
    found = solution.field.on_grid(axes)[name]
    panels: list[tuple[str, np.ndarray, bool]] = [(f"{name}, {solution.model_name}", found, False)]
    if solution.reference is not None:
        wanted = solution.reference.values[name]
        panels += [(solution.reference.name, wanted, False), ("absolute error", np.abs(found - wanted), True)]
    return _panels(axes, panels, solution.problem["name"])


def plot_errors(solutions: Mapping[str, Solution], *, unknown: str | None = None) -> Figure:
    """Absolute error of several solutions of one problem, on one logarithmic colour scale."""
    first = next(iter(solutions.values()))
    if first.reference is None:
        raise ValueError("`solutions` have no reference: there is no error to show.")
    name = unknown or next(iter(first.field.forms))
    wanted = first.reference.values[name]
    axes = first.reference.axes
    panels = [
        (f"absolute error, {label}", np.abs(s.field.on_grid(axes)[name] - wanted), True) for label, s in solutions.items()
    ]
    return _panels(axes, panels, first.problem["name"])


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


def _panels(axes: Mapping[str, np.ndarray], panels: Sequence[tuple[str, np.ndarray, bool]], title: str) -> Figure:
    figure = Figure(figsize=(4.2 * len(panels), 3.6), layout="constrained")
    figure.suptitle(title)
    plots = figure.subplots(1, len(panels), squeeze=False)[0]
    names = list(axes)
    middle = tuple(slice(None) if i < 2 else len(axes[n]) // 2 for i, n in enumerate(names))
    plain = [v[middle] for _, v, logarithmic in panels if not logarithmic]
    errors = [v[middle] for _, v, logarithmic in panels if logarithmic]
    shared = Normalize(min(map(np.min, plain)), max(map(np.max, plain))) if plain else None
    worst = max([SMALLEST * 10, *map(np.max, errors)])
    scale = LogNorm(max(worst * 1e-4, SMALLEST), worst)
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
            shading="gouraud",
            norm=scale if logarithmic else shared,
            cmap="magma" if logarithmic else "RdBu_r",
            rasterized=True,
        )
        figure.colorbar(mesh, ax=plot)
        plot.set(xlabel=names[0], ylabel=names[1])
    return figure
