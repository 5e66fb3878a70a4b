"""`kanpde solve` of eigenvalue problems: the lowest modes, one record for each."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...problem import Problem
from ..arguments import FIXED_BY_RECORD, free_path, model_from, points_from
from ..result import Result

SIZES = ("model", "width", "basis", "grid", "degree")
"""Options that say what the network is."""
TAKEN = (*SIZES, "seed", "points", "boundary_points")
"""Options that say something about modes, of those that a training has."""


def solve_modes(options: argparse.Namespace, problem: Problem) -> Result:
    """Find the lowest modes, and write their records."""
    from ...eigenmodes import modes
    from ...progress import Progress
    from ...record import check_target
    from ...solver import ready_ansatz

    refused = [n for n in (*FIXED_BY_RECORD, "regularise", "resume", "tolerance") if n not in TAKEN]
    for name in refused:
        if getattr(options, name) is not None:
            raise ValueError(
                f"`--{name.replace('_', '-')}` is not for eigenvalues, got {getattr(options, name)} for {problem.name}: "
                "take it out."
            )
    count = 1 if options.modes is None else options.modes
    if count < 1:
        raise ValueError(f"`--modes` must be at least 1, got {count}.")
    seed, targets = options.seed or 0, [_target(options, number) for number in range(1, count + 1)]
    for target in targets:
        check_target(target, overwrite=options.force)
    sized = any(getattr(options, name) is not None for name in SIZES)
    with Progress(problem.name) as progress:
        found = modes(
            problem,
            count,
            model_from(options, ready_ansatz(problem, options.hard), seed) if sized else None,
            seconds=options.seconds,
            steps=options.steps,
            seed=seed,
            points=points_from(options),
            hard=options.hard,
            threads=options.threads,
            on_step=progress,
        )
    for solution, target in zip(found, targets, strict=True):
        solution.save(target, overwrite=options.force)
    errors = [None] * count if found.errors is None else found.errors.tolist()
    rows = [
        {
            **solution.summary(),
            "eigenvalue": value,
            "start": start,
            "mode_residual": residual,
            "eigenvalue_error": error,
            "record": str(target),
        }
        for solution, value, start, residual, error, target in zip(
            found, found.values, found.starts, found.residuals, errors, targets, strict=True
        )
    ]
    records = f"records: {', '.join(map(str, targets))}"
    content = {"problem": problem.name, "modes": rows, "doubts": found.doubts}
    return Result(
        int(bool(found.doubts)), content, "\n".join([f"{problem.name}, {found[0].model_name}", str(found), records])
    )


def _target(options: argparse.Namespace, number: int) -> Path:
    """Where the record of a mode goes: its number stands before the ending of `--out`."""
    if options.out is None:
        return free_path(options, f"{{}}-mode-{number}.h5")
    path = Path(options.out)
    return path.with_name(f"{path.stem}-{number}{path.suffix or '.h5'}")
