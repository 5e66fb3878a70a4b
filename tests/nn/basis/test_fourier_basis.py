"""Trigonometric polynomials against NumPy and SymPy."""

import math

import numpy as np
import pytest
import sympy as sp
import torch
from torch.testing import assert_close

from kanpde.nn.basis import Fourier

X = torch.linspace(-1.3, 1.3, 41, dtype=torch.float64)


@pytest.mark.parametrize("period", [2.0, 2.5, 4.0])
def test_the_functions_are_a_constant_and_pairs_of_cosine_and_sine(period):
    x, columns = X.numpy(), [np.ones(41)]
    for n in range(1, 6):
        columns += [np.cos(2 * np.pi * n * x / period), np.sin(2 * np.pi * n * x / period)]
    assert Fourier(5, period).size == 11
    assert_close(Fourier(5, period)(X), torch.as_tensor(np.stack(columns, axis=-1)), rtol=1e-13, atol=1e-14)


def test_derivatives_up_to_order_5_match_sympy():
    z = sp.Symbol("z")
    formulas = [f(n * sp.pi * z / 2) for n in (1, 2, 3) for f in (sp.cos, sp.sin)]
    at = [sp.Rational(v) for v in ("-11/10", "-3/7", "0", "2/3")]
    table = Fourier(3).derivatives(torch.tensor([float(v) for v in at], dtype=torch.float64), 5)
    for m in range(6):
        exact = [[float(sp.diff(f, z, m).subs(z, v).evalf(30)) for f in formulas] for v in at]
        assert_close(table[m, :, 1:], torch.tensor(exact, dtype=torch.float64), rtol=1e-13, atol=1e-12)
        assert_close(table[m, :, 0], torch.full((4,), float(m == 0), dtype=torch.float64))


def test_gradients_match_finite_differences():
    x = torch.tensor([-0.4, 0.7, 1.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: Fourier(3).derivatives(a, 2), (x,))
    assert torch.autograd.gradgradcheck(Fourier(2), (x,))


def test_more_modes_come_behind_those_that_there_are():
    assert_close(Fourier(9)(X)[:, :9], Fourier(4)(X), rtol=0, atol=1e-15)


def test_period_2_makes_periodic_functions():
    x = torch.linspace(-1, 0, 11, dtype=torch.float64)
    assert_close(Fourier(6, 2)(x), Fourier(6, 2)(x + 2), rtol=0, atol=1e-13)


def test_functions_of_period_2_are_orthogonal_and_measure_well_as_they_are():
    n = 64
    values = Fourier(6, 2)(2 * torch.arange(n, dtype=torch.float64) / n - 1)
    gram = values.T @ values * 2 / n
    assert_close(gram, torch.diag(torch.tensor([2.0, *[1.0] * 12])).double(), rtol=0, atol=1e-14)
    assert Fourier(6, 2).whitening() is None


def test_a_longer_period_fits_a_function_that_is_not_periodic_exponentially_well():
    misses = []
    for period in (2.0, 4.0):
        for modes in (4, 8, 12):
            basis = Fourier(modes, period)
            found = basis(X) @ basis.project(basis.fit_points().exp()[:, None])[:, 0] - X.exp()
            misses.append(found[X.abs() <= 1].abs().max().item())
    assert min(misses[:3]) > 0.3
    assert misses[3] < 1e-3
    assert misses[4] < 3e-6
    assert misses[5] < 1e-8


def test_coefficients_stay_bounded_where_the_functions_nearly_depend_on_each_other():
    basis = Fourier(30)
    coefficients = basis.project((5 * basis.fit_points()).sin()[:, None])
    assert_close(basis(X[X.abs() <= 1]) @ coefficients[:, 0], (5 * X[X.abs() <= 1]).sin(), rtol=0, atol=1e-8)
    assert coefficients.abs().max() < 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_table_and_gradient_keep_the_dtype(dtype):
    x = torch.linspace(-1, 1, 5, dtype=dtype)
    assert Fourier(3).derivatives(x, 2).dtype == dtype
    assert_close(Fourier(3)(x).double(), Fourier(3)(x.double()), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "`modes` must be at least 1, got 0"),
        ((2.5,), "`modes` must be at least 1, got 2.5"),
        ((3, 1.9), r"`period` must be at least 2, the length of \[-1, 1\], got 1.9"),
        ((3, math.inf), "`period` must be at least 2"),
        ((3, math.nan), "`period` must be at least 2"),
    ],
)
def test_what_cannot_be_a_basis_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Fourier(*arguments)
