"""Functions that a narrow KAN is fitted to, and an MLP of as many parameters in the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from benchmarks.report import Report, markdown, power
from benchmarks.runs import Request, Result, Run
from matplotlib.figure import Figure

from kanpde import KAN, MLP, Solution, create_dataset, fit
from kanpde.fitting import not_interrupted
from kanpde.nn.basis import BSpline

SEEDS = 3
POINTS, QUICK_POINTS = 3000, 500
STARTS, STEPS = 8, 80
WAYS = ((5, (2, 5, 10, 20)), (5, (5, 10, 20)), (3, (3, 5, 10, 20, 50)))
"""Degrees and grids that a KAN is trained with, one after another; the fit that is closest at the training points counts.

From coarse first grids more of the start values lead anywhere; which degree does is a matter of the function.
"""
HIDDEN = 2
"""Hidden layers of the MLP."""

Ranges = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Target:
    """What is fitted.

    Attributes:
        name: as in the paper.
        function: of one array per variable.
        ranges: of the variables; the paper does not say which it took, these are ours.
        width: of the KAN.
        kan: test RMSE of the paper's best KAN.
        mlp: test RMSE of the paper's MLP.
        quick: whether the quick pass has it.
    """

    name: str
    function: Callable[..., np.ndarray]
    ranges: Ranges
    width: Sequence[int]
    kan: float
    mlp: float
    quick: bool = False

    def dataset(self, points: int, seed: int) -> dict[str, Any]:
        """Training points denser at the ends of the ranges, as many test points spread evenly."""

        def values(x: Any) -> Any:
            return self.function(*x.numpy().T)

        return create_dataset(values, len(self.ranges), self.ranges, points, points, seed=seed, ends=True)


def runs(targets: Sequence[Target], request: Request) -> list[Run]:
    """KAN and MLP in turn on every target, from every seed."""
    found = []
    for seed in request.trials(SEEDS):
        for target in targets:
            kan: Result = {}
            for network in ("KAN", "MLP"):
                measure = partial(trained, target, network, seed, request.quick, kan)
                found.append(Run(f"{target.name} | {network} | seed {seed}", measure, quick=target.quick))
    return found


def trained(target: Target, network: str, seed: int, quick: bool, kan: Result) -> Result:
    """One network from one seed; `kan` is what became of the KAN of the same seed, whose time and size the MLP has."""
    data, start = target.dataset(QUICK_POINTS if quick else POINTS, seed), perf_counter()
    if network == "KAN":
        ways = [_fitted(target, data, degree, grids, seed, quick) for degree, grids in (WAYS[:1] if quick else WAYS)]
        found = min(ways, key=lambda f: float(f.run["train_rmse"]))
    else:
        parameters = kan.get("parameters") or _kan(target, *WAYS[0], seed).parameter_count
        model = MLP(mlp_width(target.width[0], target.width[-1], parameters), seed=seed)
        found = not_interrupted(fit(model, data, seconds=kan.get("seconds", 5.0 if quick else 60.0), seed=seed))
    result = {
        "target": target.name,
        "network": network,
        "seed": seed,
        "width": str(found.network.width),  # type: ignore[union-attr]
        "parameters": sum(p.numel() for p in found.network.parameters()),
        "train": found.run["train_rmse"],
        "test": found.run["test_rmse"],
        "seconds": perf_counter() - start,
    }
    if network == "KAN":
        kan |= result
    return result


def _fitted(
    target: Target, data: Mapping[str, Any], degree: int, grids: Sequence[int], seed: int, quick: bool
) -> Solution:
    """A KAN that is trained in one of the ways."""
    starts, steps = (2, 20) if quick else (STARTS, STEPS)
    options: dict[str, Any] = {
        "starts": starts,
        "deepen": len(target.width) > 3,
        "grids": grids[:1] if quick else grids,
    }
    return not_interrupted(fit(_kan(target, degree, grids, seed), data, steps=steps, seed=seed, **options))


def _kan(target: Target, degree: int, grids: Sequence[int], seed: int) -> KAN:
    bases = [BSpline(grids[0], degree, outside="linear") for _ in target.width[1:]]
    return KAN(target.width, basis=bases, base=False, seed=seed)


def mlp_width(n_in: int, n_out: int, parameters: int) -> list[int]:
    """Of an MLP with equal hidden layers and about that many parameters."""

    def count(h: int) -> int:
        return (n_in + 1) * h + (HIDDEN - 1) * (h + 1) * h + (h + 1) * n_out

    hidden = min(range(2, 200), key=lambda h: abs(count(h) - parameters))
    return [n_in, *[hidden] * HIDDEN, n_out]


def report(targets: Sequence[Target], results: Sequence[Result]) -> Report:
    """A line per target: median and worst of ours beside the paper's."""
    rows = [_row(t, [r for r in results if r["target"] == t.name]) for t in targets]
    rows = [row for row in rows if row is not None]
    head = ["", "KAN", "parameters", "median", "worst", "paper's KAN", "times below", "MLP median", "paper's MLP", "s"]
    lines = [_line(row) for row in rows]
    reached = [row for row in rows if row["median"] <= row["paper_kan"]]
    tenfold = [row for row in rows if 10 * row["median"] <= row["paper_kan"]]
    text = (
        f"Root mean square error at test points. At or below the paper in {len(reached)} of {len(rows)}, "
        f"10 times below in {len(tenfold)}. Ranges: "
        + "; ".join(f"{t.name} {_ranges(t.ranges)}" for t in targets if any(r["target"] == t.name for r in results))
        + ". The paper does not give its ranges, so its figures are of the same functions elsewhere. Training points are "
        "denser towards the ends of the ranges, test points spread evenly. KANs are trained in "
        f"{len(WAYS)} ways, degrees and grids, of which the closest at the training points counts. The MLP has two hidden layers "
        "with about as many parameters, the same points and optimiser, and the time of all ways.\n\n"
    )
    return Report(rows, text + markdown(head, lines), _figure(rows))


def _row(target: Target, results: Sequence[Result]) -> dict[str, Any] | None:
    kan = [r for r in results if r["network"] == "KAN"]
    mlp = [r["test"] for r in results if r["network"] == "MLP"]
    if not kan:
        return None
    tests = [np.inf if r["test"] is None else r["test"] for r in kan]
    return {
        "target": target.name,
        "width": kan[0]["width"],
        "parameters": kan[0]["parameters"],
        "runs": len(kan),
        "median": float(median(tests)),
        "worst": float(max(tests)),
        "paper_kan": target.kan,
        "mlp_median": float(median(np.inf if t is None else t for t in mlp)) if mlp else None,
        "paper_mlp": target.mlp,
        "seconds": float(median(r["seconds"] for r in kan)),
    }


def _line(row: Mapping[str, Any]) -> list[str]:
    figures = [power(row[name]) for name in ("median", "worst", "paper_kan")]
    times = f"{row['paper_kan'] / row['median']:.2g}"
    rest = [power(row["mlp_median"]), power(row["paper_mlp"]), f"{row['seconds']:.0f}"]
    return [row["target"], row["width"], str(row["parameters"]), *figures, times, *rest]


def _ranges(ranges: Ranges) -> str:
    return " x ".join(f"[{low:.3g}, {high:.3g}]" for low, high in ranges)


def _figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Test errors of all four, one line per target."""
    figure = Figure(figsize=(7, 0.28 * len(rows) + 1.2), layout="constrained")
    axis = figure.subplots()
    places = range(len(rows))
    for name, label, mark in (
        ("median", "KAN", "o"),
        ("mlp_median", "MLP", "s"),
        ("paper_kan", "paper's KAN", "|"),
        ("paper_mlp", "paper's MLP", "x"),
    ):
        axis.plot([row[name] or np.nan for row in rows], places, mark, label=label)
    axis.set_yticks(list(places), [row["target"] for row in rows])
    axis.set(xscale="log", xlabel="RMSE at test points")
    axis.invert_yaxis()
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    return figure
