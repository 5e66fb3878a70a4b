"""The functions that edges are compared with, and how to add to them."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from .function import SymbolicFunction, X

POSITIVE, UNIT = (0.0, None), (-1.0, 1.0)


def _power(exponent: sp.Rational | int, complexity: float) -> SymbolicFunction:
    """x^p; powers that are not whole, and poles, are used on one side of 0 alone."""
    whole = sp.Rational(exponent).is_integer and exponent > 0
    name = "x" if exponent == 1 else f"x^{exponent}" if whole else f"x^({exponent})"
    return SymbolicFunction(name, X**exponent, complexity, domain=(None, None) if whole else POSITIVE)


LIBRARY: dict[str, SymbolicFunction] = {
    f.name: f
    for f in [
        SymbolicFunction("0", sp.S.Zero, 0),
        *(_power(1, 1), _power(2, 2), _power(3, 3), _power(4, 3), _power(5, 4), _power(6, 4)),
        SymbolicFunction("1/x", 1 / X, 2, domain=POSITIVE),
        SymbolicFunction("1/x^2", X**-2, 3, domain=POSITIVE),
        SymbolicFunction("1/x^3", X**-3, 4, domain=POSITIVE),
        SymbolicFunction("sqrt", sp.sqrt(X), 2, domain=POSITIVE),
        SymbolicFunction("1/sqrt", 1 / sp.sqrt(X), 3, domain=POSITIVE),
        SymbolicFunction("x^(3/2)", X ** sp.Rational(3, 2), 4, domain=POSITIVE),
        SymbolicFunction("exp", sp.exp(X), 2),
        SymbolicFunction("log", sp.log(X), 2, domain=POSITIVE),
        SymbolicFunction("abs", sp.Abs(X), 3),
        SymbolicFunction("sign", sp.sign(X), 4),
        SymbolicFunction("sin", sp.sin(X), 2),
        SymbolicFunction("cos", sp.cos(X), 2),
        SymbolicFunction("tan", sp.tan(X), 3, domain=(-1.57, 1.57)),
        SymbolicFunction("asin", sp.asin(X), 4, domain=UNIT),
        SymbolicFunction("acos", sp.acos(X), 4, domain=UNIT),
        SymbolicFunction("atan", sp.atan(X), 4),
        SymbolicFunction("sinh", sp.sinh(X), 3),
        SymbolicFunction("cosh", sp.cosh(X), 3),
        SymbolicFunction("tanh", sp.tanh(X), 3),
        SymbolicFunction("asinh", sp.asinh(X), 4),
        SymbolicFunction("acosh", sp.acosh(X), 4, domain=(1.0, None)),
        SymbolicFunction("atanh", sp.atanh(X), 4, domain=UNIT),
        SymbolicFunction("sigmoid", 1 / (1 + sp.exp(-X)), 3),
        SymbolicFunction("gaussian", sp.exp(-(X**2)), 3),
        SymbolicFunction("lorentzian", 1 / (1 + X**2), 3),
        SymbolicFunction("erf", sp.erf(X), 4),
        SymbolicFunction("sinc", sp.sin(X) / X, 4, domain=POSITIVE),
        SymbolicFunction("J0", sp.besselj(0, X), 5),
        SymbolicFunction("J1", sp.besselj(1, X), 5),
    ]
}
"""Name to function. `log`, roots and poles are compared on the positive side; a negative scale covers the other one."""

EQUIVALENT = {"cos": "sin", "acos": "asin", "sigmoid": "tanh"}
"""Functions that become another one by a shift and a scale: they are fixed by name, and not compared twice."""


def chosen(functions: Iterable[str | SymbolicFunction] | None) -> list[SymbolicFunction]:
    """The functions of these names, and further ones of the user; without names all that differ from each other.

    Raises:
        ValueError: for an unknown name, or no function.
    """
    if functions is None:
        return [f for name, f in LIBRARY.items() if name not in EQUIVALENT]
    functions = [functions] if isinstance(functions, str | SymbolicFunction) else functions
    found = [f if isinstance(f, SymbolicFunction) else named(f) for f in functions]
    if not found:
        raise ValueError("`functions` must hold at least one function, got none: name some, such as 'sin'.")
    return found


def named(name: str) -> SymbolicFunction:
    """The function of that name.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in LIBRARY:
        raise ValueError(f"`{name}` is no function of the library: it has {', '.join(LIBRARY)}.")
    return LIBRARY[name]
