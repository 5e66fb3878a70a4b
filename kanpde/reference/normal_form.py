"""Evolution equations solved for their highest time derivatives, symbolically."""

from __future__ import annotations

import sympy as sp

from ..problem import Problem
from ..symbols import orders_of


def time_derivatives(problem: Problem) -> dict[str, sp.Expr]:
    """Unknown to the expression that equals its highest time derivative.

    Raises:
        ValueError: if an unknown has no time derivative, or the equations cannot be solved for the highest ones.
    """
    t, names = problem.domain.time, list(problem.unknown)
    assert t is not None
    formulas = list(problem.equations.values())
    if len(formulas) != len(names):
        raise ValueError(
            f"`residual` gives {len(formulas)} equations for {len(names)} unknowns: finite differences need as many."
        )
    highest: dict[str, sp.Symbol] = {}
    table: dict[sp.Expr, sp.Symbol] = {}
    for name, u in problem.unknown.items():
        order = problem.orders[name, t.name]
        if order == 0:
            raise ValueError(
                f"`{name}` has no time derivative in the equations: the method of lines needs one of every unknown; "
                "differentiate a constraint in time, or give a reference of your own."
            )
        highest[name] = table[sp.Derivative(u, (t, order))] = sp.Dummy(f"{name}_{t}{order}", real=True)
    plain = sp.Matrix([formula.xreplace(table) for formula in formulas])
    tokens = list(highest.values())
    _check_no_other(problem, plain)
    mass = plain.jacobian(tokens)
    if mass.free_symbols & set(tokens):
        raise ValueError(
            f"`residual` is not linear in the highest derivatives in {t}: write it so that they occur to the first power."
        )
    rest = plain.xreplace(dict.fromkeys(tokens, sp.S.Zero))
    try:
        solved = -rest / mass[0, 0] if len(names) == 1 else -mass.LUsolve(rest)
    except ValueError:
        raise ValueError(
            f"`residual` cannot be solved for the derivatives in {t} of {', '.join(names)}: its equations depend on one another."
        ) from None
    return dict(zip(names, solved, strict=True))


def _check_no_other(problem: Problem, plain: sp.Matrix) -> None:
    """Refuse mixed derivatives such as u_xxt, which would need a linear solve in every evaluation."""
    t = str(problem.domain.time_name)
    for d in plain.atoms(sp.Derivative):
        name = str(d.expr.func)
        if name not in problem.unknown:
            continue
        order = orders_of(d, problem.domain.coordinates)[-1]
        if order >= problem.orders[name, t]:
            raise ValueError(
                f"`{d}` has the highest order in {t} and space derivatives as well: the method of lines cannot take it; "
                "introduce an unknown for the space derivative."
            )
