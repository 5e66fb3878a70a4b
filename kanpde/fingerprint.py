"""A short text by which two runs of the same problem are told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from .conditions import AtPoints
from .expression import numeric
from .symbols import Parameter

if TYPE_CHECKING:
    from .problem import Problem


def fingerprint_of(problem: Problem) -> str:
    """A hash of domain, equations and conditions; see `Problem.definition_hash`."""
    text = [f"{c.name}:{c.kind}:{sp.srepr(problem.domain.exact_bounds[c.name])}" for c in problem.domain.coordinates]
    text += [f"logarithmic:{','.join(problem.logarithmic)}"] if problem.logarithmic else []
    text += [f"symmetric:{sorted(problem.parities.items())}"] if problem.parities else []
    if problem.singularities is not None:
        text.append(f"singularities:{[replace(term, start=0.0) for term in problem.singularities]}")
    text += [] if problem.domain.is_box else [repr(problem.domain.shape)]
    text += [f"{t.name}:{sp.srepr(t.expression)}:{t.weight}" for t in problem.terms]
    text += [f"{type(c).__name__}:{c.hard}" for c in problem.condition_list]
    text += [_of_coefficient(problem, f) for t in problem.terms for f in coefficients_in(t.expression)]
    data = [t.place.points.known for t in problem.terms if isinstance(t.place, AtPoints)]
    text += [f"{name}:{_digest(column)}" for known in data for name, column in known.items()]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]


def coefficients_in(expression: sp.Expr) -> list[sp.Expr]:
    """The tables and functions of tensors in an expression, in a fixed order."""
    return sorted((f for f in expression.atoms(sp.Function) if hasattr(f.func, "fingerprint")), key=str)


def _of_coefficient(problem: Problem, coefficient: sp.Expr) -> str:
    """The table behind a coefficient, or the values of its function at some points of the domain."""
    if coefficient.func.fingerprint:
        return f"{coefficient}:{coefficient.func.fingerprint}"
    stand_in = {f: sp.Rational(1, 3) for f in coefficient.atoms(sp.Derivative, *map(type, problem.unknown.values()))}
    stand_in |= {s: sp.Float(s.initial) for s in coefficient.atoms(Parameter)}
    points = problem.domain.sample(64, lambda n, d: np.random.default_rng(0).random((n, d)))
    normals = {f"n_{name}": np.ones(len(points)) for name in problem.domain.space_names}
    values = numeric(coefficient.xreplace(stand_in), points.known | normals)
    scale = np.abs(values).max() or 1.0
    return f"{coefficient}:{_digest(np.round(values / scale, 6) + 0.0)}:{scale:.6g}"


def _digest(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
