"""A problem in print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import sympy as sp

from .conditions import Over, Seam
from .symbols import Unknown

if TYPE_CHECKING:
    from .problem import Problem


def latex_of(problem: Problem) -> list[str]:
    """Equations, conditions and exact solution as lines of LaTeX."""
    lines = [_latex(e, problem.unknown) + " = 0" for e in problem.equations.values()]
    for term in problem.terms[len(problem.equations) :]:
        left = _latex(term.expression, problem.unknown)
        if isinstance(term.place, Seam):
            axis, (lo, hi) = term.place.axis, map(sp.latex, problem.domain.exact_bounds[term.place.axis])
            x = sp.latex(problem.domain.coordinate(axis))
            left = f"\\left[{left}\\right]_{{{x}={lo}}}^{{{x}={hi}}}"
        elif isinstance(term.place, Over):
            left = f"\\int \\left({left}\\right) d{'x' if term.place.part is None else 's'}"
        lines.append(f"{left} = 0 \\quad \\text{{({term.name})}}")
    for name, e in (problem.exact_solution or {}).items():
        lines.append(f"{sp.latex(sp.Symbol(name))}_\\text{{exact}} = {sp.latex(e)}")
    return lines


class _Printed(sp.Symbol):
    """An unknown in print, behind numbers, coordinates and coefficients."""

    @classmethod
    def class_key(cls) -> tuple[int, int, str]:
        return 9, 0, "Printed"


def _latex(expression: sp.Expr, unknowns: Mapping[str, Unknown]) -> str:
    names: dict[sp.Expr, sp.Symbol] = {}
    for d in expression.atoms(sp.Derivative):
        subscript = "".join(sp.latex(v) * int(k) for v, k in d.variable_count)
        names[d] = _Printed(f"{d.expr.func}_{{{subscript}}}")
    return sp.latex(expression.xreplace(names).xreplace({u: _Printed(n) for n, u in unknowns.items()}))
