"""compare(): several networks and a classical solver on one problem under one protocol."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


from torch import nn

from . import record as records
from .ansatz import build_ansatz
from .field import relative_error
from .problem import Problem
from .recommend import matching_mlp, recommended_kan
from .reference import Reference, ReferenceFailed, exact_reference, finite_difference
from .solution import Solution
from .solver import DivergenceError, Points, solve
from .training import Report

FAILED_ABOVE = 1e-2
PARAMETER_SHARE = 0.1

ModelFactory = Callable[[int], nn.Module]


@dataclass(frozen=True)
class Comparison:
    """What `compare` measured.

    Attributes:
        problem: its name.
        rows: one dict per model and classical solver: model, parameters, median, worst, failures, seconds, ...
        solutions: model to one solution per seed; None where a run diverged.
        reference: what errors are measured against.
    """

    problem: str
    rows: tuple[dict[str, Any], ...]
    solutions: dict[str, list[Solution]]
    reference: Reference

    def table(self) -> str:
        """The rows as text."""
        head = ["", "parameters", "median error", "worst error", "failures", "seconds", "own error"]
        lines = [head]
        for row in self.rows:
            lines.append(
                [
                    row["model"],
                    "" if row["parameters"] is None else str(row["parameters"]),
                    _figure(row["median"]),
                    _figure(row["worst"]),
                    f"{row['failures']} of {row['runs']}" if row["runs"] else "",
                    f"{row['seconds']:.1f}",
                    _figure(row["reference_error"]),
                ]
            )
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        return "\n".join("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))).rstrip() for line in lines)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write all runs into one record.

        Raises:
            ValueError: if the file exists and `overwrite` is False, or cannot be written.
        """
        target = records.check_target(path, overwrite=overwrite)
        runs = {
            f"{name} seed {s.run['seed']}": s.content(status="finished")
            for name, solutions in self.solutions.items()
            for s in solutions
        }
        rows = {row["model"]: {f"@{k}": v if not isinstance(v, list) else json.dumps(v) for k, v in row.items()} for row in self.rows}
        records.write(target, {"@kind": "comparison", "@problem": self.problem, "rows": rows, "runs": runs})
        return target


def compare(
    problem: Problem,
    models: Mapping[str, ModelFactory] | None = None,
    *,
    seeds: int | Sequence[int] = 3,
    seconds: float | None = None,
    steps: int | None = None,
    optimizer: str = "gauss-newton",
    points: int | Points | None = None,
    hard: bool = False,
    reference: Reference | None = None,
    threads: int | None = None,
    on_run: Callable[[str, int], Callable[[Report], None] | None] | None = None,
) -> Comparison:
    """Train every model from every seed on the same points with the same optimiser, precision and budget.

    Args:
        problem: what to solve.
        models: name to a function of the seed that makes a network; the recommended KAN and an MLP of the same number
            of parameters without it. Their numbers of parameters must agree within 10 %.
        seeds: how many, or which.
        seconds: budget per run; 20 if no budget is given.
        steps: budget per run in optimiser steps.
        optimizer: by name, for all.
        points: number of interior points, or `Points`, for all.
        hard: build conditions in, for all.
        reference: what to measure errors against; the exact solution without it, or finite differences.
        threads: of PyTorch, for all; see `solve`.
        on_run: called with model and seed before each run; what it returns is called after every step.

    Returns:
        The rows: a run has failed if it diverged or ended above 1 % relative error.

    Raises:
        ValueError: for bad input, or parameter counts that differ by more than 10 %.
    """
    chosen = list(range(seeds)) if isinstance(seeds, int) else [int(s) for s in seeds]
    if not chosen:
        raise ValueError("`seeds` must hold at least one seed, got none.")
    if seconds is None and steps is None:
        seconds = 20.0
    ansatz = build_ansatz(problem, hard=hard)
    if models is None:
        count = recommended_kan(ansatz).parameter_count
        models = {
            "KAN": lambda seed: recommended_kan(ansatz, seed=seed),
            "MLP": lambda seed: matching_mlp(ansatz, count, seed=seed),
        }
    counts = {name: sum(p.numel() for p in make(chosen[0]).parameters()) for name, make in models.items()}
    if max(counts.values()) > (1 + PARAMETER_SHARE) * min(counts.values()):
        listed = ", ".join(f"{n}: {c}" for n, c in counts.items())
        raise ValueError(f"`models` must have numbers of parameters within 10 %, got {listed}: change a width.")
    where = (points if isinstance(points, Points) else Points(points)).resolved(max(counts.values()))
    classical = _classical(problem)
    reference = reference or exact_reference(problem) or classical
    if reference is None:
        raise ValueError(f"`problem` {problem.name} has nothing to compare with: it needs `exact`, `closed_form` or a finite-difference reference.")
    solutions: dict[str, list[Solution]] = {name: [] for name in models}
    diverged = dict.fromkeys(models, 0)
    for seed in chosen:
        for name, make in models.items():
            watch = on_run(name, seed) if on_run is not None else None
            try:
                found = solve(
                    problem, make(seed), optimizer=optimizer, seconds=seconds, steps=steps, seed=seed, points=where,
                    hard=hard, reference=reference, threads=threads, on_step=watch,
                )  # fmt: skip
            except DivergenceError as error:
                diverged[name] += 1
                found = error.solution
            solutions[name].append(found)
            if found.stop_reason.startswith("interrupted"):
                raise KeyboardInterrupt
    rows = [_row(name, solutions[name], diverged[name]) for name in models]
    if classical is not None:
        rows.append(_classical_row(problem, classical, reference))
    return Comparison(problem.name, tuple(rows), solutions, reference)


def _row(name: str, solutions: Sequence[Solution], diverged: int) -> dict[str, Any]:
    first = solutions[0]
    errors = [math.inf if s.stop_reason.startswith("diverged") or s.error is None else float(s.error) for s in solutions]
    error = first.error
    return {
        "problem": first.problem["name"],
        "model": name if name.upper() != first.model_name.split()[0] else first.model_name,
        "parameters": first.parameters,
        "error": statistics.median(errors),
        "median": statistics.median(errors),
        "worst": max(errors),
        "errors": errors,
        "failures": sum(not e <= FAILED_ABOVE for e in errors),
        "diverged": diverged,
        "restarts": sum(int(s.run["restarts"]) for s in solutions),
        "runs": len(solutions),
        "held_out": statistics.median(s.held_out for s in solutions),
        "seconds": statistics.median(float(s.run["seconds"]) for s in solutions),
        "steps": int(statistics.median(int(s.run["steps"]) for s in solutions)),
        "stop_reason": first.stop_reason,
        "reference": None if error is None else error.reference,
        "reference_error": None if error is None else error.reference_error,
        "record": None,
    }


def _classical(problem: Problem) -> Reference | None:
    try:
        return finite_difference(problem)
    except (ValueError, ReferenceFailed):
        return None


def _classical_row(problem: Problem, classical: Reference, reference: Reference) -> dict[str, Any]:
    """Finite differences: against the exact solution or closed form if there is one, else by their own estimate."""
    true_error = error_of(classical, problem)
    error = classical.error if true_error is None else true_error
    return {
        "problem": None,
        "model": classical.name,
        "parameters": None,
        "error": error,
        "median": error,
        "worst": error,
        "failures": 0,
        "runs": 0,
        "seconds": classical.seconds,
        "steps": None,
        "stop_reason": "own estimate" if true_error is None else "true error",
        "reference": reference.name,
        "reference_error": classical.error,
        "record": None,
    }


def error_of(classical: Reference, problem: Problem) -> float | None:
    """Relative L2 error of a numerical reference on its own grid; None if the problem has no known solution."""
    known = exact_reference(problem, axes=classical.axes)
    if known is None:
        return None
    return relative_error([classical.values[n] for n in known.values], list(known.values.values()))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.1e}"
