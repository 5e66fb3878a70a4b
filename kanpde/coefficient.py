"""Coefficients that SymPy cannot express: any function of tensors, or a table of values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
import torch
from scipy.interpolate import NdBSpline, make_interp_spline
from sympy.core.function import ArgumentIndexError

NEARBY = 1e-4
"""How far arguments are moved to see whether a function depends on them, in parts of their range."""


def Coefficient(name: str, source: Any, values: Any = None) -> type[sp.Function]:  # noqa: N802
    """Make a SymPy function out of data, to be called with coordinates or unknowns in a residual or condition.

    Args:
        name: how it is printed, a Python identifier.
        source: a function of torch tensors of shape (n,) returning shape (n,), differentiated by autograd, so without
            `detach` and `numpy` wherever its slope is needed; or, with `values`, one ascending axis per argument.
        values: the table, one dimension per axis; interpolated by splines of degree 3 (less for short axes), which
            are differentiated exactly and continue beyond the table.

    Returns:
        A SymPy function to be called with coordinates or unknowns.

    Raises:
        ValueError: for a table whose shape does not match its axes, or that has NaN in it.
        TypeError: for a source that is neither callable nor a table.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"`name` must be an identifier, got {name!r}: it is printed in formulas.")
    if values is not None:
        axes, table = _checked_table(name, source, values)
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in [*axes, table])).hexdigest()
        ranges = tuple((float(a[0]), float(a[-1])) for a in axes)
        return known_function(name, _Table(axes, table), {"nargs": len(axes), "ranges": ranges, "fingerprint": digest})
    if callable(source):
        return known_function(name, _Callable(name, source), {"ranges": (), "fingerprint": ""})
    raise TypeError(
        f"`source` of coefficient {name} must be callable, or come with `values`, got {type(source).__name__}."
    )


class _Callable:
    """A function of tensors; its derivatives come from nested automatic differentiation."""

    def __init__(self, name: str, function: Callable[..., Any]):
        self.name, self.function = name, function

    def __call__(self, orders: Sequence[int], *arguments: torch.Tensor) -> torch.Tensor:
        tracked = torch.is_grad_enabled() and any(a.requires_grad for a in arguments)
        with torch.enable_grad():
            leaves = [a.clone() if a.requires_grad else a.detach().requires_grad_() for a in arguments]
            out = self.function(*leaves)
            if not isinstance(out, torch.Tensor):
                raise TypeError(
                    f"`{self.name}` must return a torch tensor, got {type(out).__name__}: write it with torch functions."
                )
            if out.shape not in ((), leaves[0].shape):
                raise ValueError(
                    f"`{self.name}` must return shape {tuple(leaves[0].shape)} like its arguments, got {tuple(out.shape)}."
                )
            if not out.shape and out.requires_grad and leaves[0].shape:
                raise ValueError(
                    f"`{self.name}` must return a value for each point, got one for all {len(leaves[0])} that depends on them: "
                    "take out mean, sum and the like."
                )
            out = out.expand_as(leaves[0])
            if any(orders) and not out.requires_grad and self._varies(leaves, out):
                raise ValueError(
                    f"`{self.name}` must be differentiable, since its slope is needed, but autograd lost track of its arguments: "
                    "write it with torch functions, without detach() and numpy()."
                )
            for leaf, order in zip(leaves, orders, strict=True):
                for _ in range(order):
                    if not out.requires_grad:
                        return torch.zeros_like(leaf)
                    (gradient,) = torch.autograd.grad(out.sum(), leaf, create_graph=True, allow_unused=True)
                    out = torch.zeros_like(leaf) if gradient is None else gradient
        return out if tracked else out.detach()

    def _varies(self, arguments: Sequence[torch.Tensor], values: torch.Tensor) -> bool:
        """Whether the values change with the arguments nearly everywhere, other than those of constants and steps."""
        moved = []
        for a in (argument.detach() for argument in arguments):
            size = float(a.max() - a.min()) or float(a.abs().max()) or 1.0
            moved.append(a + NEARBY * size)
        return bool((self.function(*moved) != values).double().mean() > 0.5)


class _Table:
    """A table of values, interpolated by a spline."""

    def __init__(self, axes: Sequence[np.ndarray], table: np.ndarray):
        degrees, knots, weights = [min(3, len(a) - 1) for a in axes], [], table
        for i, (axis, degree) in enumerate(zip(axes, degrees, strict=True)):
            along = make_interp_spline(axis, weights, k=degree, axis=i)
            knots.append(along.t)
            weights = np.moveaxis(along.c, 0, i)
        self.spline = NdBSpline(tuple(knots), weights, k=tuple(degrees))

    def __call__(self, orders: Sequence[int], *arguments: torch.Tensor) -> torch.Tensor:
        return _Interpolated.apply(self.spline, tuple(orders), *arguments)


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


def _checked_table(name: str, axes: Any, values: Any) -> tuple[list[np.ndarray], np.ndarray]:
    try:
        table = np.array(values, float)
        columns = [np.array(axes, float)] if np.ndim(axes[0]) == 0 else [np.array(a, float) for a in axes]
    except (TypeError, ValueError, IndexError):
        raise TypeError(f"`source` and `values` of coefficient {name} must be arrays of numbers.") from None
    if any(c.ndim != 1 or len(c) < 2 or not (np.diff(c) > 0).all() or not np.isfinite(c).all() for c in columns):
        raise ValueError(f"`source` of coefficient {name} must be axes of at least 2 strictly ascending values.")
    if table.shape != tuple(len(c) for c in columns):
        raise ValueError(
            f"`values` of coefficient {name} must have shape {tuple(len(c) for c in columns)}, got {table.shape}."
        )
    if not np.isfinite(table).all():
        raise ValueError(
            f"`values` of coefficient {name} must be finite, got {int((~np.isfinite(table)).sum())} NaN or infinite."
        )
    return columns, table


def known_function(
    name: str, implementation: Callable[..., torch.Tensor], facts: Mapping[str, Any]
) -> type[sp.Function]:
    """A SymPy function out of numbers; the functions of its derivatives are made when they are first asked for.

    Args:
        name: how it is printed.
        implementation: called with the orders of differentiation, one per argument, and the arguments as tensors.
        facts: further attributes of the class; `ranges` and `fingerprint` must be among them.
    """
    members: dict[tuple[int, ...], type[sp.Function]] = {}

    def member(which: tuple[int, ...]) -> type[sp.Function]:
        if which not in members:
            label = name if not any(which) else f"{name}_{'_'.join(map(str, which))}"
            methods = {"evaluate": staticmethod(evaluator(which)), "fdiff": raised(which), "_latex": printed(which)}
            # without `_eval_evalf` SymPy would evaluate a coefficient called "gamma" as its own function of that name
            own = {**facts, "orders": which, **methods, "is_real": True, "_eval_evalf": lambda self, precision: None}
            members[which] = type(label, (sp.Function,), own)
        return members[which]

    def evaluator(which: tuple[int, ...]) -> Callable[..., Any]:
        def evaluate(*arguments: Any) -> Any:
            like = next((a for a in arguments if isinstance(a, torch.Tensor)), None)
            if like is not None:
                tensors = [torch.as_tensor(a, dtype=like.dtype, device=like.device) for a in arguments]
                return implementation(which or (0,) * len(tensors), *torch.broadcast_tensors(*tensors))
            shape = np.broadcast_shapes(*[np.shape(a) for a in arguments])
            columns = [torch.tensor(np.broadcast_to(np.asarray(a, float), shape).ravel()) for a in arguments]
            found = evaluate(*columns).detach().numpy().reshape(shape)
            return found if shape else float(found)

        return evaluate

    def raised(which: tuple[int, ...]) -> Callable[..., sp.Expr]:
        def fdiff(self: sp.Function, argindex: int = 1) -> sp.Expr:
            if not 1 <= argindex <= len(self.args):
                raise ArgumentIndexError(self, argindex)
            padded = which or (0,) * len(self.args)
            return member(tuple(k + (i == argindex - 1) for i, k in enumerate(padded)))(*self.args)

        return fdiff

    def printed(which: tuple[int, ...]) -> Callable[..., str]:
        def latex(self: sp.Function, printer: Any, exp: str | None = None) -> str:
            arguments = [printer.doprint(a) for a in self.args]
            below = "".join(a * k for a, k in zip(arguments, which, strict=False))
            head = f"{printer.doprint(sp.Symbol(name))}{f'_{{{below}}}' if below else ''}"
            return f"{head}{f'^{{{exp}}}' if exp else ''}\\left({', '.join(arguments)}\\right)"

        return latex

    return member(())
