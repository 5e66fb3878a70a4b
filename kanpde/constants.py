"""Constants that nothing fixes: unknowns of which only derivatives occur, at all or at every instant."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp

from .conditions import AtPoints, AtStart, Seam, Term
from .geometry import tensor_points
from .problem import Problem

INSTANTS = 5
"""Instants at which measurements must say what an unknown without a derivative in time is, at least."""


def loose_constants(problem: Problem) -> Iterator[str]:
    """Unknowns that are fixed only up to a constant, or up to a function of time, in sentences.

    An unknown without a derivative in time, such as a pressure, takes any constant anew at every instant.
    """
    for name in problem.unknown:
        terms, mean = terms_fixing(problem, name), f"its mean as in Integral({name}=0)"
        on_boundary = "give its value on a part of the boundary"
        if not terms:
            centre = tensor_points({n: np.array([sum(b) / 2]) for n, b in problem.domain.bounds.items()})
            point = ", ".join(f"'{n}': {v[0]:g}" for n, v in centre.columns.items())
            value = f", {mean}, or its value at a point as in Data({{{point}}}, {name}=0)"
            yield (
                f"`{name}` is fixed only up to a constant, because only its derivatives occur: {on_boundary}"
                f"{f' or {mean}' if _is_free_anew(problem, name) else value}."
            )
        elif _is_free_anew(problem, name) and _instants(problem, terms) < INSTANTS:
            yield (
                f"`{name}` is fixed only up to a function of {problem.domain.time_name}, because its derivative in "
                f"{problem.domain.time_name} does not occur and it is given at {_instants(problem, terms)} instants alone: "
                f"{on_boundary} or {mean}, which hold at every instant."
            )


def terms_fixing(problem: Problem, name: str) -> list[Term]:
    """Terms that change when a constant is added to an unknown; periodicity is a difference and does not."""
    u = problem.unknown[name]

    def changes(e: sp.Expr) -> bool:
        return bool(e.xreplace({d: sp.Dummy() for d in e.atoms(sp.Derivative)}).has(u))

    return [t for t in problem.terms if not isinstance(t.place, Seam) and changes(t.expression)]


def _is_free_anew(problem: Problem, name: str) -> bool:
    """Whether nothing connects the values of an unknown at one instant with those at another."""
    time = problem.domain.time_name
    return time is not None and problem.orders[name, time] == 0


def _instants(problem: Problem, terms: list[Term]) -> float:
    """At how many instants terms hold."""
    found: set[float] = set()
    for t in terms:
        if isinstance(t.place, AtStart):
            found.add(problem.domain.bounds[str(problem.domain.time_name)][0])
        elif isinstance(t.place, AtPoints):
            found |= set(t.place.points.columns[str(problem.domain.time_name)].tolist())
        else:
            return np.inf
    return len(found)
