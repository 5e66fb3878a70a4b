"""Find the mistakes of a problem before any training: wrong solution, missing or doubled condition, loose constant."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import sympy as sp

from .conditions import (
    AtPoints,
    Dirichlet,
    Initial,
    Interface,
    Neumann,
    Over,
    Periodic,
    Robin,
    Seam,
    Term,
)
from .constants import loose_constants
from .coverage import boundary_is_covered_once, initial_values_are_complete
from .expression import Expression, numeric
from .finding import CheckReport, Finding
from .geometry import PointSet, Quadrature
from .interfaces import interface_terms
from .jumps import jumps
from .materials import meeting, within
from .problem import Problem
from .sampling import Uniform
from .scales import doubts
from .sources import is_given, unbalanced
from .symbols import Eigenvalue, Parameter
from .symmetry import check_symmetry, found_symmetries

TOLERANCE, OF_INTEGRALS = 1e-9, 1e-3
"""How far the exact solution may miss a term; integrals are not exact where it is not smooth or the shape is round."""
OF_SLOPES = 1e-2
"""Share of the largest slope of the initial values by which they may miss one at the boundary: tables are not exact there."""
CHECK_POINTS = 200
FAR_IN_SIGMA = 5.0
"""A measurement this many standard deviations away from the exact solution is worth a warning."""


def check(problem: Problem) -> CheckReport:
    """Check a problem: exact solution, conditions at the boundary and at the start, periodicity, loose constants.

    Returns:
        The report; `report.ok` is False if something must be mended.
    """
    findings: list[Finding] = []
    for part in (
        _can_be_evaluated,
        _exact_solves,
        boundary_is_covered_once,
        initial_values_are_complete,
        _values_are_periodic,
        _start_meets_boundary,
        _interfaces_are_held,
        _constants_are_fixed,
        _fluxes_balance,
        _numbers_are_told,
        _coefficients_are_likely,
        _coefficients_are_continuous,
        _symmetry_holds,
    ):
        try:
            findings += part(problem)
        except ValueError as error:  # a given value or the exact solution is not finite somewhere
            findings.append(Finding("error", str(error)))
    symmetries = found_symmetries(problem) if not findings else {}
    sentences = (
        f"the problem is its own mirror image in {axis}: `symmetric = {{{axis!r}: {words!r}}}` builds that in, if it has one "
        "solution only"
        for axis, words in symmetries.items()
    )
    return CheckReport(problem.name, tuple(dict.fromkeys(findings)), tuple(sentences))


# -------------------------------------------------------------------- the functions in it


def _can_be_evaluated(problem: Problem) -> Iterator[Finding]:
    """Training can evaluate every equation and every condition."""
    for term in problem.terms:
        Expression(term.expression, list(problem.unknown.values())).require_torch()
    yield from ()


# -------------------------------------------------------------------- the exact solution


def _exact_solves(problem: Problem) -> Iterator[Finding]:
    """The exact solution satisfies every equation and every condition."""
    exact = problem.exact_solution
    if exact is None:
        return
    size = _size_of(problem, exact)
    for term in [*problem.terms, *_at_interfaces(problem)]:
        numbers = {s for s in term.expression.free_symbols if isinstance(s, Parameter)}
        unsettled = numbers - {s for e in exact.values() for s in e.free_symbols}
        if unsettled:
            names = ", ".join(sorted(map(str, unsettled)))
            yield Finding(
                "warning", f"`exact` is not checked in '{term.name}': it holds for one value of {names} only."
            )
            continue
        miss, scale, where = _largest_miss(problem, term, exact)
        scale = max(scale, size)
        if isinstance(term.place, AtPoints):
            if miss > FAR_IN_SIGMA:
                yield Finding(
                    "warning", f"`exact` is {miss:.2g} sigma away from the measurement '{term.name}' at {where}."
                )
        elif not miss <= (OF_INTEGRALS if isinstance(term.place, Over) else TOLERANCE) * scale:
            yield Finding(
                "error",
                f"`exact` does not satisfy '{term.name}': it misses by {miss:.2g} at {where}, where terms of size "
                f"{scale:.2g} should cancel; correct one of the two.",
            )


def _at_interfaces(problem: Problem) -> list[Term]:
    """What the exact solution misses between materials; no unknown is left in these terms."""
    given = problem.declared_solution

    def inside(expression: sp.Expr, material: str) -> sp.Expr:
        return within(problem.substitute(given or {}, expression), material)

    conditions = [c for c in problem.condition_list if isinstance(c, Interface)]
    return [t for c in conditions for t in interface_terms(problem, c, inside)]


def _interfaces_are_held(problem: Problem) -> Iterator[Finding]:
    """Where materials meet as much must hold between them as the order of the equations asks for."""
    pairs = [f"{a} and {b}" for a, b, _ in meeting(problem.materials, problem.domain)]
    if not pairs:
        return
    given = [c for c in problem.condition_list if isinstance(c, Interface)]
    held = sum(len(c.values) + bool(c.flux) for c in given)
    wanted = sum(max(problem.orders[u, axis] for axis in problem.domain.space_names) for u in problem.unknown)
    if held < wanted:
        yield Finding(
            "error",
            f"{held or 'none'} of {wanted} conditions hold between {', '.join(pairs)}: give the jumps of the value and of the "
            "flux, as in Interface(u=0, flux=k * grad(u)).",
        )


def _largest_miss(problem: Problem, term: Term, exact: dict[str, sp.Expr]) -> tuple[float, float, str]:
    """Largest residual of the exact solution, the size of the parts that cancel in it, and the point."""
    sets = term.place.sample(CHECK_POINTS, Uniform(0))
    sides = [_values(problem, term.expression, exact, points) for points in sets]
    points = sets[0]
    if isinstance(points, Quadrature):
        miss = np.abs((points.shares * sides[0].reshape(points.shares.shape)).sum(1))
        points = points.at(slice(None, None, len(points) // points.count))
    else:
        miss = np.abs(sides[0] - sides[1] if len(sides) == 2 else sides[0])
    parts = [_values(problem, part, exact, sets[0]) for part in sp.Add.make_args(sp.expand_mul(term.expression))]
    i = int(np.argmax(miss))
    where = ", ".join(f"{name}={column[i]:.3g}" for name, column in points.columns.items())
    return float(miss[i]), max(float(np.abs(p).max()) for p in parts), where


def _size_of(problem: Problem, exact: dict[str, sp.Expr]) -> float:
    """The largest value of the exact solution, by which it is judged how much rounding leaves where it vanishes; 1 for zero."""
    points = problem.domain.sample(CHECK_POINTS, Uniform(0))
    return max(float(np.abs(_values(problem, e, {}, points)).max()) for e in exact.values()) or 1.0


def _values(problem: Problem, expression: sp.Expr, exact: dict[str, sp.Expr], points: PointSet) -> np.ndarray:
    """An expression with the exact solution in place of the unknowns, at points; unknown numbers as they start."""
    known = problem.substitute(exact, expression)
    starts = {s: sp.Float(s.initial) for s in known.free_symbols if isinstance(s, Parameter)}
    return numeric(known.xreplace(starts), points.known)


# -------------------------------------------------------------------- values that meet


def _values_are_periodic(problem: Problem) -> Iterator[Finding]:
    """Values given on or beside a periodic coordinate are the same at both of its ends, with their derivatives."""
    axes = {axis for c in problem.condition_list if isinstance(c, Periodic) for axis in c.axes}
    for axis in sorted(axes):
        lower, upper = Seam(problem.domain, axis).sample(CHECK_POINTS, Uniform(0))
        x, (lo, hi) = problem.domain.coordinate(axis), problem.domain.exact_bounds[axis]
        for condition in problem.condition_list:
            for name, value in condition.values.items():
                if not is_given(value):
                    continue
                at = problem.with_cases(_at_start(problem, value) if isinstance(condition, Initial) else value)
                for k in range(max(1, problem.orders[name, axis])):
                    slope = sp.diff(at, x, k) if k else at
                    jump = float(np.abs(numeric(slope, upper.known) - numeric(slope, lower.known)).max())
                    if jump > TOLERANCE * (_largest(problem, [slope]) or 1.0):
                        what = f"the derivative of order {k} in {axis} of {condition!r}" if k else repr(condition)
                        yield Finding(
                            "warning" if k else "error",
                            f"{what} jumps by {jump:.3g} from {axis}={lo} to {axis}={hi}, which are one point: "
                            "make it periodic or take other conditions.",
                        )


def _start_meets_boundary(problem: Problem) -> Iterator[Finding]:
    """Initial values meet the conditions at the boundary where it meets the start."""
    starts = [c for c in problem.condition_list if isinstance(c, Initial) and c.order == 0]
    sides = [c for c in problem.condition_list if isinstance(c, (Dirichlet, Neumann, Robin))]
    for start, side in [(start, side) for start in starts for side in sides]:
        for name in [n for n in start.values if n in side.values]:
            u, value = problem.unknown[name], start.values[name]
            missed = _at_start(problem, side.residual(u, problem.domain, side.values[name]).subs(u, value).doit())
            if not is_given(missed) or missed.has(sp.DiracDelta, sp.zoo, sp.nan, sp.oo, -sp.oo):
                continue
            missed, usual = problem.with_cases(missed), _usual_gap(problem, side, value)
            what = "solution" if isinstance(side, Dirichlet) else f"slope of {name}"
            for face in problem.domain.boundary(side.on).faces:
                points = problem.domain.sample_face(face, CHECK_POINTS, Uniform(0))
                try:
                    gap = float(np.abs(numeric(missed, points.known)).max())
                except ValueError:
                    if isinstance(side, Dirichlet):
                        raise
                    continue  # the slope is infinite there
                if gap > usual:
                    yield Finding(
                        "warning",
                        f"the initial value of {name} misses {type(side).__name__} on {problem.domain.face_name(face)} by "
                        f"{gap:.3g}: the {what} jumps at the start, which networks and differences follow slowly.",
                    )


def _usual_gap(problem: Problem, side: Dirichlet | Neumann | Robin, start: sp.Expr) -> float:
    """Up to which gap initial values meet a condition: any, if a slope is infinite somewhere."""
    if isinstance(side, Dirichlet):
        return TOLERANCE * (_largest(problem, [start]) or 1.0)
    a, b = (side.a, side.b) if isinstance(side, Robin) else (sp.S.Zero, sp.S.One)
    space = [c for c in problem.domain.coordinates if c.kind == "space"]
    return OF_SLOPES * _largest(problem, [a * start, *(b * sp.diff(start, c) for c in space)]) or TOLERANCE


def _largest(problem: Problem, expressions: Sequence[sp.Expr]) -> float:
    """Largest size of expressions at the start; infinite if one of them is not finite somewhere."""
    points = problem.domain.sample(CHECK_POINTS, Uniform(0))
    try:
        sizes = [np.abs(numeric(problem.with_cases(_at_start(problem, e)), points.known)).max() for e in expressions]
    except ValueError:
        return math.inf
    return float(max(sizes))


def _at_start(problem: Problem, value: sp.Expr) -> sp.Expr:
    t = problem.domain.time
    return value if t is None else value.subs(t, problem.domain.exact_bounds[t.name][0])


def _symmetry_holds(problem: Problem) -> Iterator[Finding]:
    """Equations and data are as symmetric as the problem says."""
    try:
        check_symmetry(problem)
    except ValueError as error:
        yield Finding("error", str(error))


# -------------------------------------------------------------------- what is left open


def _constants_are_fixed(problem: Problem) -> Iterator[Finding]:
    """Some term changes when a constant is added to an unknown, at every instant."""
    for sentence in loose_constants(problem):
        yield Finding("error", sentence)


def _fluxes_balance(problem: Problem) -> Iterator[Finding]:
    """Sources leave through the boundary where slopes are given all around."""
    for sentence in unbalanced(problem):
        yield Finding("error", sentence)


def _numbers_are_told(problem: Problem) -> Iterator[Finding]:
    """Something beside the usual conditions says what unknown numbers are."""
    free = [p.name for p in problem.inverse_parameters if not isinstance(p, Eigenvalue)]
    if free and not problem.has_data and not any(isinstance(t.place, Over) for t in problem.terms):
        yield Finding(
            "warning",
            f"{', '.join(free)}: unknown, but nothing was measured: the solution fits any value unless conditions say "
            "more than they need to. Add Data(points, ...) or an Integral.",
        )


def _coefficients_are_likely(problem: Problem) -> Iterator[Finding]:
    """Signs and sizes are such that the problem has a solution that can be found."""
    for sentence in doubts(problem):
        yield Finding("warning", sentence)


def _coefficients_are_continuous(problem: Problem) -> Iterator[Finding]:
    """No coefficient of a highest derivative jumps, which loses the continuity of the flux."""
    for sentence in jumps(problem):
        yield Finding("warning", sentence)
