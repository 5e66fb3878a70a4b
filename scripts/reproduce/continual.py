"""Continual learning: five bumps are shown one after another, and what was learned before should stay."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
from benchmarks.report import Report, markdown, power
from benchmarks.runs import Request, Result, Run, Table
from matplotlib.figure import Figure

from kanpde import KAN, MLP
from kanpde.fitting import not_interrupted
from kanpde.optim import GaussNewton
from kanpde.solver import solve
from kanpde.values import Table as Values

SEEDS = 3
CENTRES = (-0.8, -0.4, 0.0, 0.4, 0.8)
POINTS, WIDTH, GRID = 100, 0.4, 200
STEPS, QUICK_STEPS = 60, 5
PAPER = 4e-6


def bumps(x: np.ndarray, centres: Sequence[float] = CENTRES) -> np.ndarray:
    """The sum of narrow Gaussians."""
    return np.asarray(sum(np.exp(-300 * (x - c) ** 2) for c in centres))


def runs(request: Request) -> list[Run]:
    """KAN and MLP from every seed."""
    return [
        Run(f"{network} | seed {seed}", partial(trained, network, seed, request.quick), quick=True)
        for seed in request.trials(SEEDS)
        for network in ("KAN", "MLP")
    ]


def trained(network: str, seed: int, quick: bool) -> Result:
    """Five phases; each sees the points around one bump alone, at most as many steps, with the same optimiser."""
    model: Any = KAN([1, 1], grid=GRID, base=False, seed=seed) if network == "KAN" else MLP([1, 14, 12, 1], seed=seed)
    if network == "KAN":
        with torch.no_grad():
            model.layers[0].coefficients.zero_()
    ends, everywhere = np.array([[-1.0], [1.0]]), np.linspace(-1, 1, 1000)
    after: list[list[float]] = []
    for centre in CENTRES:
        x = np.linspace(centre - WIDTH / 2, centre + WIDTH / 2, POINTS)
        problem = Values(x[:, None], bumps(x)[:, None], ends)
        found = solve(problem, model, optimizer=GaussNewton(), steps=QUICK_STEPS if quick else STEPS, seed=seed)
        not_interrupted(found)
        error = found(x=everywhere) - bumps(everywhere)
        shown = [np.abs(everywhere - c) <= WIDTH / 2 for c in CENTRES[: len(after) + 1]]
        after.append([float(np.sqrt(np.mean(error[part] ** 2))) for part in shown])
    return {"network": network, "seed": seed, "parameters": sum(p.numel() for p in model.parameters()), "after": after}


def report(results: Sequence[Result]) -> Report:
    """RMSE over everything that was shown so far, after each phase."""
    rows: list[dict[str, Any]] = []
    for network in ("KAN", "MLP"):
        mine = [r for r in results if r["network"] == network]
        if mine:
            phases = [[float(np.sqrt(np.mean(np.square(r["after"][i])))) for r in mine] for i in range(len(CENTRES))]
            rows.append(
                {
                    "network": network,
                    "parameters": mine[0]["parameters"],
                    "runs": len(mine),
                    "median": [median(p) for p in phases],
                    "worst": max(phases[-1]),
                }
            )
    lines = [[r["network"], str(r["parameters"]), *[power(v) for v in r["median"]], power(r["worst"])] for r in rows]
    text = (
        f"Root mean square error over all bumps that were shown so far, after each phase, median of the seeds; then the worst "
        f"after the last. KAN [1, 1] with {GRID} intervals, which starts from zero; an MLP with about as many parameters; "
        f"{POINTS} points a phase, the same optimiser and number of steps. The paper's KAN has {PAPER:g} after each phase.\n\n"
    )
    head = ["", "parameters", *[f"phase {i + 1}" for i in range(len(CENTRES))], "worst"]
    figure = Figure(figsize=(4.5, 3), layout="constrained")
    axis = figure.subplots()
    for row in rows:
        axis.plot(range(1, len(CENTRES) + 1), row["median"], "o-", label=row["network"])
    axis.set(yscale="log", xlabel="phase", ylabel="RMSE on all bumps shown")
    axis.legend()
    return Report(rows, text + markdown(head, lines), figure)


TABLE = Table("Continual learning", runs, report)
