"""Functions that a narrow KAN is fitted to, and an MLP of as many parameters in the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
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
GRIDS = (2, 5, 10, 20, 50, 100)
LEAST = 4
"""Training points per parameter: finer grids are not trained on."""
WAYS: tuple[tuple[int, int, str | None], ...] = (
    (5, 2, None), (5, 5, None), (3, 3, None), (5, 2, "inverse"), (5, 2, "log"), (5, 2, "square"),
)  # fmt: skip
"""Degree, first grid and link of the trainings of a KAN; the fit that is closest at the training points counts.

From coarse first grids more of the start values lead anywhere; which degree does is a matter of the function. Links are for
positive values and shapes that end in one hidden node.
"""
CLOSE = 1e-8
"""Training RMSE below which no further way is tried."""
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
        wider: whether the shape is ours, beside a line with the paper's: it does not count among the paper's functions.
    """

    name: str
    function: Callable[..., np.ndarray]
    ranges: Ranges
    width: Sequence[int]
    kan: float
    mlp: float
    quick: bool = False
    wider: bool = False

    def dataset(self, points: int, seed: int) -> dict[str, Any]:
        """Training points denser at the ends of the ranges, as many test points spread evenly."""

        def values(x: Any) -> Any:
            return self.function(*x.numpy().T)

        return create_dataset(values, len(self.ranges), self.ranges, points, points, seed=seed, ends=True)


def runs(targets: Sequence[Target], request: Request) -> list[Run]:
    """Every target from every seed."""
    return [
        Run(f"{target.name} | seed {seed}", partial(trained, target, seed, request.quick), quick=target.quick)
        for seed in request.trials(SEEDS)
        for target in targets
    ]


def trained(target: Target, seed: int, quick: bool) -> Result:
    """A KAN, and an MLP that has its size and its time."""
    data, start = target.dataset(QUICK_POINTS if quick else POINTS, seed), perf_counter()
    kan = _closest(target, data, seed, quick)
    seconds = perf_counter() - start
    model = MLP(mlp_width(target.width[0], target.width[-1], _size(kan)), seed=seed)
    mlp = not_interrupted(fit(model, data, seconds=seconds, seed=seed))
    return {"target": target.name, "seed": seed, "seconds": seconds, "KAN": _figures(kan), "MLP": _figures(mlp)}


def _figures(found: Solution) -> Result:
    return {
        "width": str(found.network.width),  # type: ignore[union-attr]
        "parameters": _size(found),
        "train": found.run["train_rmse"],
        "test": found.run["test_rmse"],
    }


def _size(found: Solution) -> int:
    return sum(p.numel() for p in found.network.parameters())


def _closest(target: Target, data: Mapping[str, Any], seed: int, quick: bool) -> Solution:
    """The KAN that is closest at the training points among those of all ways."""
    through = target.width[-2] == 1 and float(data["train_label"].min()) > 0 and float(data["test_label"].min()) > 0
    found: list[Solution] = []
    for degree, first, link in WAYS[:1] if quick else WAYS:
        if link is None or through:
            found.append(_fitted(target, data, degree, first, link, seed, quick))
        if _deviation(found[-1]) < CLOSE:
            break
    return min(found, key=_deviation)


def _deviation(found: Solution) -> float:
    return float(found.run["train_rmse"])


def _fitted(
    target: Target, data: Mapping[str, Any], degree: int, first: int, link: str | None, seed: int, quick: bool
) -> Solution:
    """A KAN that is trained in one of the ways."""
    edges = sum(a * b for a, b in pairwise(target.width))
    grids = [first, *(g for g in GRIDS if g > first and LEAST * edges * (g + degree) <= POINTS)]
    starts, steps = (2, 20) if quick else (STARTS, STEPS)
    options: dict[str, Any] = {
        "starts": starts,
        "deepen": len(target.width) > 3,
        "link": link,
        "grids": grids[:1] if quick else grids,
    }
    return not_interrupted(fit(_kan(target, degree, grids, seed), data, steps=steps, seed=seed, **options))


def _kan(target: Target, degree: int, grids: Sequence[int], seed: int) -> KAN:
    return KAN(target.width, basis=splines(target.width, grids[0], degree), base=False, seed=seed)


def splines(width: Sequence[int], intervals: int, degree: int) -> list[BSpline]:
    """A basis per layer, with bounded slopes beyond the grid, as narrow deep networks need."""
    return [BSpline(intervals, degree, outside="linear") for _ in width[1:]]


def mlp_width(n_in: int, n_out: int, parameters: int, *, hidden: int = HIDDEN) -> list[int]:
    """Of an MLP with equal hidden layers and about that many parameters."""

    def count(h: int) -> int:
        return (n_in + 1) * h + (hidden - 1) * (h + 1) * h + (h + 1) * n_out

    nodes = min(range(2, 200), key=lambda h: abs(count(h) - parameters))
    return [n_in, *[nodes] * hidden, n_out]


def report(targets: Sequence[Target], results: Sequence[Result]) -> Report:
    """A line per target: median and worst of ours beside the paper's."""
    rows = [_row(t, [r for r in results if r["target"] == t.name]) for t in targets]
    rows = [row for row in rows if row is not None]
    head = ["", "KAN", "parameters", "median", "worst", "paper's KAN", "times below", "MLP median", "paper's MLP", "s"]
    lines = [_line(row) for row in rows]
    counted = [row for row in rows if not row["wider"]]
    reached = [row for row in counted if row["median"] <= row["paper_kan"]]
    tenfold = [row for row in counted if 10 * row["median"] <= row["paper_kan"]]
    text = (
        f"Root mean square error at test points. At or below the paper in {len(reached)} of {len(counted)}, "
        f"10 times below in {len(tenfold)}. Ranges: "
        + "; ".join(f"{t.name} {_ranges(t.ranges)}" for t in targets if any(r["target"] == t.name for r in results))
        + ". The paper does not give its ranges, so its figures are of the same functions elsewhere. Training points are "
        "denser towards the ends of the ranges, test points spread evenly. KANs are trained in "
        f"up to {len(WAYS)} ways, degrees, grids and links, of which the closest at the training points counts. The MLP has "
        "two hidden layers with about as many parameters, the same points and optimiser, and the time of all ways.\n\n"
    )
    return Report(rows, text + markdown(head, lines), _figure(rows))


def _row(target: Target, results: Sequence[Result]) -> dict[str, Any] | None:
    if not results:
        return None
    kan, mlp = ([np.inf if r[n]["test"] is None else r[n]["test"] for r in results] for n in ("KAN", "MLP"))
    return {
        "target": target.name,
        "wider": target.wider,
        "width": results[0]["KAN"]["width"],
        "parameters": int(median(r["KAN"]["parameters"] for r in results)),
        "runs": len(results),
        "median": float(median(kan)),
        "worst": float(max(kan)),
        "paper_kan": target.kan,
        "mlp_median": float(median(mlp)),
        "paper_mlp": target.mlp,
        "seconds": float(median(r["seconds"] for r in results)),
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
