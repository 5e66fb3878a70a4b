"""Sources and the fluxes that take them away: with slopes given all around, a steady solution needs the two to balance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef

from .conditions import Data, Integral, Neumann
from .expression import numeric
from .problem import Problem
from .symbols import Parameter

EXACTNESS = 1e-3
"""Of integrals, relative to those of absolute values: they are not exact where a shape is round."""


def unbalanced(problem: Problem) -> Iterator[str]:
    """Equations c lap(u) + f = 0 with slopes given all around whose source does not leave through the boundary, in sentences."""
    domain, sides = problem.domain, [c for c in problem.condition_list if not isinstance(c, (Data, Integral))]
    if domain.time_name or problem.materials or not all(type(c) is Neumann for c in sides) or not domain.faces:
        return
    for name, equation in problem.declared.items():
        second = equation.atoms(sp.Derivative)
        unknowns = {d.expr for d in second}
        if len(unknowns) != 1 or len(second) != len(domain.space_names):
            continue
        (u,) = unknowns
        factors = {sp.expand(equation).coeff(sp.diff(u, c, 2)) for c in domain.coordinates}
        source = sp.expand(equation - sp.Add(*factors) * sp.Add(*[sp.diff(u, c, 2) for c in domain.coordinates]))
        given = [(c, c.values[str(u.func)]) for c in sides if str(u.func) in c.values]
        covered = {face for c, _ in given for face in domain.boundary(c.on).faces}
        if len(factors) != 1 or not is_given(source) or covered != set(domain.faces):
            continue
        (factor,) = factors
        if not factor.is_number or not all(is_given(value) for _, value in given):
            continue
        rules = [(domain.quadrature(), source), *((domain.boundary(c.on).quadrature(), factor * v) for c, v in given)]
        values = [(rule, np.broadcast_to(numeric(e, rule.known), len(rule))) for rule, e in rules]
        parts = [float(rule.integral(v).sum()) for rule, v in values]
        sizes = [float(rule.integral(np.abs(v)).sum()) for rule, v in values]
        if abs(sum(parts)) > EXACTNESS * max(sizes):
            yield (
                f"'{name}' has no solution: its source comes to {parts[0]:.3g}, and what the given slopes let in to "
                f"{sum(parts[1:]):.3g}; their sum must be 0. Change one of them, or give {u.func} on a part of the boundary."
            )


def is_given(value: object) -> bool:
    """Whether a value is an expression in the coordinates alone, so that it can be evaluated before training."""
    return isinstance(value, sp.Expr) and not value.atoms(AppliedUndef, Parameter)
