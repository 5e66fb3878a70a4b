"""Which equation is tested by which unknown: second-order ones by what they diffuse, the mass equation by the pressure."""

from __future__ import annotations

import numpy as np
import sympy as sp
from scipy.optimize import linear_sum_assignment

from .expression import Expression
from .problem import Problem

ABSENT = -100


def owners_of(problem: Problem) -> dict[str, sp.Expr]:
    """Unknown to the equation whose test function has its boundary values, in the order of the unknowns.

    Raises:
        ValueError: if there are not as many equations as unknowns, or one of first order that is no equation of mass.
    """
    names, formulas = list(problem.unknown), list(problem.equations.values())
    if len(formulas) != len(names):
        raise ValueError(
            f"`residual` gives {len(formulas)} equations for {len(names)} unknowns: finite elements need as many."
        )
    d = len(problem.domain.space_names)
    order = np.full((len(formulas), len(names)), ABSENT)
    for i, formula in enumerate(formulas):
        for p in Expression(formula, list(problem.unknown.values())).partials:
            j = names.index(p.unknown)
            order[i, j] = max(order[i, j], sum(p.orders[:d]))
    lower = [i for i in range(len(formulas)) if order[i].max() < 2]
    pressures = [j for j in range(len(names)) if order[:, j].max() < 2]
    if len(lower) != len(pressures) or len(lower) > 1:
        equation = list(problem.equations)[lower[0]] if lower else "none"
        raise ValueError(
            f"`residual` has {len(lower)} equations without second derivatives in space (the first: {equation}) and "
            f"{len(pressures)} unknowns without: finite elements take one of each, the mass and the pressure."
        )
    if lower and order[lower[0], pressures[0]] != ABSENT:
        raise ValueError(
            f"`{list(problem.equations)[lower[0]]}` has no second derivatives in space, nor is it an equation of mass, "
            f"because it contains {names[pressures[0]]}: finite elements need one or the other."
        )
    rows = [i for i in range(len(formulas)) if i not in lower]
    columns = [j for j in range(len(names)) if j not in pressures]
    chosen = linear_sum_assignment(-order[np.ix_(rows, columns)])
    pairs = {columns[j]: rows[i] for i, j in zip(*chosen, strict=True)} | dict(zip(pressures, lower, strict=True))
    return {name: formulas[pairs[j]] for j, name in enumerate(names)}
