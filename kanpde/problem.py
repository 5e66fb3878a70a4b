"""Problem: an equation, its domain and its conditions, written once and symbolically."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import sympy as sp

from .conditions import Condition, Data, Interior, Periodic, Term
from .expression import Expression
from .geometry import Domain
from .symbols import Parameter, Unknown, UnknownDerivative, orders_of, unknown


class Problem:
    """Base of all problems: subclass it with a `domain`, a `residual` and `conditions`.

    `residual(self, u, x, t)` receives unknowns and coordinates by name and returns an expression that vanishes, or
    a dict {name: expression} for a system. `conditions(self, x, t)` returns a list of conditions; unknowns that it
    names as arguments are passed as well. Every public attribute that is a number is a parameter:
    `Burgers(nu=0.02)`.

    Attributes:
        domain: where the equation holds.
        unknowns: names of the unknown functions; by default the arguments of `residual` that are no coordinates.
        manufactured: subtract the residual of `exact`, so that `exact` becomes the solution.
        closed_form_error: relative error of `closed_form`, if that method exists.
        source: where the problem comes from.

    Optional methods:
        exact(self, x, t): the solution as an expression, or a dict for a system.
        closed_form(self, x, t): the solution as a NumPy function of arrays, where no expression exists.

    Raises:
        ValueError: for a parameter that does not exist, or a definition that cannot be read.
    """

    domain: Domain
    unknowns: ClassVar[tuple[str, ...]] = ()
    manufactured: ClassVar[bool] = False
    closed_form_error: ClassVar[float] = 0.0
    source: ClassVar[str] = ""

    def __init__(self, **parameters: Any):
        if not isinstance(getattr(self, "domain", None), Domain):
            raise ValueError(f"`{type(self).__name__}.domain` must be a domain, as in domain = Interval(x=(0, 1)).")
        valid = self.parameters
        for name, value in parameters.items():
            if name not in valid:
                near = get_close_matches(name, valid, n=3, cutoff=0.3) or sorted(valid)
                offer = f"the parameters are {', '.join(near)}" if near else "it has no parameters"
                raise ValueError(f"`{name}` is not a parameter of {type(self).__name__}: {offer}.")
            if not isinstance(value, (int, float, sp.Expr)) or (isinstance(value, float) and not np.isfinite(value)):
                raise ValueError(f"`{name}` must be a finite number, got {value!r}.")
            setattr(self, name, value)
        for name, value in self.parameters.items():
            if isinstance(value, Parameter) and value.name != name:
                setattr(self, name, Parameter(value.initial, name))
        self.equations  # noqa: B018  (a definition that cannot be read is refused here, not in the middle of a run)
        self.terms  # noqa: B018

    # ---------------------------------------------------------------- what the user declared

    @property
    def name(self) -> str:
        """Name of the class."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, Any]:
        """Every public attribute that is a number or a symbolic expression."""
        names = {
            n: None
            for c in reversed(type(self).__mro__)
            if issubclass(c, Problem) and c is not Problem
            for n in vars(c)
        }
        names |= dict.fromkeys(vars(self))
        found = {n: getattr(self, n) for n in names if not n.startswith("_") and not _is_descriptor(type(self), n)}
        return {
            n: v
            for n, v in found.items()
            if isinstance(v, (int, float, sp.Expr)) and not isinstance(v, bool) and n != "closed_form_error"
        }

    @cached_property
    def unknown(self) -> dict[str, Unknown]:
        """The unknown functions by name."""
        names = self.unknowns or tuple(n for n in _arguments(self.residual) if n not in self.domain.names)
        if not names:
            raise ValueError(
                f"`{self.name}.residual` must name an unknown, as in residual(self, u, {', '.join(self.domain.names)})."
            )
        return {name: unknown(name, self.domain.coordinates) for name in names}

    @cached_property
    def equations(self) -> dict[str, sp.Expr]:
        """Name to expression that vanishes inside the domain."""
        found = self._residual(self.unknown)
        if self.manufactured:
            if self.exact_solution is None:
                raise ValueError(f"`{self.name}.manufactured` needs the method `exact`, which is missing.")
            found = {name: e - self.substitute(self.exact_solution, e) for name, e in found.items()}
        if len(found) < len(self.unknown):
            raise ValueError(
                f"`{self.name}.residual` gives {len(found)} equation(s) for {len(self.unknown)} unknowns "
                f"({', '.join(self.unknown)}): an argument that is no coordinate ({', '.join(self.domain.names)}) "
                "counts as an unknown."
            )
        for name, expression in found.items():
            stray = expression.free_symbols - set(self.domain.coordinates)
            stray = {s for s in stray if not isinstance(s, Parameter)}
            if stray:
                raise ValueError(
                    f"`{sorted(map(str, stray))[0]}` in the residual '{name}' is neither a coordinate "
                    f"({', '.join(self.domain.names)}) nor a parameter: name it in the domain or give it a value."
                )
            Expression(expression, list(self.unknown.values()))
        return found

    @cached_property
    def condition_list(self) -> list[Condition]:
        """What `conditions` returned."""
        if not hasattr(self, "conditions"):
            return []
        found = self._call("conditions", self.unknown)
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        for item in found:
            if not isinstance(item, Condition):
                raise ValueError(
                    f"`{self.name}.conditions` must return conditions such as Dirichlet(u=0), got {item!r}."
                )
        return found

    @cached_property
    def exact_solution(self) -> dict[str, sp.Expr] | None:
        """Unknown to expression, or None if the class has no `exact`."""
        if not hasattr(self, "exact"):
            return None
        found = self._call("exact", {})
        found = found if isinstance(found, dict) else {next(iter(self.unknown)): found}
        if set(found) != set(self.unknown):
            raise ValueError(f"`{self.name}.exact` must give {', '.join(self.unknown)}, got {', '.join(found)}.")
        return {name: sp.sympify(e) for name, e in found.items()}

    # ---------------------------------------------------------------- what follows from it

    @cached_property
    def terms(self) -> list[Term]:
        """All loss terms: the equations inside, then each condition."""
        return [
            *(Term(name, e, Interior(self.domain)) for name, e in self.equations.items()),
            *(t for c in self.condition_list for t in self.terms_of(c)),
        ]

    def terms_of(self, condition: Condition) -> list[Term]:
        """The loss terms of one condition.

        Raises:
            ValueError: if it names an unknown or a boundary part that does not exist.
        """
        if isinstance(condition, Periodic):
            return condition.periodic_terms(self.domain, self.unknown, self.orders)
        return condition.terms(self.domain, self.unknown)

    @cached_property
    def orders(self) -> dict[tuple[str, str], int]:
        """(unknown, coordinate) to the highest order of differentiation in the equations."""
        highest = {(u, c): 0 for u in self.unknown for c in self.domain.names}
        for expression in self.equations.values():
            for d in expression.atoms(sp.Derivative):
                if str(d.expr.func) in self.unknown:
                    for c, k in zip(self.domain.names, orders_of(d, self.domain.coordinates), strict=True):
                        key = (str(d.expr.func), c)
                        highest[key] = max(highest[key], k)
        return highest

    @property
    def time_order(self) -> int:
        """Highest order of a time derivative; 0 for a steady problem."""
        t = self.domain.time_name
        return max((k for (_, c), k in self.orders.items() if c == t), default=0)

    @cached_property
    def inverse_parameters(self) -> tuple[Parameter, ...]:
        """The unknown numbers, by name."""
        found = {s for term in self.terms for s in term.expression.free_symbols if isinstance(s, Parameter)}
        return tuple(sorted(found, key=lambda s: s.name))

    @property
    def has_data(self) -> bool:
        """Whether measurements are among the conditions."""
        return any(isinstance(c, Data) for c in self.condition_list)

    def check(self) -> Any:
        """Find mistakes before any training; see `kanpde.check.check`."""
        from .check import check

        return check(self)

    def latex(self) -> list[str]:
        """Equations, conditions and exact solution as lines of LaTeX."""
        lines = [_latex(e, self.unknown) + " = 0" for e in self.equations.values()]
        lines += [
            f"{_latex(t.expression, self.unknown)} = 0 \\quad \\text{{({t.name})}}"
            for t in self.terms
            if t.name not in self.equations
        ]
        if self.exact_solution:
            lines += [f"{name}_\\text{{exact}} = {sp.latex(e)}" for name, e in self.exact_solution.items()]
        return lines

    @property
    def definition_hash(self) -> str:
        """Fingerprint of domain, equations, conditions and parameters, to tell whether two runs solve the same."""
        text = [repr(self.domain), *(f"{t.name}:{sp.srepr(t.expression)}:{t.weight}" for t in self.terms)]
        text += [f"{type(c).__name__}:{c.hard}" for c in self.condition_list]
        for condition in self.condition_list:
            if isinstance(condition, Data):
                text += [hashlib.sha256(np.ascontiguousarray(v)).hexdigest() for v in condition.values.values()]
        stable = re.sub(r"_Dummy_\d+|dummy_index=\d+", "", "\n".join(text))
        return hashlib.sha256(stable.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.parameters.items())})"

    def substitute(self, solution: dict[str, sp.Expr], expression: sp.Expr) -> sp.Expr:
        """An equation or term with expressions put in for the unknowns."""
        return expression.xreplace({self.unknown[n]: e for n, e in solution.items()}).doit()

    # ---------------------------------------------------------------- reading the user's methods

    def _residual(self, unknowns: dict[str, Any]) -> dict[str, sp.Expr]:
        try:
            found = self._call("residual", unknowns)
        except UnknownDerivative as error:
            raise ValueError(str(error)) from None
        found = found if isinstance(found, dict) else {"equation": found}
        return {name: sp.sympify(e) for name, e in found.items()}

    def _call(self, method: str, unknowns: dict[str, Any]) -> Any:
        function: Callable[..., Any] = getattr(self, method)
        available = {**{c.name: c for c in self.domain.coordinates}, **unknowns}
        for name in _arguments(function):
            if name not in available:
                raise ValueError(
                    f"`{name}` in {self.name}.{method}(...) is not a coordinate: the domain has {', '.join(self.domain.names)}."
                )
        return function(**{name: available[name] for name in _arguments(function)})


def _arguments(function: Callable[..., Any]) -> Sequence[str]:
    return list(inspect.signature(function).parameters)


def _is_descriptor(cls: type, name: str) -> bool:
    return isinstance(inspect.getattr_static(cls, name, None), (property, cached_property)) or callable(
        inspect.getattr_static(cls, name, None)
    )


def _latex(expression: sp.Expr, unknowns: dict[str, Unknown]) -> str:
    names: dict[sp.Expr, sp.Symbol] = {}
    for d in expression.atoms(sp.Derivative):
        subscript = "".join(sp.latex(v) * int(k) for v, k in d.variable_count)
        names[d] = sp.Symbol(f"{d.expr.func}_{{{subscript}}}")
    plain = expression.xreplace(names).xreplace({u: sp.Symbol(n) for n, u in unknowns.items()})
    return sp.latex(plain)
