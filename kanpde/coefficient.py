"""Coefficients that SymPy cannot express: any function of tensors, or a table of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp
import torch
from scipy.interpolate import NdBSpline, make_interp_spline
from sympy.core.function import ArgumentIndexError


def Coefficient(name: str, source: Any, values: Any = None) -> type[sp.Function]:  # noqa: N802
    """A SymPy function backed by data: `k = Coefficient("k", f)`, then `k(x, y)` in a residual.

    Args:
        name: how it is printed, a Python identifier.
        source: a function of torch tensors of shape (n,) returning shape (n,), differentiated by autograd; or, with
            `values`, one ascending axis per argument.
        values: the table, one dimension per axis; interpolated by splines of degree 3 (less for short axes), which
            are differentiated exactly.

    Returns:
        A SymPy function to be called with coordinates or unknowns.

    Raises:
        ValueError: for a table whose shape does not match its axes, or that has NaN in it.
        TypeError: for a source that is neither callable nor a table.
    """
    if not name.isidentifier():
        raise ValueError(f"`name` must be an identifier, got '{name}': it is printed in formulas.")
    if callable(source):
        return _function(name, _Callable(name, source), ())
    if values is None:
        raise TypeError(
            f"`source` of coefficient {name} must be callable, or come with `values`, got {type(source).__name__}."
        )
    return _function(name, _table(name, source, values), ())


class _Callable:
    """A function of tensors; its derivatives come from nested automatic differentiation."""

    def __init__(self, name: str, function: Callable[..., Any]):
        self.name, self.function = name, function

    def __call__(self, orders: Sequence[int], *arguments: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            leaves = [a if a.requires_grad or not any(orders) else a.detach().requires_grad_() for a in arguments]
            out = self.function(*leaves)
            if not isinstance(out, torch.Tensor):
                raise TypeError(
                    f"`{self.name}` must return a torch tensor, got {type(out).__name__}: write it with torch functions."
                )
            for leaf, order in zip(leaves, orders, strict=False):
                for _ in range(order):
                    if not out.requires_grad:
                        return torch.zeros_like(leaf)
                    (gradient,) = torch.autograd.grad(out.sum(), leaf, create_graph=True, allow_unused=True)
                    out = torch.zeros_like(leaf) if gradient is None else gradient
        return out


class _Interpolated(torch.autograd.Function):
    """A spline table at tensors; the derivative by an argument is the table's own derivative."""

    @staticmethod
    def forward(ctx: Any, spline: Any, orders: tuple[int, ...], *arguments: torch.Tensor) -> torch.Tensor:
        ctx.spline, ctx.orders = spline, orders
        ctx.save_for_backward(*arguments)
        points = np.stack([a.detach().cpu().numpy().astype(float) for a in arguments], axis=-1)
        return torch.as_tensor(spline(points, nu=orders)).to(arguments[0])

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        arguments = ctx.saved_tensors
        slopes = []
        for i in range(len(arguments)):
            raised = tuple(k + (i == j) for j, k in enumerate(ctx.orders))
            slopes.append(gradients[0] * _Interpolated.apply(ctx.spline, raised, *arguments))
        return (None, None, *slopes)


def _table(name: str, axes: Any, values: Any) -> Callable[..., torch.Tensor]:
    table = np.asarray(values, float)
    columns = [np.asarray(axes, float)] if np.ndim(axes[0]) == 0 else [np.asarray(a, float) for a in axes]
    if table.shape != tuple(len(c) for c in columns):
        raise ValueError(
            f"`values` of coefficient {name} must have shape {tuple(len(c) for c in columns)}, got {table.shape}."
        )
    if not np.isfinite(table).all():
        raise ValueError(
            f"`values` of coefficient {name} must be finite, got {int((~np.isfinite(table)).sum())} NaN or infinite."
        )
    if any(len(c) < 2 or (np.diff(c) <= 0).any() for c in columns):
        raise ValueError(f"`source` of coefficient {name} must be axes of at least 2 strictly ascending values.")
    degrees, knots, weights = [min(3, len(c) - 1) for c in columns], [], table
    for i, (column, degree) in enumerate(zip(columns, degrees, strict=True)):
        along = make_interp_spline(column, weights, k=degree, axis=i)
        knots.append(along.t)
        weights = np.moveaxis(along.c, 0, i)
    spline = NdBSpline(tuple(knots), weights, k=tuple(degrees))

    def evaluate(orders: Sequence[int], *arguments: torch.Tensor) -> torch.Tensor:
        return _Interpolated.apply(spline, tuple(orders), *arguments)

    return evaluate


def _function(name: str, implementation: Callable[..., torch.Tensor], orders: tuple[int, ...]) -> type[sp.Function]:
    """The SymPy function of one derivative of the coefficient, made when it is first asked for."""
    members: dict[tuple[int, ...], type[sp.Function]] = {}

    def member(which: tuple[int, ...]) -> type[sp.Function]:
        if which not in members:
            label = name if not any(which) else f"{name}_{'_'.join(map(str, which))}"
            members[which] = type(
                label, (sp.Function,), {"evaluate": staticmethod(evaluator(which)), "fdiff": raised(which)}
            )
        return members[which]

    def evaluator(which: tuple[int, ...]) -> Callable[..., Any]:
        def evaluate(*arguments: Any) -> Any:
            if any(isinstance(a, torch.Tensor) for a in arguments):
                return implementation(which or (0,) * len(arguments), *arguments)
            columns = np.broadcast_arrays(*[np.atleast_1d(np.asarray(a, float)) for a in arguments])
            return evaluate(*[torch.tensor(c) for c in columns]).detach().numpy()

        return evaluate

    def raised(which: tuple[int, ...]) -> Callable[..., sp.Expr]:
        def fdiff(self: sp.Function, argindex: int = 1) -> sp.Expr:
            if not 1 <= argindex <= len(self.args):
                raise ArgumentIndexError(self, argindex)
            padded = which or (0,) * len(self.args)
            return member(tuple(k + (i == argindex - 1) for i, k in enumerate(padded)))(*self.args)

        return fdiff

    return member(orders)
