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
from scipy import special
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction
from sympy.printing.numpy import SciPyPrinter
from sympy.printing.pytorch import TorchPrinter

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
        ValueError: for a derivative of higher order than networks are differentiated to, or a function that has no
            value, such as an unknown at another point than its coordinates.
    """

    def __init__(self, expression: sp.Expr, unknowns: Sequence[Unknown]):
        self._source = expression
        derivatives = {d: p for d in expression.atoms(sp.Derivative) if (p := _partial(d, unknowns))}
        bare = expression.xreplace({d: sp.Dummy() for d in derivatives})
        values = {u: p for u in bare.atoms(AppliedUndef) if (p := _partial(u, unknowns))}
        self.partials = tuple(sorted({*derivatives.values(), *values.values()}))
        tokens = {p: sp.Dummy(f"{p.unknown}{''.join(map(str, p.orders))}", real=True) for p in self.partials}
        plain = expression.xreplace({d: tokens[p] for d, p in derivatives.items()})
        plain = plain.xreplace({u: tokens[p] for u, p in values.items()})
        left = plain.atoms(AppliedUndef, sp.Derivative, sp.Subs, sp.Integral, sp.DiracDelta)
        if left:
            raise ValueError(
                f"`{min(left, key=str)}` has no value: use the unknowns "
                f"({', '.join(map(str, unknowns)) or 'none here'}), their partial derivatives, and a Coefficient for data."
            )
        symbols = sorted(plain.free_symbols - set(tokens.values()), key=str)
        self.parameters = tuple(s for s in symbols if isinstance(s, Parameter))
        self.columns = tuple(s for s in symbols if not isinstance(s, Parameter))
        self._dynamic = [*tokens.values(), *self.parameters]
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
        parts, given = self._parts(columns), {s.name: columns[s.name] for s in self.columns}
        for part, expression in zip(parts, self._known_expressions, strict=True):
            bad = ~np.isfinite(np.asarray(part, float))
            if bad.any():
                i = int(np.argmax(bad))
                where = ", ".join(f"{k}={v[i]:g}" for k, v in given.items()) if bad.ndim else "every point"
                raise ValueError(f"`{expression}` is not finite at {where}: check the coefficient or the source there.")
        return parts

    def is_known(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """At which points all parts that depend on coordinates alone are finite."""
        finite = (np.isfinite(np.asarray(part, float)) for part in self._parts(columns))
        return reduce(np.logical_and, finite, np.array(True))

    def _parts(self, columns: Mapping[str, np.ndarray]) -> list[np.ndarray | float]:
        missing = [s.name for s in self.columns if s.name not in columns]
        if missing:
            raise ValueError(f"`{missing[0]}` is neither a coordinate nor an unknown of this problem.")
        with np.errstate(all="ignore"):
            return self._known_function(*[columns[s.name] for s in self.columns])

    def value(self, known: Sequence[Any], dynamic: Sequence[Any]) -> Any:
        """The expression, from its known parts and the partial derivatives (then parameters) in order."""
        return self._value_function(_backend(dynamic))(*known, *dynamic)[0]

    def value_and_slopes(self, known: Sequence[Any], dynamic: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The expression and its derivative by each partial derivative and parameter, in order."""
        value, *slopes = self._slope_function(_backend(dynamic))(*known, *dynamic)
        return value, slopes

    def require_torch(self) -> None:
        """Make the functions that training evaluates.

        Raises:
            ValueError: for a part that torch cannot evaluate, or that cannot be differentiated.
        """
        self._slope_function("torch")

    @cached_property
    def is_linear(self) -> bool:
        """Whether no slope depends on the unknowns."""
        return not any(s.free_symbols & set(self._dynamic) for s in self._slopes)

    @cached_property
    def _slopes(self) -> list[sp.Expr]:
        slopes = [sp.diff(self._rest, token).replace(sp.DiracDelta, lambda *_: sp.S.Zero) for token in self._dynamic]
        if any(s.has(sp.Derivative, sp.Subs) for s in slopes):
            raise ValueError(f"`{self._source}` has a part that cannot be differentiated: write it with Piecewise.")
        return slopes

    @cached_property
    def _known_function(self) -> Callable[..., list[Any]]:
        return lambdified(list(self.columns), self._known_expressions, "numpy")

    def _value_function(self, backend: str) -> Callable[..., list[Any]]:
        return self._function(backend, [self._rest])

    def _slope_function(self, backend: str) -> Callable[..., list[Any]]:
        return self._function(backend, [self._rest, *self._slopes])

    def _function(self, backend: str, outputs: list[sp.Expr]) -> Callable[..., list[Any]]:
        key = (backend, len(outputs))
        cache = self.__dict__.setdefault("_functions", {})
        if key not in cache:
            cache[key] = lambdified([*self._known_symbols, *self._dynamic], outputs, backend)
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


def _partial(atom: sp.Expr, unknowns: Sequence[Unknown]) -> Partial | None:
    """Which partial derivative of which unknown an atom is, if it is one."""
    base = atom.expr if isinstance(atom, sp.Derivative) else atom
    if base not in unknowns:
        return None
    orders = orders_of(atom, base.args) if isinstance(atom, sp.Derivative) else (0,) * len(base.args)
    if sum(orders) > HIGHEST_ORDER:
        raise ValueError(
            f"`{atom}` is a derivative of order {sum(orders)}, the highest is {HIGHEST_ORDER}: "
            "introduce an unknown for a lower derivative and make it a system."
        )
    return Partial(str(base.func), orders)


def _backend(dynamic: Sequence[Any]) -> str:
    return "torch" if any(type(d).__module__.startswith("torch") for d in dynamic) else "numpy"


def _hoist(expression: sp.Expr, dynamic: frozenset[sp.Symbol], known: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    """Replace every largest part that is free of `dynamic` by a symbol, which `known` explains."""
    if not expression.free_symbols:
        return expression
    if (
        isinstance(expression, (Relational, BooleanFunction)) and not expression.free_symbols & dynamic
    ):  # known parts are numbers
        indicator = sp.Piecewise((1, expression), (0, True))
        return known.setdefault(indicator, sp.Dummy(f"k{len(known)}", real=True)) > sp.Rational(1, 2)
    if not expression.free_symbols & dynamic:
        return known.setdefault(expression, sp.Dummy(f"k{len(known)}", real=True))
    if isinstance(expression, (sp.Add, sp.Mul)):
        fixed = [a for a in expression.args if not a.free_symbols & dynamic]
        rest = [_hoist(a, dynamic, known) for a in expression.args if a.free_symbols & dynamic]
        return expression.func(_hoist(expression.func(*fixed), dynamic, known), *rest)
    if not expression.args:
        return expression
    return expression.func(*[_hoist(a, dynamic, known) for a in expression.args])


def lambdified(arguments: list[sp.Symbol], outputs: list[sp.Expr], backend: str) -> Callable[..., list[Any]]:
    """The outputs as one Python function of the arguments, for NumPy or torch.

    Functions of our own go in under names that nothing else can have. The arguments are numbered, because SymPy sorts
    sums by what they print as: the running numbers of its dummies would make the order of a sum, and with it its last
    bit, depend on what was computed before.

    Raises:
        ValueError: for a function that the backend does not have.
    """
    known = _torch_functions() if backend == "torch" else {}
    numbered = [sp.Symbol(f"argument_{i:04d}", **a.assumptions0) for i, a in enumerate(arguments)]
    outputs = [e.xreplace(dict(zip(arguments, numbered, strict=True))) for e in outputs]
    own: dict[str, Callable[..., Any]] = {}
    for function in sorted({f.func for e in outputs for f in e.atoms(sp.Function, sp.Max, sp.Min)}, key=str):
        implementation = getattr(function, "evaluate", known.get(function))
        if implementation:
            name = f"function_{len(own)}"
            own[name] = implementation
            outputs = [e.replace(function, sp.Function(name)) for e in outputs]
    library = ["torch"] if backend == "torch" else ["scipy", "numpy"]
    options = {"fully_qualified_modules": False, "inline": True}
    own_functions = {"allow_unknown_functions": True}
    printer = _TorchPrinter(options) if backend == "torch" else _NumPyPrinter({**options, **own_functions})
    code = [_with_floats(e) for e in outputs]
    try:
        return sp.lambdify(numbered, code, modules=[own, *library], printer=printer, cse=True)
    except (
        NotImplementedError,
        AttributeError,
    ) as error:  # SymPy knows no name for the function, or the library has none
        missing = error.name if isinstance(error, AttributeError) else str(error).partition("\n")[0].rpartition(" ")[2]
        raise ValueError(f"`{missing}` cannot be evaluated by {backend}: wrap it in a Coefficient.") from None


class _TorchPrinter(TorchPrinter):
    """Prints functions of our own by their name, which SymPy's printer for torch refuses to do."""

    def _print_AppliedUndef(self, expr: sp.Expr) -> str:  # noqa: N802  (the name that SymPy looks for)
        return f"{expr.func.__name__}({', '.join(map(self._print, expr.args))})"


class _NumPyPrinter(SciPyPrinter):
    """Prints small powers of symbols as products, which NumPy evaluates a hundred times as fast."""

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:  # noqa: N802
        if expr.base.is_Symbol and expr.exp.is_Integer and 3 <= expr.exp <= 8:
            return f"({'*'.join([self._print(expr.base)] * int(expr.exp))})"
        return super()._print_Pow(expr, rational=rational)


def _with_floats(expression: sp.Basic) -> sp.Basic:
    """Numbers such as sqrt(2) as floats of 17 digits, because torch functions take no plain numbers."""
    if isinstance(expression, sp.Expr) and expression.is_number:
        return expression if expression.is_Rational else expression.evalf(17)
    if not expression.args:
        return expression
    return expression.func(*[_with_floats(a) for a in expression.args])


def _torch_functions() -> dict[Any, Callable[..., Any]]:
    """Functions that SymPy does not print for torch, or not so that they take tensors."""
    import torch  # here, because finite differences need none of it

    def of_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
        def apply(*values: Any) -> Any:
            like = next(v for v in values if isinstance(v, torch.Tensor))
            return reduce(function, [torch.as_tensor(v, dtype=like.dtype, device=like.device) for v in values])

        return apply

    def bessel(order: Any, v: torch.Tensor) -> torch.Tensor:
        """J_n(v) of whole order.

        SciPy's values have no gradient (and torch's own only seven digits, near 6); with one, the mean of
        cos(n a - v sin a) over half a circle, which converges exponentially in the number of equal steps.
        """
        n = int(order)
        if not v.requires_grad:
            return torch.as_tensor(special.jv(n, v.cpu().numpy()), dtype=v.dtype, device=v.device)
        count = 32 + abs(n) + int(1.5 * v.detach().abs().max()) if v.numel() else 1
        angle = torch.pi * (torch.arange(count, dtype=v.dtype, device=v.device) + 0.5) / count
        return torch.cos(n * angle - v[..., None] * angle.sin()).mean(-1)

    def gamma(v: torch.Tensor) -> torch.Tensor:
        """Between two poles on the left the sign is that of the number of poles passed."""
        sign = torch.where(v > 0, 1.0, 1 - 2 * torch.remainder(torch.floor(v), 2))
        return sign * torch.exp(torch.lgamma(v))

    return {
        sp.gamma: gamma,
        sp.loggamma: torch.lgamma,
        sp.polygamma: lambda order, v: torch.polygamma(int(order), v),
        sp.Max: of_tensors(torch.maximum),
        sp.Min: of_tensors(torch.minimum),
        sp.atan2: of_tensors(torch.atan2),
        sp.Heaviside: lambda v, at_zero=0.5: (1 + torch.sign(v)) / 2,
        sp.erfc: torch.erfc,
        sp.cot: lambda v: 1 / torch.tan(v),
        sp.sec: lambda v: 1 / torch.cos(v),
        sp.csc: lambda v: 1 / torch.sin(v),
        sp.coth: lambda v: 1 / torch.tanh(v),
        sp.sech: lambda v: 1 / torch.cosh(v),
        sp.csch: lambda v: 1 / torch.sinh(v),
        sp.besselj: bessel,
    }
