"""`kanpde list`, `kanpde show` and `kanpde check`: what can be said without solving anything."""

from __future__ import annotations

import argparse
from typing import Any

from ...catalog import problem_class, shipped_names
from ...conditions import Interface
from ...expression import Expression
from ...problem import GROUPS, Problem
from ...symmetry import PARITIES
from ..arguments import problem_from
from ..result import Result


def list_problems(options: argparse.Namespace) -> Result:
    """The problems that come with kanpde, group by group."""
    rows = sorted((_row(name) for name in shipped_names()), key=lambda row: _place(row["group"]))
    table = [(row["group"], [row["name"], *_columns(row), row["about"]]) for row in rows]
    head = ["", "dim", "order", "kind", "reference", "error", "seconds", ""]
    widths = [max(len(cells[i]) for cells in [head, *(cells for _, cells in table)]) for i in range(len(head) - 1)]
    lines, before = [_aligned(head, widths)], None
    for group, cells in table:
        lines += [] if group == before else ["", group or "other"]
        lines.append(_aligned(cells, widths))
        before = group
    foot = "error and seconds: relative L2 error, or that of the eigenvalue, and time of `kanpde solve NAME`, where measured"
    return Result(0, {"problems": rows}, "\n".join([*lines, "", foot]))


def _place(group: str) -> int:
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)


def _row(name: str) -> dict[str, Any]:
    """What the list says about one problem."""
    problem = problem_class(name)()
    unknowns = list(problem.unknown.values())
    error, seconds = problem.typical or (None, None)
    return {
        "name": name,
        "class": problem.name,
        "group": problem.group,
        "coordinates": list(problem.domain.names),
        "dimension": problem.domain.dimension,
        "order": max(problem.orders.values()),
        "linear": all(Expression(e, unknowns).is_linear for e in problem.equations.values()),
        "eigenvalues": problem.eigenvalue is not None,
        "evolution": problem.time_order > 0,
        "reference": _known(problem),
        "typical_error": error,
        "typical_seconds": seconds,
        "about": _about(problem).partition("\n")[0],
    }


def _columns(row: dict[str, Any]) -> list[str]:
    """The facts of a row between its name and its sentence, as text."""
    kind = f"{'linear' if row['linear'] else 'nonlinear'} {'evolution' if row['evolution'] else 'steady'}"
    kind = "eigenvalues" if row["eigenvalues"] else kind
    error, seconds = row["typical_error"], row["typical_seconds"]
    measured = ["", ""] if error is None else [f"{error:.0e}", f"{seconds:.0f}"]
    return [str(row["dimension"]), str(row["order"]), kind, row["reference"], *measured]


def _aligned(cells: list[str], widths: list[int]) -> str:
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, *cells[len(widths) :]]).rstrip()


def show(options: argparse.Namespace) -> Result:
    """Equation, domain and conditions of a problem."""
    problem = problem_from(options)
    parameters = {k: str(v) for k, v in problem.parameters.items()}
    words = {sign: word for word, sign in PARITIES.items()}
    symmetry = [f"{u} {words[sign]} in {axis}" for axis, signs in problem.parities.items() for u, sign in signs.items()]
    content = {
        "problem": problem.name,
        "about": _about(problem),
        "source": problem.source,
        "domain": repr(problem.domain),
        "boundary": list(problem.domain.parts),
        "parameters": parameters,
        "symmetry": symmetry,
        "conditions": [repr(c) for c in problem.condition_list],
        "latex": problem.latex(),
    }
    facts = {
        "source": problem.source,
        "domain": content["domain"],
        "boundary": ", ".join(problem.domain.parts),
        "materials": ", ".join(f"{name} in {shape!r}" for name, shape in problem.materials.items()),
        "between": ", ".join(repr(c) for c in problem.condition_list if isinstance(c, Interface)),
        "parameters": ", ".join(f"{k} = {v}" for k, v in parameters.items()),
        "symmetry": ", ".join(symmetry),
    }
    lines = [f"{problem.name}: {content['about']}", *(f"{k + ':':<12} {v}" for k, v in facts.items() if v)]
    return Result(0, content, "\n".join([*lines, "", *(f"  {line}" for line in problem.latex())]))


def check_problem(options: argparse.Namespace) -> Result:
    """The mistakes in a problem."""
    report = problem_from(options).check()
    findings = [{"severity": f.severity, "message": f.message} for f in report.findings]
    content = {"problem": report.problem, "ok": report.ok, "findings": findings}
    return Result(int(not report.ok), content, str(report))


def _about(problem: Problem) -> str:
    return (type(problem).__doc__ or "").strip()


def _known(problem: Problem) -> str:
    """What an error is measured against; of numerical references the first that can take the problem."""
    from ...reference.feasibility import check_problem as check_differences
    from ...reference.spectral import check_periodic

    if problem.exact_solution:
        return "exact"
    if hasattr(problem, "eigenvalues"):
        return "eigenvalues"
    if getattr(problem, "closed_form", None) is not None:
        return "closed form"
    if not problem.domain.space_names:
        return "Runge-Kutta"
    for name, check in (("Fourier series", check_periodic), ("finite differences", check_differences)):
        try:
            check(problem)
        except ValueError:
            continue
        return name
    return "none"
