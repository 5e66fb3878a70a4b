"""Measure the figures that the README states: accuracy within a time budget, and the cost of a training step.

Each row is written as soon as it is measured, so an interrupted benchmark goes on where it stopped.

    python scripts/benchmark.py accuracy            3 seeds per row, about half an hour on one core
    python scripts/benchmark.py accuracy --quick    1 seed and a third of the time per row
    python scripts/benchmark.py speed               needs the packages of the extra `peers` for the comparison
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from kanpde import KAN, DivergenceError, Solution, solve
from kanpde.ansatz import build_ansatz
from kanpde.blocks import LeastSquares, Trial, build_blocks
from kanpde.catalog import problem_class
from kanpde.nn.input_map import InputMap
from kanpde.recommend import kan_from
from kanpde.sampling import Grid, Sobol


@dataclass(frozen=True)
class Row:
    """One line of the accuracy table: what is solved, how, in how long, and which error is asked for."""

    problem: str
    hard: bool
    basis: str
    seconds: float
    asked: float

    @property
    def name(self) -> str:
        """What stands in the first column."""
        kind = "hard conditions" if self.hard else "penalty conditions"
        return f"{self.problem}, {kind}, {self.basis}"


ACCURACY = [
    Row("poisson", True, "chebyshev", 15, 1e-10),
    Row("poisson", True, "bspline", 15, 1e-7),
    Row("poisson", False, "chebyshev", 30, 1e-9),
    Row("poisson_kan_paper", True, "chebyshev", 30, 1e-8),
    Row("poisson_kan_paper", False, "chebyshev", 30, 1e-8),
    *(
        Row(problem, hard, "chebyshev", 60, 1e-6)
        for problem in ("heat", "wave", "convection", "reaction_diffusion")
        for hard in (False, True)
    ),
]


def accuracy(row: Row, seeds: int, share: float) -> dict[str, Any]:
    """Solve one row from every seed; the last step counts, nothing is chosen by the error."""
    problem = problem_class(row.problem)()
    runs: list[Solution] = []
    for seed in range(seeds):
        model = kan_from(build_ansatz(problem, hard=row.hard), basis=row.basis, seed=seed)
        try:
            runs.append(solve(problem, model, hard=row.hard, seconds=row.seconds * share, seed=seed))
        except DivergenceError as error:
            runs.append(error.solution)
    errors = [float(r.error) for r in runs if r.error is not None]
    return {
        "what": row.name,
        "asked": row.asked,
        "budget": row.seconds * share,
        "parameters": runs[0].parameters,
        "median": statistics.median(errors),
        "worst": max(errors),
        "errors": errors,
        "failures": sum(e > row.asked for e in errors),
        "restarts": sum(int(r.run["restarts"]) for r in runs),
        "seconds": statistics.median(float(r.run["seconds"]) for r in runs),
        "held_out": statistics.median(r.held_out for r in runs),
    }


def speed(rounds: int) -> list[dict[str, Any]]:
    """Time a Jacobian, and residual with gradient beside other libraries, in turn within one process."""
    torch.set_num_threads(1)
    problem = problem_class("poisson")()
    ansatz = build_ansatz(problem, hard=True)
    jacobian = _least_squares(KAN([2, 6, 1], basis="chebyshev", k=[19, 4]), ansatz, interior=2000, boundary=1)
    rows = [
        _timed(
            {f"kanpde, residual + Jacobian, {jacobian.parameter_count} parameters, 2,000 points": jacobian.jacobian},
            rounds,
        )
    ]
    soft = build_ansatz(problem)
    own = _least_squares(KAN([2, 10, 10, 1], grid=5, k=3), soft, interior=2601, boundary=204, grid=True)
    tasks: dict[str, Callable[[], Any]] = {"kanpde": lambda: _own_gradient(own)}
    points, edge = own.blocks[0].sides[0].x, own.blocks[1].sides[0].x
    for name, make in PEERS.items():
        if importlib.util.find_spec(name) is None:
            print(f"{name} is not installed and left out: pip install -e '.[peers]'", file=sys.stderr)
            continue
        tasks[name] = _peer_gradient(make(), points, edge)
    rows.append(_timed(tasks, rounds))
    return rows


def _least_squares(network: KAN, ansatz: Any, *, interior: int, boundary: int, grid: bool = False) -> LeastSquares:
    trial = Trial(network, InputMap(ansatz.problem.domain.bounds, ansatz.periodic))
    samplers: dict[str, Any] = {t.name: Grid() if grid else Sobol(i) for i, t in enumerate(ansatz.terms)}
    return build_blocks(ansatz, trial, samplers, interior=interior, boundary=boundary, penalty=30.0)


def _own_gradient(problem: LeastSquares) -> None:
    for p in problem.parameters:
        p.grad = None
    problem.rows().square().sum().backward()


def _peer_gradient(model: torch.nn.Module, points: torch.Tensor, edge: torch.Tensor) -> Callable[[], None]:
    """Poisson's residual of a module by nested automatic differentiation, and the gradient of the loss."""

    def run() -> None:
        model.zero_grad(set_to_none=True)
        x = points.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
        second = [torch.autograd.grad(slope[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(2)]
        source = -2 * torch.pi**2 * torch.sin(torch.pi * x.detach()).prod(1)
        loss = (second[0] + second[1] - source).square().mean() + 900 * model(edge).square().mean()
        loss.backward()

    return run


def _pykan() -> torch.nn.Module:
    kan = importlib.import_module("kan")
    torch.set_default_dtype(torch.float64)
    try:
        model: torch.nn.Module = kan.KAN(width=[2, 10, 10, 1], grid=5, k=3, seed=0, auto_save=False)
    finally:
        torch.set_default_dtype(torch.float32)
    return model


def _efficient_kan() -> torch.nn.Module:
    """The layer of efficient-kan as the package ikan ships it; the rest of that package is not loaded."""
    package = importlib.util.find_spec("ikan")
    assert package is not None
    assert package.origin is not None
    spec = importlib.util.spec_from_file_location("efficient_kan", Path(package.origin).with_name("KAN.py"))
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    layers = [module.KANLinear(a, b, grid_size=5, spline_order=3) for a, b in ((2, 10), (10, 10), (10, 1))]
    return torch.nn.Sequential(*layers).double()


PEERS: dict[str, Callable[[], torch.nn.Module]] = {"kan": _pykan, "ikan": _efficient_kan}


def _timed(tasks: dict[str, Callable[[], Any]], rounds: int) -> dict[str, Any]:
    """Median milliseconds of each task, taken in turn, and factors over the first one."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for i in range(rounds + 2):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            if i >= 2:
                times[name].append(1e3 * (time.perf_counter() - start))
    medians = {name: statistics.median(t) for name, t in times.items()}
    first = next(iter(medians.values()))
    return {"milliseconds": medians, "factor": {name: t / first for name, t in medians.items()}, "rounds": rounds}


def _about() -> dict[str, str]:
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit,
        "machine": platform.machine(),
        "torch": str(torch.__version__),
    }


def _markdown(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| what | parameters | asked | within | median | worst | above asked | restarts | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        lines.append(
            f"| {r['what']} | {r['parameters']} | {r['asked']:.0e} | {r['budget']:.0f} s | {r['median']:.1e} | {r['worst']:.1e} "
            f"| {r['failures']} of {len(r['errors'])} | {r['restarts']} | {r['seconds']:.1f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=["accuracy", "speed"])
    parser.add_argument("--quick", action="store_true", help="fewer seeds or rounds and less time")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", default="results/benchmark", help="folder of the JSON and Markdown files")
    options = parser.parse_args()
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{options.table}{'-quick' if options.quick else ''}.json"
    content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"about": _about(), "rows": []}
    if options.table == "speed":
        content = {"about": _about(), "rows": speed(3 if options.quick else 9)}
        for row in content["rows"]:
            print("\n".join(f"{n}: {t:.1f} ms, factor {row['factor'][n]:.2f}" for n, t in row["milliseconds"].items()))
        path.write_text(json.dumps(content, indent=2))
        return 0
    done = {row["what"] for row in content["rows"]}
    for row in ACCURACY:
        if row.name in done:
            continue
        content["rows"].append(accuracy(row, 1 if options.quick else options.seeds, 1 / 3 if options.quick else 1.0))
        path.write_text(json.dumps(content, indent=2))
        print(_markdown(content["rows"][-1:]).splitlines()[-1], flush=True)
    path.with_suffix(".md").write_text(_markdown(content["rows"]) + "\n")
    print(_markdown(content["rows"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
