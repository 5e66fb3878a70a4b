"""What a family of functions of one variable offers: exact derivatives of every order, differentiable again."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

CONSTANT = 1e-12
"""How far from 1 a sum of functions may be that counts as constant."""


class Basis(nn.Module):
    """Base of all bases: a member fills a table of values and derivatives.

    Attributes:
        size: number of functions.
    """

    size: int

    def fill(self, x: Float[Tensor, "*batch"], table: Float[Tensor, "orders *batch size"]) -> None:
        """Write values and derivatives into `table`, which is zero and says up to which order."""
        raise NotImplementedError

    def table(self, x: Float[Tensor, "*batch"], order: int) -> Float[Tensor, "orders *batch size"]:
        """Values and derivatives up to `order`, as numbers: the result carries no gradient."""
        with torch.no_grad():
            table = x.new_zeros(order + 1, *x.shape, self.size)
            self.fill(x, table)
        return table

    def derivatives(self, x: Float[Tensor, "*batch"], order: int) -> Float[Tensor, "orders *batch size"]:
        """Values and derivatives up to `order`, differentiable by `x` any number of times.

        Args:
            x: where to evaluate.
            order: highest order of differentiation, 0 or above.

        Returns:
            Shape (order + 1, *x.shape, size); entry 0 are the values.

        Raises:
            ValueError: for a negative order.
        """
        if order < 0:
            raise ValueError(f"`order` must be 0 or above, got {order}: it counts derivatives.")
        return _Derivatives.apply(self, order, x)

    def forward(self, x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch size"]:
        """Values."""
        return self.derivatives(x, 0)[0]

    def fit_points(self) -> Float[Tensor, " points"]:
        """Points of [-1, 1] that determine the coefficients of a function well."""
        n = 4 * self.size + 4
        return -torch.cos(torch.pi * (torch.arange(n, dtype=torch.float64) + 0.5) / n)

    def project(self, values: Float[Tensor, "points *many"]) -> Float[Tensor, "size *many"]:  # noqa: F821, UP037
        """Coefficients of the functions with the given values at `fit_points`, by least squares."""
        table = self.table(self.fit_points(), 0)[0]
        right = values.to(table).flatten(1)  # solved on the processor: CUDA has no driver for a deficient rank
        found = torch.linalg.lstsq(table.cpu(), right.cpu(), driver="gelsd").solution
        return found.to(table).unflatten(1, values.shape[1:])

    def one(self) -> Float[Tensor, " size"] | None:
        """Coefficients of the constant 1, or None if these functions do not add up to it."""
        points = self.fit_points()
        found = self.project(torch.ones_like(points)[:, None])[:, 0]
        missed = self.table(points, 0)[0] @ found - 1
        return found if float(missed.abs().max()) < CONSTANT else None

    def mean(self) -> Float[Tensor, " size"]:
        """Means of the functions over `fit_points`."""
        return self.table(self.fit_points(), 0)[0].mean(0)

    def whitening(self) -> Float[Tensor, "size size"] | None:
        """T such that the functions `basis @ T` are orthonormal, or None where coefficients measure well as they are.

        The coefficients of a B-spline of high degree say little about the size of the function, so a step that is
        bounded in them is not bounded as a function; damping is therefore measured after this change of basis.
        """
        return None


class _Derivatives(torch.autograd.Function):
    """The derivative of row m of a table is row m + 1, which is asked of the basis itself."""

    @staticmethod
    def forward(ctx: Any, basis: Basis, order: int, x: Tensor) -> Tensor:
        ctx.basis, ctx.order = basis, order
        ctx.save_for_backward(x)
        return basis.table(x, order)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (x,) = ctx.saved_tensors
        slopes = _Derivatives.apply(ctx.basis, ctx.order + 1, x)[1:]
        return None, None, (gradients[0] * slopes).sum((0, -1))
