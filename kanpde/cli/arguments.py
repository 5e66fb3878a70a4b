"""From the options of the command line to the objects that the library takes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalog import problem_class
from ..problem import Problem

if TYPE_CHECKING:  # these need torch, which commands such as `kanpde list` can do without
    from ..ansatz import Ansatz
    from ..nn import Network
    from ..plan import AdaptiveSlabs, Plan
    from ..solver import Points

FIXED_BY_RECORD = (
    "model",
    "width",
    "basis",
    "grid",
    "degree",
    "optimizer",
    "seed",
    "points",
    "boundary_points",
    "sampler",
    "slabs",
    "stretch",
    "stages",
    "refine",
    "balance",
    "resample",
)
PLANNED = ("slabs", "stretch", "stages", "refine", "balance", "resample", "regularise")


def problem_from(options: argparse.Namespace) -> Problem:
    """The problem with its parameters."""
    settings: dict[str, Any] = {}
    for item in options.set:
        name, equals, text = item.partition("=")
        try:
            settings[name] = int(text) if text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            equals = ""
        if not equals:
            raise ValueError(f"`--set` must be name=number, got '{item}': as in --set nu=0.02.")
    return problem_class(options.problem)(**settings)


def budget_from(options: argparse.Namespace) -> dict[str, Any]:
    """Limits in seconds and steps, checked."""
    from ..budget import Budget

    Budget(options.seconds, options.steps)
    return {"seconds": options.seconds, "steps": options.steps}


def points_from(options: argparse.Namespace) -> Points:
    """How many points, and how they are drawn."""
    from ..solver import Points

    return Points(options.points, options.boundary_points, options.sampler or "sobol")


def plan_from(options: argparse.Namespace, problem: Problem, *, usual_seconds: float) -> Plan:
    """The plan that is recommended for the budget, or the one that the options say."""
    from ..balance import BALANCES
    from ..budget import Budget
    from ..nn.refine import REFINEMENTS
    from ..plan import Plan
    from ..recommend import recommended_plan
    from ..regularisation import REGULARISATIONS
    from ..resampling import RESAMPLINGS

    if all(getattr(options, name) is None for name in PLANNED):
        return recommended_plan(problem, Budget(options.seconds, options.steps).limited(usual_seconds))
    return Plan(
        slabs=1 if options.slabs is None else _slabs(options.slabs),
        stretch=bool(options.stretch),
        stages=1 if options.stages is None else options.stages,
        refinements=tuple(make() for make in _all_chosen(options.refine, "refine", REFINEMENTS)),
        balance=None if options.balance is None else _chosen(options.balance, "balance", BALANCES)(),
        resampling=None if options.resample is None else _chosen(options.resample, "resample", RESAMPLINGS)(),
        regularisation=(
            None if options.regularise is None else _chosen(options.regularise, "regularise", REGULARISATIONS)()
        ),
    )


def _slabs(text: str) -> int | list[float] | AdaptiveSlabs:
    """What `--slabs` says: auto, a count, or instants with commas between them."""
    from ..plan import AdaptiveSlabs

    if text == "auto":
        return AdaptiveSlabs()
    if text.isdecimal() and int(text):
        return int(text)
    try:
        if "," in text:
            return [float(part) for part in text.split(",")]
    except ValueError:
        pass
    raise ValueError(
        f"`--slabs` must be auto, a whole number of at least 1 or instants such as 0.1,0.3,1, got '{text}'."
    )


def _chosen(name: str, option: str, table: Mapping[str, Any]) -> Any:
    """What an option names."""
    if name not in table:
        raise ValueError(f"`--{option}` must be one of {', '.join(table)}, got '{name}'.")
    return table[name]


def _all_chosen(text: str | None, option: str, table: Mapping[str, Any]) -> list[Any]:
    """What the names in an option, with commas between them, stand for."""
    return [] if text is None else [_chosen(name, option, table) for name in text.split(",")]


def kan_from_options(options: argparse.Namespace, ansatz: Ansatz, seed: int) -> Network:
    """The recommended KAN with what the options change in it."""
    from ..recommend import kan_from

    width, grid, degree = (_numbers(getattr(options, n), n) for n in ("width", "grid", "degree"))
    basis = options.basis or "chebyshev"
    if grid is not None and basis != "bspline":
        raise ValueError(f"`--grid` is for B-splines, got {options.grid} for {basis}: add --basis bspline.")
    return kan_from(ansatz, basis=options.basis, width=width, grid=grid, degree=degree, seed=seed)


def model_from(options: argparse.Namespace, ansatz: Ansatz, seed: int) -> Network:
    """The network that `kanpde solve` trains."""
    if options.model != "mlp":
        return kan_from_options(options, ansatz, seed)
    from ..nn import MLP
    from ..recommend import matching_mlp, recommended_kan

    for name in ("basis", "grid", "degree"):
        if getattr(options, name) is not None:
            raise ValueError(f"`--{name}` is for KANs, got {getattr(options, name)} for an MLP: take it out.")
    width = _numbers(options.width, "width")
    return (
        matching_mlp(ansatz, recommended_kan(ansatz).parameter_count, seed=seed)
        if width is None
        else MLP(width, seed=seed)
    )


def refuse_beside_resume(options: argparse.Namespace) -> None:
    """Refuse options that would contradict the record of a resumed run."""
    given = [n for n in FIXED_BY_RECORD if getattr(options, n) is not None] + (["hard"] if options.hard else [])
    if given:
        name = given[0].replace("_", "-")
        raise ValueError(f"`--{name}` cannot be given with --resume, which goes on as the record says: take it out.")


def output_path(options: argparse.Namespace) -> Path | None:
    """The path of `--out`, if it is given."""
    if options.out is None:
        return None
    if not options.out.strip():
        raise ValueError(f"`--out` must be a path, got '{options.out}': leave it out for a new one.")
    return Path(options.out)


def free_path(options: argparse.Namespace, pattern: str) -> Path:
    """A new path in `results`; the pattern's `{}` is the name of the problem, and a number follows if that is taken."""
    name, _, cls = options.problem.partition(".py:")
    path = Path("results") / pattern.format((cls or Path(name).stem).lower())
    numbered = (path.with_name(f"{path.stem}-{i}{path.suffix}") for i in range(2, 100_000))
    return next(p for p in (path, *numbered) if not p.exists())


def new_folder(folder: Path, *, force: bool) -> Path:
    """A folder that pictures can be written to, tried out.

    Raises:
        ValueError: if it exists and `force` is False, or cannot be written.
    """
    from ..record import check_target

    if folder.exists() and not (force and folder.is_dir()):
        raise ValueError(f"`{folder}` exists: choose another folder, or allow to replace its files with --force.")
    check_target(folder / "record.h5", overwrite=force)
    return folder


def _numbers(text: str | None, name: str) -> list[int] | None:
    if text is None:
        return None
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = [0]
    if min(numbers) < 1:
        raise ValueError(
            f"`--{name}` must be whole numbers of at least 1 with commas between, got '{text}': as in --{name} 2,8,1."
        )
    return numbers
