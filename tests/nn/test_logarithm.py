"""A logarithmic scale against autograd, its own inverse, and the logarithm itself."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from kanpde.nn.logarithm import Logarithm
from kanpde.nn.stretch import sampled_evenly

RATIOS = [1.001, 31.4, 1e6]
S = torch.linspace(-1, 1, 401, dtype=torch.float64)


@pytest.mark.parametrize("ratio", RATIOS)
def test_derivatives_are_those_of_autograd(ratio):
    scale, s = Logarithm(ratio), S.clone().requires_grad_()
    rows = scale.rows(S, 4)
    assert len(rows) == 5
    for order in range(4):
        (slope,) = torch.autograd.grad(scale.rows(s, order)[order].sum(), s)
        assert_close(rows[order + 1], slope, rtol=1e-12, atol=0)


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_inverse_goes_back_and_the_ends_stay(ratio):
    scale, xi = Logarithm(ratio), np.linspace(-1, 1, 101)
    s = scale.inverse(xi)
    # rounding of s counts by the slope at the lower end
    np.testing.assert_allclose(scale.rows(torch.as_tensor(s), 0)[0].numpy(), xi, rtol=0, atol=1e-15 * max(10, ratio))
    np.testing.assert_allclose(s[[0, -1]], [-1, 1], rtol=0, atol=1e-14)


def test_every_factor_gets_the_same_room():
    values = torch.tensor([0.01, 0.1, 1.0, 10.0, 100.0], dtype=torch.float64)
    xi = Logarithm(1e4).rows(2 * (values - 0.01) / (100 - 0.01) - 1, 0)[0]
    assert_close(xi, torch.linspace(-1, 1, 5, dtype=torch.float64), rtol=0, atol=1e-10)


def test_points_are_even_in_the_logarithm():
    unit = np.linspace(0, 1, 11)[:, None]
    value = 0.1 + (10 - 0.1) * sampled_evenly(unit, [Logarithm(100.0)])[:, 0]
    np.testing.assert_allclose(np.log10(value), np.linspace(-1, 1, 11), rtol=0, atol=1e-13)


@pytest.mark.parametrize("ratio", [1.0, 0.5, -2.0, math.inf, math.nan])
def test_a_ratio_that_spans_nothing_is_refused(ratio):
    with pytest.raises(ValueError, match="`ratio` must be above 1 and finite"):
        Logarithm(ratio)
