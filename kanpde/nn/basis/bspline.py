"""B-splines of any degree on any ascending grid, by the triangular recursion over the functions that are not zero."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .base import Basis

OUTSIDE = ("extend", "linear")


class BSpline(Basis):
    """All B-splines of one degree on a grid of [-1, 1] or any other interval.

    Args:
        intervals: number of equal grid intervals of [-1, 1], at least 1.
        degree: polynomial degree, at least 1.
        outside: beyond the grid, "extend" the last polynomial piece (smooth to every order), or go on "linear".
        grid: ascending grid points, shape (intervals + 1,), instead of equal intervals.

    Raises:
        ValueError: for an impossible grid, degree or `outside`.

    Source:
        de Boor (2001), A Practical Guide to Splines, ch. X; Piegl, Tiller (1997), The NURBS Book, A2.2, A2.3.
    """

    knots: Tensor

    def __init__(self, intervals: int = 5, degree: int = 3, *, outside: str = "extend", grid: Tensor | None = None):
        super().__init__()
        if grid is None:
            if intervals < 1 or intervals != int(intervals):
                raise ValueError(f"`grid` must be at least 1, got {intervals}: a spline needs one interval.")
            grid = torch.linspace(-1, 1, int(intervals) + 1, dtype=torch.float64)
        if grid.ndim != 1 or len(grid) < 2 or not bool((grid.diff() > 0).all()):
            raise ValueError("`grid` must be a line of at least 2 strictly ascending points.")
        if degree < 1 or degree != int(degree):
            raise ValueError(f"`degree` must be at least 1, got {degree}: a constant cannot see its input.")
        if outside not in OUTSIDE:
            raise ValueError(f"`outside` must be one of {', '.join(OUTSIDE)}, got '{outside}'.")
        self.degree, self.outside = int(degree), outside
        steps = torch.arange(self.degree, 0, -1, dtype=grid.dtype, device=grid.device)
        below = grid[0] - steps * (grid[1] - grid[0])
        above = grid[-1] + steps.flip(0) * (grid[-1] - grid[-2])
        self.register_buffer("knots", torch.cat([below, grid, above]))
        self.size = len(grid) - 1 + self.degree

    @property
    def grid(self) -> Tensor:
        """The grid points, without the knots beyond them."""
        return self.knots[self.degree : len(self.knots) - self.degree]

    def table(self, x: Float[Tensor, "*batch"], order: int) -> Float[Tensor, "orders *batch size"]:
        """Values and derivatives up to `order`, as numbers."""
        if self.outside == "extend":
            return self._pieces(x, order)
        inside = x.clamp(self.grid[0], self.grid[-1])
        table = self._pieces(inside, max(order, 1))
        beyond = (x - inside)[..., None]
        table[0] += beyond * table[1]
        table[2:] = torch.where(beyond != 0, 0.0, table[2:])
        return table[: order + 1]

    def _pieces(self, x: Tensor, order: int) -> Tensor:
        degree, u = self.degree, self.knots
        cell = (torch.bucketize(x.detach(), u, right=True) - 1).clamp(degree, degree + len(self.grid) - 2)
        near = torch.stack([u[cell + i] for i in range(1 - degree, degree + 1)])  # u[cell+1-degree .. cell+degree]
        levels = [torch.ones_like(x)[None]]
        for d in range(1, degree + 1):
            left = x - near[degree - d : degree]
            right = near[degree : degree + d] - x
            share = levels[-1] / (left + right)
            level = x.new_zeros(d + 1, *x.shape)
            level[:-1] = right * share
            level[1:] += left * share
            levels.append(level)
        table = x.new_zeros(order + 1, *x.shape, self.size)
        column = (cell - degree)[..., None] + torch.arange(degree + 1, device=x.device)
        for m in range(min(order, degree) + 1):
            local = levels[degree - m]
            for d in range(degree - m + 1, degree + 1):
                slope = local * d / (near[degree : degree + d] - near[degree - d : degree])
                local = x.new_zeros(d + 1, *x.shape)
                local[1:] = slope
                local[:-1] -= slope
            table[m].scatter_(-1, column, local.movedim(0, -1))
        return table

    def fit_points(self) -> Float[Tensor, " points"]:
        """Points that determine the coefficients: Chebyshev points in every grid interval."""
        n = self.degree + 1
        local = 0.5 - 0.5 * torch.cos(torch.pi * (torch.arange(n, dtype=self.grid.dtype) + 0.5) / n)
        return (self.grid[:-1, None] + self.grid.diff()[:, None] * local.to(self.grid)).flatten()

    def whitening(self) -> Float[Tensor, "size size"]:
        """Inverse Cholesky factor of the matrix of inner products, by Gauss quadrature in every interval."""
        nodes, weights = np.polynomial.legendre.leggauss(self.degree + 1)
        lengths = self.grid.diff()
        x = self.grid[:-1, None] + lengths[:, None] * torch.as_tensor((nodes + 1) / 2).to(self.grid)
        root = (lengths[:, None] * torch.as_tensor(weights).to(self.grid) / 2).sqrt()
        table = self.table(x, 0)[0] * root[..., None]
        triangle = torch.linalg.qr(table.flatten(0, 1), mode="r").R
        identity = torch.eye(self.size, dtype=triangle.dtype, device=triangle.device)
        return torch.linalg.solve_triangular(triangle, identity, upper=True)

    def extra_repr(self) -> str:
        """For printing the module."""
        return f"intervals={len(self.grid) - 1}, degree={self.degree}, outside={self.outside}"
