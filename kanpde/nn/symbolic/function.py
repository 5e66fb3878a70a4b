"""A function of one variable that is known as a formula, with exact derivatives of every order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
import torch
from torch import Tensor

from ...expression import lambdified
from ..basis.activation import Activation

X = sp.Symbol("x", real=True)
"""What the formulas of functions are written in."""


class SymbolicFunction(Activation):
    """A formula f(x) that an edge can be fixed to.

    Args:
        name: what it is called in tables.
        formula: of `X`, the real symbol x; or a function that makes one from a symbol, such as `sympy.sin`.
        complexity: what it costs beside other functions, at least 0.
        domain: open interval in which it is used; None where it is unbounded.

    Raises:
        ValueError: for a formula that is not one of x alone, or a negative complexity.
    """

    def __init__(
        self,
        name: str,
        formula: sp.Expr | Callable[[sp.Symbol], Any],
        complexity: float = 2.0,
        *,
        domain: tuple[float | None, float | None] = (None, None),
    ):
        super().__init__()
        expression = sp.sympify(formula(X) if callable(formula) else formula)
        free = expression.free_symbols
        if {s.name for s in free} - {X.name}:
            raise ValueError(f"`formula` must be a function of x alone, got {expression}: write it in the symbol x.")
        if not complexity >= 0:
            raise ValueError(f"`complexity` must be at least 0, got {complexity}: it counts against a function.")
        self.name, self.complexity, self.domain = name, float(complexity), domain
        self.formula = expression.xreplace(dict.fromkeys(free, X))
        self._compiled: dict[int, Callable[..., list[Any]]] = {}

    def rows(self, x: Tensor, order: int) -> list[Tensor]:
        """Value and derivatives."""
        if order not in self._compiled:
            expressions = [self.formula]
            for _ in range(order):
                expressions.append(sp.diff(expressions[-1], X).replace(sp.DiracDelta, lambda *_: sp.S.Zero))
            self._compiled[order] = lambdified([X], expressions, "torch")
        found = self._compiled[order](x)
        return [torch.as_tensor(v, dtype=x.dtype, device=x.device).expand(x.shape) for v in found]

    def allows(self, x: Tensor) -> Tensor:
        """Whether arguments lie in the domain."""
        low, high = self.domain
        inside = torch.ones_like(x, dtype=torch.bool)
        inside = inside if low is None else inside & (x > low)
        return inside if high is None else inside & (x < high)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_compiled": {}}

    def extra_repr(self) -> str:
        """For printing the module."""
        return f"{self.name}: {self.formula}"
