"""Formulas read off fitted networks without help, and checked at points that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import sympy as sp
import torch
from benchmarks.report import Report, markdown, power
from benchmarks.runs import Request, Result, Run, Table
from matplotlib.figure import Figure
from scipy import special
from torch import Tensor

from kanpde import KAN, auto_symbolic, create_dataset
from kanpde.nn.basis import BSpline

SEEDS = 3
POINTS = 1000
TRUE = 1e-10
"""Root mean square error at test points, beside the spread of the values, below which a formula counts as found."""


@dataclass(frozen=True)
class Toy:
    """A function with a formula that a KAN of the given width can hold."""

    name: str
    function: Callable[[Tensor], Tensor]
    width: Sequence[int]
    ranges: Sequence[float] = (-1.0, 1.0)
    options: Mapping[str, Any] = field(default_factory=dict)
    quick: bool = False


def _bessel(x: Tensor) -> Tensor:
    return torch.exp(torch.as_tensor(special.j0(20 * x[:, 0].numpy())) + x[:, 1] ** 2)


TOYS = (
    Toy("x y", lambda x: x[:, 0] * x[:, 1], [2, 5, 1], options={"sparse": True}),
    Toy("x / y", lambda x: x[:, 0] / x[:, 1], [2, 1, 1], (0.5, 2.0)),
    Toy("exp(sin(pi x) + y^2)", lambda x: torch.exp((torch.pi * x[:, 0]).sin() + x[:, 1] ** 2), [2, 5, 1]),
    Toy("exp(J0(20 x) + y^2)", _bessel, [2, 1, 1], options={"grids": (10, 20, 50)}),
    Toy("tanh(5 (x^4 + y^4 + z^4 - 1))", lambda x: torch.tanh(5 * ((x**4).sum(1) - 1)), [3, 1, 1]),
    Toy(
        "sqrt((x1 - x2)^2 + (x3 - x4)^2)",
        lambda x: ((x[:, 0] - x[:, 1]) ** 2 + (x[:, 2] - x[:, 3]) ** 2).sqrt(),
        [4, 2, 1, 1],
        options={"deepen": True},
    ),
    Toy("(u + v) / (1 + u v)", lambda x: x.sum(1) / (1 + x.prod(1)), [2, 1, 1], (-0.9, 0.9), quick=True),
)


def runs(request: Request) -> list[Run]:
    """Every toy from every seed."""
    return [
        Run(f"{toy.name} | seed {seed}", partial(read, toy, seed), quick=toy.quick)
        for seed in request.trials(SEEDS)
        for toy in TOYS
    ]


def read(toy: Toy, seed: int) -> Result:
    """One formula from one seed."""
    start = perf_counter()
    data = create_dataset(toy.function, toy.width[0], toy.ranges, POINTS, POINTS, seed=seed, ends=True)
    bases = [BSpline(10, 5, outside="linear") for _ in toy.width[1:]]
    kan = KAN(toy.width, basis=bases, base=False, seed=seed)
    found = auto_symbolic(kan, data["train_input"], data["train_label"], starts=4, seed=seed, **toy.options)
    test, error = data["test_label"][:, 0].numpy(), None
    if found.complete:
        (formula,) = found.formula.values()
        names = sorted(formula.free_symbols, key=str)
        columns = {n: data["test_input"][:, int(str(n)[1:]) - 1].numpy() for n in names}
        values = sp.lambdify(names, formula, ["scipy", "numpy"])(*columns.values())
        error = float(np.sqrt(np.mean((values - test) ** 2)) / test.std())
    return {
        "toy": toy.name,
        "seed": seed,
        "error": error,
        "errors": found.errors,
        "functions": [sorted(set(f.values())) for f in found.functions],
        "seconds": perf_counter() - start,
    }


def report(results: Sequence[Result]) -> Report:
    """A line per toy."""
    rows = []
    for toy in TOYS:
        mine = [r for r in results if r["toy"] == toy.name]
        if mine:
            errors = sorted(np.inf if r["error"] is None else r["error"] for r in mine)
            true = sum(e <= TRUE for e in errors)
            best = min(mine, key=lambda r: np.inf if r["error"] is None else r["error"])
            row = {"toy": toy.name, "width": str(list(toy.width)), "runs": len(mine), "found": true}
            row |= {"median": float(errors[len(errors) // 2]), "functions": best["functions"]}
            rows.append(row | {"seconds": float(np.median([r["seconds"] for r in mine]))})
    lines = [
        [r["toy"], r["width"], f"{r['found']} of {r['runs']}", power(r["median"]), _layers(r["functions"]),
         f"{r['seconds']:.0f}"]
        for r in rows
    ]  # fmt: skip
    text = (
        f"Formulas that are right to {TRUE:g} at test points, beside the spread of the values; median error, infinite where the "
        "read-out was not complete; functions of the layers of the best run. Nothing was chosen by hand.\n\n"
    )
    head = ["", "KAN", "found", "median error", "functions", "s"]
    figure = Figure(figsize=(6, 0.35 * len(rows) + 1), layout="constrained")
    axis = figure.subplots()
    axis.barh([r["toy"] for r in rows], [r["found"] / r["runs"] for r in rows])
    axis.set(xlim=(0, 1), xlabel="share of runs that found the formula")
    return Report(rows, text + markdown(head, lines), figure)


def _layers(functions: Sequence[Sequence[str]]) -> str:
    return "; ".join(", ".join(layer) for layer in functions) or "-"


TABLE = Table("Symbolic toys", runs, report)
