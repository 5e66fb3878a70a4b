"""Problem: an equation, its domain and its conditions, written once and symbolically."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property
from itertools import count
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import sympy as sp

from .conditions import DEVIATION, RESERVED, Condition, Data, Interior, Periodic, Term
from .expression import Expression
from .fingerprint import coefficients_in, fingerprint_of
from .geometry import Domain
from .latex import latex_of
from .materials import as_piecewise, check_materials
from .symbols import Coordinate, Eigenvalue, Parameter, Unknown, as_expression, orders_of, unknown
from .symmetry import Parities, parities_of

if TYPE_CHECKING:
    from .check import CheckReport
    from .poles import Pole
    from .singularity import Singular

SETTINGS = (
    "unknowns",
    "manufactured",
    "closed_form_error",
    "source",
    "singularities",
    "group",
    "typical",
    "logarithmic",
    "symmetric",
)
"""Attributes of a class that say something about the problem and are no parameters of it."""

GROUPS = ("elliptic", "parabolic", "hyperbolic", "fluids", "solids", "many dimensions", "ODEs", "inverse")
"""What `kanpde list` sorts problems into, in its order."""


class Problem:
    """Base of all problems: subclass it with a `domain`, a `residual` and `conditions`.

    `residual(self, u, x, t)` receives unknowns and coordinates by name and returns an expression that vanishes, or
    a dict {name: expression} for a system. `conditions(self, x, t)` returns a list of conditions; unknowns that it
    names as arguments are passed as well. Every public attribute that is a number is a parameter:
    `Burgers(nu=0.02)`. A problem does not change once it is built.

    Attributes:
        domain: where the equation holds.
        residual: the method that returns what vanishes in the domain.
        unknowns: names of the unknown functions; by default the arguments of `residual` that are no coordinates.
        manufactured: subtract the residual of `exact`, so that `exact` becomes the solution.
        materials: name to the shape in space that it fills, for coefficients that jump: see `by_material` and `Interface`.
        closed_form_error: relative error of `closed_form`, if that method exists.
        source: where the problem comes from.
        singularities: terms of a known kind that the solution has at corners and in holes, `[Singular(at=(0, 0),
            exponent=2/3), Pole(at=(1, 1))]`; those of all corners with straight sides and all holes without it, none for
            `()`.
        logarithmic: coordinates of space on a logarithmic scale, such as a parameter that varies over decades: points are
            drawn, and networks see it, evenly in its logarithm.
        symmetric: coordinates of space about whose middle the solution is "even" or "odd", `{"x": "odd"}`, or for each
            unknown, `{"x": {"u": "even", "v": "odd"}}`: built into the trial solution, which then needs half as many
            parameters; equations and data are checked for it.
        group: what it is listed under, one of `GROUPS`.
        typical: relative error and seconds of `kanpde solve` without options, as measured; None where it was not.

    Optional methods:
        exact(self, x, t): the solution as an expression, or a dict for a system.
        lift(self, x, t): what is known of the solution, as an expression or a dict; the network has only to find the rest,
            which pays where that is smooth and the solution is not. What it lacks of the data of conditions that are
            built in is interpolated and added.
        closed_form(self, x, t): the solution as a NumPy function of arrays, where no expression exists.
        eigenvalues(self, count): the lowest so many, ascending, where they are known.

    Raises:
        TypeError: for a value that is neither number nor expression.
        ValueError: for a parameter that does not exist, or a definition that cannot be read.
    """

    domain: Domain
    residual: Callable[..., Any]
    unknowns: ClassVar[tuple[str, ...]] = ()
    manufactured: ClassVar[bool] = False
    closed_form_error: ClassVar[float] = 0.0
    source: ClassVar[str] = ""
    materials: Mapping[str, Domain] = MappingProxyType({})
    singularities: ClassVar[Sequence[Singular | Pole] | None] = None
    logarithmic: ClassVar[Sequence[str]] = ()
    symmetric: ClassVar[Mapping[str, str | Mapping[str, str]]] = MappingProxyType({})
    group: ClassVar[str] = ""
    typical: ClassVar[tuple[float, float] | None] = None

    def __init__(self, **parameters: Any):
        if not isinstance(getattr(self, "domain", None), Domain):
            raise ValueError(f"`{self.name}.domain` must be a domain, as in domain = Interval(x=(0, 1)).")
        if not callable(getattr(self, "residual", None)):
            raise ValueError(
                f"`{self.name}.residual` is missing: define residual(self, u, {', '.join(self.domain.names)})."
            )
        valid = self.parameters
        for name in parameters:
            if name not in valid:
                near = get_close_matches(name, valid, n=3, cutoff=0.3) or sorted(valid)
                offer = f"its parameters are {', '.join(near)}" if near else "it has none"
                raise ValueError(f"`{name}` is not a parameter of {self.name}: {offer}.")
        for name, value in (valid | parameters).items():
            if hasattr(Problem, name):
                raise ValueError(f"`{name}` cannot name a parameter: every problem has an attribute of that name.")
            self._check_symbols(name, as_expression(name, value))
            if isinstance(value, Parameter):
                setattr(self, name, type(value)(value.initial, name))
            elif name in parameters:
                setattr(self, name, value.item() if isinstance(value, np.generic) else value)
        self._check_logarithmic()
        self.parities  # noqa: B018  (as below: what is wrong is refused here)
        check_materials(self.materials, self.domain, self._given_values())
        self.inverse_parameters  # noqa: B018  (reads all terms: what is wrong is refused here, not in the middle of a run)
        self.exact_solution  # noqa: B018

    def __setattr__(self, name: str, value: Any) -> None:
        if "terms" in vars(self) and (name in self.parameters or name == "domain"):
            raise AttributeError(
                f"`{name}` cannot change once the problem is built: make a new one with {name}={value}."
            )
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what follows from the definition: it is derived again when it is asked for."""
        derived = {n for c in type(self).__mro__ for n, v in vars(c).items() if isinstance(v, cached_property)}
        return {name: value for name, value in vars(self).items() if name not in derived}

    def _take_over(self, whole: Problem) -> None:
        """The domain, unknowns, materials, scales and symmetry of another problem, for one that is made of it."""
        self.domain, self.unknowns = whole.domain, tuple(whole.unknown)  # type: ignore[misc]
        self.materials, self.logarithmic = whole.materials, tuple(whole.logarithmic)  # type: ignore[misc]
        self.symmetric = whole.symmetric  # type: ignore[misc]

    def _check_logarithmic(self) -> None:
        """Logarithms need coordinates of space between positive bounds."""
        if isinstance(self.logarithmic, str):
            raise ValueError(f"`logarithmic` must be a tuple of names, got {self.logarithmic!r}: write (name,).")
        for name in self.logarithmic:
            if name not in self.domain.space_names:
                names = ", ".join(self.domain.space_names)
                raise ValueError(f"`logarithmic` must name coordinates of space ({names}), got {name!r}.")
            low, _ = self.domain.bounds[name]
            if not low > 0:
                raise ValueError(
                    f"`logarithmic` must name coordinates that are positive, got {name!r} from {low:g} on."
                )

    # ---------------------------------------------------------------- what the user declared

    @property
    def name(self) -> str:
        """Name of the class."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, Any]:
        """What `Burgers(nu=0.02)` may set: every public attribute that is a number or a symbolic expression."""
        classes = [c for c in reversed(type(self).__mro__) if issubclass(c, Problem) and c is not Problem]
        declared = {n: getattr(type(self), n) for c in classes for n in vars(c)} | vars(self)
        return {
            n: v
            for n, v in declared.items()
            if not n.startswith("_")
            and n not in SETTINGS
            and isinstance(v, (Real, sp.Expr))
            and not isinstance(v, bool)
        }

    @cached_property
    def unknown(self) -> dict[str, Unknown]:
        """The unknown functions by name."""
        coordinates = ", ".join(self.domain.names)
        names = self.unknowns or tuple(n for n in _arguments(self.residual) if n not in self.domain.names)
        if isinstance(names, str) or len(set(names)) < len(names):
            raise ValueError(f"`{self.name}.unknowns` must be a tuple of different names, got {names!r}.")
        if not names:
            raise ValueError(
                f"`{self.name}.residual` names no unknown: give it an argument that is no coordinate ({coordinates})."
            )
        for name in names:
            if name in RESERVED or name in self.domain.names or not name.isidentifier():
                raise ValueError(
                    f"`{name}` cannot name an unknown: it is a coordinate ({coordinates}) or a keyword of conditions."
                )
        return {name: unknown(name, self.domain.coordinates) for name in names}

    @cached_property
    def parities(self) -> Parities:
        """Coordinate to unknown to 1 where it is even about the middle and -1 where it is odd."""
        return parities_of(self)

    @cached_property
    def equations(self) -> dict[str, sp.Expr]:
        """Name to expression that vanishes inside the domain, with cases where materials differ."""
        return {name: self.with_cases(e) for name, e in self.declared.items()}

    def with_cases(self, expression: sp.Expr) -> sp.Expr:
        """An expression with cases where materials differ."""
        return as_piecewise(expression, self.materials, self.domain)

    def _given_values(self) -> list[sp.Expr]:
        """The equations, and the values of conditions."""
        return [*self.declared.values(), *(e for c in self.condition_list for e in c.expressions)]

    @cached_property
    def declared(self) -> dict[str, sp.Expr]:
        """Name to expression as `residual` gives it, whose `by_material` are still to be chosen from."""
        found = self._residual()
        if len(found) < len(self.unknown) and not self.unknowns:
            raise ValueError(
                f"`{self.name}.residual` gives {len(found)} equation(s) for {len(self.unknown)} unknowns "
                f"({', '.join(self.unknown)}): an argument that is no coordinate ({', '.join(self.domain.names)}) "
                "counts as an unknown; if one has no equation of its own, say so by `unknowns`."
            )
        for name, u in self.unknown.items():
            if not any(e.has(u) for e in found.values()):
                raise ValueError(f"`{name}` occurs in no equation of {self.name}: take it out or use it.")
        for name, expression in found.items():
            self._check_symbols(f"{self.name}.residual", expression)
            if not any(expression.has(u) for u in self.unknown.values()):
                raise ValueError(
                    f"`{self.name}.residual` has the equation '{name}' without an unknown: {expression} = 0."
                )
        if self.manufactured:
            if self.exact_solution is None:
                raise ValueError(f"`{self.name}.manufactured` needs the method `exact`, which is missing.")
            exact = self.declared_solution or {}
            found = {name: e - self.substitute(exact, e) for name, e in found.items()}
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
                raise TypeError(f"`{self.name}.conditions` must return a list such as [Dirichlet(u=0)], got {item!r}.")
        return found

    @cached_property
    def exact_solution(self) -> dict[str, sp.Expr] | None:
        """Unknown to expression, or None if the class has no `exact`."""
        found = self.declared_solution
        return None if found is None else {name: self.with_cases(e) for name, e in found.items()}

    @cached_property
    def declared_solution(self) -> dict[str, sp.Expr] | None:
        """What `exact` returned, whose `by_material` are still to be chosen from."""
        return self._given("exact")

    @cached_property
    def given_lift(self) -> dict[str, sp.Expr] | None:
        """Unknown to what is known of it, or None if the class has no `lift`."""
        return self._given("lift")

    def _given(self, method: str) -> dict[str, sp.Expr] | None:
        """What an optional method returns: one expression per unknown."""
        if getattr(self, method, None) is None:
            return None
        found = self._call(method, {})
        found = found if isinstance(found, dict) else {next(iter(self.unknown)): found}
        if set(found) != set(self.unknown):
            raise ValueError(
                f"`{self.name}.{method}` must give {', '.join(self.unknown)}, got {', '.join(map(str, found))}: "
                "return a dict with one expression per unknown."
            )
        given = {name: as_expression(f"{self.name}.{method}", found[name]).doit() for name in self.unknown}
        for e in given.values():
            self._check_symbols(f"{self.name}.{method}", e)
        return given

    # ---------------------------------------------------------------- what follows from it

    @property
    def lengths(self) -> list[float]:
        """Of all coordinates, in order."""
        return [hi - lo for lo, hi in self.domain.bounds.values()]

    @cached_property
    def terms(self) -> list[Term]:
        """All loss terms: the equations inside, then each condition; no two have the same name."""
        return [*self._inside, *(t for condition, _ in self._by_condition for t in self.terms_of(condition))]

    def terms_of(self, condition: Condition) -> list[Term]:
        """The loss terms of one condition.

        Raises:
            ValueError: if it names an unknown or a boundary part that does not exist.
        """
        return [replace(t, expression=self.with_cases(t.expression)) for t in self.declared_terms(condition)]

    def declared_terms(self, condition: Condition) -> list[Term]:
        """The loss terms of one condition, whose `by_material` are still to be chosen from; see `terms_of`."""
        return next((terms for c, terms in self._by_condition if c is condition), None) or self._read(condition)

    @cached_property
    def _inside(self) -> list[Term]:
        return [Term(name, e, Interior(self.domain)) for name, e in self.equations.items()]

    @cached_property
    def _by_condition(self) -> list[tuple[Condition, list[Term]]]:
        pairs, taken = [], {t.name for t in self._inside}
        for condition in self.condition_list:
            terms = []
            for term in self._read(condition):
                same = (f"{term.name} ({i})" for i in count(2))
                name = term.name if term.name not in taken else next(n for n in same if n not in taken)
                taken.add(name)
                terms.append(replace(term, name=name))
            pairs.append((condition, terms))
        return pairs

    def _read(self, condition: Condition) -> list[Term]:
        if isinstance(condition, Periodic):
            terms = condition.periodic_terms(self.domain, self.unknown, self.orders)
        else:
            terms = condition.terms(self.domain, self.unknown)
        for term in terms:
            self._check_symbols(repr(condition), term.expression)
        return terms

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
    def differentiated(self) -> tuple[str, ...]:
        """Coordinates of space that the equations have derivatives by; the others are parameters of the solution."""
        return tuple(c for c in self.domain.space_names if any(self.orders[u, c] for u in self.unknown))

    @property
    def time_order(self) -> int:
        """Highest order of a time derivative; 0 for a steady problem."""
        t = self.domain.time_name
        return max((k for (_, c), k in self.orders.items() if c == t), default=0)

    @cached_property
    def inverse_parameters(self) -> tuple[Parameter, ...]:
        """The unknown numbers, by name."""
        found = {s for term in self.terms for s in term.expression.free_symbols if isinstance(s, Parameter)}
        taken = [*self.domain.names, *self.unknown]
        for s in sorted(found, key=lambda s: (s.name, s.initial)):
            if s.name in taken:
                raise ValueError(
                    f"`{s}` names two things in {self.name}: make the unknown number an attribute of the class, "
                    f"or give it a name, as in Parameter({s.initial}, 'k')."
                )
            taken.append(s.name)
        return tuple(sorted(found, key=lambda s: s.name))

    @property
    def eigenvalue(self) -> Eigenvalue | None:
        """The number for which there are solutions beside 0, if that is what is asked for."""
        found = [s for s in self.inverse_parameters if isinstance(s, Eigenvalue)]
        return found[0] if found else None

    @property
    def has_data(self) -> bool:
        """Whether measurements are among the conditions."""
        return any(isinstance(c, Data) for c in self.condition_list)

    @property
    def has_noise(self) -> bool:
        """Whether there are measurements whose standard deviation is given."""
        return any(isinstance(c, Data) and c.is_noisy for c in self.condition_list)

    def check(self) -> CheckReport:
        """Find mistakes before any training; see `kanpde.check.check`."""
        from .check import check

        return check(self)

    def latex(self) -> list[str]:
        """Equations, conditions and exact solution as lines of LaTeX."""
        return latex_of(self)

    @property
    def definition_hash(self) -> str:
        """Fingerprint of domain, equations and conditions, to tell whether two runs solve the same problem.

        A callable coefficient counts by its values at points of the domain. Where the training of an unknown number
        starts from does not count.
        """
        return fingerprint_of(self)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.parameters.items())})"

    def substitute(self, solution: dict[str, sp.Expr], expression: sp.Expr) -> sp.Expr:
        """An equation or term with expressions put in for the unknowns."""
        return expression.xreplace({self.unknown[n]: e for n, e in solution.items()}).doit(simplify=False)

    # ---------------------------------------------------------------- reading the user's methods

    def _residual(self) -> dict[str, sp.Expr]:
        found = self._call("residual", self.unknown)
        named = found if isinstance(found, dict) else {"equation": found}
        try:
            return {str(name): as_expression(f"{self.name}.residual", e).doit() for name, e in named.items()}
        except TypeError:
            raise TypeError(
                f"`{self.name}.residual` must return an expression that vanishes, or a dict of them by name, "
                f"got {found!r}: write left - right for an equation."
            ) from None

    def _call(self, method: str, unknowns: dict[str, Any]) -> Any:
        function: Callable[..., Any] = getattr(self, method)
        available = {**{c.name: c for c in self.domain.coordinates}, **unknowns}
        for name in _arguments(function):
            if name not in available:
                raise ValueError(
                    f"`{name}` in {self.name}.{method}(...) is not a coordinate: the domain has {', '.join(self.domain.names)}."
                )
        try:
            return function(**{name: available[name] for name in _arguments(function)})
        except TypeError as error:
            if any(sign in str(error) for sign in ("expression to float", "ufunc", "must be Tensor")):
                raise TypeError(
                    f"`{self.name}.{method}` calls a function of numbers on a symbol: "
                    "take sin, exp, ... from kanpde, not from math, numpy or torch."
                ) from error
            if "truth value of Relational" in str(error):
                raise TypeError(f"`{self.name}.{method}` compares symbols: write a case with Piecewise.") from error
            raise
        except AttributeError as error:
            if isinstance(error.obj, sp.Derivative):
                raise AttributeError(
                    f"`{error.obj}` in {self.name}.{method} has no attribute '{error.name}': a derivative of a derivative is "
                    f"written u.xx, or diff(e, {error.name})."
                ) from error
            raise

    def _check_symbols(self, name: str, expression: sp.Expr) -> None:
        """Refuse symbols without a value, derivatives of too high an order and coefficients that are too short."""
        Expression(expression, list(self.unknown.values()))
        values = {f"data_{u}" for u in self.unknown} | {f"n_{name}" for name in self.domain.space_names}
        known = {*self.domain.coordinates, DEVIATION, *(sp.Symbol(v, real=True) for v in values)}
        for symbol in sorted(expression.free_symbols - known, key=str):
            if not isinstance(symbol, Parameter):
                raise ValueError(
                    f"`{symbol}` in {name} is neither a coordinate ({', '.join(self.domain.names)}) nor a parameter: "
                    "take coordinates from the arguments of the method and give other symbols a value."
                )
        for coefficient in coefficients_in(expression):
            for argument, (low, high) in zip(coefficient.args, coefficient.func.ranges, strict=False):
                lo, hi = self.domain.bounds.get(str(argument), (low, high))
                if isinstance(argument, Coordinate) and (lo < low - 1e-9 or hi > high + 1e-9):
                    raise ValueError(
                        f"`{coefficient}` is tabulated for {argument} in [{low:g}, {high:g}], the domain has "
                        f"[{lo:g}, {hi:g}]: extend the table."
                    )


def _arguments(function: Callable[..., Any]) -> Sequence[str]:
    arguments = inspect.signature(function).parameters.values()
    for a in arguments:
        if a.kind in (a.VAR_POSITIONAL, a.VAR_KEYWORD, a.POSITIONAL_ONLY):
            raise ValueError(
                f"`{a}` in {function.__qualname__}: unknowns and coordinates are passed by name, name each."
            )
    return [a.name for a in arguments]
