"""Coefficients that jump: what an equation written out in derivatives says there is seldom what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from jaxtyping import Float

from .expression import Expression, Partial
from .geometry import PointSet
from .problem import Problem
from .sampling import Uniform

LINES, STATIONS = 8, 257
"""Lines along each coordinate of space, and points on each of them."""
HALVINGS = 40
JUMP = 0.02
"""Share of the largest coefficient by which it differs between two points however close."""
VALUE = 1.0
"""Of all unknowns and their derivatives, where a coefficient depends on them."""


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
        for number, (which, axis) in _highest(expression, names):
            coefficient = partial(_coefficient, expression, number)
            found = _jump(problem, coefficient, axis)
            if found is not None:
                place, size = found
                yield (
                    f"the coefficient of {_written(which, names)} jumps by {size:.3g} at {axis}={place:.6g}: as it stands the "
                    f"slope of {which.unknown} is continuous there, and {which.unknown} not that of a continuous flux. If the "
                    f"flux is meant, name `materials`, write k = by_material(...) and Interface({which.unknown}=0, "
                    f"flux=k*grad({which.unknown}))."
                )
                return


def _highest(expression: Expression, names: tuple[str, ...]) -> Iterator[tuple[int, tuple[Partial, str]]]:
    """The partial derivatives of the second order or above along one coordinate alone, each with its number and coordinate."""
    for number, p in enumerate(expression.partials):
        order = max(p.orders)
        highest = max(q.orders[p.orders.index(order)] for q in expression.partials if q.unknown == p.unknown)
        if order == sum(p.orders) == highest >= 2:
            yield number, (p, names[p.orders.index(order)])


def _coefficient(expression: Expression, number: int, points: PointSet) -> Float[np.ndarray, " n"]:
    values = [np.full(len(points), VALUE) for _ in expression.partials]
    numbers = [np.float64(p.initial) for p in expression.parameters]
    with np.errstate(all="ignore"):
        _, slopes = expression.value_and_slopes(expression.known(points.known), [*values, *numbers])
    return np.broadcast_to(np.asarray(slopes[number], float), len(points))


def _jump(problem: Problem, coefficient: Callable[[PointSet], np.ndarray], axis: str) -> tuple[float, float] | None:
    """Where along a coordinate a coefficient differs however close two points are, and by how much."""
    starts = problem.domain.sample(LINES, Uniform(0))
    low, high = problem.domain.bounds[axis]
    stations = np.linspace(low, high, STATIONS)
    for number in range(LINES):
        base = {n: c[number] for n, c in starts.columns.items()}

        def at(places: Float[np.ndarray, " m"], base: dict[str, float] = base) -> PointSet:
            return PointSet({n: places if n == axis else np.full(len(places), v) for n, v in base.items()})

        line = at(stations)
        values = np.where(problem.domain.contains(line), coefficient(line), np.nan)
        largest = np.nanmax(np.abs(values), initial=0.0)
        steps = np.abs(np.diff(values))
        if not np.isfinite(largest) or not np.nanmax(steps, initial=0.0) > JUMP * largest:
            continue
        k = int(np.nanargmax(steps))
        a, b = stations[k], stations[k + 1]
        for _ in range(HALVINGS):
            middle = (a + b) / 2
            left, here, right = coefficient(at(np.array([a, middle, b])))
            a, b = (a, middle) if abs(here - left) > abs(right - here) else (middle, b)
        left, right = coefficient(at(np.array([a, b])))
        if abs(right - left) > JUMP * largest:
            return float((a + b) / 2), float(abs(right - left))
    return None


def _written(p: Partial, names: tuple[str, ...]) -> str:
    """Such as `u_xx`."""
    return f"{p.unknown}_{''.join(n * k for n, k in zip(names, p.orders, strict=True))}"
