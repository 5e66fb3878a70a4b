"""SymPy expressions as plain nested lists and back, through a fixed table of heads: reading never runs code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from .geometry import Depth
from .symbols import Coordinate, Parameter, Unknown, unknown

KnownFields = Callable[[int, str], type[sp.Function]]
Shapes = Mapping[str, type[sp.Function]]

CONSTANTS = {"pi": sp.pi, "E": sp.E, "GoldenRatio": sp.GoldenRatio, "I": sp.I}
HEADS: dict[str, Any] = {
    f.__name__: f
    for f in [
        *(sp.Add, sp.Mul, sp.Pow, sp.Abs, sp.sign, sp.Max, sp.Min, sp.exp, sp.log, sp.erf, sp.erfc),
        *(sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc, sp.asin, sp.acos, sp.atan, sp.atan2, sp.gamma, sp.Heaviside),
        *(sp.sinh, sp.cosh, sp.tanh, sp.asinh, sp.acosh, sp.atanh, sp.besselj, sp.bessely, sp.besseli, sp.besselk),
        *(sp.Piecewise, sp.functions.elementary.piecewise.ExprCondPair),
        *(sp.StrictLessThan, sp.LessThan, sp.StrictGreaterThan, sp.GreaterThan, sp.Equality, sp.Unequality),
        *(sp.And, sp.Or, sp.Not, sp.floor, sp.ceiling, sp.Mod, sp.coth, sp.sech, sp.csch),
    ]
}


def encode(expression: Any) -> Any:
    """Nested lists of strings and numbers for an expression.

    Raises:
        ValueError: for a function outside the table, such as a `Coefficient`.
    """
    e = sp.sympify(expression)
    if e in (sp.true, sp.false):
        return ["Boolean", bool(e)]
    if isinstance(e, sp.Rational):
        return ["Rational", str(e.p), str(e.q)]
    if isinstance(e, sp.Float):
        sign, mantissa, exponent, _ = e._mpf_
        return ["Float", sign, str(mantissa), exponent, e._prec]
    for name, constant in CONSTANTS.items():
        if e == constant:
            return ["Constant", name]
    if isinstance(e, Coordinate):
        return ["Coordinate", e.name, e.kind, list(e.frame)]
    if isinstance(e, Parameter):
        return ["Parameter", e.name, e.initial]
    if type(e) is sp.Symbol:
        return ["Symbol", e.name]
    if isinstance(e, Unknown):
        return ["Unknown", str(e.func), *[encode(a) for a in e.args]]
    known = getattr(e.func, "known_field", None)
    if known is not None:
        index, name = known
        return ["Known", index, name, list(e.func.orders or (0,) * len(e.args)), *[encode(a) for a in e.args]]
    if isinstance(e, Depth):
        return ["Depth", e.fingerprint, *[encode(a) for a in e.args]]
    head = type(e).__name__
    if HEADS.get(head) is not type(e):
        raise ValueError(f"`{e.func}` cannot be written to a record: it is no function of SymPy that the format knows.")
    return [head, *[encode(a) for a in e.args]]


def decode(tree: Any, known: KnownFields | None = None, shapes: Shapes | None = None) -> Any:
    """The expression that `encode` made these lists from.

    Args:
        tree: nested lists.
        known: gives the function of an unknown of a field that the solution builds on, from index and name.
        shapes: fingerprint of a shape without a formula to the depth in it as a function.

    Raises:
        ValueError: for anything outside the table.
    """
    if not isinstance(tree, list) or not tree or not isinstance(tree[0], str):
        raise ValueError(
            f"`{tree!r}` is no expression of this format: the record is damaged or newer than this version."
        )
    head, arguments = tree[0], tree[1:]
    if head == "Boolean":
        return sp.true if arguments[0] else sp.false
    if head == "Rational":
        return sp.Rational(int(arguments[0]), int(arguments[1]))
    if head == "Float":
        sign, mantissa, exponent, precision = (int(a) for a in arguments)
        return sp.Float((sign, mantissa, exponent, mantissa.bit_length()), precision=precision)
    if head == "Constant" and arguments[0] in CONSTANTS:
        return CONSTANTS[arguments[0]]
    if head == "Coordinate":
        return Coordinate(_identifier(arguments[0]), str(arguments[1]), tuple(map(_identifier, arguments[2])))
    if head == "Parameter":
        return Parameter(float(arguments[1]), _identifier(arguments[0]))
    if head == "Symbol":
        return sp.Symbol(_identifier(arguments[0]), real=True)
    if head == "Unknown":
        return unknown(_identifier(arguments[0]), [decode(a, known, shapes) for a in arguments[1:]])
    if head == "Known" and known is not None:
        function = known(int(arguments[0]), _identifier(arguments[1]))
        places = [decode(a, known, shapes) for a in arguments[3:]]
        slots = [sp.Dummy(real=True) for _ in places]
        found = function(*slots)
        for slot, order in zip(slots, arguments[2], strict=True):
            found = sp.diff(found, slot, int(order))
        return found.xreplace(dict(zip(slots, places, strict=True)))
    if head == "Depth" and arguments[0] in (shapes or {}):
        return (shapes or {})[arguments[0]](*[decode(a, known, shapes) for a in arguments[1:]])
    if head not in HEADS:
        raise ValueError(f"`{head}` is no head of this format: the record is damaged or newer than this version.")
    return HEADS[head](*[decode(a, known, shapes) for a in arguments])


def _identifier(name: Any) -> str:
    """The name, if it is one: expressions are compiled, and anything else could smuggle code in."""
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("__"):
        raise ValueError(f"`{name!r}` is no name of this format: the record is damaged or not from kanpde.")
    return name
