"""How far the equations are missed beside the sizes of their own terms: a measure without units."""

from __future__ import annotations

import numpy as np
import sympy as sp

from .expression import Expression
from .geometry import PointSet
from .problem import Problem
from .sampling import Sobol
from .solution import Solution

POINTS = 1000


def relative_residual(problem: Problem, solution: Solution, *, points: int = POINTS, seed: int = 1) -> dict[str, float]:
    """Root mean square of the residual of every equation, divided by that of the largest of its terms.

    1e-6 says that the terms cancel to six digits, 1 that they do not cancel at all: the equation is not solved. The error
    of the solution may be larger or smaller.

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
    values = [_values(problem, solution, part, points) for part in parts]
    largest = max(float(np.mean(v**2)) for v in values)
    return float(np.sqrt(np.mean(np.sum(values, axis=0) ** 2) / largest)) if largest else 0.0


def _values(problem: Problem, solution: Solution, part: sp.Expr, points: PointSet) -> np.ndarray:
    """A term of an equation at points, with the numbers that were found."""
    expression = Expression(part, list(problem.unknown.values()))
    dynamic = [solution.field.values(points, p.unknown, p.orders) for p in expression.partials]
    numbers = [np.float64(solution.numbers[p.name]) for p in expression.parameters]
    found, _ = expression.value_and_slopes(expression.known(points.columns), [*dynamic, *numbers])
    return np.broadcast_to(np.asarray(found, float), len(points))
