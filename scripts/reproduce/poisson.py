"""Poisson's equation of section 3.4 of the paper: error against the number of parameters, KAN and MLP."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from benchmarks.report import Report, markdown, power
from benchmarks.runs import Request, Result, Run, Table
from matplotlib.figure import Figure

from kanpde import KAN, MLP, solve
from kanpde.catalog import problem_class
from kanpde.fitting import not_interrupted

from .fits import mlp_width

SEEDS = 3
SECONDS, QUICK_SECONDS = 25.0, 2.0
SIZES = ((2, 6), (3, 8), (4, 11), (5, 14), (6, 18))
"""Hidden nodes and degree of the KAN."""
GRID = 101
PAPER = 1e-7


def runs(request: Request) -> list[Run]:
    """KAN and MLP of every size from every seed."""
    seconds = QUICK_SECONDS if request.quick else SECONDS
    return [
        Run(
            f"{network}, {nodes} nodes of degree {degree} | seed {seed}",
            partial(trained, network, nodes, degree, seed, seconds),
            quick=nodes in (2, 4),
        )
        for seed in request.trials(SEEDS)
        for nodes, degree in SIZES
        for network in ("KAN", "MLP")
    ]


def trained(network: str, nodes: int, degree: int, seed: int, seconds: float) -> Result:
    """One network with the conditions built in; the MLP has about as many parameters."""
    kan = KAN([2, nodes, 1], basis="chebyshev", k=degree, seed=seed)
    model: Any = kan if network == "KAN" else MLP(mlp_width(2, 1, kan.parameter_count), seed=seed)
    start = perf_counter()
    found = solve(problem_class("poisson_kan_paper")(), model, hard=True, seconds=seconds, seed=seed)
    not_interrupted(found)
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(-1, 1, GRID), np.linspace(-1, 1, GRID)))
    exact = np.sin(np.pi * x) * np.sin(np.pi * y**2)
    return {
        "network": network,
        "size": f"{nodes} nodes of degree {degree}",
        "seed": seed,
        "parameters": sum(p.numel() for p in model.parameters()),
        "mse": float(np.mean((found(x=x, y=y) - exact) ** 2)),
        "seconds": perf_counter() - start,
    }


def report(results: Sequence[Result]) -> Report:
    """A line per network and size."""
    rows = []
    for network in ("KAN", "MLP"):
        for size in dict.fromkeys(r["size"] for r in results):
            mine = [r for r in results if (r["network"], r["size"]) == (network, size)]
            if mine:
                errors = [np.inf if r["mse"] is None else r["mse"] for r in mine]
                row = {"network": network, "parameters": mine[0]["parameters"], "runs": len(mine)}
                rows.append(row | {"median": float(median(errors)), "worst": float(max(errors))})
    lines = [[r["network"], str(r["parameters"]), power(r["median"]), power(r["worst"])] for r in rows]
    text = (
        f"Mean square error on {GRID} x {GRID} points, conditions built in, the same optimiser, points per parameter and time "
        f"for both. The paper's KAN has {PAPER:g} at about 100 parameters.\n\n"
    )
    figure = Figure(figsize=(4.5, 3), layout="constrained")
    axis = figure.subplots()
    for network in ("KAN", "MLP"):
        mine = [r for r in rows if r["network"] == network]
        axis.plot([r["parameters"] for r in mine], [r["median"] for r in mine], "o-", label=network)
    axis.set(xscale="log", yscale="log", xlabel="parameters", ylabel="mean square error")
    axis.legend()
    return Report(rows, text + markdown(["", "parameters", "median", "worst"], lines), figure)


TABLE = Table("Poisson's equation of the KAN paper", runs, report)
