"""Whether a problem has as many conditions as the orders of its equations ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .conditions import Condition, Dirichlet, Flux, Initial, Neumann, Over, Periodic, Robin
from .constants import terms_fixing
from .expression import Expression
from .finding import Finding
from .geometry import Face, PointSet
from .problem import Problem
from .sampling import Uniform
from .scales import slopes_at

LOCAL = (Dirichlet, Neumann, Robin, Flux)
"""Conditions on a part of the boundary that belong to one unknown each."""
DRAWS = 16
BESIDE, VANISHING = 1e-6, 1e-4
"""How close to an end coefficients are taken, in lengths of the domain, and to which part of their weight inside they then fall."""


def boundary_is_covered_once(problem: Problem) -> Iterator[Finding]:
    """Each unknown has as many conditions across a coordinate as the order of the equations in it.

    An even order asks for one half at each end; for none, but takes them, where the highest derivative has a factor that
    vanishes there, as at r = 0 of polar coordinates or at the price 0 of an option. An odd order leaves open which end has one more (the direction of
    travel decides), and in a first-order system also which unknown has one: nothing is said of that.
    Measurements and integrals may stand in for what is missing.
    """
    may_stand_in = any(isinstance(t.place, Over) for t in problem.terms)
    lack = "warning" if problem.has_data or may_stand_in else "error"
    if not problem.domain.is_box:
        yield from _pieces_are_covered_once(problem, lack)
        return
    for name in problem.unknown:
        for axis in problem.domain.space_names:
            order = problem.orders[name, axis]
            periodic, ends = _conditions_across(problem, name, axis)
            both = [c for listed in ends.values() for c in listed]
            if periodic:
                given = list(dict.fromkeys([*periodic, *both]))
                if len(given) > 1 and not _fixes_the_constant(problem, name, both):
                    yield Finding("error", _surplus(name, f"both ends of {axis}, which are one point", given, 1))
            elif order % 2:
                if len(both) < order and not (order == 1 and len(problem.unknown) > 1):
                    yield Finding(lack, _lack(name, f"the two ends of {axis}", axis, len(both), order))
                elif len(both) > order and not (order == 1 and len(problem.unknown) > 1):
                    yield Finding("warning", _surplus(name, f"the two ends of {axis}", both, order))
            else:
                for end, listed in ends.items():
                    where = problem.domain.face_name(end)
                    if len(listed) < order // 2 and not _degenerates(problem, name, end):
                        yield Finding(lack, _lack(name, where, axis, len(listed), order // 2))
                    elif order and len(listed) > order // 2:
                        yield Finding("error", _surplus(name, where, listed, order // 2))


def _degenerates(problem: Problem, name: str, end: Face) -> bool:
    """Whether the highest derivative across an end loses its weight there beside the rest of the equation.

    The equation itself, with a solution that is smooth, then says what holds at the end.
    """
    middle = problem.domain.sample(DRAWS, Uniform(0))
    low, high = problem.domain.bounds[end.axis]
    beside = (high if end.upper else low) - end.outward * BESIDE * (high - low)
    near = PointSet({**middle.columns, end.axis: np.full(DRAWS, beside)}, middle.extras)
    unknowns = list(problem.unknown.values())
    weights = [
        (_weight_across(problem, e, name, end.axis, near), _weight_across(problem, e, name, end.axis, middle))
        for e in (Expression(equation, unknowns) for equation in problem.equations.values())
    ]
    losses = [at_end < VANISHING * inside for at_end, inside in weights if inside]
    return bool(losses) and all(losses)


def _weight_across(problem: Problem, equation: Expression, name: str, axis: str, points: PointSet) -> float:
    """Median part that the coefficient of the highest derivative along an axis has in all of them; 0 without it."""
    order, where = problem.orders[name, axis], problem.domain.names.index(axis)
    highest = [p for p in equation.partials if p.unknown == name and p.orders[where] == sum(p.orders) == order]
    if not highest:
        return 0.0
    slopes = slopes_at(equation, points, [np.ones(len(points)) for _ in equation.partials])
    return float(np.median(np.abs(slopes[highest[0]]) / sum(np.abs(s) for s in slopes.values())))


def _fixes_the_constant(problem: Problem, name: str, conditions: list[Condition]) -> bool:
    """Whether one value beside a period, on a line, says what a constant is that nothing else fixes."""
    if len(conditions) != 1 or not isinstance(conditions[0], Dirichlet) or problem.domain.dimension != 1:
        return False
    own = {t.name for t in problem.terms_of(conditions[0])}
    return all(t.name in own for t in terms_fixing(problem, name))


def _pieces_are_covered_once(problem: Problem, lack: str) -> Iterator[Finding]:
    """On every piece of the boundary of a shape half as many conditions as the highest order in space."""
    domain = problem.domain
    for name in problem.unknown:
        order = max(problem.orders[name, axis] for axis in domain.space_names)
        local = [c for c in problem.condition_list if isinstance(c, LOCAL) and name in c.values]
        given = {id(face): [c for c in local if face in domain.boundary(c.on).faces] for face in domain.faces}
        where = {id(face): domain.face_name(face) for face in domain.faces}
        few = list(dict.fromkeys(where[key] for key, listed in given.items() if len(listed) < order // 2))
        if few and not (order == 1 and len(problem.unknown) > 1):
            yield Finding(
                lack,
                f"`{name}` has too few conditions on {', '.join(few)}, which need {order // 2} each: add "
                f"Dirichlet({name}=..., on='{few[0]}'), Neumann or Robin.",
            )
        for key, listed in given.items():
            if order and len(listed) > max(1, order // 2):
                yield Finding("error", _surplus(name, where[key], listed, order // 2))


def _conditions_across(problem: Problem, name: str, axis: str) -> tuple[list[Condition], dict[Face, list[Condition]]]:
    """The periodic conditions of a coordinate, and the other ones on each of its two ends."""
    domain = problem.domain
    periodic: list[Condition] = [c for c in problem.condition_list if isinstance(c, Periodic) and axis in c.axes]
    local = [c for c in problem.condition_list if isinstance(c, LOCAL) and name in c.values]
    ends: dict[Face, list[Condition]] = {
        face: [c for c in local if face in domain.boundary(c.on).faces]
        for face in domain.faces
        if isinstance(face, Face) and face.axis == axis
    }
    return periodic, ends


def _lack(name: str, where: str, axis: str, given: int, wanted: int) -> str:
    on = where if "=" in where else f"{axis}=..."
    return (
        f"`{name}` has {given} of {wanted} conditions on {where}: add Dirichlet({name}=..., on='{on}'), Neumann, Robin "
        f"or Periodic('{axis}')."
    )


def _surplus(name: str, where: str, listed: Sequence[Condition], wanted: int) -> str:
    return f"`{name}` has {len(listed)} conditions on {where}, {wanted} can hold: remove one of {', '.join(map(repr, listed))}."


def initial_values_are_complete(problem: Problem) -> Iterator[Finding]:
    """Each unknown has its value and its time derivatives below the order of the equations at the start, once."""
    t = problem.domain.time_name
    if t is None:
        return
    lack = "warning" if problem.has_data else "error"
    for name in problem.unknown:
        order = problem.orders[name, t]
        given = [c.order for c in problem.condition_list if isinstance(c, Initial) and name in c.values]
        for k in range(order):
            what = f"time derivative of order {k}" if k else "value"
            call = f"Initial({name}=..., order={k})" if k else f"Initial({name}=...)"
            if k not in given:
                yield Finding(
                    lack, f"`{name}` has no initial {what}, the equation has order {order} in {t}: add {call}."
                )
            elif given.count(k) > 1:
                yield Finding("error", f"`{name}` has {given.count(k)} conditions {call}: keep one.")
        for k in sorted({k for k in given if k >= order}):
            yield Finding(
                "error" if order else "warning",
                f"`{name}` has an initial condition of order {k}, the equation has order {order} in {t}: remove it.",
            )
