"""solve(): from a problem and a network to a Solution, within a budget, recorded while it runs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from . import record as records
from .ansatz import Ansatz, build_ansatz
from .balance import Causal
from .budget import Budget
from .nn import KAN, Network
from .nn.network import held_parameters
from .optim import Optimizer, Schedule
from .plan import Plan
from .problem import Problem
from .recommend import recommended_kan, recommended_optimizer, recommended_plan
from .reference import Reference, exact_reference
from .resampling import Redraw
from .run import DivergenceError, Run, Unfinished
from .settings import Points, Settings
from .slabs import check_slabs
from .solution import Solution
from .training import Report, Training

__all__ = ["DivergenceError", "Points", "solve"]

DEFAULT_SECONDS = 60.0
SMALL = 4_000_000
"""Entries of the Jacobian below which a second thread costs more than it brings."""
LARGEST = 2**63 - 1
"""The largest seed that a generator of PyTorch takes."""


def solve(
    problem: Problem,
    model: nn.Module | None = None,
    *,
    optimizer: str | Optimizer | Sequence[str | Optimizer] = "gauss-newton",
    seconds: float | None = None,
    steps: int | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    points: int | Points | None = None,
    hard: bool = False,
    plan: Plan | None = None,
    reference: Reference | None = None,
    record: str | Path | None = None,
    overwrite: bool = False,
    resume: str | Path | None = None,
    threads: int | None = None,
    on_step: Callable[[Report], None] | None = None,
) -> Solution:
    """Solve a problem by training a network.

    Args:
        problem: what to solve; `problem.check()` must find no error.
        model: maps inputs in [-1, 1], one per coordinate, to one output per unknown, and is trained in place, apart
            from parameters with `requires_grad_(False)`; the recommended KAN without it.
        optimizer: "gauss-newton", "adam", "lbfgs", "ssbfgs", "ssbroyden" or an object of `kanpde.optim`; a list such as
            ["adam", "gauss-newton"] is a `Schedule`. A name stands for the settings that suit the plan.
        seconds: wall-clock budget; 60 if neither this nor `steps` is given.
        steps: budget in optimiser steps.
        tolerance: stop when the root of the loss is this small.
        seed: of points, start values and restarts; at least 0.
        points: number of interior points, or `Points`.
        hard: build all Dirichlet, Initial and Periodic conditions in instead of penalising their violation.
        plan: time slabs, stretched coordinates, stages, refinements, balance, resampling, regularisation and restarts; without
            it and without `model` the recommended one, with a model one network from start to end.
        reference: what to measure the error against; the exact solution or closed form of the problem without it.
        record: file that the run is recorded in while it goes on; it must not exist, unless `overwrite` is True.
        overwrite: let `record` replace a file.
        resume: record of an interrupted run of the same problem to go on with, in the same file if `record` is not
            given. Network, optimiser, seed, points, `hard` and threads are those of the record, and so is the budget
            if none is given; budgets count from the beginning of the run.
        threads: of PyTorch while this runs; without it one for small problems, which is quicker there, else
            PyTorch's own number. Runs are bit-identical for the same seed, machine and number of threads.
        on_step: called with a `Report` after every step.

    Returns:
        The solution of the last step (of the best attempt by training loss, if there were restarts).

    Raises:
        TypeError: for an argument of the wrong kind.
        ValueError: for bad input; nothing has been written then.
        DivergenceError: if the loss is no longer finite; the record holds the history.
    """
    _check_kinds(problem, model, seed, steps, threads, hard)
    if problem.eigenvalue is not None:
        raise ValueError(
            f"`problem` {problem.name} has the eigenvalue {problem.eigenvalue}, and u = 0 solves it: call "
            f"modes({problem.name}(), 4) for the lowest four."
        )
    seed, budget, saved = int(seed), Budget(seconds, steps, tolerance), None
    if resume is not None:
        given = None if isinstance(optimizer, str) else chosen_optimizer(optimizer)
        saved = Unfinished.read(resume, problem, model, given, plan)
        model, reference = saved.network, reference or saved.reference
        hard = saved.settings.hard
        record = resume if record is None else record
    target = None
    if record is not None:
        same = resume is not None and Path(record).absolute() == Path(resume).absolute()
        target = records.check_target(record, overwrite=overwrite or same)
    ansatz = ready_ansatz(problem, hard)
    if plan is None:
        plan = recommended_plan(problem, budget.limited(DEFAULT_SECONDS), slabs=model is None)
    _check_plan(plan, problem)
    model = recommended_kan(ansatz, seed=seed) if model is None else model
    _check_model(model, ansatz)
    reference = exact_reference(problem) if reference is None else reference
    _check_reference(reference, problem)
    if saved is not None:
        kept = saved.settings
        budget = kept.budget if budget == Budget() else budget
        settings = replace(kept, budget=budget, threads=kept.threads if threads is None else threads)
    else:
        budget = budget.limited(DEFAULT_SECONDS)
        count = sum(p.numel() for p in model.parameters())
        where = (points if isinstance(points, Points) else Points(points)).resolved(count, problem.domain)
        _check_sampler(where, plan)
        _check_held(model, problem, plan)
        _check_refinements(model, plan)
        _check_regularisation(model, plan)
        small = (where.interior or 0) * count < SMALL
        threads = threads if threads is not None else 1 if small else torch.get_num_threads()
        settings = Settings(chosen_optimizer(optimizer, plan), seed, hard, where, budget, threads, plan)
    with limited_threads(settings.threads):
        run = Run(problem, model, settings, reference, ansatz)
        if saved is not None and resume is not None:
            with records.complete(resume):
                run.resume(saved.state, saved.fields)
            _check_left(settings.budget, run.training)
        return run.train(target, on_step)


def _check_left(budget: Budget, training: Training) -> None:
    """A resumed run needs some of its budget left."""
    for name, spent in (("steps", training.steps), ("seconds", training.spent)):
        limit = getattr(budget, name)
        if limit is not None and spent >= limit:
            raise ValueError(
                f"`{name}` must be above the {spent:.4g} that the run has taken, got {limit:g}: "
                "budgets count from its beginning."
            )


def ready_ansatz(problem: Problem, hard: bool) -> Ansatz:
    """The trial solution of a problem in which the self-check finds no error.

    Raises:
        ValueError: for what the check finds, and for a hard condition that cannot be built.
    """
    report = problem.check()
    if not report.ok:
        raise ValueError(f"`problem` {problem.name} is not ready: " + " ".join(report.errors))
    return build_ansatz(problem, hard=hard)


def chosen_optimizer(optimizer: str | Optimizer | Sequence[str | Optimizer], plan: Plan | None = None) -> Optimizer:
    """An optimiser by name, set for the plan, or a copy of the given one: what a run changes in it stays in that run.

    A list is a schedule, and so are names with commas between them.

    Raises:
        TypeError: for an object that is no optimiser.
        ValueError: for an unknown name.
    """
    if isinstance(optimizer, str) and "," in optimizer:
        optimizer = optimizer.split(",")
    if isinstance(optimizer, str):
        return recommended_optimizer(optimizer, plan or Plan())
    if isinstance(optimizer, (list, tuple)):
        return Schedule([chosen_optimizer(o, plan) for o in optimizer])
    if isinstance(optimizer, type) or not all(hasattr(optimizer, n) for n in ("step", "state", "load", "penalty")):
        raise TypeError(f"`optimizer` must be a name or an object such as Adam(rate=1e-3), got {optimizer!r}.")
    return copy.deepcopy(cast("Optimizer", optimizer))


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """So many threads for PyTorch, and one for the linear algebra of SciPy; put back at the end.

    SciPy's has threads of its own, which go on spinning after a call, in the way of PyTorch's: with two of each on two
    cores, steps with 1,092 parameters take 0.34 s, with one of SciPy's 0.26 s, with one of both 0.37 s.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


def _check_kinds(problem: object, model: object, seed: object, steps: object, threads: object, hard: object) -> None:
    if not isinstance(problem, Problem):
        name = problem.__name__ if isinstance(problem, type) else "Poisson"
        raise TypeError(f"`problem` must be an instance of a Problem, got {problem!r}: write {name}().")
    if model is not None and not isinstance(model, nn.Module):
        raise TypeError(f"`model` must be a torch module such as KAN([2, 6, 1]), got {model!r}.")
    for name, value, least in (("seed", seed, 0), ("steps", steps, None), ("threads", threads, 1)):
        if value is None and name != "seed":
            continue
        if isinstance(value, bool) or not isinstance(value, Integral) or (least is not None and value < least):
            bound = "" if least is None else f" of at least {least}"
            raise ValueError(f"`{name}` must be a whole number{bound}, got {value!r}.")
    if isinstance(seed, Integral) and int(seed) > LARGEST:
        raise ValueError(f"`seed` must be at most {LARGEST}, got {seed}.")
    if not isinstance(hard, (bool, np.bool_)):
        raise TypeError(f"`hard` must be True or False, got {hard!r}.")


def _check_plan(plan: Plan, problem: Problem) -> None:
    if not isinstance(plan, Plan):
        raise TypeError(f"`plan` must be a Plan such as Plan(slabs=20), got {plan!r}.")
    if plan.stretch and (len(problem.differentiated) != 1 or problem.domain.time is None):
        raise ValueError(
            f"`stretch` must be False for {problem.name}, got True: fronts are looked for along one coordinate of space "
            "with derivatives in an evolution."
        )
    if plan.slabs != 1:
        check_slabs(problem, plan.ends)
    if plan.stages > 1 and problem.materials:
        raise ValueError(
            f"`stages` must be 1 for {problem.name}, whose materials have functions of their own, got {plan.stages}."
        )
    if isinstance(plan.balance, Causal) and problem.domain.time is None:
        raise ValueError(f"`balance` cannot be causal for {problem.name}, which has no time: take another one.")


def _check_held(model: nn.Module, problem: Problem, plan: Plan) -> None:
    """Parameters that ask for no gradient keep their values, which networks that are made anew cannot."""
    held = held_parameters(model)
    if held and len(held) == len(list(model.parameters())) and not problem.inverse_parameters:
        raise ValueError("`model` must have a parameter to train, got none: call requires_grad_(True) on some.")
    if held and (plan.slabs != 1 or plan.stages > 1 or plan.refinements):
        raise ValueError(
            f"`model` must not hold parameters such as {held[0]} where a plan has slabs, stages or refinements, whose "
            "networks have others: call requires_grad_(True), or take another plan."
        )


def _check_sampler(points: Points, plan: Plan) -> None:
    if points.sampler == "grid" and isinstance(plan.resampling, Redraw):
        raise ValueError(
            "`sampler` must draw by chance for Redraw, got 'grid': its points are the same every time; take 'sobol'."
        )


def _check_refinements(model: nn.Module, plan: Plan) -> None:
    """Try the refinements one after another on a copy with new weights: later, the run would be lost."""
    if plan.refinements and not isinstance(model, Network):
        raise ValueError(
            f"`plan.refinements` must be empty for {type(model).__name__}, got {len(plan.refinements)}: "
            "only networks of kanpde can be refined."
        )
    trial: Any = copy.deepcopy(model)
    if plan.refinements and hasattr(trial, "reset"):
        trial.reset(0)
    for i, refinement in enumerate(plan.refinements):
        try:
            trial, _ = refinement(trial)
        except (TypeError, ValueError) as error:
            message = f"`plan.refinements[{i}]` must suit the network, got {refinement!r}: {error}"
            raise ValueError(message) from None


def _check_regularisation(model: nn.Module, plan: Plan) -> None:
    if plan.regularisation is not None and not isinstance(model, KAN):
        raise ValueError(
            f"`plan.regularisation` must be None for {type(model).__name__}, got {plan.regularisation!r}: "
            "it is about the functions on the edges of a KAN."
        )


def _check_model(model: nn.Module, ansatz: Ansatz) -> None:
    n_in, n_out, name = ansatz.n_inputs, len(ansatz.outputs), ansatz.problem.name
    inputs, unknowns = ", ".join(ansatz.input_names), ", ".join(ansatz.problem.unknown)
    if isinstance(model, Network):
        if model.width[0] != n_in:
            raise ValueError(
                f"`width` must start with {n_in}, the inputs of {name} ({inputs}), got {model.width[0]}: change it."
            )
        if model.width[-1] != n_out:
            raise ValueError(
                f"`width` must end with {n_out}, the unknowns of {name} ({unknowns}), got {model.width[-1]}: change it."
            )
        return
    like = next(model.parameters(), None)
    if like is None:
        raise ValueError(f"`model` must have trainable parameters, got none in {type(model).__name__}.")
    try:
        with torch.no_grad():
            shape = tuple(model(like.new_zeros(3, n_in)).shape)
    except RuntimeError as error:
        raise ValueError(f"`model` must take {n_in} inputs ({inputs}), but says: {error}.") from None
    if shape != (3, n_out):
        raise ValueError(
            f"`model` must map (n, {n_in}) to (n, {n_out}), the unknowns of {name} ({unknowns}), "
            f"got {shape} for n = 3: change its last layer."
        )


def _check_reference(reference: Reference | None, problem: Problem) -> None:
    if reference is None:
        return
    if not isinstance(reference, Reference):
        raise TypeError(
            f"`reference` must be a Reference such as finite_difference(problem), got {reference!r}: that of a recorded run is "
            "Solution.load(path).reference."
        )
    if tuple(reference.axes) != problem.domain.names or not set(reference.values) <= set(problem.unknown):
        raise ValueError(
            f"`reference` must have {', '.join(problem.unknown)} on axes {', '.join(problem.domain.names)}, "
            f"got {', '.join(reference.values)} on {', '.join(reference.axes)}: it belongs to another problem."
        )
