"""Time to a given error beside other libraries, each as its own examples train, on Poisson and Burgers.

Every training is a process of its own on one thread of one core, with a limit of processor time. All errors are
relative L2 errors in float64 on the same grid; the time that it takes to evaluate them is not counted.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .libraries import installed
from .machine import THREADS
from .report import Report, markdown, power
from .runs import Request, Result, Run, Table

PROBLEMS = ("poisson", "burgers")
GOALS = (1e-2, 1e-3, 1e-4, 1e-6)
ROUNDS = 3
LIMIT, QUICK_LIMIT = 600.0, 4.0
PATIENCE, START_UP = 3.0, 120.0
"""A process that has not ended of itself is stopped after `PATIENCE` times its limit and `START_UP` seconds."""

ONE_THREAD = {
    **{name: str(THREADS) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cpu",
    "DDE_BACKEND": "pytorch",
    "CUDA_VISIBLE_DEVICES": "",
}


@dataclass(frozen=True)
class Peer:
    """A library that is compared.

    Attributes:
        name: in the table, and of its file in `trainings`.
        module: name to import.
        package: name to install.
        recipe: what is trained, and how, in words.
    """

    name: str
    module: str
    package: str
    recipe: str


PEERS = (
    Peer(
        "kanpde", "kanpde", "kanpde",
        "the recommended KAN and Gauss-Newton: what `solve(problem)` does",
    ),
    Peer(
        "pykan", "kan", "pykan",
        "Poisson [2, 2, 1], Burgers [2, 5, 5, 1]; grids 5, 10, 20, then 20 on; 50 x 20 steps of L-BFGS each, on "
        "51 x 51 + 204 points, as in its tutorial on partial differential equations",
    ),
    Peer(
        "deepxde", "deepxde", "deepxde",
        "tanh network 4 x 50; Poisson 2,601 + 204 points, 1,000 steps of Adam, Burgers 2,540 + 80 + 160 points, 15,000 "
        "steps of Adam, then L-BFGS, as in its examples",
    ),
    Peer(
        "jaxkan", "jaxkan", "jaxkan",
        "Chebyshev KAN [2, 6, 6, 1] of degree 5, Adam with rate 0.001, on 4,096 Sobol points and 64 per condition, as in "
        "its tutorial on physics-informed networks",
    ),
)  # fmt: skip


def runs(request: Request) -> list[Run]:
    """Rounds, in each of which every installed library takes its turn on every problem."""
    rounds = request.seeds or (1 if request.quick else ROUNDS)
    limit = QUICK_LIMIT if request.quick else LIMIT
    return [
        Run(f"{problem} | {peer.name} | round {i}", partial(train, peer, problem, i, limit), problem == PROBLEMS[0])
        for i in range(rounds)
        for problem in PROBLEMS
        for peer in PEERS
        if installed(peer.module)
    ]


def train(peer: Peer, problem: str, seed: int, limit: float) -> Result:
    """One training in a process of its own.

    Returns:
        The errors over processor and wall-clock time, and how the process ended.
    """
    command = [sys.executable, "-m", "benchmarks.trainings", peer.name, problem, str(seed), str(limit), str(min(GOALS))]
    scripts = Path(__file__).resolve().parents[1]
    path = os.pathsep.join(filter(None, [str(scripts), os.environ.get("PYTHONPATH")]))
    try:
        done = subprocess.run(
            command, env={**os.environ, **ONE_THREAD, "PYTHONPATH": path}, capture_output=True, text=True,
            timeout=PATIENCE * limit + START_UP, check=False,
        )  # fmt: skip
        output, complaint, ended = done.stdout, done.stderr, "ended" if done.returncode == 0 else "failed"
    except subprocess.TimeoutExpired as late:
        output, complaint, ended = _text(late.stdout), _text(late.stderr), "stopped"
    trace = [json.loads(line) for line in output.splitlines() if line.startswith("[")]
    return {
        "peer": peer.name,
        "version": version(peer.package),
        "problem": problem,
        "limit": limit,
        "ended": ended,
        "complaint": complaint.strip().rpartition("\n")[2][:200] if ended == "failed" else "",
        "trace": trace,
        "reached": {str(goal): reached(trace, goal) for goal in GOALS},
        "best": min((error for *_, error in trace if error is not None), default=None),
    }


def _text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def reached(trace: Sequence[Sequence[float | None]], goal: float) -> tuple[float, float] | None:
    """Processor and wall-clock seconds of the first evaluation at or below an error; None if there is none."""
    for cpu, wall, error in trace:
        if error is not None and error <= goal:
            assert cpu is not None
            assert wall is not None
            return cpu, wall
    return None


def report(results: Sequence[Result]) -> Report:
    """A line per problem and library, a column per error; libraries that are not installed are named."""
    rows = [_line(problem, peer, results) for problem in PROBLEMS for peer in PEERS]
    shown = [row for row in rows if row["runs"] or any(r["problem"] == row["problem"] for r in results)]
    limit = max((r["limit"] for r in results), default=0.0)
    text = (
        "Processor seconds (wall-clock seconds) until the relative L2 error is first below a bound, median of the rounds; "
        f"a dash where half of them or more did not get there within {limit:g} processor seconds. Every training is a "
        "process of its own on one thread of one core, in float64; the libraries take turns. The time begins when all "
        "modules are imported, compilation counts; evaluating the error, on the same grid for all, does not count.\n\n"
    )
    table = markdown(
        ["problem", "library", *(power(goal, 0) for goal in GOALS), "lowest error", "rounds"],
        [_cells(row) for row in shown],
    )
    recipes = "\n".join(f"- {peer.name}: {peer.recipe}" for peer in PEERS)
    return Report(shown, f"{text}{table}\n\n{recipes}", _figure(results))


def _line(problem: str, peer: Peer, results: Sequence[Result]) -> dict[str, Any]:
    mine = [r for r in results if r["problem"] == problem and r["peer"] == peer.name]
    found: dict[str, Any] = {"problem": problem, "peer": peer.name, "runs": len(mine), "best": None, "reached": {}}
    if not mine:
        absent = f"not installed: pip install {peer.package}" if not installed(peer.module) else "not measured yet"
        return {**found, "note": absent}
    for goal in map(str, GOALS):
        pairs = [r["reached"][goal] or (math.inf, math.inf) for r in mine]
        middle = tuple(statistics.median(column) for column in zip(*pairs, strict=True))
        found["reached"][goal] = middle if math.isfinite(middle[0]) else None
    bests = [math.inf if r["best"] is None else r["best"] for r in mine]
    best = statistics.median(bests)
    complaints = sorted({f"{r['ended']}: {r['complaint']}" for r in mine if r["ended"] == "failed"})
    versions = ", ".join(sorted({r["version"] for r in mine}))
    return {**found, "best": best if math.isfinite(best) else None, "version": versions, "note": "; ".join(complaints)}


def _cells(row: Mapping[str, Any]) -> list[str]:
    if not row["runs"]:
        return [row["problem"], row["peer"], *["-"] * len(GOALS), row["note"], "0"]
    times = [row["reached"][str(goal)] for goal in GOALS]
    cells = ["-" if t is None else f"{t[0]:.2g} ({t[1]:.2g})" for t in times]
    note = f"; {row['note']}" if row["note"] else ""
    return [row["problem"], f"{row['peer']} {row['version']}", *cells, power(row["best"]) + note, str(row["runs"])]


def _figure(results: Sequence[Result]) -> Figure:
    """The error over processor time, a panel per problem, a line per training."""
    problems = [p for p in PROBLEMS if any(r["problem"] == p for r in results)] or PROBLEMS[:1]
    figure = Figure(figsize=(4.5 * len(problems), 3.6), layout="constrained")
    colours = {peer.name: f"C{i}" for i, peer in enumerate(PEERS)}
    panels = figure.subplots(1, len(problems), sharey=True, squeeze=False)[0]
    for axis, problem in zip(panels, problems, strict=True):
        for peer in PEERS:
            lines = [r["trace"] for r in results if r["problem"] == problem and r["peer"] == peer.name]
            for i, trace in enumerate(lines):
                points = [(cpu, error) for cpu, _, error in trace if error is not None and cpu > 0]
                label = peer.name if i == 0 else None
                axis.plot(
                    [p[0] for p in points],
                    [p[1] for p in points],
                    color=colours[peer.name],
                    label=label,
                    lw=1.2,
                    marker=".",
                )
        axis.set(xscale="log", yscale="log", xlabel="processor seconds", title=problem)
        axis.grid(alpha=0.3)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize=8)
    figure.axes[0].set_ylabel("relative L2 error")
    return figure


TABLE = Table("Time to an error, beside other libraries", runs, report)
