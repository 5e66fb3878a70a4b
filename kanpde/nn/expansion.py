"""Sums of functions of one variable, `sum_i sum_c coefficients[i, c, o] B_c(x_i)`, in blocks that fit in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ..jet import column_major
from .basis import Basis

BLOCK = 2**14
"""Inputs per thread that are expanded at a time."""
KEPT = 2**16
"""Inputs per thread up to which tables are kept for the gradient; to make more of them again is quicker than to read."""


def expansion(
    basis: Basis, coefficients: Float[Tensor, "features n_out"], x: Float[Tensor, "*batch n_in"]
) -> Float[Tensor, "*batch n_out"]:
    """`basis(x).flatten(-2) @ coefficients`, differentiable any number of times."""
    if is_autocast(x):
        with torch.autocast(x.device.type, enabled=False):
            return expansion(basis, coefficients, x.to(coefficients.dtype))
    out = _Expansion.apply(basis, torch.is_grad_enabled(), coefficients, x.reshape(-1, x.shape[-1]))
    return out.reshape(*x.shape[:-1], coefficients.shape[1])


def is_autocast(x: Tensor) -> bool:
    """Whether PyTorch chooses the types of numbers on the device of a tensor."""
    return x.device.type in ("cpu", "cuda") and torch.is_autocast_enabled(x.device.type)


class _Expansion(torch.autograd.Function):
    """Products of tables and coefficients; a gradient that shall be differentiated again is left to autograd."""

    @staticmethod
    def forward(ctx: Any, basis: Basis, training: bool, coefficients: Tensor, x: Tensor) -> Tensor:
        keep = training and x.numel() <= KEPT * torch.get_num_threads()
        out, columns, kept = x.new_empty(len(x), coefficients.shape[1]), column_major(coefficients), []
        blocks = _blocks(x)
        for rows, table in _tables(basis, x, int(keep and ctx.needs_input_grad[3]), blocks, keep=keep):
            torch.mm(table[0].flatten(1), columns, out=out[rows])
            if keep:
                kept.append(table)
        ctx.basis, ctx.blocks = basis, blocks
        ctx.save_for_backward(coefficients, x, *kept)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        coefficients, x, *kept = ctx.saved_tensors
        gradient, basis, blocks = gradients[0], ctx.basis, ctx.blocks
        if torch.is_grad_enabled():
            values, slopes = basis.derivatives(x, 1)
            by_features = (gradient @ coefficients.T).view_as(slopes)
            return None, None, values.flatten(1).T @ gradient, (by_features * slopes).sum(-1)
        by_coefficients = torch.zeros_like(coefficients.T, memory_format=torch.contiguous_format)
        by_x = torch.empty_like(x) if ctx.needs_input_grad[3] else None
        space = x.new_empty(blocks[0].stop, len(coefficients))
        ones = x.new_ones(basis.size)  # a product with ones is quicker than a sum over short rows
        tables = zip(blocks, kept, strict=True) if kept else _tables(basis, x, int(by_x is not None), blocks)
        for rows, table in tables:
            by_coefficients.addmm_(gradient[rows].T, table[0].flatten(1))
            if by_x is not None:
                by_features = torch.mm(gradient[rows], coefficients.T, out=space[: rows.stop - rows.start])
                torch.matmul(by_features.view_as(table[1]).mul_(table[1]), ones, out=by_x[rows])
        return None, None, by_coefficients.T, by_x


def _tables(
    basis: Basis, x: Float[Tensor, "n n_in"], order: int, blocks: Sequence[slice], *, keep: bool = False
) -> Iterator[tuple[slice, Tensor]]:
    """Rows of `x` and their table, which the next one overwrites unless it is to be kept."""
    space = x.new_empty(order + 1, len(x) if keep else blocks[0].stop, x.shape[1], basis.size)
    for rows in blocks:
        table = (space[:, rows] if keep else space[:, : rows.stop - rows.start]).zero_()
        basis.fill(x[rows], table)
        yield rows, table


def _blocks(x: Float[Tensor, "n n_in"]) -> list[slice]:
    """Rows that are expanded at a time: all on an accelerator."""
    most = max(1, BLOCK * torch.get_num_threads() // x.shape[1] if x.device.type == "cpu" else len(x))
    return [slice(start, min(start + most, len(x))) for start in range(0, max(1, len(x)), most)]
