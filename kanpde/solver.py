"""solve(): from a problem and a network to a Solution, within a budget, recorded while it runs."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from . import record as records
from .ansatz import Ansatz, build_ansatz
from .blocks import Trial, build_blocks
from .field import Field, relative_error
from .geometry import Sampler
from .interruption import interruption
from .nn.input_map import InputMap
from .nn.network import Network
from .optim import OPTIMIZERS, Optimizer
from .problem import Problem
from .recommend import recommended_kan
from .reference import Reference, exact_reference
from .sampling import SAMPLERS
from .solution import Solution
from .training import Budget, Monitor, Report, Training

WRITE_EVERY = 2.0
WRITE_SHARE = 0.05
DEFAULT_SECONDS = 60.0
HELD_OUT_SEED = 7919
SMALL = 4_000_000
"""Entries of the Jacobian below which a second thread costs more than it brings."""


class DivergenceError(RuntimeError):
    """Training diverged; nothing is lost.

    Attributes:
        solution: the last state, with the history up to the divergence.
        record: path of the record, if one was asked for.
    """

    def __init__(self, message: str, solution: Solution, record: Path | None):
        super().__init__(message)
        self.solution, self.record = solution, record

    @property
    def history(self) -> dict[str, np.ndarray]:
        """The history up to the divergence."""
        return self.solution.history


@dataclass(frozen=True)
class Points:
    """How many training points, and how they are drawn.

    Args:
        interior: points per equation, at least 1; None for 5 times the number of parameters, at least 500.
        boundary: points per condition, at least 1; None for an eighth of the interior ones.
        sampler: "sobol", "lhs", "uniform" or "grid".

    Raises:
        ValueError: for an empty sample or an unknown sampler.
    """

    interior: int | None = None
    boundary: int | None = None
    sampler: str = "sobol"

    def __post_init__(self) -> None:
        for name in ("interior", "boundary"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"`points` must be at least 1, got {value} ({name}): an empty sample has no residual.")
        if self.sampler not in SAMPLERS:
            raise ValueError(f"`sampler` must be one of {', '.join(SAMPLERS)}, got '{self.sampler}'.")

    def resolved(self, parameters: int) -> Points:
        """The same with numbers for a network of that many parameters."""
        interior = self.interior or max(500, 5 * parameters)
        return Points(interior, self.boundary or max(20, interior // 8), self.sampler)


def solve(
    problem: Problem,
    model: nn.Module | None = None,
    *,
    optimizer: str | Optimizer = "gauss-newton",
    seconds: float | None = None,
    steps: int | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    points: int | Points | None = None,
    hard: bool = False,
    reference: Reference | None = None,
    record: str | Path | None = None,
    resume: str | Path | None = None,
    threads: int | None = None,
    on_step: Callable[[Report], None] | None = None,
) -> Solution:
    """Solve a problem by training a network.

    Args:
        problem: what to solve; `problem.check()` must find no error.
        model: maps inputs in [-1, 1], one per coordinate, to one output per unknown; the recommended KAN without it.
        optimizer: "gauss-newton", "adam", "lbfgs" or an object of `kanpde.optim`.
        seconds: wall-clock budget; 60 if no budget is given.
        steps: budget in optimiser steps.
        tolerance: stop when the root of the loss is this small.
        seed: of points, start values and restarts.
        points: number of interior points, or `Points`.
        hard: build all Dirichlet, Initial and Periodic conditions in instead of penalising their violation.
        reference: what to measure the error against; the exact solution or closed form of the problem without it.
        record: file that the run is recorded in while it goes on; it must not exist.
        resume: record of an interrupted run of the same problem to go on with; budgets count from its beginning.
        threads: of PyTorch while this runs; without it one for small problems, which is quicker there, else
            PyTorch's own number. Runs are bit-identical for the same seed, machine and number of threads.
        on_step: called with a `Report` after every step.

    Returns:
        The solution of the last step (of the best attempt by training loss, if there were restarts).

    Raises:
        ValueError: for bad input; nothing has been written then.
        DivergenceError: if the loss is no longer finite; the record holds the history.
    """
    budget = Budget(seconds, steps, tolerance)
    saved = _read_resumable(resume, problem) if resume is not None else None
    if saved is not None:
        settings = saved.run
        seed, hard = int(settings["seed"]), bool(settings["hard"])
        points = Points(int(settings["interior"]), int(settings["boundary"]), str(settings["sampler"]))
        optimizer = optimizer if not isinstance(optimizer, str) else str(settings["optimizer"])
        model = model if model is not None else saved.network
        reference = reference or saved.reference
        if (seconds, steps, tolerance) == (None, None, None):
            budget = Budget(settings["budget_seconds"], settings["budget_steps"], settings["budget_tolerance"])
        record = record if record is not None else resume
    if record is not None:
        records.check_target(record, overwrite=resume is not None and Path(record) == Path(resume))
    if budget == Budget():
        budget = Budget(DEFAULT_SECONDS)
    ansatz = _checked_ansatz(problem, hard)
    model = recommended_kan(ansatz, seed=seed) if model is None else model
    _check_model(model, ansatz)
    chosen = _optimizer(optimizer)
    where = points if isinstance(points, Points) else Points(points)
    where = where.resolved(sum(p.numel() for p in model.parameters()))
    reference = reference or exact_reference(problem)
    size = (where.interior or 0) * sum(p.numel() for p in model.parameters())
    with _threads(threads if threads is not None else 1 if size < SMALL else torch.get_num_threads()):
        run = _Run(problem, ansatz, model, chosen, where, seed=seed, hard=hard, reference=reference, budget=budget)
        if saved is not None:
            assert saved.checkpoint is not None
            run.training.load(saved.checkpoint)
        return run.go(Path(record) if record is not None else None, on_step)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """PyTorch's number of threads, put back at the end."""
    if count < 1:
        raise ValueError(f"`threads` must be at least 1, got {count}.")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Run:
    """Everything that belongs to one call of `solve`."""

    def __init__(
        self,
        problem: Problem,
        ansatz: Ansatz,
        model: nn.Module,
        optimizer: Optimizer,
        points: Points,
        *,
        seed: int,
        hard: bool,
        reference: Reference | None,
        budget: Budget,
    ):
        self.problem, self.seed, self.hard, self.points = problem, seed, hard, points
        self.reference, self.budget = reference, budget
        self.trial = Trial(model, InputMap(problem.domain.bounds, ansatz.periodic), problem.inverse_parameters)
        self.field = Field.of(ansatz, self.trial)
        assert points.interior is not None and points.boundary is not None
        counts = {"interior": points.interior, "boundary": points.boundary}
        penalty = optimizer.penalty
        loss = build_blocks(ansatz, self.trial, self._samplers(ansatz, seed), **counts, penalty=penalty)
        half = {"interior": max(1, counts["interior"] // 2), "boundary": max(1, counts["boundary"] // 2)}
        held_out = build_blocks(ansatz, self.trial, self._samplers(ansatz, seed + HELD_OUT_SEED), **half, penalty=penalty)
        monitor = Monitor(self._error_function(), held_out)
        self.training = Training(loss, optimizer, monitor, seed)

    def _samplers(self, ansatz: Ansatz, seed: int) -> dict[str, Sampler]:
        make = SAMPLERS[self.points.sampler]
        seeds = np.random.SeedSequence(seed).generate_state(len(ansatz.terms))
        return {term.name: make(int(s)) for term, s in zip(ansatz.terms, seeds, strict=True)}

    def _error_function(self) -> Callable[[], float | None]:
        if self.reference is None:
            return lambda: None
        wanted = self.reference.values
        sides = {name: self.field.side(name, self.reference.points) for name in wanted}

        def error() -> float:
            with torch.no_grad():
                found = [sides[name].values().cpu().numpy().astype(float) for name in wanted]
            return relative_error(found, [w.ravel() for w in wanted.values()])

        return error

    def go(self, record: Path | None, on_step: Callable[[Report], None] | None) -> Solution:
        """Train, recording on the way, and give the solution."""
        last_write, pause = time.perf_counter(), WRITE_EVERY

        def after_step(report: Report) -> None:
            nonlocal last_write, pause
            if on_step is not None:
                on_step(report)
            if record is not None and time.perf_counter() - last_write >= pause:
                start = time.perf_counter()
                unfinished = self.solution("still running, or killed").content(status="running", with_grid=False)
                records.write(record, unfinished)
                last_write = time.perf_counter()
                pause = max(WRITE_EVERY, (last_write - start) / WRITE_SHARE)

        if record is not None:
            records.write(record, self.solution("not started").content(status="running", with_grid=False))
        with interruption() as request:
            try:
                reason = self.training.run(self.budget, lambda: request.reason, after_step)
            except FloatingPointError as error:
                solution = self.solution(str(error))
                if record is not None:
                    records.write(record, solution.content(status="diverged", with_grid=False))
                raise DivergenceError(f"{error}: lower the learning rate or check the problem.", solution, record) from None
            checkpoint = self.training.state()
            self.training.finish()
            solution = self.solution(reason, checkpoint)
            if record is not None:
                records.write(record, solution.content(status="interrupted" if request.reason else "finished"))
        return solution

    def solution(self, reason: str, checkpoint: dict[str, Any] | None = None) -> Solution:
        """The present state as a solution."""
        training = self.training
        state = training.state() if checkpoint is None else checkpoint
        figures = training.monitor.held_out.residual() if training.steps else None
        return Solution(
            self.field,
            {
                "name": self.problem.name,
                "hash": self.problem.definition_hash,
                "domain": repr(self.problem.domain),
                "latex": self.problem.latex(),
                **{f"parameter {k}": str(v) for k, v in self.problem.parameters.items()},
            },
            {
                **self._settings(),
                "seconds": float(state["seconds"]),
                "cpu_seconds": float(state["cpu_seconds"]),
                "steps": training.steps,
                "restarts": training.attempt,
                "held_out": float("nan") if figures is None else float(figures.norm()),
            },
            {k: np.asarray(v) for k, v in state["history"].items()},
            {k: np.asarray(v) for k, v in state["losses"].items()},
            reason,
            self.reference,
            {b.name: dict(zip(self.problem.domain.names, b.sides[0].x.T.cpu().numpy(), strict=True)) for b in training.problem.blocks},
            state,
        )

    def _settings(self) -> dict[str, Any]:
        parameter = next(self.trial.parameters())
        return {
            "seed": self.seed,
            "hard": self.hard,
            "optimizer": self.training.optimizer.name,
            **asdict(self.points),
            **{f"budget_{k}": v for k, v in asdict(self.budget).items()},
            "dtype": str(parameter.dtype).removeprefix("torch."),
            "device": str(parameter.device),
            "threads": torch.get_num_threads(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "kanpde": version("kanpde"),
        }


def _checked_ansatz(problem: Problem, hard: bool) -> Ansatz:
    report = problem.check()
    if not report.ok:
        raise ValueError(f"`problem` {problem.name} is not ready: " + " ".join(report.errors))
    return build_ansatz(problem, hard=hard)


def _check_model(model: nn.Module, ansatz: Ansatz) -> None:
    if isinstance(model, Network):
        n_in, n_out = model.width[0], model.width[-1]
        if n_in != ansatz.n_inputs:
            names = ", ".join(ansatz.input_names)
            raise ValueError(f"`width` must start with {ansatz.n_inputs}, the inputs of {ansatz.problem.name} ({names}), got {n_in}.")
        if n_out != len(ansatz.outputs):
            names = ", ".join(ansatz.problem.unknown)
            raise ValueError(f"`width` must end with {len(ansatz.outputs)}, the unknowns of {ansatz.problem.name} ({names}), got {n_out}.")


def _optimizer(optimizer: str | Optimizer) -> Optimizer:
    if not isinstance(optimizer, str):
        return optimizer
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"`optimizer` must be one of {', '.join(OPTIMIZERS)}, got '{optimizer}'.")
    return OPTIMIZERS[optimizer]()


def _read_resumable(path: str | Path, problem: Problem) -> Solution:
    saved = Solution.load(path)
    if saved.problem["hash"] != problem.definition_hash:
        raise ValueError(
            f"`resume` {path} is a run of another problem ({saved.problem['name']} with other terms or parameters): "
            "give the problem and the parameters that it was started with."
        )
    if saved.checkpoint is None:
        raise ValueError(f"`resume` {path} holds no state to go on from.")
    return saved


