"""Sources and the fluxes that take them away: where slopes are given all around, a steady solution needs the two to balance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef

from .conditions import Dirichlet, normal
from .expression import numeric
from .geometry import Quadrature
from .problem import Problem
from .symbols import Parameter
from .weak_form import WeakForm, weak_form

EXACTNESS = 1e-3
"""Of integrals, relative to those of absolute values: they are not exact where a shape is round."""
ZERO = 1e-12
"""Coefficients smaller than this are left by rounding."""
POINTS = 400
"""Of the rule on every side or piece of the boundary."""


def unbalanced(problem: Problem, weak: WeakForm | None = None) -> Iterator[str]:
    """Steady equations whose source does not leave through the boundary, so that they have no solution, in sentences.

    An equation in divergence form says that its source and what enters through the boundary add up to nothing. Both are
    known where slopes are given all around, and of the equation of mass where velocities are.

    Args:
        weak: the weak form of the problem, where there is one already.
    """
    valued = {n for c in problem.condition_list if isinstance(c, Dirichlet) for n in c.values}
    if problem.domain.time_name or problem.materials or not problem.domain.faces or valued >= set(problem.unknown):
        return
    try:
        weak = weak_form(problem) if weak is None else weak
    except ValueError:  # an equation that is in no divergence form says nothing of this
        return
    for name in problem.unknown:
        around = _through_the_boundary(problem, weak, name)
        parts = None if around is None else [(problem.domain.quadrature(), around[0]), *around[1]]
        if parts is None or not all(is_given(e) for _, e in parts):
            continue
        values = [(rule, np.broadcast_to(numeric(e, rule.known), len(rule))) for rule, e in parts]
        sums = [float(rule.integral(v).sum()) for rule, v in values]
        sizes = [float(rule.integral(np.abs(v)).sum()) for rule, v in values]
        if abs(sum(sums)) > EXACTNESS * max(sizes):
            yield (
                f"the equation of {name} has no solution: its source comes to {sums[0]:.3g}, and what is given on the boundary "
                f"lets in {sum(sums[1:]):.3g}; their sum must be 0. Change one of them, or leave a part of the boundary open."
            )


def _through_the_boundary(
    problem: Problem, weak: WeakForm, name: str
) -> tuple[sp.Expr, list[tuple[Quadrature, sp.Expr]]] | None:
    """The source of the equation of an unknown, and what enters on every face; None where that is not given."""
    faces = {face: problem.domain.face_rule(face, POINTS) for face in problem.domain.faces}
    if name in weak.pressures:
        space = [c for c in problem.domain.coordinates if c.kind == "space"]
        mass = sp.expand(weak.inside[name])
        velocities = [u for u in problem.unknown if u not in weak.pressures]
        factors = {u: [mass.coeff(sp.diff(problem.unknown[u], x)) for x in space] for u in velocities}
        rest = mass - sp.Add(
            *[f * sp.diff(problem.unknown[u], x) for u, fs in factors.items() for f, x in zip(fs, space, strict=True)]
        )
        needed = [u for u, fs in factors.items() if any(f != 0 for f in fs)]
        constant = all(f.is_number for fs in factors.values() for f in fs)
        if not constant or any(face not in weak.essential[u] for u in needed for face in faces):
            return None
        along = {u: sp.Add(*[f * n for f, n in zip(factors[u], normal(problem.domain), strict=True)]) for u in needed}
        return rest, [(rule, sp.Add(*[along[u] * weak.essential[u][f] for u in needed])) for f, rule in faces.items()]
    if weak.essential[name]:
        return None
    entering = {face: weak.natural[name].get(face, sp.S.Zero) for face in faces}
    return weak.inside[name], [(rule, _cancelled(entering[face], rule)) for face, rule in faces.items()]


def _cancelled(e: sp.Expr, rule: Quadrature) -> sp.Expr:
    """Multiplied out, with the normal of a straight side, and without what is left by rounding."""
    straight = {n: sp.Float(v[0]) for n, v in rule.extras.items() if np.ptp(v) == 0}
    e = e.xreplace({symbol: straight[symbol.name] for symbol in e.free_symbols if symbol.name in straight})
    return sp.Add(*[term for term in sp.Add.make_args(sp.expand(e)) if not abs(term.as_coeff_Mul()[0]) < ZERO])


def is_given(value: object) -> bool:
    """Whether a value is an expression in the coordinates alone, so that it can be evaluated before training."""
    return isinstance(value, sp.Expr) and not value.atoms(AppliedUndef, Parameter)
