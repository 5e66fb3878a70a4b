"""Accuracy within a time budget: a KAN and an MLP of the same size, from several seeds, beside a classical solver.

Both networks get the same optimiser, points, conditions and seconds. The last step counts; nothing is chosen by the
error.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import nn

from kanpde import KAN, DivergenceError, Plan, Points, Problem, Solution, pi, solve
from kanpde.ansatz import Ansatz, build_ansatz
from kanpde.catalog import problem_class
from kanpde.comparison import error_of
from kanpde.nn.basis import BSpline
from kanpde.nn.refine import adapted_grid
from kanpde.optim import GaussNewton
from kanpde.recommend import kan_from, matching_mlp, recommended_kan
from kanpde.reference import Reference, ReferenceFailed, finite_difference, reference_for, spectral

from .machine import THREADS
from .report import Report, markdown, power
from .runs import Request, Result, Run, Table, grouped

SEEDS = 5
QUICK_SECONDS = 2.0
QUICK_UP_TO = 60.0
SMALLEST = 1e-17
CLASSICAL: tuple[Callable[[Problem], Reference], ...] = (finite_difference, spectral)


@dataclass(frozen=True)
class Row:
    """One line of the table: what is solved, how, in how long, and which error is asked for.

    Attributes:
        problem: name of a problem that comes with kanpde.
        asked: relative L2 error.
        seconds: wall-clock budget of a run.
        hard: whether the conditions are built in.
        parameters: of the problem, where they are not its own.
        model: trial solution and seed to the KAN; the one that kanpde recommends without it.
        options: further arguments of `solve`, for both networks; kanpde chooses without them.
        threads: of both networks.
        note: what the name of the row says of `model` and `options`.
        aside: further errors of a solution, by name.
    """

    problem: str
    asked: float
    seconds: float
    hard: bool = True
    parameters: Mapping[str, Any] = field(default_factory=dict)
    model: Callable[[Ansatz, int], nn.Module] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    threads: int = THREADS
    note: str = ""
    aside: Callable[[Solution], Mapping[str, float]] = lambda solution: {}

    @property
    def name(self) -> str:
        """What stands in the first column."""
        values = [f"{k}={v}" for k, v in self.parameters.items()]
        return ", ".join(
            [self.problem, *values, "hard" if self.hard else "penalty", *([self.note] if self.note else [])]
        )

    def make(self) -> Problem:
        """The problem."""
        return problem_class(self.problem)(**self.parameters)

    def networks(self, ansatz: Ansatz, seed: int) -> dict[str, nn.Module]:
        """The KAN, and the MLP whose number of parameters is closest."""
        kan = recommended_kan(ansatz, seed=seed) if self.model is None else self.model(ansatz, seed)
        return beside(ansatz, kan, seed=seed)


def beside(ansatz: Ansatz, kan: nn.Module, *, seed: int) -> dict[str, nn.Module]:
    """A KAN and the MLP whose number of parameters is closest."""
    return {"KAN": kan, "MLP": matching_mlp(ansatz, size(kan), seed=seed)}


def polynomials(*hidden: int, k: Sequence[int]) -> Callable[[Ansatz, int], nn.Module]:
    """A Chebyshev KAN with the given hidden layers and degrees."""
    return lambda ansatz, seed: kan_from(
        ansatz, width=[ansatz.n_inputs, *hidden, len(ansatz.outputs)], degree=k, seed=seed
    )


def splines(ansatz: Ansatz, seed: int) -> nn.Module:
    """B-splines of degree 12, in the first layer on a grid that is finer near the ends."""
    ends = adapted_grid(torch.cos(torch.linspace(0, math.pi, 4001, dtype=torch.float64)), 14)
    return KAN(
        [ansatz.n_inputs, 6, len(ansatz.outputs)], basis=[BSpline(grid=ends, degree=12), BSpline(2, 4)], seed=seed
    )


QUICKENING = (
    0.0135, 0.027, 0.0405, 0.0538, 0.0648, 0.0752, 0.0857, 0.0962, 0.1072, 0.1196, 0.1321, 0.1445, 0.157, 0.1695,
    0.182, 0.1945, 0.207, 0.2195, 0.2319, 0.2444, 0.2569, 0.269, 0.2807, 0.2921, 0.3031, 0.3138, 0.324, 0.3338,
    0.3433, 0.3524, 0.3612, 0.3699, 0.3784, 0.3868, 0.3949, 0.4029, 0.4109, 0.4187, 0.4265, 0.4342, 0.4418, 0.4493,
    0.4568, 0.4642, 0.4715, 0.4787, 0.4859, 0.493, 0.5,
)  # fmt: skip
"""Ends of time slabs that are shorter while the waves of Kuramoto and Sivashinsky steepen, and from t = 0.27 on: found by hand."""
DEEP = polynomials(6, 6, k=(18, 6, 6))


def slabs(pieces: int | Sequence[float], points: int, *, stretch: bool = True) -> dict[str, Any]:
    """Options of a run in so many time slabs, or in those with the given ends."""
    return {"plan": Plan(slabs=pieces, stretch=stretch), "points": Points(points)}


def pieces(*parts: tuple[int, float]) -> tuple[float, ...]:
    """Ends of time slabs from 0 on: so many equal ones up to each of some instants."""
    ends = [0.0]
    for count, stop in parts:
        ends += [ends[-1] + (stop - ends[-1]) * (i + 1) / count for i in range(count)]
    return tuple(round(end, 6) for end in ends[1:])


ROWS = (
    Row("poisson", 1e-13, 30),
    Row("poisson", 1e-12, 30, hard=False),
    Row("poisson", 1e-11, 30, model=splines, options={"points": Points(3500)}, note="B-splines"),
    Row("poisson_kan_paper", 1e-11, 60),
    Row("poisson_kan_paper", 1e-11, 60, hard=False),
    Row("helmholtz", 1e-10, 120),
    Row("multiscale_poisson", 1e-9, 600, model=polynomials(8, k=(60, 2))),
    Row("convection", 1e-10, 600, parameters={"speed": 50}, model=polynomials(8, k=(50, 2))),
    Row("wave", 1e-11, 120, model=polynomials(8, k=(36, 2))),
    Row("burgers", 8e-9, 600, parameters={"nu": 0.01 / pi}, model=DEEP, options=slabs(32, 2200), note="32 slabs"),
    Row(
        "burgers", 1e-11, 600, parameters={"nu": 0.01}, model=DEEP, note="41 slabs",
        options=slabs(pieces((5, 0.21), (20, 0.55), (16, 1)), 2500) | {"optimizer": GaussNewton(geodesic=2)},
    ),
    Row(
        "allen_cahn", 1e-8, 600, model=polynomials(8, 6, k=(18, 6, 6)), note="20 slabs",
        options=slabs(20, 3900) | {"optimizer": GaussNewton(geodesic=2, patience=20)},
    ),
    Row(
        "kuramoto_sivashinsky", 1e-5, 600, model=polynomials(12, 8, k=(12, 5, 5)), threads=2, note="49 slabs",
        options=slabs(QUICKENING, 3200, stretch=False) | {"optimizer": GaussNewton(bisections=0, geodesic=2, patience=20)},
    ),
    Row("klein_gordon", 1e-6, 600, hard=False, model=polynomials(10, k=(30, 3))),
    Row(
        "poisson_5d", 1e-6, 600, hard=False, model=polynomials(14, 8, k=(6, 6, 8)),
        options={"points": Points(4000, 9000), "optimizer": GaussNewton(geodesic=2)},
    ),
    Row("poisson_5d", 1e-6, 60, model=polynomials(10, k=(8, 6)), options={"points": Points(2000)}),
)  # fmt: skip


@dataclass(frozen=True)
class Statistics:
    """What the errors of several runs come to; a run without a solution has an infinite one.

    Attributes:
        above: runs that ended above the asked error, those that diverged not counted.
        diverged: runs that diverged, or did not get to the end of the time.
    """

    median: float
    worst: float
    above: int
    diverged: int
    runs: int

    @classmethod
    def of(cls, errors: Sequence[float | None], asked: float) -> Statistics:
        """The statistics of the errors of at least one run, None for one that diverged."""
        numbers = [math.inf if e is None or math.isnan(e) else e for e in errors]
        diverged = sum(math.isinf(e) for e in numbers)
        above = sum(e > asked for e in numbers) - diverged
        return cls(statistics.median(numbers), max(numbers), above, diverged, len(numbers))


def size(network: nn.Module) -> int:
    """Number of trainable numbers."""
    return sum(p.numel() for p in network.parameters())


def runs(request: Request, rows: Sequence[Row] = ROWS) -> list[Run]:
    """For every row the classical solvers, then KAN and MLP in turn from every seed."""
    found = []
    for row in rows:
        reference = cache(partial(reference_of, row))
        quick = row.seconds <= QUICK_UP_TO
        for solver in CLASSICAL:
            found.append(Run(f"{row.name} | {solver.__name__}", partial(classical, row, solver), quick))
        for seed in request.trials(SEEDS):
            for kind in ("KAN", "MLP"):
                seconds = min(row.seconds, QUICK_SECONDS) if request.quick else row.seconds
                measure = partial(train, row, kind, seed, seconds=seconds, reference=reference)
                found.append(Run(f"{row.name} | {kind} | seed {seed}", measure, quick))
    return found


def train(
    row: Row,
    kind: str,
    seed: int,
    *,
    seconds: float,
    reference: Callable[[], Reference | None],
    place: tuple[str, torch.dtype] = ("cpu", torch.float64),
) -> Result:
    """One network on one row from one seed.

    Args:
        row: what to solve.
        kind: "KAN" or "MLP".
        seed: of points, start values and restarts.
        seconds: wall-clock budget.
        reference: gives what the error is measured against.
        place: device and precision of the network.

    Raises:
        KeyboardInterrupt: if the run was interrupted; half a run is no figure.
    """
    problem = row.make()
    networks = row.networks(build_ansatz(problem, hard=row.hard), seed)
    options = {"points": Points().resolved(size(networks["KAN"]), problem.domain), **row.options}
    wanted = reference()
    solution = solution_of(
        problem, networks[kind].to(*place), hard=row.hard, seconds=seconds, seed=seed, threads=row.threads,
        reference=wanted, **options,
    )  # fmt: skip
    diverged = solution.stop_reason.startswith("diverged") or not covers(solution.reference, wanted)
    figures = {**solution.summary(), "diverged": diverged}
    about = {"row": row.name, "kind": kind, "asked": row.asked, "budget": seconds, "threads": row.threads}
    if diverged:
        return {**figures, **about, "error": None, "asides": {}}
    parts = figures["errors"] if len(figures["errors"]) > 1 else {}
    return {**figures, **about, "asides": {**parts, **row.aside(solution)}}


def solution_of(problem: Problem, network: nn.Module, **options: Any) -> Solution:
    """What `solve` gives, or the last finite solution of a run that diverged.

    Raises:
        KeyboardInterrupt: if the run was interrupted; half a run is no figure.
    """
    try:
        solution = solve(problem, network, **options)
    except DivergenceError as error:
        return error.solution
    if solution.stop_reason.startswith("interrupted"):
        raise KeyboardInterrupt
    return solution


def covers(found: Reference | None, wanted: Reference | None) -> bool:
    """Whether an error was measured everywhere: a run in time slabs that ends early knows only that of its slabs."""
    if found is None or wanted is None:
        return found is wanted
    return all(len(found.axes[name]) == len(nodes) for name, nodes in wanted.axes.items())


def classical(row: Row, solver: Callable[[Problem], Reference]) -> Result:
    """A classical solver on the problem of a row: its true error if a solution is known, else its own estimate."""
    about = {"row": row.name, "kind": "classical", "asked": row.asked}
    problem = row.make()
    try:
        found = solver(problem)
    except (ValueError, ReferenceFailed) as refusal:
        return {**about, "refused": str(refusal)}
    true_error = error_of(found, problem)
    error = found.error if true_error is None else true_error
    return {**about, "solver": found.name, "error": error, "estimated": true_error is None, "seconds": found.seconds}


def reference_of(row: Row) -> Reference | None:
    """What the errors of a row are measured against."""
    return reference_for(row.make())


def report(results: Sequence[Result]) -> Report:
    """A line per row and network, the classical solver beside it."""
    rows = [_line(group) for group in _grouped(results)]
    head = [
        "problem", "network", "parameters", "asked", "within", "median", "worst", "aside", "above asked", "diverged",
        "restarts", "held-out residual", "seconds (processor)", "reference's own error", "classical solver",
    ]  # fmt: skip
    text = (
        "Relative L2 error of the last step over all seeds, float64. KAN and MLP have the same optimiser, points, "
        "conditions and budget, and numbers of parameters as close as whole widths allow. The held-out residual is "
        "the root of the loss at points that were not trained on. Aside stand further errors, median and worst: of every "
        "unknown of a system alone, and what a row asks for beside them. A run that did not get to the end of the time counts "
        "as diverged. Restarts are counted over all runs.\n\n"
    )
    return Report(rows, text + markdown(head, [_cells(row) for row in rows]), dots(rows))


def _grouped(results: Sequence[Result]) -> list[list[Result]]:
    """Trainings of one row and network, with what the classical solvers made of the row."""
    groups = grouped([r for r in results if r["kind"] != "classical"], "row", "kind")
    solvers = [r for r in results if r["kind"] == "classical"]
    return [[*group, *(s for s in solvers if s["row"] == name)] for (name, _), group in groups.items()]


def _line(group: Sequence[Result]) -> dict[str, Any]:
    trained = [r for r in group if r["kind"] != "classical"]
    first = trained[0]
    found = Statistics.of([r["error"] for r in trained], first["asked"])
    held_out = [math.inf if r["held_out"] is None else r["held_out"] for r in trained]
    return {
        **{name: first[name] for name in ("row", "kind", "model", "parameters", "asked", "budget", "threads")},
        "reference_error": first["reference_error"],
        "errors": [r["error"] for r in trained],
        "median": finite(found.median),
        "worst": finite(found.worst),
        "above": found.above,
        "diverged": found.diverged,
        "runs": found.runs,
        "restarts": sum(r["restarts"] for r in trained),
        "held_out": finite(statistics.median(held_out)),
        "seconds": statistics.median(r["seconds"] for r in trained),
        "cpu_seconds": statistics.median(r["cpu_seconds"] for r in trained),
        "asides": _asides(trained),
        "classical": [
            {name: r[name] for name in ("solver", "error", "estimated", "seconds")} for r in group if "solver" in r
        ],
    }


def _asides(trained: Sequence[Result]) -> dict[str, dict[str, float | None]]:
    """Median and worst of every further error; a run without a solution has an infinite one."""
    found = {}
    for name in dict.fromkeys(name for r in trained for name in r["asides"]):
        errors = Statistics.of([r["asides"].get(name) for r in trained], math.inf)
        found[name] = {"median": finite(errors.median), "worst": finite(errors.worst)}
    return found


def finite(value: float) -> float | None:
    """The number, or None for an infinite one, which JSON does not have."""
    return value if math.isfinite(value) else None


def _cells(row: Mapping[str, Any]) -> list[str]:
    solvers = [
        f"{s['solver']}: {power(s['error'])}{' (own estimate)' if s['estimated'] else ''} in {s['seconds']:.1f} s"
        for s in row["classical"]
    ]
    return [
        row["row"],
        row["model"],
        str(row["parameters"]),
        power(row["asked"], 0),
        f"{row['budget']:g} s" + (f", {row['threads']} threads" if row["threads"] > 1 else ""),
        _error(row["median"]),
        _error(row["worst"]),
        ", ".join(f"{name} {_error(e['median'])} ({_error(e['worst'])})" for name, e in row["asides"].items()),
        f"{row['above']} of {row['runs']}",
        f"{row['diverged']} of {row['runs']}",
        str(row["restarts"]),
        power(row["held_out"]),
        f"{row['seconds']:.1f} ({row['cpu_seconds']:.1f})",
        power(row["reference_error"]),
        "; ".join(solvers) or "none takes it",
    ]


def _error(value: float | None) -> str:
    return "diverged" if value is None else power(value)


def dots(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """A dot per run, the median filled, the asked error and the classical solver as marks."""
    places = {name: i for i, name in enumerate(dict.fromkeys(row["row"] for row in rows))}
    figure = Figure(figsize=(8, 1.2 + 0.42 * len(places)), layout="constrained")
    axis = figure.subplots()
    for kind, colour, shift in (("KAN", "C0", -0.15), ("MLP", "C1", 0.15)):
        mine = [row for row in rows if row["kind"] == kind]
        single = [(max(e, SMALLEST), places[r["row"]] + shift) for r in mine for e in r["errors"] if e is not None]
        medians = [(max(r["median"], SMALLEST), places[r["row"]] + shift) for r in mine if r["median"] is not None]
        axis.scatter(*_columns(single), s=14, facecolors="none", edgecolors=colour)
        axis.scatter(*_columns(medians), s=32, color=colour, label=f"{kind}, median of its runs")
    asked = [(row["asked"], places[row["row"]]) for row in rows]
    solvers = [(max(s["error"], SMALLEST), places[row["row"]]) for row in rows for s in row["classical"]]
    axis.scatter(*_columns(asked), marker="|", s=220, color="black", label="asked")
    axis.scatter(*_columns(solvers), marker="x", s=24, color="C2", label="classical solver")
    axis.set(xscale="log", xlabel="relative L2 error", ylim=(max(1, len(places)) - 0.5, -0.5))
    axis.set_yticks(list(places.values()), list(places), fontsize=8)
    axis.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=4, fontsize=7, markerscale=0.7)
    return figure


def _columns(pairs: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in pairs], [y for _, y in pairs]


TABLE = Table("Accuracy within a time budget", runs, report)
