"""Coordinates, unknowns and their partial derivatives as SymPy objects, and calculus on any expression of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction


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
        """Make the symbol; without a `frame` it spans its space alone."""
        symbol = sp.Symbol.__xnew__(cls, name, real=True)
        symbol.kind = kind
        symbol.frame = tuple(frame) or (name,)
        return symbol

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.name, self.kind, self.frame), {}

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), self.kind, self.frame)

    @classmethod
    def class_key(cls) -> tuple[int, int, str]:
        """Sort among other symbols, so that pi comes before x in print."""
        return 2, 0, "Symbol"


class UnknownDerivative(AttributeError, ValueError):
    """An attribute of an unknown that is no partial derivative, such as `u.z` where z is no coordinate."""


class Unknown(AppliedUndef):
    """A function of the coordinates whose attributes are its partial derivatives: `u.x`, `u.xxt`."""

    def __getattr__(self, name: str) -> sp.Derivative:
        if name.startswith("_"):
            raise AttributeError(name)
        readings = set(_readings(name, {str(c): c for c in self.args}))
        if not readings:
            known = ", ".join(str(c) for c in self.args)
            raise UnknownDerivative(
                f"`{self.func.__name__}.{name}` is not a partial derivative: the coordinates of the domain are {known}."
            )
        if len(readings) > 1:
            calls = " or ".join(sorted(f"diff({self.func.__name__}, {', '.join(map(str, r))})" for r in readings))
            raise UnknownDerivative(f"`{self.func.__name__}.{name}` can be read in two ways: write {calls}.")
        return sp.diff(self, *readings.pop())


def _readings(text: str, coordinates: dict[str, Coordinate]) -> Iterator[tuple[Coordinate, ...]]:
    """Every way to cut `text` into names of coordinates, each in alphabetical order."""
    if not text:
        yield ()
    for name, coordinate in coordinates.items():
        if text.startswith(name):
            for rest in _readings(text[len(name) :], coordinates):
                yield tuple(sorted((coordinate, *rest), key=str))


def unknown(name: str, coordinates: Sequence[Coordinate]) -> Unknown:
    """The unknown function `name` of the given coordinates."""
    return UndefinedFunction(name, bases=(Unknown,), real=True)(*coordinates)


class Parameter(sp.Symbol):
    """An unknown number that is found together with the solution (inverse problems).

    Args:
        initial: the value that training starts from.
        name: how it is printed; a class attribute of a `Problem` gets its own name.

    Raises:
        TypeError: for an initial value that is no number.
        ValueError: for one that is not finite.
    """

    __slots__ = ("initial",)
    initial: float

    def __new__(cls, initial: float, name: str = "parameter") -> Parameter:
        """Make the symbol."""
        start = as_expression("initial", initial)
        if start.free_symbols:
            raise ValueError(f"`initial` must be a number, got {initial}: training starts from it.")
        symbol = sp.Symbol.__xnew__(cls, name, real=True)
        symbol.initial = float(start)
        return symbol

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.initial, self.name), {}

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), self.initial)

    @classmethod
    def class_key(cls) -> tuple[int, int, str]:
        """Sort among other symbols, so that pi comes before k in print."""
        return 2, 0, "Symbol"


class Eigenvalue(Parameter):
    """The number of an eigenvalue problem, which has solutions beside 0 for some values of it only; see `kanpde.eigenmodes`.

    Args:
        initial: not used; eigenvalues are found from scratch.
        name: how it is printed; a class attribute of a `Problem` gets its own name.
    """

    __slots__ = ()

    def __new__(cls, initial: float = 0.0, name: str = "eigenvalue") -> Eigenvalue:
        """Make the symbol."""
        symbol = super().__new__(cls, initial, name)
        assert isinstance(symbol, Eigenvalue)
        return symbol


def as_expression(name: str, value: Any) -> sp.Expr:
    """A number or scalar expression that the user gave for the argument `name`, as a SymPy expression.

    Raises:
        TypeError: for anything else; strings too, because reading one would run it as code.
        ValueError: for NaN, an infinite or a complex value.
    """
    if getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (Real, sp.Expr)) or isinstance(value, sp.MatrixBase):
        remedy = ": write it with the coordinates, or as Coefficient('f', function)(x)" if callable(value) else ""
        raise TypeError(f"`{name}` must be a number or an expression, got {value!r} ({type(value).__name__}){remedy}.")
    expression = sp.sympify(value)
    if expression.has(sp.nan, sp.oo, -sp.oo, sp.zoo, sp.I):
        raise ValueError(f"`{name}` must be finite and real, got {value}: check where it comes from.")
    return expression


def space_of(expression: Any) -> tuple[Coordinate, ...]:
    """All space coordinates of the domain that `expression`, a scalar or a vector, lives on.

    Raises:
        ValueError: if the expression has no space coordinate in it, so that its domain is not known.
    """
    for item in _components(expression):
        for symbol in sorted(sp.sympify(item).free_symbols, key=str):
            if isinstance(symbol, Coordinate) and symbol.kind == "space":
                return tuple(Coordinate(name, "space", symbol.frame) for name in symbol.frame)
    raise ValueError(
        f"`{expression}` depends on no space coordinate: multiply it by a function of one, or write its derivative out."
    )


def _is_vector(expression: Any) -> bool:
    return isinstance(expression, (list, tuple, sp.MatrixBase))


def _components(expression: Any) -> list[Any]:
    return list(expression) if _is_vector(expression) else [expression]


def diff(expression: Any, *variables: Any) -> sp.Expr:
    """Partial derivative of any expression: `diff(e, x)`, `diff(e, x, 2)`, `diff(e, x, y)`.

    Raises:
        TypeError: for a variable that is no symbol, or an order that is no whole number.
        ValueError: for an order below 1 or above 4, the highest that networks are differentiated to.
    """
    if not variables:
        raise ValueError("`diff` needs a coordinate: diff(expression, x).")
    for entry in variables:
        for v in entry if isinstance(entry, tuple) else (entry,):
            if isinstance(v, (int, sp.Integer)):
                if not 1 <= v <= 4:
                    raise ValueError(f"`order` must be 1 to 4, got {v}: networks are differentiated to order 4.")
            elif not isinstance(v, sp.Symbol):
                raise TypeError(f"`diff` differentiates by coordinates and whole orders, got {v!r}: diff(u, x, 2).")
    return sp.diff(expression, *variables)


def grad(expression: Any) -> sp.MatrixBase:
    """Gradient in the space coordinates, a column vector.

    Raises:
        TypeError: for a vector, whose gradient would be a matrix.
    """
    if _is_vector(expression):
        raise TypeError(f"`expression` must be a scalar, got {expression}: take the gradient of each component.")
    return sp.ImmutableDenseMatrix([sp.diff(expression, c) for c in space_of(expression)])


def div(vector: Any) -> sp.Expr:
    """Divergence of a vector with one component per space coordinate.

    Raises:
        ValueError: if the number of components is not the space dimension.
    """
    components, space = _components(vector), space_of(vector)
    if len(components) != len(space):
        raise ValueError(
            f"`vector` must have {len(space)} components, one per space coordinate, got {len(components)}."
        )
    return sp.Add(*[sp.diff(v, c) for v, c in zip(components, space, strict=True)])


def laplacian(expression: Any) -> Any:
    """Sum of the second derivatives in the space coordinates; component by component for a vector."""
    if _is_vector(expression):
        space = space_of(expression)
        return sp.ImmutableDenseMatrix([_laplacian(e, space) for e in expression])
    return _laplacian(expression, space_of(expression))


def _laplacian(expression: Any, space: Sequence[Coordinate]) -> sp.Expr:
    return sp.Add(*[sp.diff(expression, c, 2) for c in space])


def orders_of(derivative: sp.Derivative, coordinates: Sequence[Coordinate]) -> tuple[int, ...]:
    """The multi-index of a partial derivative: how often it differentiates in each coordinate."""
    counts: Counter[Any] = Counter()
    for variable, count in derivative.variable_count:
        counts[variable] += int(count)
    return tuple(counts[c] for c in coordinates)
