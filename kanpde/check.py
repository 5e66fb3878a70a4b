"""Find the mistakes of a problem before any training: wrong solution, missing or doubled condition, loose constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from .conditions import Condition, Data, Dirichlet, Initial, Neumann, Periodic, Robin
from .expression import numeric
from .geometry import PointSet
from .problem import Problem
from .sampling import Uniform

TOLERANCE = 1e-9
CHECK_POINTS = 200


@dataclass(frozen=True)
class Finding:
    """One thing that the check noticed: an "error" must be mended, a "warning" should be understood."""

    severity: str
    message: str


@dataclass(frozen=True)
class CheckReport:
    """All findings about a problem."""

    problem: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no error among the findings."""
        return not self.errors

    @property
    def errors(self) -> tuple[str, ...]:
        """The messages of the errors."""
        return tuple(f.message for f in self.findings if f.severity == "error")

    def __str__(self) -> str:
        head = f"{self.problem}: {'nothing wrong found' if self.ok else 'not ready'}"
        return "\n".join([head, *(f"  {f.severity}: {f.message}" for f in self.findings)])


def check(problem: Problem) -> CheckReport:
    """Check a problem: exact solution, coverage of the boundary, initial values, periodicity, gauge.

    Returns:
        The report; `report.ok` is False if something must be mended.
    """
    findings = [
        *_exact_solves(problem),
        *_boundary_is_covered_once(problem),
        *_initial_values_are_complete(problem),
        *_periodic_values_match(problem),
        *_start_meets_boundary(problem),
        *_constant_is_fixed(problem),
    ]
    return CheckReport(problem.name, tuple(findings))


def _exact_solves(problem: Problem) -> list[Finding]:
    exact = problem.exact_solution
    if exact is None:
        return []
    found = []
    for term in problem.terms:
        residual = problem.substitute(exact, term.expression)
        worst, scale, where = _largest(
            residual, term.expression, exact, problem, term.place.sample(CHECK_POINTS, Uniform(0))
        )
        if not worst <= TOLERANCE * scale:
            found.append(
                Finding(
                    "error",
                    f"`exact` does not satisfy '{term.name}': it misses by {worst:.2g} at {where} (scale {scale:.2g}).",
                )
            )
    return found


def _largest(
    residual: sp.Expr, expression: sp.Expr, exact: dict[str, sp.Expr], problem: Problem, sets: tuple[PointSet, ...]
) -> tuple[float, float, str]:
    """Largest residual, the size of the parts that cancel in it, and the point."""
    sides = [numeric(residual, points.known) for points in sets]
    values = np.abs(sides[0] - sides[1] if len(sides) == 2 else sides[0])
    parts = [problem.substitute(exact, part) for part in sp.Add.make_args(sp.expand_mul(expression))]
    scale = max([1.0, *(float(np.nanmax(np.abs(numeric(p, sets[0].known)))) for p in parts)])
    i = int(np.argmax(np.where(np.isfinite(values), values, np.inf)))
    return float(values[i]), scale, _point(sets[0], i)


def _point(points: PointSet, i: int) -> str:
    return ", ".join(f"{name}={column[i]:.3g}" for name, column in points.columns.items())


def _boundary_is_covered_once(problem: Problem) -> list[Finding]:
    found = []
    severity = "warning" if problem.has_data else "error"
    for name in problem.unknown:
        for axis in problem.domain.space_names:
            order = problem.orders[name, axis]
            per_face = {f: _on_face(problem, name, f) for f in problem.domain.faces if f.axis == axis}
            given = sum(len(c) for c in per_face.values())
            if order == 0 or (order == 1 and len(problem.unknown) > 1):
                continue
            labels = {problem.domain.face_name(f): c for f, c in per_face.items()}
            if order == 1:
                if given == 0:
                    found.append(Finding(severity, _missing(name, problem, axis, "one end of " + axis)))
                elif given > 1:
                    found.append(Finding("error", _double(name, axis, [c for v in labels.values() for c in v], 1)))
                continue
            if order % 2:
                if given != order:
                    found.append(
                        Finding(
                            severity,
                            f"`{name}` needs {order} conditions on the two ends of {axis}, got {given}: the equation has order {order} in {axis}.",
                        )
                    )
                continue
            for label, listed in labels.items():
                if len(listed) < order // 2:
                    found.append(Finding(severity, _missing(name, problem, axis, label)))
                elif len(listed) > order // 2:
                    found.append(Finding("error", _double(name, label, listed, order // 2)))
    return found


def _on_face(problem: Problem, name: str, face: Any) -> list[Condition]:
    found: list[Condition] = []
    for condition in problem.condition_list:
        if isinstance(condition, Periodic):
            order = problem.orders[name, face.axis]
            times = (
                (order // 2 or int(not face.upper))
                if order % 2 == 0 or order == 1
                else (order + int(not face.upper)) // 2
            )
            found += [condition] * (times if face.axis in condition.axes else 0)
        elif isinstance(condition, (Dirichlet, Neumann, Robin)) and name in condition.values:
            found += [condition] if face in problem.domain.boundary(condition.on).faces else []
    return found


def _missing(name: str, problem: Problem, axis: str, where: str) -> str:
    kinds = f"Dirichlet({name}=..., on='{where}')" if "=" in where else f"Dirichlet({name}=..., on='...')"
    return f"`{name}` has too few conditions on {where}: add {kinds}, Neumann, Robin or Periodic('{axis}')."


def _double(name: str, where: str, listed: list[Condition], wanted: int) -> str:
    return f"`{name}` has {len(listed)} conditions on {where}, {wanted} can hold: {', '.join(map(repr, listed))}. Remove one."


def _initial_values_are_complete(problem: Problem) -> list[Finding]:
    t, found = problem.domain.time_name, []
    if t is None:
        return []
    severity = "warning" if problem.has_data else "error"
    for name in problem.unknown:
        given = [c.order for c in problem.condition_list if isinstance(c, Initial) and name in c.values]
        for k in range(problem.orders[name, t]):
            if k not in given:
                what = "initial value" if k == 0 else f"initial time derivative of order {k}"
                call = f"Initial({name}=...)" if k == 0 else f"Initial({name}=..., order={k})"
                found.append(
                    Finding(
                        severity,
                        f"`{name}` has no {what}, the equation has order {problem.orders[name, t]} in {t}: add {call}.",
                    )
                )
        for k in sorted({k for k in given if given.count(k) > 1}):
            found.append(Finding("error", f"`{name}` has {given.count(k)} initial conditions of order {k}: keep one."))
    return found


def _periodic_values_match(problem: Problem) -> list[Finding]:
    found = []
    axes = {axis for c in problem.condition_list if isinstance(c, Periodic) for axis in c.axes}
    for axis in sorted(axes):
        lo, hi = problem.domain.exact_bounds[axis]
        x = problem.domain.coordinate(axis)
        for condition in problem.condition_list:
            if not isinstance(condition, Initial):
                continue
            for name, value in condition.values.items():
                for k in range(max(1, problem.orders[name, axis])):
                    derivative = sp.diff(value, x, k) if k else value
                    jump = sp.N(derivative.subs(x, hi) - derivative.subs(x, lo))
                    if jump.is_number and abs(float(jump)) > TOLERANCE:
                        what = f"derivative of order {k} in {axis} of the initial {name}" if k else f"initial {name}"
                        grade = "warning" if k else "error"
                        found.append(
                            Finding(
                                grade,
                                f"the {what} jumps by {float(jump):.3g} from {axis}={lo} to {axis}={hi}, which are the same point.",
                            )
                        )
    return found


def _start_meets_boundary(problem: Problem) -> list[Finding]:
    t, found = problem.domain.time, []
    if t is None:
        return []
    start = problem.domain.exact_bounds[t.name][0]
    initial = {
        n: v for c in problem.condition_list if isinstance(c, Initial) and c.order == 0 for n, v in c.values.items()
    }
    for condition in problem.condition_list:
        if not isinstance(condition, Dirichlet):
            continue
        for face in problem.domain.boundary(condition.on).faces:
            x, bound = problem.domain.coordinate(face.axis), problem.domain.exact_bounds[face.axis][face.upper]
            for name, value in condition.values.items():
                if name not in initial:
                    continue
                gap = sp.N((initial[name] - value).subs({t: start, x: bound}))
                if gap.is_number and abs(float(gap)) > TOLERANCE:
                    where = problem.domain.face_name(face)
                    found.append(
                        Finding(
                            "warning",
                            f"initial and boundary value of {name} differ by {float(gap):.3g} at {where}, {t}={start}: the solution jumps there.",
                        )
                    )
    return found


def _constant_is_fixed(problem: Problem) -> list[Finding]:
    if problem.domain.time_name or any(isinstance(c, (Dirichlet, Data)) for c in problem.condition_list):
        return []
    found = []
    for name, u in problem.unknown.items():
        mentioned = [t.expression for t in problem.terms if t.expression.has(u) and not isinstance(_seam(t), str)]
        derivatives = {d: sp.Dummy() for e in mentioned for d in e.atoms(sp.Derivative)}
        if mentioned and not any(e.xreplace(derivatives).has(u) for e in mentioned):
            found.append(
                Finding(
                    "error",
                    f"`{name}` is fixed only up to a constant: no term contains {name} itself. Add Data(point, {name}=value) or a Dirichlet part.",
                )
            )
    return found


def _seam(term: Any) -> str | None:
    return getattr(term.place, "axis", None)
