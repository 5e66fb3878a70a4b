"""Toy scaling laws: error against the number of grid intervals, which should fall with the fourth power for cubic splines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from benchmarks.report import Report, markdown, power
from benchmarks.runs import Request, Result, Run, Table
from matplotlib.figure import Figure
from scipy import special
from torch import Tensor

from kanpde import KAN, create_dataset, fit
from kanpde.fitting import not_interrupted

from .fits import splines

SEEDS = 3
POINTS, QUICK_POINTS = 3000, 300
STARTS, STEPS = 8, 100
DEGREE = 3


@dataclass(frozen=True)
class Toy:
    """A function that a KAN of the given width can represent."""

    name: str
    function: Callable[[Tensor], Tensor]
    width: Sequence[int]
    grids: Sequence[int] = (3, 5, 10, 20, 50, 100, 200)
    quick: bool = False


def _bessel(x: Tensor) -> Tensor:
    return torch.as_tensor(special.j0(20 * x[:, 0].numpy()))


def _many(x: Tensor) -> Tensor:
    return torch.exp((torch.pi * x / 2).sin().square().mean(1))


def _four(x: Tensor) -> Tensor:
    squares = x.square()
    return torch.exp(sum((torch.pi * squares[:, [i, i + 1]].sum(1)).sin() for i in (0, 2)) / 2)


TOYS = (
    Toy("J0(20 x)", _bessel, [1, 1], quick=True),
    Toy("exp(sin(pi x) + y^2)", lambda x: torch.exp((torch.pi * x[:, 0]).sin() + x[:, 1] ** 2), [2, 1, 1]),
    Toy("x y", lambda x: x[:, 0] * x[:, 1], [2, 2, 1]),
    Toy("exp(mean of sin^2(pi x_i / 2)), 100 variables", _many, [100, 1, 1], grids=(3, 5, 10)),
    Toy("exp((sin(pi(x1^2+x2^2)) + sin(pi(x3^2+x4^2))) / 2)", _four, [4, 4, 2, 1], grids=(3, 5, 10, 20, 50)),
)


def runs(request: Request) -> list[Run]:
    """Every toy from every seed."""
    return [
        Run(f"{toy.name} | seed {seed}", partial(trained, toy, seed, request.quick), quick=toy.quick)
        for toy in TOYS
        for seed in request.trials(SEEDS)
    ]


def trained(toy: Toy, seed: int, quick: bool) -> Result:
    """One series of grids from one seed."""
    points, start = QUICK_POINTS if quick else POINTS, perf_counter()
    data = create_dataset(toy.function, toy.width[0], train_num=points, test_num=points, seed=seed, ends=True)
    grids, (starts, steps) = toy.grids[: 4 if quick else None], (2, 20) if quick else (STARTS, STEPS)
    kan = KAN(toy.width, basis=splines(toy.width, grids[0], DEGREE), base=False, seed=seed)
    found = fit(kan, data, grids=grids, deepen=len(toy.width) > 3, starts=starts, steps=steps, seed=seed)
    not_interrupted(found)
    return {
        "toy": toy.name,
        "seed": seed,
        "width": str(list(toy.width)),
        "grids": list(grids),
        "test": found.run["test_rmse_of_trainings"][-len(grids) :],
        "train": found.run["train_rmse_of_trainings"][-len(grids) :],
        "parameters": found.network.parameter_count,  # type: ignore[union-attr]
        "seconds": perf_counter() - start,
    }


def report(results: Sequence[Result]) -> Report:
    """A line per toy, a column per grid: the median of the seeds; and how often a grid was worse than the one before."""
    rows = []
    for toy in TOYS:
        mine = [r for r in results if r["toy"] == toy.name]
        if mine:
            grids = max((r["grids"] for r in mine), key=len)
            tests = [median(r["test"][i] for r in mine if len(r["test"]) > i) for i in range(len(grids))]
            slope = -np.polyfit(np.log(grids[1:]), np.log(tests[1:]), 1)[0] if len(grids) > 2 else None
            worse = sum(after > before for r in mine for before, after in pairwise(r["test"]))
            row = {"toy": toy.name, "width": str(list(toy.width)), "runs": len(mine), "grids": grids, "median": tests}
            rows.append(row | {"worst": max(r["test"][-1] for r in mine), "slope": slope, "grids_worse": worse})
    grids = sorted({g for row in rows for g in row["grids"]})
    lines = [
        [row["toy"], row["width"], *[_at(row, g) for g in grids], power(row["worst"]), f"{row['slope'] or 0:.1f}",
         str(row["grids_worse"])]
        for row in rows
    ]  # fmt: skip
    text = (
        f"Root mean square error at test points over grids, splines of degree {DEGREE}: median of the seeds; then the worst on "
        "the last grid, the power with which the error falls from the second grid on, and how many grids ended above the one "
        "before. The paper expects 4; pykan's own run of exp(sin(pi x) + y^2) ends at 1.2e-5 on 50 intervals and breaks.\n\n"
    )
    head = ["", "KAN", *[str(g) for g in grids], "worst", "power", "worse"]
    return Report(rows, text + markdown(head, lines), _figure(rows))


def _at(row: dict[str, Any], grid: int) -> str:
    return power(row["median"][row["grids"].index(grid)]) if grid in row["grids"] else "-"


def _figure(rows: Sequence[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(6, 4), layout="constrained")
    axis = figure.subplots()
    for row in rows:
        axis.plot(row["grids"], row["median"], "o-", label=row["toy"])
    axis.set(xscale="log", yscale="log", xlabel="grid intervals", ylabel="RMSE at test points")
    axis.legend(fontsize="small")
    return figure


TABLE = Table("Toy scaling laws", runs, report)
