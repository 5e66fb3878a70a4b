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

from kanpde import KAN, Readout, auto_symbolic, create_dataset, find_relations

from .fits import splines

SEEDS = 3
POINTS, STARTS = 1000, 4
TRUE = 1e-10
"""Root mean square error at test points, beside the spread of the values, below which a formula counts as found."""


@dataclass(frozen=True)
class Toy:
    """A function with a formula that a KAN of the given width can hold.

    Attributes:
        name: the formula.
        function: of points, shape (n, variables).
        width: of the KAN.
        ranges: of all variables.
        splines: intervals and degree of its edges; with few of both, more of the start values lead to the formula.
        options: of `auto_symbolic`.
        quick: whether the quick pass has it.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    width: Sequence[int]
    ranges: Sequence[float] = (-1.0, 1.0)
    splines: tuple[int, int] = (10, 5)
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
        splines=(3, 3),
        options={"deepen": True, "starts": 12},
    ),
    Toy("(u + v) / (1 + u v)", lambda x: x.sum(1) / (1 + x.prod(1)), [2, 1, 1], (-0.9, 0.9), quick=True),
)


UNASKED = "x3 = exp(sin x1 + x2^2), x5 = x4^3 unasked"
RELATED = {(0, 1, 2), (3, 4)}


def runs(request: Request) -> list[Run]:
    """Every toy from every seed."""
    found = []
    for seed in request.trials(SEEDS):
        found += [Run(f"{toy.name} | seed {seed}", partial(read, toy, seed), quick=toy.quick) for toy in TOYS]
        found.append(Run(f"{UNASKED} | seed {seed}", partial(read_unasked, seed)))
    return found


def read(toy: Toy, seed: int) -> Result:
    """One formula from one seed."""
    start = perf_counter()
    data = create_dataset(toy.function, toy.width[0], toy.ranges, POINTS, POINTS, seed=seed, ends=True)
    kan = KAN(toy.width, basis=splines(toy.width, *toy.splines), base=False, seed=seed)
    options = {"starts": STARTS, **toy.options}
    found = auto_symbolic(kan, data["train_input"], data["train_label"], seed=seed, **options)
    error = _error(found, data["test_input"].numpy(), data["test_label"][:, 0].numpy()) if found.complete else None
    return {
        "toy": toy.name,
        "width": str(list(toy.width)),
        "seed": seed,
        "error": error,
        "errors": found.errors,
        "functions": [sorted(set(f.values())) for f in found.functions],
        "seconds": perf_counter() - start,
    }


def read_unasked(seed: int) -> Result:
    """Six columns, two of which are functions of others; no one says which, nor that there are any.

    Every column of a relation is tried as the value of a function of the others; the formula that fits best counts.
    """
    start = perf_counter()
    x = np.random.default_rng(seed).uniform(-1, 1, (2 * POINTS, 6))
    x[:, 2], x[:, 4] = np.exp(np.sin(x[:, 0]) + x[:, 1] ** 2), x[:, 3] ** 3
    relations = {relation.columns for relation in find_relations(x[:POINTS], seed=seed)}
    errors, functions = [], []
    for columns in sorted(relations):
        width = [len(columns) - 1, 1, 1] if len(columns) > 2 else [1, 1]
        tried: list[tuple[float, float, Any]] = []
        for value in columns:
            others = [c for c in columns if c != value]
            here, there = (slice(None, POINTS), slice(POINTS, None))
            kan = KAN(width, basis=splines(width, 10, 5), base=False, seed=seed)
            found = auto_symbolic(kan, x[here, others], x[here, value], seed=seed)
            if found.complete:
                inside = ((x[there] >= x[here].min(0)) & (x[there] <= x[here].max(0))).all(1)
                test = _error(found, x[there][inside][:, others], x[there][inside][:, value])
                tried.append((found.errors[-1] / x[here, value].std(), test, found.functions))
        best = min(tried, key=lambda t: t[0], default=(np.inf, np.inf, []))
        errors.append(best[1])
        functions += [sorted(set(f.values())) for f in best[2]]
    return {
        "toy": UNASKED,
        "width": "[2, 1, 1], [1, 1]",
        "seed": seed,
        "error": max(errors) if relations == RELATED else None,
        "relations": sorted(map(list, relations)),
        "functions": functions,
        "seconds": perf_counter() - start,
    }


def _error(found: Readout, x: np.ndarray, values: np.ndarray) -> float:
    """Root mean square deviation of the formula at points, beside the spread of the values."""
    (formula,) = found.formula.values()
    names = sorted(formula.free_symbols, key=str)
    columns = [x[:, int(str(n)[1:] or 1) - 1] for n in names]
    formulated = sp.lambdify(names, formula, ["scipy", "numpy"])(*columns)
    return float(np.sqrt(np.mean((formulated - values) ** 2)) / values.std())


def report(results: Sequence[Result]) -> Report:
    """A line per toy."""
    rows = []
    for name in [*(toy.name for toy in TOYS), UNASKED]:
        mine = [r for r in results if r["toy"] == name]
        if mine:
            errors = sorted(np.inf if r["error"] is None else r["error"] for r in mine)
            true = sum(e <= TRUE for e in errors)
            best = min(mine, key=lambda r: np.inf if r["error"] is None else r["error"])
            row = {"toy": name, "width": mine[0]["width"], "runs": len(mine), "found": true}
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
