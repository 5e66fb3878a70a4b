"""Knot insertion against SciPy and against the functions themselves."""

import pytest
import torch
from scipy.interpolate import BSpline as SciPySpline
from scipy.interpolate import insert
from torch.testing import assert_close

from kanpde.nn.basis import BSpline
from kanpde.nn.refine.knots import insertion, is_nested

X = torch.linspace(-1, 1, 601, dtype=torch.float64)
UNEVEN = torch.tensor([-1.0, -0.7, -0.1, 0.2, 0.25, 1.0], dtype=torch.float64)


def random_spline(degree, grid=UNEVEN):
    basis = BSpline(grid=grid, degree=degree)
    generator = torch.Generator().manual_seed(degree)
    return basis, torch.randn(basis.size, 3, generator=generator, dtype=torch.float64)


def finer(grid, parts):
    """Every interval in as many equal parts as `parts` says."""
    pieces = [
        a + (b - a) * torch.arange(n, dtype=torch.float64) / n
        for a, b, n in zip(grid[:-1], grid[1:], parts, strict=True)
    ]
    return torch.cat([*pieces, grid[-1:]])


@pytest.mark.parametrize("degree", [1, 2, 3, 5, 8, 12])
@pytest.mark.parametrize("parts", [[2] * 5, [1, 1, 4, 1, 1], [7, 1, 2, 3, 1], [1, 1, 1, 1, 9], [40] * 5])
def test_a_spline_on_a_finer_grid_is_the_same_function_with_its_derivatives(degree, parts):
    old, coefficients = random_spline(degree)
    new = BSpline(grid=finer(UNEVEN, parts), degree=degree)
    assert is_nested(old, new)
    before = old.derivatives(X, 2) @ coefficients
    after = new.derivatives(X, 2) @ (insertion(old, new) @ coefficients)
    smallest = new.grid.diff().min().item()
    for m in range(min(3, degree)):  # a derivative of fine B-splines loses digits as differences of that step do
        assert_close(after[m], before[m], rtol=0, atol=1e-13 * smallest**-m * before[m].abs().max().item())


@pytest.mark.parametrize("degree", [1, 3, 5, 8])
def test_beyond_the_grid_the_function_is_the_same_too(degree):
    old, coefficients = random_spline(degree)
    new = BSpline(grid=finer(UNEVEN, [2, 1, 3, 1, 2]), degree=degree)
    x = torch.tensor([-1.3, -1.05, 1.02, 1.25], dtype=torch.float64)
    assert_close(new(x) @ (insertion(old, new) @ coefficients), old(x) @ coefficients, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("degree", [1, 3, 4])
def test_one_more_knot_gives_the_coefficients_of_boehm(degree):
    """SciPy inserts a knot by Boehm's algorithm; inside the grid both have the same knots around each function."""
    grid = torch.linspace(-1, 1, 13, dtype=torch.float64)
    old, coefficients = random_spline(degree, grid)
    new = BSpline(grid=torch.cat([grid[:7], torch.tensor([0.05], dtype=torch.float64), grid[7:]]), degree=degree)
    boehm = insert(0.05, SciPySpline(old.knots.numpy(), coefficients[:, 0].numpy(), degree))
    found = (insertion(old, new) @ coefficients)[:, 0]
    assert_close(found, torch.as_tensor(boehm.c[: new.size]), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("degree", [1, 3, 5, 8, 12])
def test_for_equal_intervals_every_coefficient_is_an_average_of_old_ones(degree):
    old, new = BSpline(5, degree), BSpline(15, degree)
    matrix = insertion(old, new)
    assert_close(matrix.sum(1), torch.ones(new.size, dtype=torch.float64), rtol=0, atol=1e-13)
    assert matrix.min() > -1e-13


@pytest.mark.parametrize("degree", [1, 3, 5, 8])
def test_refining_again_and_again_to_1000_intervals_changes_nothing(degree):
    basis, coefficients = random_spline(degree, torch.linspace(-1, 1, 6, dtype=torch.float64))
    before = basis(X) @ coefficients
    for intervals in (10, 20, 40, 200, 1000):
        finer_basis = BSpline(intervals, degree)
        basis, coefficients = finer_basis, insertion(basis, finer_basis) @ coefficients
    assert_close(basis(X) @ coefficients, before, rtol=0, atol=1e-13 * before.abs().max().item())


@pytest.mark.parametrize(
    ("other", "nested"),
    [
        (BSpline(8, 3), True),
        (BSpline(4, 3), True),
        (BSpline(6, 3), False),
        (BSpline(2, 3), False),
        (BSpline(8, 4), False),
        (BSpline(8, 3, outside="linear"), False),
        (BSpline(grid=torch.linspace(-1, 3, 9, dtype=torch.float64)), False),
    ],
    ids=lambda v: str(v),
)
def test_only_grids_that_hold_all_old_points_and_ends_are_nested(other, nested):
    assert is_nested(BSpline(4, 3), other) is nested
