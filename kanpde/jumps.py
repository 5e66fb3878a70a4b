"""Coefficients that jump: what an equation written out in derivatives says there is seldom what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
from jaxtyping import Float

from .expression import Expression, Partial
from .geometry import Domain, PointSet
from .problem import Problem
from .sampling import Uniform
from .scales import slopes_at

LINES, STATIONS = 8, 257
"""Lines along each coordinate of space, and points on each of them."""
HALVINGS = 40
JUMP = 0.02
"""Share of the largest coefficient by which it differs between two points however close."""
VALUE, OTHER = 1.0, 1.7
"""Of all unknowns and their derivatives, where a coefficient depends on them: a jump has to be there for both."""


def jumps(problem: Problem) -> Iterator[str]:
    """Where a coefficient of a highest derivative jumps along a coordinate of space, in sentences.

    `div(k * grad(u))` is written out by the product rule, in which the derivative of a k that jumps is zero at all points: the
    slope of u is continuous then, and not the flux. Materials and their `Interface` say what was meant.
    """
    if problem.materials:
        return
    names, unknowns = problem.domain.names, list(problem.unknown.values())
    for equation in problem.equations.values():
        expression = Expression(equation, unknowns)
        for which, axis in _highest(expression, problem.domain):
            found = _jump(problem, partial(_coefficient, expression, which), axis)
            if found is not None:
                (place, size), u = found, which.unknown
                yield (
                    f"the coefficient of {_written(which, names)} jumps by {size:.3g} at {axis}={place:.6g}: as it stands the "
                    f"slope of {u} is continuous there. If k*grad({u}) should be, name `materials`, write "
                    f"k = by_material(...) and Interface({u}=0, flux=k*grad({u}))."
                )
                return


def _highest(expression: Expression, domain: Domain) -> Iterator[tuple[Partial, str]]:
    """The highest partial derivatives along one coordinate of space, each with that coordinate."""
    for p in expression.partials:
        order = max(p.orders)
        highest = max(q.orders[p.orders.index(order)] for q in expression.partials if q.unknown == p.unknown)
        axis = domain.names[p.orders.index(order)]
        if order == sum(p.orders) == highest >= 2 and axis in domain.space_names:
            yield p, axis


def _coefficient(expression: Expression, which: Partial, points: PointSet, value: float) -> Float[np.ndarray, " n"]:
    values = [np.full(len(points), value) for _ in expression.partials]
    return np.asarray(slopes_at(expression, points, values)[which], float)


def _jump(
    problem: Problem, coefficient: Callable[[PointSet, float], np.ndarray], axis: str
) -> tuple[float, float] | None:
    """Where along a coordinate a coefficient differs however close two points are, and by how much."""
    starts = problem.domain.sample(LINES, Uniform(0))
    for number in range(LINES):
        base = {n: c[number] for n, c in starts.columns.items()}
        try:
            found = _jump_on_line(problem, coefficient, axis, base)
        except ValueError:  # something in the equation is not finite there: nothing is seen
            continue
        if found is not None:
            return found
    return None


def _jump_on_line(
    problem: Problem, coefficient: Callable[[PointSet, float], np.ndarray], axis: str, base: Mapping[str, float]
) -> tuple[float, float] | None:
    def at(*places: float) -> PointSet:
        return PointSet({n: np.array(places) if n == axis else np.full(len(places), v) for n, v in base.items()})

    low, high = problem.domain.bounds[axis]
    stations = low + (high - low) * (np.arange(STATIONS) + 0.5) / STATIONS
    inside = problem.domain.contains(at(*stations))
    values = np.full(STATIONS, np.nan)
    values[inside] = coefficient(at(*stations[inside]), VALUE)
    steps = np.abs(np.diff(values))
    largest = JUMP * float(np.nanmax(np.abs(values), initial=0.0))
    if not np.isfinite(largest) or not np.nanmax(steps, initial=0.0) > largest:
        return None
    k = int(np.nanargmax(steps))
    a, b = float(stations[k]), float(stations[k + 1])
    for _ in range(HALVINGS):
        middle = (a + b) / 2
        left, here, right = coefficient(at(a, middle, b), VALUE)
        a, b = (a, middle) if abs(here - left) > abs(right - here) else (middle, b)
    sizes = [float(np.abs(np.diff(coefficient(at(a, b), value)))[0]) for value in (VALUE, OTHER)]
    return ((a + b) / 2, sizes[0]) if min(sizes) > largest else None


def _written(p: Partial, names: tuple[str, ...]) -> str:
    """Such as `u_xx`."""
    return f"{p.unknown}_{''.join(n * k for n, k in zip(names, p.orders, strict=True))}"
