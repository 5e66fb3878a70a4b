"""Knot insertion: the B-spline coefficients of a spline on a grid that contains its own."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from ..basis import BSpline

SAME = 1e-12
"""Distance, relative to the length of the grid, at which two grid points are one."""


def is_nested(old: BSpline, new: BSpline) -> bool:
    """Whether `new` contains the functions of `old`: same degree, same ends, every old grid point among the new."""
    if (old.degree, old.outside) != (new.degree, new.outside):
        return False
    length = old.grid[-1] - old.grid[0]
    ends = (old.grid[[0, -1]] - new.grid[[0, -1]]).abs().max()
    near = torch.bucketize(old.grid, (new.grid[1:] + new.grid[:-1]) / 2)
    return bool(torch.maximum(ends, (new.grid[near] - old.grid).abs().max()) <= SAME * length)


def insertion(old: BSpline, new: BSpline) -> Float[Tensor, "new old"]:
    """Matrix from coefficients on a grid to those of the same splines on a grid that contains it.

    A coefficient is the blossom of the polynomial piece at the `degree` knots inside the support of its B-spline.
    Any piece in the support serves; the middle one is stable, and never mistaken because of a rounded knot. Knots
    beyond the grid need not be nested: they only say which basis the end pieces are written in.

    Source:
        Cohen, Lyche, Riesenfeld (1980), Computer Graphics and Image Processing 14, "Discrete B-splines and
        subdivision techniques"; Ramshaw (1989), Computer Aided Geometric Design 6, "Blossoms are polar forms".
    """
    degree, u, t = old.degree, old.knots, new.knots
    row, around = torch.arange(new.size, device=u.device), torch.arange(1 - degree, degree + 1, device=u.device)
    cell = torch.bucketize(t[row + (degree + 1) // 2], u, right=True) - 1
    cell = cell.clamp(degree, degree + len(old.grid) - 2)
    level = torch.ones_like(t[row])[None]
    for d in range(1, degree + 1):
        near = u[cell + around[degree - d : degree + d, None]]
        left, right = near[:d], near[d:]
        share = level / (right - left)
        level = pad((right - t[row + d]) * share, (0, 0, 0, 1)) + pad((t[row + d] - left) * share, (0, 0, 1, 0))
    matrix = t.new_zeros(new.size, old.size)
    return matrix.scatter_(1, (cell - degree)[:, None] + row[: degree + 1], level.T)
