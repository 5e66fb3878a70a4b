"""Gaussian bumps against NumPy's Hermite polynomials and SymPy."""

import numpy as np
import pytest
import sympy as sp
import torch
from numpy.polynomial import hermite
from torch.testing import assert_close

from kanpde.nn.basis import Gaussian

X = torch.linspace(-1.2, 1.2, 49, dtype=torch.float64)


@pytest.mark.parametrize(("intervals", "width"), [(1, 0.5), (5, 1.0), (8, 2.0), (20, 1.7)])
def test_values_and_derivatives_up_to_order_5_match_hermite_polynomials(intervals, width):
    """d^m/dx^m exp(-z^2) = (-s)^m H_m(z) exp(-z^2) with z = s (x - c)."""
    basis, spacing = Gaussian(intervals, width), 2 / intervals
    beyond = int(np.ceil(2 * width))
    centres = -1 + spacing * np.arange(-beyond, intervals + beyond + 1)
    assert basis.size == len(centres)
    s = 1 / (width * spacing)
    z = s * (X.numpy()[:, None] - centres)
    table = basis.derivatives(X, 5)
    for m in range(6):
        exact = (-s) ** m * hermite.hermval(z, np.eye(6)[m]) * np.exp(-(z**2))
        assert_close(table[m], torch.as_tensor(exact), rtol=0, atol=1e-13 * np.abs(exact).max())


def test_derivatives_up_to_order_5_match_sympy():
    x = sp.Symbol("x")
    formula = sp.exp(-(((x - 0) / (2 * sp.Rational(1, 2))) ** 2))  # four intervals: the middle one stands at 0
    basis = Gaussian(4, 2)
    table = basis.derivatives(torch.tensor([-0.75, 0.5], dtype=torch.float64), 5)[:, :, basis.size // 2]
    exact = [[float(sp.diff(formula, x, m).subs(x, v).evalf(30)) for v in (-0.75, 0.5)] for m in range(6)]
    assert_close(table, torch.tensor(exact, dtype=torch.float64), rtol=1e-12, atol=1e-12)


def test_gradients_match_finite_differences():
    x = torch.tensor([-0.4, 0.7, 1.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: Gaussian(4).derivatives(a, 2), (x,))
    assert torch.autograd.gradgradcheck(Gaussian(3), (x,))


def test_width_1_is_the_basis_of_fastkan_on_its_grid():
    """`RadialBasisFunction(grid_min, grid_max, num_grids)` of FastKAN: exp(-((x - grid) / spacing)^2)."""
    grid = torch.linspace(-2, 2, 8, dtype=torch.float64)  # ours of 3 intervals with 2 beyond each end, scaled
    theirs = torch.exp(-(((1.5 * 4 / 3.5 * X)[:, None] - grid) / (4 / 7)).square())
    scale = 2 / 3 / (4 / 7)
    ours = Gaussian(3, 1.0)(1.5 * 4 / 3.5 * X * scale)
    assert ours.shape == theirs.shape
    assert_close(ours, theirs, rtol=1e-12, atol=1e-13)


def test_a_smooth_function_is_fitted_up_to_the_ends():
    misses = []
    inside = X[X.abs() <= 1]
    for intervals in (8, 16, 32):
        basis = Gaussian(intervals)
        values = torch.exp(torch.sin(4 * basis.fit_points()))
        found = basis(inside) @ basis.project(values[:, None])[:, 0]
        misses.append((found - torch.exp(torch.sin(4 * inside))).abs().max().item())
    assert misses[0] < 3e-2
    assert misses[1] < 3e-4
    assert misses[2] < 1e-7


def test_coefficients_stay_bounded_where_bumps_overlap_much():
    basis = Gaussian(30, 4.0)
    values = (5 * basis.fit_points()).sin()[:, None]
    assert_close(basis(basis.fit_points()) @ basis.project(values), values, rtol=0, atol=1e-7)
    assert basis.project(values).abs().max() < 10


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tables_keep_the_dtype(dtype):
    x = torch.linspace(-1, 1, 5, dtype=dtype)
    assert Gaussian(3).derivatives(x, 2).dtype == dtype
    assert_close(Gaussian(3)(x).double(), Gaussian(3)(x.double()), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "`intervals` must be at least 1, got 0"),
        ((2.5,), "`intervals` must be at least 1, got 2.5"),
        ((3, 0.0), "`width` must be positive and finite, got 0.0: 1 is one grid spacing"),
        ((3, float("inf")), "`width` must be positive and finite, got inf"),
    ],
)
def test_what_cannot_be_a_basis_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Gaussian(*arguments)
