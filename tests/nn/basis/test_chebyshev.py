"""Chebyshev polynomials against NumPy."""

import numpy as np
import pytest
import torch
from numpy.polynomial import chebyshev
from torch.testing import assert_close

from kanpde.nn.basis import Chebyshev


@pytest.mark.parametrize("degree", [1, 2, 7, 30])
def test_values_and_derivatives_match_numpy(degree):
    x = np.linspace(-1, 1, 41)
    table = Chebyshev(degree).derivatives(torch.as_tensor(x), 4)
    for m in range(5):
        exact = np.stack([chebyshev.chebval(x, chebyshev.chebder(c, m)) for c in np.eye(degree + 1)], axis=-1)
        assert_close(table[m], torch.as_tensor(exact), rtol=1e-10, atol=1e-10 * max(1.0, np.abs(exact).max()))


def test_on_the_interval_they_are_cosines_of_multiple_angles():
    angle = torch.linspace(0, torch.pi, 25, dtype=torch.float64)
    exact = torch.cos(angle[:, None] * torch.arange(13))
    assert_close(Chebyshev(12)(torch.cos(angle)), exact, rtol=0, atol=1e-13)


def test_a_projected_polynomial_has_its_own_coefficients():
    basis, wanted = Chebyshev(6), torch.arange(14, dtype=torch.float64).reshape(7, 2)
    assert_close(basis.project(basis(basis.fit_points()) @ wanted), wanted, rtol=1e-12, atol=1e-12)


def test_the_shape_is_that_of_the_points_with_the_functions_last():
    x = torch.zeros(2, 3, dtype=torch.float64)
    assert Chebyshev(4)(x).shape == (2, 3, 5)
    assert Chebyshev(4).derivatives(x, 2).shape == (3, 2, 3, 5)


def test_gradients_of_gradients_match_finite_differences():
    x = torch.tensor([-0.4, 0.7], dtype=torch.float64, requires_grad=True)
    basis = Chebyshev(5)
    assert torch.autograd.gradcheck(lambda a: basis.derivatives(a, 1), (x,))
    assert torch.autograd.gradgradcheck(basis, (x,))


def test_its_coefficients_measure_well_as_they_are():
    assert Chebyshev(5).whitening() is None


@pytest.mark.parametrize("degree", [0, -2, 2.5])
def test_a_degree_that_cannot_be_is_refused(degree):
    with pytest.raises(ValueError, match=f"`degree` must be at least 1, got {degree}"):
        Chebyshev(degree)
