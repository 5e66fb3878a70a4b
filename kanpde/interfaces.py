"""What conditions between materials say of the functions of two materials that meet."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from .conditions import Interface, Term, normal
from .materials import meeting
from .problem import Problem


def interface_terms(problem: Problem, condition: Interface, inside: Callable[[sp.Expr, str], sp.Expr]) -> list[Term]:
    """A term per unknown, and one for the flux, for each pair of materials that meet.

    Args:
        problem: with materials.
        condition: one of its conditions.
        inside: what an expression in the unknowns of the problem is in one material.
    """
    found = []
    for a, b, place in meeting(problem.materials, problem.domain):
        wanted = {f"jump of {name} from {a} to {b}": (problem.unknown[name], g) for name, g in condition.values.items()}
        if condition.flux:
            flux = sp.Add(*[n * f for n, f in zip(normal(problem.domain), condition.flux, strict=True)])
            wanted[f"jump of the flux from {a} to {b}"] = (flux, condition.flux_jump)
        found += [Term(n, inside(e, b) - inside(e, a) - g, place, condition.weight) for n, (e, g) in wanted.items()]
    return found
