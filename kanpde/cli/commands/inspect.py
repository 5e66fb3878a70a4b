"""`kanpde list`, `kanpde show` and `kanpde check`: what can be said without solving anything."""

from __future__ import annotations

import argparse

from ...catalog import problem_class, shipped_names
from ...problem import Problem
from ..arguments import problem_from
from ..result import Result


def list_problems(options: argparse.Namespace) -> Result:
    """The problems that come with kanpde."""
    rows = []
    for name in shipped_names():
        problem = problem_class(name)()
        rows.append(
            {
                "name": name,
                "class": problem.name,
                "coordinates": list(problem.domain.names),
                "reference": _known(problem),
                "about": _about(problem).partition("\n")[0],
            }
        )
    width = max(len(str(r["name"])) for r in rows)
    lines = [f"{r['name']:<{width}}  {','.join(r['coordinates']):<6} {r['reference']:<19} {r['about']}" for r in rows]
    return Result(0, {"problems": rows}, "\n".join(lines))


def show(options: argparse.Namespace) -> Result:
    """Equation, domain and conditions of a problem."""
    problem = problem_from(options)
    parameters = {k: str(v) for k, v in problem.parameters.items()}
    content = {
        "problem": problem.name,
        "about": _about(problem),
        "source": problem.source,
        "domain": repr(problem.domain),
        "boundary": list(problem.domain.parts),
        "parameters": parameters,
        "conditions": [repr(c) for c in problem.condition_list],
        "latex": problem.latex(),
    }
    facts = {
        "source": problem.source,
        "domain": content["domain"],
        "boundary": ", ".join(problem.domain.parts),
        "parameters": ", ".join(f"{k} = {v}" for k, v in parameters.items()),
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
    if problem.exact_solution:
        return "exact"
    return "closed form" if hasattr(problem, "closed_form") else "finite differences"
