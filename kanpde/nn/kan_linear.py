"""A KAN layer in the clothes of `torch.nn.Linear`, for models of other make."""

from __future__ import annotations

import torch

from .basis import Basis, BSpline, SiLU, Union
from .kan_layer import KANLayer


class KANLinear(KANLayer):
    """Put in the place of `torch.nn.Linear(in_features, out_features)`: a learned function on every connection.

    Any number of dimensions may stand before the features. Beyond the grid the splines go on as straight lines.
    Under autocast it computes in the type of its parameters; the transforms of `torch.func` do not see into it.

    Args:
        in_features: number of inputs, at least 1.
        out_features: number of outputs, at least 1.
        grid_size: number of equal grid intervals, at least 1.
        spline_order: degree of the splines, at least 1.
        grid_range: ends of the grid.
        base: whether a multiple of silu(x) is added to every function.
        generator: source of the start values; that of torch without it, as in `torch.nn.Linear`.
        device: of the parameters.
        dtype: of the parameters; that of torch without it.

    Raises:
        ValueError: for numbers outside their range.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        grid_size: int = 5,
        spline_order: int = 3,
        *,
        grid_range: tuple[float, float] = (-1.0, 1.0),
        base: bool = True,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        for name, value in (("in_features", in_features), ("out_features", out_features)):
            if value < 1 or value != int(value):
                raise ValueError(f"`{name}` must be a whole number of at least 1, got {value}.")
        if not grid_range[0] < grid_range[1]:
            raise ValueError(f"`grid_range` must ascend, got {tuple(grid_range)}.")
        low, high = map(float, grid_range)
        count = len(BSpline(grid_size).grid)  # refuses what is no number of intervals
        grid = torch.linspace(low, high, count, dtype=torch.float64)
        basis: Basis = BSpline(grid=grid, degree=spline_order, outside="linear")
        if generator is None:
            generator = torch.Generator().manual_seed(int(torch.randint(2**31, ())))
        super().__init__(in_features, out_features, Union(basis, SiLU()) if base else basis, generator=generator)
        self.in_features, self.out_features = int(in_features), int(out_features)
        self.grid_size, self.spline_order = int(grid_size), int(spline_order)
        self.to(device=device, dtype=torch.get_default_dtype() if dtype is None else dtype)
