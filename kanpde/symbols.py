"""Coordinates, unknowns and their partial derivatives as SymPy objects, and calculus on any expression of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

Vector = sp.ImmutableDenseMatrix


class Coordinate(sp.Symbol):
    """A real symbol that knows whether it is space or time and which other coordinates span its space.

    Args:
        name: a Python identifier.
        kind: "space" or "time".
        frame: names of all space coordinates of the domain, in order.
    """

    __slots__ = ("frame", "kind")
    kind: str
    frame: tuple[str, ...]

    def __new__(cls, name: str, kind: str = "space", frame: Sequence[str] = ()) -> Coordinate:
        symbol = sp.Symbol.__xnew__(cls, name, real=True)
        symbol.kind = kind
        symbol.frame = tuple(frame) or (name,)
        return symbol

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.name, self.kind, self.frame), {}

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), self.kind, self.frame)


class UnknownDerivative(AttributeError, ValueError):
    """An attribute of an unknown that is no partial derivative, such as `u.z` where z is no coordinate."""


class Unknown(AppliedUndef):
    """A function of the coordinates whose attributes are its partial derivatives: `u.x`, `u.xxt`."""

    def __getattr__(self, name: str) -> sp.Derivative:
        if name.startswith("_"):
            raise AttributeError(name)
        by_length = sorted(self.args, key=lambda c: -len(str(c)))
        variables, rest = [], name
        while rest:
            hit = next((c for c in by_length if rest.startswith(str(c))), None)
            if hit is None:
                known = ", ".join(str(c) for c in self.args)
                raise UnknownDerivative(
                    f"`{self.func.__name__}.{name}` is not a partial derivative: the coordinates of the domain are {known}."
                )
            variables.append(hit)
            rest = rest[len(str(hit)) :]
        return sp.Derivative(self, *variables)


def unknown(name: str, coordinates: Sequence[Coordinate]) -> Unknown:
    """The unknown function `name` of the given coordinates."""
    return UndefinedFunction(name, bases=(Unknown,))(*coordinates)


class Parameter(sp.Symbol):
    """An unknown number that is found together with the solution (inverse problems).

    Args:
        initial: the value that training starts from.
        name: how it is printed; a class attribute of a `Problem` gets its own name.
    """

    __slots__ = ("initial",)
    initial: float

    def __new__(cls, initial: float, name: str = "parameter") -> Parameter:
        symbol = sp.Symbol.__xnew__(cls, name, real=True)
        symbol.initial = float(initial)
        return symbol

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.initial, self.name), {}

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), self.initial)


def space_of(expression: Any) -> tuple[Coordinate, ...]:
    """All space coordinates of the domain that `expression` lives on.

    Raises:
        ValueError: if the expression has no coordinate in it, so that its domain is not known.
    """
    for item in _leaves(expression):
        for symbol in sorted(sp.sympify(item).free_symbols, key=str):
            if isinstance(symbol, Coordinate) and symbol.kind == "space":
                return tuple(Coordinate(name, "space", symbol.frame) for name in symbol.frame)
    raise ValueError(
        f"`{expression}` depends on no space coordinate: multiply it by a function of one, or write its derivative out."
    )


def _leaves(expression: Any) -> Iterable[Any]:
    return expression if isinstance(expression, (list, tuple, sp.MatrixBase)) else [expression]


def diff(expression: Any, *variables: Any) -> sp.Expr:
    """Partial derivative of any expression: `diff(e, x)`, `diff(e, x, 2)`, `diff(e, x, y)`.

    Raises:
        ValueError: for an order below 1 or above 4, the highest that networks are differentiated to.
    """
    if not variables:
        raise ValueError("`diff` needs a coordinate: diff(expression, x).")
    orders = [v for v in variables if isinstance(v, (int, sp.Integer))]
    orders += [v[1] for v in variables if isinstance(v, tuple)]
    for order in orders:
        if not 1 <= order <= 4:
            raise ValueError(f"`order` must be 1 to 4, got {order}: leave the derivative out for order 0.")
    return sp.diff(expression, *variables)


def grad(expression: Any) -> Vector:
    """Gradient in the space coordinates, a column vector."""
    return Vector([sp.diff(expression, c) for c in space_of(expression)])


def div(vector: Any) -> sp.Expr:
    """Divergence of a vector with one component per space coordinate.

    Raises:
        ValueError: if the number of components is not the space dimension.
    """
    components, space = list(_leaves(vector)), space_of(vector)
    if len(components) != len(space):
        raise ValueError(
            f"`vector` must have {len(space)} components, one per space coordinate, got {len(components)}."
        )
    return sp.Add(*[sp.diff(v, c) for v, c in zip(components, space, strict=True)])


def laplacian(expression: Any) -> sp.Expr:
    """Sum of the second derivatives in the space coordinates; component by component for a vector."""
    if isinstance(expression, (list, tuple, sp.MatrixBase)):
        return Vector([laplacian(e) for e in expression])
    return sp.Add(*[sp.diff(expression, c, 2) for c in space_of(expression)])


def orders_of(derivative: sp.Derivative, coordinates: Sequence[Coordinate]) -> tuple[int, ...]:
    """The multi-index of a partial derivative: how often it differentiates in each coordinate."""
    counts = Counter({variable: int(count) for variable, count in derivative.variable_count})
    return tuple(counts[c] for c in coordinates)
