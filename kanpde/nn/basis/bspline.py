"""B-splines of any degree on any ascending grid, by polynomial pieces if it is uniform, else by recursion."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .base import Basis

OUTSIDE = ("extend", "linear", "zero")
SINGLE = 4
"""Bytes of a number in single precision."""
UNIFORM = 1e-14


class BSpline(Basis):
    """All B-splines of one degree on a grid of [-1, 1] or any other interval.

    Args:
        intervals: number of equal grid intervals of [-1, 1], at least 1.
        degree: polynomial degree, at least 1.
        outside: beyond the grid, "extend" the last polynomial piece (smooth to every order), go on "linear" (bounded slopes,
            which networks need whose values leave the grid), or be "zero".
        grid: ascending grid points, shape (intervals + 1,), instead of equal intervals.

    Raises:
        ValueError: for an impossible grid, degree or `outside`.

    Source:
        de Boor (2001), A Practical Guide to Splines, ch. X; Piegl, Tiller (1997), The NURBS Book, A2.2, A2.3.
    """

    knots: Tensor
    pieces: Tensor | None

    def __init__(self, intervals: int = 5, degree: int = 3, *, outside: str = "extend", grid: Tensor | None = None):
        super().__init__()
        if grid is None:
            if intervals < 1 or intervals != int(intervals):
                raise ValueError(f"`intervals` must be at least 1, got {intervals}: a spline needs one interval.")
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
        self.register_buffer("pieces", None, persistent=False)
        self._measure(grid)

    def _measure(self, grid: Float[Tensor, " points"], rounding: float = 0.0) -> None:
        """What follows from the grid points, which are rounded like that."""
        self.middle, length = ((grid[0] + grid[-1]) / 2).item(), (grid[-1] - grid[0]).item()
        self.per_length = (len(grid) - 1) / length
        uniform = bool((grid.diff() - 1 / self.per_length).abs().max() <= max(UNIFORM, 4 * rounding) * length)
        self.pieces = _pieces(self.degree, self.per_length).to(grid) if uniform else None

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        before, given = self.knots.clone(), state_dict.get(f"{prefix}knots", self.knots)
        super()._load_from_state_dict(state_dict, prefix, *rest)
        if self.pieces is None or not torch.equal(before, self.knots):
            self._measure(self.grid, max(torch.finfo(given.dtype).eps, torch.finfo(self.knots.dtype).eps))

    @property
    def grid(self) -> Tensor:
        """The grid points, without the knots beyond them."""
        return self.knots[self.degree : len(self.knots) - self.degree]

    def fill(self, x: Float[Tensor, "*batch"], table: Float[Tensor, "orders *batch size"]) -> None:
        """Write values and derivatives into `table`."""
        if self.outside == "extend":
            return self._fill_pieces(x, table)
        inside = x.clamp(self.grid[0], self.grid[-1])
        if self.outside == "zero":
            self._fill_pieces(inside, table)
            table *= (x == inside)[..., None]
            return None
        beyond = (x - inside)[..., None]
        if len(table) == 1:
            pieces = x.new_zeros(2, *table.shape[1:])
            self._fill_pieces(inside, pieces)
            torch.addcmul(pieces[0], beyond, pieces[1], out=table[0])
            return None
        self._fill_pieces(inside, table)
        table[0].addcmul_(beyond, table[1])
        table[2:] *= beyond == 0
        return None

    def _fill_pieces(self, x: Tensor, table: Tensor) -> None:
        if self.pieces is None:
            self._fill_unequal_pieces(x, table)
        elif x.numel():
            self._fill_equal_pieces(x, table)

    def _fill_equal_pieces(self, x: Tensor, table: Tensor) -> None:
        """Polynomials of the place in the interval; the first function of each input is written in one go, and so on.

        That takes a view whose rows overlap. Compilers, and kernels for half precision, work on copies, which would lose it.
        """
        assert self.pieces is not None
        orders, n, k = min(len(table), self.degree + 1), x.numel(), self.degree
        middle = (self.size - k) / 2
        place = (x.flatten() - self.middle).mul_(self.per_length)
        cell = (place + middle).long().clamp_(0, self.size - k - 1)
        powers = place.new_empty(k + 1, n)
        powers[0] = 1.0
        torch.sub(place, cell.to(x.dtype).sub_(middle - 0.5), out=powers[1])
        for j in range(2, k + 1):
            torch.mul(powers[j - 1], powers[1], out=powers[j])
        local = torch.mm(self.pieces[:orders].flatten(0, 1), powers).view(orders, k + 1, n)
        if x.dtype.itemsize < SINGLE or torch.compiler.is_compiling():
            column = cell.view(*x.shape, 1) + torch.arange(k + 1, device=x.device)
            each = local.view(orders, k + 1, *x.shape).movedim(1, -1)
            table[:orders].scatter_(-1, column.expand_as(each), each)
            return
        row = table.stride(-2)
        from_j_on = table.as_strided((orders, k + 1, (n - 1) * row + self.size - k), (table.stride(0), 1, 1))
        from_j_on.scatter_(2, cell.add_(torch.arange(0, n * row, row, device=x.device)).expand_as(local), local)

    def _fill_unequal_pieces(self, x: Tensor, table: Tensor) -> None:
        """The triangular recursion."""
        degree, u = self.degree, self.knots
        cell = (torch.bucketize(x, u, right=True) - 1).clamp(degree, degree + len(self.grid) - 2)
        near = torch.stack([u[cell + i] for i in range(1 - degree, degree + 1)])
        inverse = [1 / (near[degree : degree + d] - near[degree - d : degree]) for d in range(1, degree + 1)]
        level = torch.ones_like(x)[None]
        levels = [level]
        for d in range(1, degree + 1):
            share = level * inverse[d - 1]
            level = _pair((near[degree : degree + d] - x) * share, (x - near[degree - d : degree]) * share)
            levels.append(level)
        column = (cell - degree)[..., None] + torch.arange(degree + 1, device=x.device)
        for m in range(min(len(table) - 1, degree) + 1):
            local = levels[degree - m]
            for d in range(degree - m + 1, degree + 1):
                slope = local * inverse[d - 1] * d
                local = _pair(-slope, slope)
            table[m].scatter_(-1, column, local.movedim(0, -1))

    def fit_points(self) -> Float[Tensor, " points"]:
        """Points that determine the coefficients: Chebyshev points in every grid interval."""
        n = self.degree + 1
        local = 0.5 - 0.5 * torch.cos(torch.pi * (torch.arange(n, dtype=self.grid.dtype) + 0.5) / n)
        return (self.grid[:-1, None] + self.grid.diff()[:, None] * local.to(self.grid)).flatten()

    def one(self) -> Float[Tensor, " size"]:
        """The sum of all functions."""
        return torch.ones(self.size, dtype=torch.float64)

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


def _pieces(degree: int, per_length: float) -> Float[Tensor, "orders functions powers"]:
    """The B-splines that are not zero in one of many equal intervals, and their derivatives.

    They are polynomials of the distance from the middle of the interval, in units of its length.
    """
    f: np.ndarray = np.zeros((degree + 1, degree + 1), dtype=np.longdouble)
    f[0, 0] = 1.0
    r = np.arange(degree + 1)[:, None]
    for d in range(1, degree + 1):
        times_place = np.roll(f, 1, axis=1)
        left, right = (r + 0.5) * f - times_place, (d - r - 0.5) * f + times_place
        f = (left + np.roll(right, 1, axis=0)) / d
    orders = [f]
    for _ in range(degree):
        orders.append(np.roll(orders[-1] * r.T, -1, axis=1) * per_length)
    return torch.as_tensor(np.stack(orders).astype(np.float64))


def _pair(left: Tensor, right: Tensor) -> Tensor:
    """One function more than before: each of the old ones gives its left part to one and its right part to the next."""
    out = left.new_empty(len(left) + 1, *left.shape[1:])
    out[0], out[-1] = left[0], right[-1]
    torch.add(left[1:], right[:-1], out=out[1:-1])
    return out
