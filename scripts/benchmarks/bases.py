"""Which edge functions suit which kind of problem: the evidence behind the recommended basis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from matplotlib.figure import Figure
from torch import nn

from kanpde.ansatz import Ansatz
from kanpde.recommend import kan_from
from kanpde.reference import Reference

from .accuracy import Row, Statistics, finite, reference_of, train
from .report import Report, alternatives, markdown, power
from .runs import Request, Result, Run, Table, grouped

SEEDS = 3
SECONDS, QUICK_SECONDS = 15.0, 1.0
HIDDEN = 6
ASKED = 1.0
"""Nothing in particular: the bases are compared with each other."""
BASES = ("chebyshev", "bspline", "fourier", "gaussian")
KINDS = {
    "steady": "poisson_kan_paper",
    "linear in time": "heat",
    "periodic in space": "convection",
    "nonlinear in time": "reaction_diffusion",
}
"""Kind of problem to one that stands for it."""


def edges(basis: str) -> Callable[[Ansatz, int], nn.Module]:
    """A KAN with one hidden layer and the recommended sizes of a basis."""
    return lambda ansatz, seed: kan_from(
        ansatz, basis=basis, width=[ansatz.n_inputs, HIDDEN, len(ansatz.outputs)], seed=seed
    )


def runs(request: Request) -> list[Run]:
    """Every basis in turn on every kind of problem, from every seed."""
    seconds = QUICK_SECONDS if request.quick else SECONDS
    found = []
    for kind, problem in KINDS.items():
        rows = {basis: Row(problem, asked=ASKED, seconds=seconds, model=edges(basis), note=basis) for basis in BASES}
        reference = cache(partial(reference_of, rows[BASES[0]]))
        for seed in request.trials(SEEDS):
            for basis, row in rows.items():
                measure = partial(trained, kind, row, seed, reference)
                found.append(Run(f"{kind}, {basis} | seed {seed}", measure, quick=kind == "steady"))
    return found


def trained(kind: str, row: Row, seed: int, reference: Callable[[], Reference | None]) -> Result:
    """One network from one seed."""
    found = train(row, "KAN", seed, seconds=row.seconds, reference=reference)
    return {**found, "problem_kind": kind, "basis": row.note}


def report(results: Sequence[Result]) -> Report:
    """A line per kind of problem, a column per basis."""
    groups = grouped(results, "problem_kind", "basis")
    rows = [_line(kind, basis, group) for (kind, basis), group in groups.items()]
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    cells = {(row["kind"], row["basis"]): _cell(row) for row in rows}
    seconds = alternatives(results, "budget")
    lines = [[kind, *(cells.get((kind, basis), "not measured") for basis in BASES)] for kind in kinds]
    text = (
        f"Relative L2 error, conditions built in, {seconds} s a run: median and worst of the seeds, and the number of "
        "parameters. Optimiser, points per parameter and budget are the same for all.\n\n"
    )
    return Report(rows, text + markdown(["", *BASES], lines), _figure(rows, kinds))


def _line(kind: str, basis: str, group: Sequence[Result]) -> dict[str, Any]:
    found = Statistics.of([r["error"] for r in group], asked=ASKED)
    return {
        "kind": kind,
        "basis": basis,
        "parameters": group[0]["parameters"],
        "runs": found.runs,
        "median": finite(found.median),
        "worst": finite(found.worst),
    }


def _cell(row: Mapping[str, Any]) -> str:
    median, worst = ("diverged" if row[name] is None else power(row[name]) for name in ("median", "worst"))
    return f"{median}, {worst} ({row['parameters']})"


def _figure(rows: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> Figure:
    """A panel per kind of problem with a bar per basis."""
    figure = Figure(figsize=(3 * max(1, len(kinds)), 2.6), layout="constrained")
    panels = figure.subplots(1, max(1, len(kinds)), sharey=True, squeeze=False)[0]
    for axis, kind in zip(panels, kinds, strict=False):
        mine = [row for row in rows if row["kind"] == kind and row["median"] is not None]
        axis.barh([row["basis"] for row in mine], [row["median"] for row in mine], color="C0")
        axis.set(xscale="log", xlabel="relative L2 error", title=kind)
    return figure


TABLE = Table("Edge functions", runs, report)
