"""A symbolic expression as numeric functions: its value, and its slope by each partial derivative in it.

Everything that depends on coordinates alone is split off and evaluated once per point set, so that a training
step only pays for what changes. The same object serves training (torch) and finite differences (NumPy).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, reduce
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from .symbols import Parameter, Unknown, orders_of

HIGHEST_ORDER = 4


class Partial(NamedTuple):
    """A partial derivative of an unknown: how often it is differentiated in each coordinate."""

    unknown: str
    orders: tuple[int, ...]


class Expression:
    """A SymPy expression in coordinates, unknowns and their partial derivatives, made numeric.

    Args:
        expression: what to evaluate; symbols that are neither unknowns nor parameters are known columns.
        unknowns: the unknown functions that may occur.

    Attributes:
        partials: the partial derivatives that occur, in a fixed order.
        parameters: the unknown numbers that occur, in a fixed order.

    Raises:
        ValueError: for a derivative of higher order than networks are differentiated to.
    """

    def __init__(self, expression: sp.Expr, unknowns: Sequence[Unknown]):
        functions = {u.func: u for u in unknowns}
        table: dict[sp.Expr, tuple[Partial, sp.Symbol]] = {}
        for atom in expression.atoms(sp.Derivative) | {u for u in unknowns if expression.has(u)}:
            base = atom.expr if isinstance(atom, sp.Derivative) else atom
            if base.func not in functions:
                continue
            orders = orders_of(atom, base.args) if isinstance(atom, sp.Derivative) else (0,) * len(base.args)
            if sum(orders) > HIGHEST_ORDER:
                raise ValueError(
                    f"`{atom}` is a derivative of order {sum(orders)}, the highest is {HIGHEST_ORDER}: "
                    "introduce an unknown for a lower derivative and make it a system."
                )
            name = str(base.func)
            table[atom] = (Partial(name, orders), sp.Dummy(f"{name}{''.join(map(str, orders))}", real=True))
        entries = sorted(table.items(), key=lambda item: item[1][0])
        self.partials = tuple(partial for _, (partial, _) in entries)
        tokens = [token for _, (_, token) in entries]
        derivatives_first = {a: token for a, (_, token) in entries if isinstance(a, sp.Derivative)}
        plain = expression.xreplace(derivatives_first).xreplace({a: token for a, (_, token) in entries})
        symbols = sorted(plain.free_symbols - set(tokens), key=str)
        self.parameters = tuple(s for s in symbols if isinstance(s, Parameter))
        self.columns = tuple(s for s in symbols if not isinstance(s, Parameter))
        self._dynamic = [*tokens, *self.parameters]
        known: dict[sp.Expr, sp.Symbol] = {}
        self._rest = _hoist(plain, frozenset(self._dynamic), known)
        self._known_symbols = list(known.values())
        self._known_expressions = list(known)

    def known(self, columns: Mapping[str, np.ndarray]) -> list[np.ndarray | float]:
        """The parts that depend on coordinates alone, at the given points.

        Args:
            columns: name to values of shape (n,), for every coordinate and extra column that occurs.

        Raises:
            ValueError: if a column is missing or a part is not finite, naming the first such point.
        """
        missing = [s.name for s in self.columns if s.name not in columns]
        if missing:
            raise ValueError(f"`{missing[0]}` is neither a coordinate nor an unknown of this problem.")
        given = {s.name: columns[s.name] for s in self.columns}
        with np.errstate(all="ignore"):
            parts = self._known_function(*given.values())
        for part, expression in zip(parts, self._known_expressions, strict=True):
            bad = ~np.isfinite(np.asarray(part, float))
            if bad.any():
                i = int(np.argmax(bad))
                where = ", ".join(f"{k}={v[i]:g}" for k, v in given.items()) if bad.ndim else "every point"
                raise ValueError(f"`{expression}` is not finite at {where}: check the coefficient or the source there.")
        return parts

    def value(self, known: Sequence[Any], dynamic: Sequence[Any]) -> Any:
        """The expression, from its known parts and the partial derivatives (then parameters) in order."""
        return self._value_function(_backend(dynamic))(*known, *dynamic)[0]

    def value_and_slopes(self, known: Sequence[Any], dynamic: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The expression and its derivative by each partial derivative and parameter, in order."""
        value, *slopes = self._slope_function(_backend(dynamic))(*known, *dynamic)
        return value, slopes

    @cached_property
    def is_linear(self) -> bool:
        """Whether no slope depends on the unknowns."""
        return not any(s.free_symbols & set(self._dynamic) for s in self._slopes)

    @cached_property
    def _slopes(self) -> list[sp.Expr]:
        return [sp.diff(self._rest, token) for token in self._dynamic]

    @cached_property
    def _known_function(self) -> Callable[..., list[Any]]:
        return _compile(list(self.columns), self._known_expressions, "numpy")

    def _value_function(self, backend: str) -> Callable[..., list[Any]]:
        return self._function(backend, [self._rest])

    def _slope_function(self, backend: str) -> Callable[..., list[Any]]:
        return self._function(backend, [self._rest, *self._slopes])

    def _function(self, backend: str, outputs: list[sp.Expr]) -> Callable[..., list[Any]]:
        key = (backend, len(outputs))
        cache = self.__dict__.setdefault("_functions", {})
        if key not in cache:
            cache[key] = _compile([*self._known_symbols, *self._dynamic], outputs, backend)
        return cache[key]


def numeric(expression: Any, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Values of an expression in coordinates alone at the given points.

    Args:
        columns: coordinate name to values of shape (n,).

    Returns:
        Values of shape (n,).
    """
    size = len(next(iter(columns.values())))
    compiled = Expression(sp.sympify(expression), [])
    parts = compiled.known(columns)
    return np.broadcast_to(np.asarray(compiled.value(parts, []), float), (size,)).copy()


def _backend(dynamic: Sequence[Any]) -> str:
    return "torch" if any(type(d).__module__.startswith("torch") for d in dynamic) else "numpy"


def _hoist(expression: sp.Expr, dynamic: frozenset[sp.Symbol], known: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    """Replace every largest part that is free of `dynamic` by a symbol, which `known` explains."""
    if not expression.free_symbols:
        return expression
    if not expression.free_symbols & dynamic:
        return known.setdefault(expression, sp.Dummy(f"k{len(known)}", real=True))
    if isinstance(expression, (sp.Add, sp.Mul)):
        fixed = [a for a in expression.args if not a.free_symbols & dynamic]
        rest = [_hoist(a, dynamic, known) for a in expression.args if a.free_symbols & dynamic]
        return expression.func(_hoist(expression.func(*fixed), dynamic, known), *rest)
    if not expression.args:
        return expression
    return expression.func(*[_hoist(a, dynamic, known) for a in expression.args])


def _compile(arguments: list[sp.Symbol], outputs: list[sp.Expr], backend: str) -> Callable[..., list[Any]]:
    library = ["scipy", "numpy"] if backend == "numpy" else ["torch"]
    functions = {f.func for e in outputs for f in e.atoms(sp.Function)}
    own: dict[str, Callable[..., Any]] = {str(f): f.evaluate for f in functions if hasattr(f, "evaluate")}
    if backend == "torch":
        own |= {"max": lambda *v: _extreme("maximum", v), "min": lambda *v: _extreme("minimum", v)}
    return sp.lambdify(arguments, [e.evalf(17) for e in outputs], modules=[own, *library], cse=True)


def _extreme(name: str, values: Sequence[Any]) -> Any:
    import torch

    like = next(v for v in values if isinstance(v, torch.Tensor))
    return reduce(getattr(torch, name), [torch.as_tensor(v, dtype=like.dtype, device=like.device) for v in values])
