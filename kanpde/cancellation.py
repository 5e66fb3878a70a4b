"""How far the equations are missed beside the sizes of their own terms: a measure without units."""

from __future__ import annotations

import numpy as np
import sympy as sp
from jaxtyping import Float

from .conditions import Interior
from .expression import Expression
from .geometry import PointSet
from .problem import Problem
from .sampling import Sobol
from .scales import coefficients, sizes
from .solution import Solution

POINTS = 1000
STILL = 0.1
"""Part of what terms come to for a solution that varies by its spread once across the domain, in which a residual is measured
where they are smaller than that: all terms of Laplace's equation vanish for u = x."""
EVEN = 1e-6
"""Spread of a solution that is the same everywhere, beside its size."""


def relative_residual(problem: Problem, solution: Solution, *, points: int = POINTS, seed: int = 1) -> dict[str, float]:
    """Root mean square of the residual of every equation, divided by that of the largest of its terms.

    1e-6 says that the terms cancel to six digits, 1 that they do not cancel at all: the equation is not solved. The error
    of the solution may be larger or smaller. Of terms that all vanish, as for a linear solution of Laplace's equation, a
    tenth of the size counts that they have for another solution of the same spread.

    Args:
        problem: what was solved.
        solution: its solution, of one or several networks.
        points: how many, drawn evenly inside the part of the domain that the solution covers; at least 1.
        seed: of the points.

    Returns:
        By name of the equation; NaN for one of a single term, which has nothing to cancel with.
    """
    domain, field = problem.domain, solution.field
    if domain.time_name is not None:
        domain = domain.with_time(tuple(map(sp.Float, field.bounds[domain.time_name])))
    drawn = domain.sample(points, Sobol(seed))
    return {name: _share(problem, solution, e, drawn) for name, e in problem.equations.items()}


def _share(problem: Problem, solution: Solution, equation: sp.Expr, points: PointSet) -> float:
    parts = sp.Add.make_args(sp.expand_mul(equation))
    if len(parts) < 2:
        return float("nan")
    values = [evaluated(problem, solution, part, points) for part in parts]
    largest = max(*(float(np.mean(v**2)) for v in values), _usual(problem, solution, equation, points) ** 2)
    return float(np.sqrt(np.mean(np.sum(values, axis=0) ** 2) / largest)) if largest else 0.0


def _usual(problem: Problem, solution: Solution, equation: sp.Expr, points: PointSet) -> float:
    """A part of what terms with derivatives come to for a solution of this spread."""
    found = sizes(problem, coefficients(equation, list(problem.unknown.values()), Interior(problem.domain)))
    spreads = {}
    for name in {p.unknown for p in found}:
        values = solution.field.values(points, name)
        spreads[name] = max(float(values.std()), EVEN * float(np.abs(values).max()))
    return STILL * max((size * spreads[p.unknown] for p, size in found.items() if sum(p.orders)), default=0.0)


def evaluated(problem: Problem, solution: Solution, expression: sp.Expr, points: PointSet) -> Float[np.ndarray, " n"]:
    """An expression in the unknowns of a problem at points, with a solution and the numbers that were found with it."""
    compiled = Expression(expression, list(problem.unknown.values()))
    partials = [solution.field.values(points, p.unknown, p.orders) for p in compiled.partials]
    numbers = [np.float64(solution.numbers[p.name]) for p in compiled.parameters]
    found = compiled.value(compiled.known(points.known), [*partials, *numbers])
    return np.broadcast_to(np.asarray(found, float), len(points))
