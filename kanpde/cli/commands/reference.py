"""`kanpde reference`: solve a problem by a classical method and say how far it can be trusted."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...problem import Problem
from ..arguments import output_path, problem_from
from ..result import Result

if TYPE_CHECKING:
    from ...reference import Reference


def _usual(problem: Problem) -> str:
    """The method that takes problems of this kind."""
    if not problem.domain.space_names:
        return "runge-kutta"
    return "differences" if problem.domain.is_box and not problem.materials else "fem"


def reference(options: argparse.Namespace) -> Result:
    """Compute the reference; it is recorded if `--out` is given."""
    from ... import record
    from ...comparison import error_of
    from ...recorded import reference_content
    from ...reference import ReferenceFailed, finite_difference, finite_elements, initial_value

    solvers: dict[str, Callable[..., Reference]] = {
        "differences": finite_difference,
        "fem": finite_elements,
        "runge-kutta": initial_value,
    }

    problem, target = problem_from(options), output_path(options)
    if target is not None:
        record.check_target(target, overwrite=options.force)
    content: dict[str, Any] = {"problem": problem.name, "error": None, "record": None}
    given = {name: getattr(options, name) for name in ("nodes", "order") if getattr(options, name) is not None}
    method = options.method or _usual(problem)
    if method == "runge-kutta" and "order" in given:
        raise ValueError("`order` is that of differences or elements: Runge-Kutta methods have their own.")
    try:
        found = solvers[method](problem, **given)
    except ImportError as missing:
        raise ValueError(str(missing)) from None
    except ReferenceFailed as failure:
        return Result(1, {**content, "stop_reason": str(failure)}, str(failure))
    error = error_of(found, problem)
    content |= {
        "error": error,
        "reference": found.name,
        "reference_error": found.error,
        "seconds": found.seconds,
        "details": found.details,
    }
    lines = [
        f"{problem.name}: {found.name}, {found.seconds:.1f} s",
        f"own error by two resolutions: {found.error:.2g} (relative L2)",
    ]
    if error is not None:
        lines.append(f"true error, against the known solution: {error:.2g}")
    if target is not None:
        record.write(target, reference_content(problem.name, found))
        content["record"] = str(target)
        lines.append(f"record: {target}")
    return Result(0, content, "\n".join(lines))
