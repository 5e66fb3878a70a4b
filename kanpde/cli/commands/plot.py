"""`kanpde plot`: the pictures of a recorded run."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..arguments import new_folder, output_path
from ..result import Result


def plot(options: argparse.Namespace) -> Result:
    """Draw solution and history; nothing is written if the record cannot be read."""
    from ...plot import plot_history, plot_solution, save_figures
    from ...solution import Solution

    solution = Solution.load(options.record)
    folder = new_folder(output_path(options) or Path(options.record).with_suffix(""), force=options.force)
    figures = {"solution.png": plot_solution(solution), "history.png": plot_history({solution.model_name: [solution]})}
    pictures = [str(path) for path in save_figures(figures, folder)]
    return Result(0, {"problem": solution.problem_name, "pictures": pictures}, "\n".join(pictures))
