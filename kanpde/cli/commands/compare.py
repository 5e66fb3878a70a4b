"""`kanpde compare`: a KAN, an MLP of its size and finite differences on one problem, as a table and pictures."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ...problem import Problem
from ..arguments import (
    budget_from,
    free_path,
    kan_from_options,
    new_folder,
    output_path,
    plan_from,
    points_from,
    problem_from,
)
from ..result import Result

if TYPE_CHECKING:
    from ...comparison import Comparison, ModelFactory


def compare(options: argparse.Namespace) -> Result:
    """Train every model from every seed; record and pictures go to one folder."""
    from ...comparison import DEFAULT_SECONDS
    from ...comparison import compare as compare_models
    from ...progress import Progress

    problem, budget, points = problem_from(options), budget_from(options), points_from(options)
    folder = new_folder(output_path(options) or free_path(options, "compare-{}"), force=options.force)
    with ExitStack() as bars:

        def on_run(model: str, seed: int) -> Progress:
            bars.close()
            return bars.enter_context(Progress(f"{model}, seed {seed}"))

        comparison = compare_models(
            problem,
            _models(options, problem),
            seeds=options.seeds,
            **budget,
            optimizer=options.optimizer or "gauss-newton",
            points=points,
            hard=options.hard,
            plan=plan_from(options, problem, usual_seconds=DEFAULT_SECONDS),
            record=folder / "record.h5",
            overwrite=options.force,
            threads=options.threads,
            on_run=on_run,
        )
    pictures = [str(path) for path in _draw(comparison, folder)]
    record = str(folder / "record.h5")
    rows = [{**row, "record": record} for row in comparison.rows]
    content = {
        "problem": comparison.problem,
        "rows": rows,
        "stop_reason": comparison.stop_reason,
        "record": record,
        "pictures": pictures,
    }
    text = f"{comparison.problem}, errors against: {comparison.reference.name}\n\n{comparison.table()}\n\n"
    text += f"stopped:  {comparison.stop_reason}\nrecord:   {record}\npictures: {', '.join(pictures)}"
    failed = comparison.stop_reason.startswith("interrupted") or any(row["failures"] for row in rows)
    return Result(int(failed), content, text)


def _models(options: argparse.Namespace, problem: Problem) -> dict[str, ModelFactory]:
    from ...recommend import matching_mlp
    from ...solver import ready_ansatz

    ansatz = ready_ansatz(problem, options.hard)
    count = kan_from_options(options, ansatz, 0).parameter_count
    return {
        "KAN": lambda seed: kan_from_options(options, ansatz, seed),
        "MLP": lambda seed: matching_mlp(ansatz, count, seed=seed),
    }


def _draw(comparison: Comparison, folder: Path) -> list[Path]:
    from ...plot import plot_errors, plot_history, plot_solution, save_figures

    last = {name: runs[-1] for name, runs in comparison.solutions.items()}
    figures = {f"{name.lower()}.png": plot_solution(run) for name, run in last.items()}
    figures |= {"errors.png": plot_errors(last), "history.png": plot_history(comparison.solutions)}
    return save_figures(figures, folder)
