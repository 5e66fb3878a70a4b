"""`kanpde plot`: a recorded run as pictures, films, and files for other programs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..arguments import new_folder, output_path
from ..result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...solution import Solution


def plot(options: argparse.Namespace) -> Result:
    """Draw solution and history, and what the options ask for; nothing is written if any of it cannot be made."""
    from ...plot import save_figures
    from ...solution import Solution

    solution = Solution.load(options.record)
    figures = _figures(options, solution)
    try:
        writers = _writers(options, solution)
    except ImportError as error:
        raise ValueError(str(error)) from None
    folder = new_folder(output_path(options) or Path(options.record).with_suffix(""), force=options.force)
    files = [str(write()) for write in writers]
    pictures = [str(path) for path in save_figures(figures, folder)]
    content = {"problem": solution.problem_name, "pictures": pictures, "files": files}
    return Result(0, content, "\n".join(pictures + files))


def _figures(options: argparse.Namespace, solution: Solution) -> dict[str, Figure]:
    from ...flow import plot_quiver, plot_streamlines
    from ...plot import plot_history, plot_solution

    figures = {
        "solution.png": plot_solution(solution, contours=options.contours),
        "history.png": plot_history({solution.model_name: [solution]}),
    }
    if options.quiver is not None:
        figures["quiver.png"] = plot_quiver(solution, options.quiver.split(","))
    if options.streamlines is not None:
        figures["streamlines.png"] = plot_streamlines(solution, options.streamlines.split(","))
    return figures


def _writers(options: argparse.Namespace, solution: Solution) -> list[Callable[[], Path]]:
    """What writes the files that are asked for, each tried out."""
    from ...animation import checked_film_path
    from ...paraview import checked_vtk_path, imported_meshio
    from ...record import check_target

    force, found = options.force, []
    if options.animate is not None:
        film = checked_film_path(solution, options.animate, overwrite=force)
        found.append(lambda: solution.animate(film, overwrite=force))
    if options.vtk is not None:
        imported_meshio("--vtk")
        mesh = checked_vtk_path(solution.sampled(), options.vtk, {}, overwrite=force)
        found.append(lambda: solution.to_vtk(mesh, overwrite=force))
    if options.csv is not None:
        table = check_target(options.csv, overwrite=force)
        found.append(lambda: solution.to_csv(table, overwrite=force))
    return found
