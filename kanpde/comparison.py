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
from .ansatz import Ansatz
from .budget import Budget
from .field import relative_error
from .interruption import interruption
from .plan import Plan
from .problem import Problem
from .recommend import matching_mlp, recommended_kan, recommended_plan
from .record import ATTRIBUTES
from .reference import Reference, ReferenceFailed, exact_reference, finite_difference, spectral
from .run import Recorder
from .solution import Solution
from .solver import DivergenceError, Points, chosen_optimizer, ready_ansatz, solve
from .training import Report

FAILED_ABOVE = 1e-2
PARAMETER_SHARE = 0.1
DEFAULT_SECONDS = 20.0

ModelFactory = Callable[[int], nn.Module]


@dataclass(frozen=True)
class Comparison:
    """What `compare` measured.

    Attributes:
        problem: its name.
        rows: one dict per model and classical solver: model, parameters, median, worst, failures, seconds, ...
        solutions: model to one solution per seed, those that diverged included.
        reference: what errors are measured against.
        stop_reason: "all runs done", or why there are fewer.
    """

    problem: str
    rows: tuple[dict[str, Any], ...]
    solutions: dict[str, list[Solution]]
    reference: Reference
    stop_reason: str

    def table(self) -> str:
        """The rows as text."""
        lines = [["", "parameters", "median error", "worst error", "failures", "seconds", "own error"]]
        lines += [_cells(row) for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        pairs = [list(zip(line, widths, strict=True)) for line in lines]
        aligned = [[first[0].ljust(first[1]), *(c.rjust(w) for c, w in rest)] for first, *rest in pairs]
        text = "\n".join("  ".join(cells).rstrip() for cells in aligned)
        return f"{text}\n\nfailures: runs that diverged or ended above {FAILED_ABOVE:.0%}; own error: that of the reference"

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write all runs into one record.

        Raises:
            ValueError: if the file exists and `overwrite` is False, or cannot be written.
        """
        target = records.check_target(path, overwrite=overwrite)
        records.write(target, self.content())
        return target

    def content(self) -> dict[str, Any]:
        """The record as nested dicts, as `record.write` takes it."""
        runs = {f"{name} seed {s.run['seed']}": s.content() for name, found in self.solutions.items() for s in found}
        rows = {
            row["model"]: {ATTRIBUTES: {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()}}
            for row in self.rows
        }
        about = {"kind": "comparison", "problem": self.problem, "stop_reason": self.stop_reason}
        return {ATTRIBUTES: about, "rows": rows, "runs": runs}


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
    plan: Plan | None = None,
    reference: Reference | None = None,
    record: str | Path | None = None,
    overwrite: bool = False,
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
        plan: slabs and the like, for all; without it and without `models` the recommended one.
        reference: what to measure errors against; the exact solution without it, or a spectral or finite-difference one.
        record: file that all runs so far are written to after every run.
        overwrite: let `record` replace a file.
        threads: of PyTorch, for all; see `solve`.
        on_run: called with model and seed before each run; what it returns is called after every step.

    Returns:
        The rows: a run has failed if it diverged or ended above 1 % relative error. Ctrl-C or SIGTERM ends the
        comparison with the present run; what there is so far is returned.

    Raises:
        TypeError: for models that are no mapping.
        ValueError: for bad input, or parameter counts that differ by more than 10 %; nothing has been written then.
    """
    if models is not None and not isinstance(models, Mapping):
        raise TypeError(
            f"`models` must map names to functions of the seed, got {type(models).__name__}: "
            '{"small": lambda seed: KAN([2, 4, 1], seed=seed)}.'
        )
    chosen = _seeds(seeds)
    budget = Budget(seconds, steps).limited(DEFAULT_SECONDS)
    chosen_optimizer(optimizer)
    target = None if record is None else records.check_target(record, overwrite=overwrite)
    ansatz = ready_ansatz(problem, hard)
    if plan is None:
        plan = recommended_plan(problem, budget, slabs=models is None)
    models = _default_models(ansatz) if models is None else dict(models)
    where = (points if isinstance(points, Points) else Points(points)).resolved(
        _common_size(models, chosen[0]), problem.domain
    )
    classical = _classical(problem)
    reference = reference or exact_reference(problem) or _spectral(problem) or classical
    if reference is None:
        raise ValueError(
            f"`problem` {problem.name} has nothing to compare with: it needs `exact`, `closed_form` or a "
            "finite-difference reference."
        )
    solutions: dict[str, list[Solution]] = {}
    diverged = dict.fromkeys(models, 0)

    def comparison(reason: str) -> Comparison:
        rows = [_row(name, runs, diverged[name]) for name, runs in solutions.items()]
        rows += [] if classical is None else [_classical_row(problem, classical, reference)]
        return Comparison(problem.name, tuple(rows), solutions, reference, reason)

    stopped = None
    with interruption() as request:
        for seed, name in ((seed, name) for seed in chosen for name in models):
            watch = on_run(name, seed) if on_run is not None else None
            try:
                found = solve(
                    problem, models[name](seed), optimizer=optimizer, seconds=budget.seconds, steps=budget.steps, seed=seed,
                    points=where, hard=hard, plan=plan, reference=reference, threads=threads, on_step=watch,
                )  # fmt: skip
            except DivergenceError as error:
                diverged[name] += 1
                found = error.solution
            solutions.setdefault(name, []).append(found)
            stopped = request.reason or (found.stop_reason if found.stop_reason.startswith("interrupted") else None)
            result = comparison(stopped or "all runs done")
            Recorder(target).at_the_end(result.content)
            if stopped:
                break
    return result


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    if isinstance(seeds, int) and seeds < 1:
        raise ValueError(f"`seeds` must be at least 1, got {seeds}: each model is trained from that many seeds.")
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"`seeds` must hold different seeds, at least one, got {chosen}.")
    return chosen


def _default_models(ansatz: Ansatz) -> dict[str, ModelFactory]:
    count = recommended_kan(ansatz).parameter_count
    return {
        "KAN": lambda seed: recommended_kan(ansatz, seed=seed),
        "MLP": lambda seed: matching_mlp(ansatz, count, seed=seed),
    }


def _common_size(models: Mapping[str, ModelFactory], seed: int) -> int:
    """The largest number of parameters, if all are about the same."""
    if not models:
        raise ValueError("`models` must hold at least one model, got none.")
    counts = {name: sum(p.numel() for p in make(seed).parameters()) for name, make in models.items()}
    if max(counts.values()) > (1 + PARAMETER_SHARE) * min(counts.values()):
        listed = ", ".join(f"{n}: {c}" for n, c in counts.items())
        raise ValueError(f"`models` must have numbers of parameters within 10 %, got {listed}: change a width.")
    return max(counts.values())


def _row(name: str, solutions: Sequence[Solution], diverged: int) -> dict[str, Any]:
    first = solutions[0]
    errors = [
        math.inf if s.stop_reason.startswith("diverged") or s.error is None else float(s.error) for s in solutions
    ]
    error = first.error
    return {
        "problem": first.problem_name,
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


def _spectral(problem: Problem) -> Reference | None:
    try:
        return spectral(problem)
    except (ValueError, ReferenceFailed):
        return None


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
        "problem": problem.name,
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


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["model"],
        "" if row["parameters"] is None else str(row["parameters"]),
        _figure(row["median"]),
        _figure(row["worst"]),
        f"{row['failures']} of {row['runs']}" if row["runs"] else "",
        f"{row['seconds']:.1f}",
        _figure(row["reference_error"]),
    ]
