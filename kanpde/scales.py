"""What stands before the derivatives of an equation: sizes and signs, as they are at random values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import sympy as sp
from jaxtyping import Float

from .conditions import Interior, Over, Place, Term, measurements
from .expression import Expression, Partial
from .geometry import PointSet
from .problem import Problem
from .sampling import Uniform
from .symbols import Parameter, Unknown

PROBES = 64
USUAL = 30.0
"""Factor up to which coefficients are as one writes equations, and stay as they are, and values are about 1."""


def measure(problem: Problem, term: Term, unknowns: Sequence[Unknown]) -> Term:
    """A term in a unit of its own, so that conductivities of 400 do not make an equation weigh 160,000 times as much.

    It is divided by the largest of its coefficients, each its median over points, where all coordinates have the length 1,
    unless that is between 1/30 and 30. Of large ones in an equation those of derivatives count, if it has any:
    `-lap u + 64 u` ended three times as high when the 64 did. Two metals of 50 and 400 W/(m K) ended at 1e-4 after 20 s
    without this, and at 1e-7 with the kW/(m K) as the unit; a coefficient that jumps from 1 to 100 at 2e-8, and at 2e-12
    with it.

    Measurements and integrals stay as they are, and so do terms with unknown numbers: those have units of their own, and in a
    unit of the equation a number of 100 changes so little that damping holds it.

    Args:
        problem: with the lengths of its coordinates.
        term: of its loss.
        unknowns: that occur in it.
    """
    if measurements(term.place) or isinstance(term.place, Over) or term.expression.atoms(Parameter):
        return term
    found = sizes(problem, coefficients(term.expression, unknowns, term.place))
    slopes = {p: size for p, size in found.items() if sum(p.orders)}
    largest = max(found.values(), default=0.0)
    if term.is_equation and slopes and largest > USUAL:
        largest = max(1.0, *slopes.values())
    if not 0 < largest < math.inf or 1 / USUAL <= largest <= USUAL:
        return term
    return replace(term, expression=term.expression / largest)


def coefficients(equation: sp.Expr, unknowns: Sequence[Unknown], place: Place) -> dict[Partial, np.ndarray]:
    """What `slopes_at` gives for an equation, at points and values of the unknowns drawn at random."""
    generator = np.random.default_rng(0)
    expression = Expression(equation, unknowns)
    points = place.sample(PROBES, Uniform(0))[0]
    return slopes_at(expression, points, [generator.standard_normal(len(points)) for _ in expression.partials])


def slopes_at(
    expression: Expression, points: PointSet, values: Sequence[Float[np.ndarray, " n"]]
) -> dict[Partial, Float[np.ndarray, " n"]]:
    """The derivative of an expression by every partial derivative in it, at points and values of these.

    Unknown numbers are as they start.
    """
    numbers = [np.float64(p.initial) for p in expression.parameters]
    with np.errstate(all="ignore"):
        _, slopes = expression.value_and_slopes(expression.known(points.known), [*values, *numbers])
    return {p: np.broadcast_to(s, len(points)) for p, s in zip(expression.partials, slopes, strict=False)}


def sizes(problem: Problem, found: Mapping[Partial, np.ndarray]) -> dict[Partial, float]:
    """Median sizes of the coefficients that were found, where they are finite and all coordinates have the length 1."""
    out = {}
    for p, slopes in found.items():
        finite = np.abs(slopes[np.isfinite(slopes)])
        length = math.prod(a**k for a, k in zip(problem.lengths, p.orders, strict=True))
        out[p] = float(np.median(finite)) / length if len(finite) else 0.0
    return out


def doubts(problem: Problem) -> Iterator[str]:
    """What is unlikely to be meant, or to be solved as it stands, in sentences."""
    for name, equation in problem.equations.items():
        found = coefficients(equation, list(problem.unknown.values()), Interior(problem.domain))
        yield from _roughening(problem, name, found)
    for name in problem.unknown:
        given = [v for c in problem.condition_list for n, v in c.values.items() if n == name and isinstance(v, sp.Expr)]
        numbers = [abs(float(v)) for v in given if v.is_number and v != 0]
        if numbers and not 1 / USUAL < max(numbers) < USUAL:
            yield (
                f"values of {name} up to {max(numbers):.1e} are given, where networks begin with about 1: measure it in a unit "
                "in which they are, as (T - 20) / 60 for temperatures from 20 to 80."
            )


def _roughening(problem: Problem, name: str, found: Mapping[Partial, np.ndarray]) -> Iterator[str]:
    """Equations of first order in time whose highest even derivative in space makes short waves grow."""
    if problem.domain.time_name is None:
        return
    time = problem.domain.names.index(problem.domain.time_name)
    for unknown in problem.unknown:
        own = {p: c for p, c in found.items() if p.unknown == unknown}
        rates = [c for p, c in own.items() if sum(p.orders) == p.orders[time] == 1]
        if not rates or any(p.orders[time] > 1 for p in own):
            continue
        order = max((sum(p.orders) for p in own if not p.orders[time]), default=0)
        if order == 0 or order % 2:
            continue
        pure = {p: c for p, c in own.items() if max(p.orders) == sum(p.orders) == order and not p.orders[time]}
        for p, c in pure.items():
            if (np.sign(c) * np.sign(rates[0]) * (-1) ** (order // 2) < 0).all():
                axis = problem.domain.names[int(np.argmax(p.orders))]
                yield (
                    f"'{name}' makes short waves of {unknown} along {axis} grow without bound, the shorter the quicker: "
                    f"has its derivative of order {order} the wrong sign?"
                )
