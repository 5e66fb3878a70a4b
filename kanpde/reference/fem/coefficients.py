"""SymPy expressions as coefficient functions of NGSolve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from .library import ngsolve

HIGHEST_POWER = 12
"""Up to which whole powers are products, which have a slope at zero as well."""
KINKED = (sp.Piecewise, sp.Heaviside, sp.sign, sp.Abs, sp.Max, sp.Min)
"""Functions that jump or have a kink somewhere."""


def kinked(expressions: Iterable[sp.Expr], smooth: Iterable[sp.Basic] = ()) -> bool:
    """Whether expressions have a jump or a kink, which may lie inside of elements.

    Args:
        smooth: conditions of cases that change between elements alone.
    """
    between = {sp.true}.union(*[_conditions(sp.Piecewise((1, condition), (0, True))) for condition in smooth])
    return any(
        not (isinstance(f, sp.Piecewise) and _conditions(f) <= between) for e in expressions for f in e.atoms(*KINKED)
    )


def _conditions(cases: sp.Piecewise) -> set[sp.Basic]:
    """Those of the cases, multiplied out."""
    expanded = sp.expand(cases)
    return {condition for _, condition in expanded.args} if isinstance(expanded, sp.Piecewise) else set()


def translated(expression: sp.Expr, known: Mapping[sp.Basic, Any]) -> Any:
    """The expression as a coefficient function.

    Args:
        expression: in coordinates, unknowns and their derivatives.
        known: what each of these is in NGSolve; of a condition, a function that is 1 where it holds and 0 elsewhere.

    Raises:
        ValueError: for a function that NGSolve does not have.
    """
    return _Translation(known)(expression)


class _Translation:
    """Translates expressions, common parts once."""

    def __init__(self, known: Mapping[sp.Basic, Any]):
        self.ng, self.done = ngsolve(), dict(known)

    def __call__(self, e: sp.Expr) -> Any:
        """The coefficient function of an expression."""
        if e not in self.done:
            self.done[e] = self._fresh(e)
        return self.done[e]

    def _fresh(self, e: sp.Expr) -> Any:
        if e.is_number:
            return self.ng.CoefficientFunction(float(e))
        if isinstance(e, sp.Add):
            return reduce(lambda a, b: a + b, map(self, e.args))
        if isinstance(e, sp.Mul):
            return reduce(lambda a, b: a * b, map(self, e.args))
        if isinstance(e, sp.Pow):
            return self._power(e)
        if isinstance(e, sp.Piecewise):
            *cases, (last, _) = e.args
            return reduce(lambda rest, case: self._where(case[1], self(case[0]), rest), reversed(cases), self(last))
        function = self._functions().get(e.func)
        if function is None:
            raise ValueError(
                f"`{e}` cannot be evaluated by NGSolve: write it with functions such as sin, exp and sqrt."
            )
        return function(*map(self, e.args))

    def _power(self, e: sp.Pow) -> Any:
        base, exponent = e.args
        if exponent.is_Integer and 1 <= abs(exponent) <= HIGHEST_POWER:
            product = reduce(lambda a, b: a * b, [self(base)] * abs(int(exponent)))
            return product if exponent > 0 else 1 / product
        if exponent == sp.S.Half:
            return self.ng.sqrt(self(base))
        if exponent == -sp.S.Half:
            return 1 / self.ng.sqrt(self(base))
        return (
            self.ng.exp(self(exponent) * self.ng.log(self(base)))
            if not base.is_number
            else self.ng.exp(self(exponent) * float(sp.log(base)))
        )

    def _where(self, condition: sp.Basic, yes: Any, no: Any) -> Any:
        """One value where a condition holds and another elsewhere."""
        if condition in self.done:
            return self.ng.IfPos(self.done[condition] - 0.5, yes, no)
        if condition == sp.true:
            return yes
        if condition == sp.false:
            return no
        if isinstance(condition, sp.And):
            return reduce(lambda rest, c: self._where(c, rest, no), condition.args, yes)
        if isinstance(condition, sp.Or):
            return reduce(lambda rest, c: self._where(c, yes, rest), condition.args, no)
        if isinstance(condition, sp.Not):
            return self._where(condition.args[0], no, yes)
        if isinstance(condition, (sp.StrictGreaterThan, sp.StrictLessThan)):
            return self.ng.IfPos(self(condition.gts - condition.lts), yes, no)
        if isinstance(condition, (sp.GreaterThan, sp.LessThan)):
            return self.ng.IfPos(self(condition.lts - condition.gts), no, yes)
        kind = "relation" if isinstance(condition, Relational) else "condition"
        raise ValueError(f"`{condition}` is a {kind} that NGSolve cannot evaluate: write it with < and >.")

    def _functions(self) -> dict[Any, Callable[..., Any]]:
        ng = self.ng

        def largest(*values: Any) -> Any:
            return reduce(lambda a, b: ng.IfPos(a - b, a, b), values)

        def smallest(*values: Any) -> Any:
            return reduce(lambda a, b: ng.IfPos(a - b, b, a), values)

        plain = {
            getattr(sp, name): getattr(ng, name)
            for name in ("sin", "cos", "tan", "exp", "log", "sinh", "cosh", "asin", "acos", "atan", "atan2", "erf")
        }
        return plain | {
            sp.tanh: lambda v: 1 - 2 / (ng.exp(2 * v) + 1),
            sp.sech: lambda v: 1 / ng.cosh(v),
            sp.cot: lambda v: 1 / ng.tan(v),
            sp.sec: lambda v: 1 / ng.cos(v),
            sp.csc: lambda v: 1 / ng.sin(v),
            sp.erfc: lambda v: 1 - ng.erf(v),
            sp.Abs: lambda v: ng.IfPos(v, v, -v),
            sp.sign: lambda v: ng.IfPos(v, 1, ng.IfPos(-v, -1, 0)),
            sp.Heaviside: lambda v, _: ng.IfPos(v, 1, 0),
            sp.Max: largest,
            sp.Min: smallest,
        }
