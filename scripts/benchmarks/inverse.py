"""Numbers and fields found from measurements, and how often what kanpde says of their error holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import fmean, median
from typing import Any

import numpy as np
from torch import nn

from kanpde import Problem, uncertainty
from kanpde.ansatz import Ansatz, build_ansatz
from kanpde.catalog import problem_class
from kanpde.reference import reference_for

from .accuracy import QUICK_SECONDS, Statistics, beside, dots, finite, polynomials, solution_of
from .machine import THREADS
from .report import Report, markdown, power
from .runs import Request, Result, Run, Table, grouped

DRAWS, SEEDS = 20, 3
KINDS = ("KAN", "MLP")


@dataclass(frozen=True)
class Search:
    """One line of the table: what is looked for, and how.

    Attributes:
        problem: name of a problem that comes with kanpde.
        wanted: the unknown number, or the unknown field of one coordinate.
        asked: relative error of the number, or relative L2 error of the field.
        seconds: wall-clock budget of a run.
        model: trial solution and seed to the KAN.
        hard: whether the conditions are built in.
        noise: standard deviation of the measurements relative to the root of their mean square. With noise every trial has
            a draw of its own, and the seed of the network of the same number; without it is the seed alone.
    """

    problem: str
    wanted: str
    asked: float
    seconds: float
    model: Callable[[Ansatz, int], nn.Module] = field(repr=False)
    hard: bool = False
    noise: float = 0.0

    @property
    def name(self) -> str:
        """What stands in the first column."""
        return f"{self.wanted} of {self.problem}, {f'{self.noise:.0%} noise' if self.noise else 'no noise'}"

    def make(self, trial: int) -> Problem:
        """The problem with the measurements of a trial."""
        return problem_class(self.problem)(noise=self.noise, noise_seed=trial)


SEARCHES = (
    Search("burgers_viscosity", "nu", 1e-6, 90, polynomials(8, 6, k=(16, 6, 6)), hard=True),
    Search("burgers_viscosity", "nu", 1e-2, 30, polynomials(6, 6, k=(12, 5, 5)), hard=True, noise=0.01),
    Search("heat_conductivity", "k", 3e-2, 20, polynomials(k=(12,)), noise=0.01),
)


def runs(request: Request) -> list[Run]:
    """Every search with KAN and MLP in turn, from every draw of the noise or every seed."""
    found = []
    for search in SEARCHES:
        seconds = min(search.seconds, QUICK_SECONDS) if request.quick else search.seconds
        for trial in request.trials(DRAWS if search.noise else SEEDS):
            for kind in KINDS:
                measure = partial(find, search, kind, trial, seconds=seconds)
                found.append(Run(f"{search.name} | {kind} | trial {trial}", measure, quick=True))
    return found


def find(search: Search, kind: str, trial: int, *, seconds: float) -> Result:
    """One network on one search: the error of what was found, and the part of it that lies within 95 % limits.

    Args:
        search: what is looked for.
        kind: "KAN" or "MLP", the one with as many parameters.
        trial: number of the draw and of the seed.
        seconds: wall-clock budget.
    """
    problem = search.make(trial)
    ansatz = build_ansatz(problem, hard=search.hard)
    network = beside(ansatz, search.model(ansatz, trial), seed=trial)[kind]
    options = {"hard": search.hard, "seconds": seconds, "seed": trial, "threads": THREADS, "reference": None}
    solution = solution_of(problem, network, **options)
    diverged = solution.stop_reason.startswith("diverged")
    is_field = search.wanted in problem.unknown
    doubt = uncertainty(problem, solution) if search.noise and not diverged else None
    if is_field:
        reference = reference_for(problem)
        true, value = reference.values[search.wanted], solution(**reference.axes)[search.wanted]
        limits = doubt and doubt.band(search.wanted, **reference.axes)
    else:
        true, value = np.array([problem.truth]), np.array([solution.numbers[search.wanted]])
        limits = doubt and (doubt.numbers[search.wanted].lower, doubt.numbers[search.wanted].upper)
    return {
        **{name: solution.summary()[name] for name in ("model", "parameters", "steps", "restarts", "seconds")},
        "row": search.name,
        "kind": kind,
        "asked": search.asked,
        "budget": seconds,
        "is_field": is_field,
        "error": None if diverged else float(np.linalg.norm(value - true) / np.linalg.norm(true)),
        "held": limits and float(np.mean((limits[0] <= true) & (true <= limits[1]))),
    }


def report(results: Sequence[Result]) -> Report:
    """A line per search and network."""
    rows = [_line(group) for group in grouped(results, "row", "kind").values()]
    head = [
        "looked for",
        "network",
        "parameters",
        "asked",
        "within",
        "median",
        "worst",
        "above asked",
        "95 % limits hold",
    ]
    text = (
        "Relative error of a number, relative L2 error of a field, at the last step. KAN and MLP have the same optimiser, "
        "points, measurements and budget, and numbers of parameters as close as whole widths allow. Limits of numbers hold "
        "in so many draws of the noise; those of fields hold at the given part of the points, in the median draw and in the mean.\n\n"
    )
    return Report(rows, text + markdown(head, [_cells(row) for row in rows]), dots(rows))


def _line(group: Sequence[Result]) -> dict[str, Any]:
    first, found = group[0], Statistics.of([r["error"] for r in group], group[0]["asked"])
    return {
        **{name: first[name] for name in ("row", "kind", "model", "parameters", "asked", "budget", "is_field")},
        "errors": [r["error"] for r in group],
        "held": [r["held"] for r in group if r["held"] is not None],
        "median": finite(found.median),
        "worst": finite(found.worst),
        "above": found.above,
        "runs": found.runs,
        "classical": [],
    }


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["row"],
        row["model"],
        str(row["parameters"]),
        power(row["asked"], 0),
        f"{row['budget']:g} s",
        power(row["median"]),
        power(row["worst"]),
        f"{row['above']} of {row['runs']}",
        _held(row["held"], is_field=row["is_field"]),
    ]


def _held(parts: Sequence[float], *, is_field: bool) -> str:
    if not parts:
        return "-"
    return f"{median(parts):.0%}, {fmean(parts):.0%}" if is_field else f"{sum(parts):.0f} of {len(parts)}"


TABLE = Table("Numbers and fields from measurements", runs, report)
