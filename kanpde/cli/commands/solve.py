"""`kanpde solve`: train a network on a problem and say which error it reached."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...problem import Problem
from ...singularity import SINGULAR
from ..arguments import (
    budget_from,
    free_path,
    model_from,
    output_path,
    plan_from,
    points_from,
    problem_from,
    refuse_beside_resume,
)
from ..result import Result
from .modes import solve_modes

if TYPE_CHECKING:
    from ...intervals import Uncertainty
    from ...reference import Reference
    from ...solution import Solution


UNSOLVED = 0.03
"""Relative residual above which an equation counts as not solved."""


def solve(options: argparse.Namespace) -> Result:
    """Train, or go on training; the record is written meanwhile."""
    from ...cancellation import relative_residual
    from ...progress import Progress
    from ...solver import DivergenceError
    from ...solver import solve as solve_problem

    problem = problem_from(options)
    if problem.eigenvalue is not None:
        return solve_modes(options, problem)
    if options.modes is not None:
        raise ValueError(f"`--modes` is for eigenvalues, of which {problem.name} has none: take it out.")
    with Progress(problem.name) as progress:
        common = {
            **budget_from(options),
            "tolerance": options.tolerance,
            "threads": options.threads,
            "on_step": progress,
        }
        try:
            if options.resume is None:
                target = output_path(options) or free_path(
                    options, f"{{}}-{options.model or 'kan'}-{options.seed or 0}.h5"
                )
                solution = solve_problem(problem, **common, **_start(options, problem, target))
            else:
                refuse_beside_resume(options)
                target = output_path(options) or Path(options.resume)
                solution = solve_problem(
                    problem, **common, resume=options.resume, record=target, overwrite=options.force
                )
        except DivergenceError as error:
            content = {**error.solution.summary(), "record": str(error.record)}
            return Result(1, content, f"{error}\nrecord: {error.record}")
    missed = options.tolerance is not None and not solution.stop_reason.startswith("tolerance reached")
    missed = missed or solution.stop_reason.endswith("the end of the time was not reached")
    failed = missed or solution.stop_reason.startswith("interrupted")
    doubt, shares = _doubt(problem, solution), relative_residual(problem, solution)
    warnings = _warnings(solution, shares)
    content = {
        **solution.summary(),
        "relative_residual": shares,
        **({} if doubt is None else {"intervals": doubt.intervals}),
        "warnings": warnings,
        "record": str(target),
    }
    return Result(int(failed), content, _text(solution, target, doubt, shares, warnings))


def _doubt(problem: Problem, solution: Solution) -> Uncertainty | None:
    """Intervals of the numbers that were found from measurements, where one network has found them."""
    from ...intervals import uncertainty

    if not (problem.has_data and problem.inverse_parameters) or len(solution.field.parts) > 1:
        return None
    return uncertainty(problem, solution)


def _start(options: argparse.Namespace, problem: Problem, target: Path) -> dict[str, Any]:
    """Arguments of a new run; cheap checks come before a reference is computed."""
    from ...record import check_target
    from ...solver import DEFAULT_SECONDS, chosen_optimizer, ready_ansatz

    check_target(target, overwrite=options.force)
    seed, optimizer, points = options.seed or 0, options.optimizer or "gauss-newton", points_from(options)
    chosen_optimizer(optimizer)
    model = model_from(options, ready_ansatz(problem, options.hard), seed)
    return {
        "model": model,
        "optimizer": optimizer,
        "seed": seed,
        "points": points,
        "hard": options.hard,
        "plan": plan_from(options, problem, usual_seconds=DEFAULT_SECONDS),
        "reference": None if options.no_reference else _reference(problem),
        "record": target,
        "overwrite": options.force,
    }


def _reference(problem: Problem) -> Reference | None:
    from ...reference import ReferenceFailed, reference_for

    if sys.stderr.isatty():
        print("kanpde: a reference comes first (--no-reference leaves it out)", file=sys.stderr)
    try:
        return reference_for(problem)
    except ReferenceFailed as error:
        print(f"kanpde: no reference, so the error stays unknown: {error}", file=sys.stderr)
        return None


def _text(
    solution: Solution, target: Path, doubt: Uncertainty | None, shares: dict[str, float], warnings: list[str]
) -> str:
    error, run = solution.error, solution.run
    lines = [f"{solution.problem_name}, {solution.model_name}, {solution.parameters} parameters"]
    if error is None:
        lines.append("error: unknown, there is no reference")
    else:
        against = f"against: {error.reference}, whose own error is {error.reference_error:.1e}"
        lines.append(f"relative L2 error: {float(error):.2e} ({against})")
        if len(solution.errors) > 1:
            lines.append("of the unknowns: " + ", ".join(f"{u} {e:.2e}" for u, e in solution.errors.items()))
    lines.append(f"residual: {solution.residual:.2e} at the training points, {solution.held_out:.2e} at others")
    known = {name: share for name, share in shares.items() if not math.isnan(share)}
    if known:
        lines.append(f"terms of the equations cancel to: {', '.join(f'{s:.1e} ({n})' for n, s in known.items())}")
    lines += [f"warning: {sentence}" for sentence in warnings]
    plain = {n: v for n, v in solution.numbers.items() if not n.startswith(SINGULAR)}
    lines += [f"{n} = {v:.8g}" for n, v in plain.items()] if doubt is None else str(doubt).splitlines()
    if len(plain) < len(solution.numbers):
        lines.append(f"{len(solution.numbers) - len(plain)} terms of corners and holes beside the network")
    restarts = f", {run['restarts']} restart(s)" if run["restarts"] else ""
    lines.append(f"{run['steps']} steps in {run['seconds']:.1f} s{restarts}; stopped: {solution.stop_reason}")
    return "\n".join([*lines, f"record: {target}"])


def _warnings(solution: Solution, shares: dict[str, float]) -> list[str]:
    """What speaks against the solution, in sentences."""
    found = []
    if solution.error is not None and solution.compared is not solution.reference:
        found.append(f"the error is that of {_covered(solution)} alone, the rest was not reached")
    if any(not share <= UNSOLVED for share in shares.values() if not math.isnan(share)):
        found.append(
            "an equation is not solved: longer training (--seconds), more points (--points), a larger network "
            "(--width, --degree), or are values far from 1 in these units (kanpde check)?"
        )
    if solution.overfits:
        found.append(
            "the residual at other points is much larger, so the error may be too: more points "
            "(--points), or data that do not agree where two conditions meet?"
        )
    return found


def _covered(solution: Solution) -> str:
    """The part of the time that there is a solution for."""
    assert solution.reference is not None
    bounds, axes = solution.field.bounds, solution.reference.axes
    return ", ".join(f"{n} <= {bounds[n][1]:.4g}" for n, a in axes.items() if bounds[n][1] < a[-1])
