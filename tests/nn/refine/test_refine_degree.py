"""Higher degrees: exact for series, measured for splines."""

import pytest
import torch
from torch.testing import assert_close

from kanpde.jet import derivatives
from kanpde.nn import KAN, MLP
from kanpde.nn.basis import BSpline
from kanpde.nn.refine import HigherDegree, raise_degree
from kanpde.nn.refine.degree import DEGREE
from kanpde.nn.refine.exchange import exchange

X = 2 * torch.rand(300, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64) - 1
WANTED = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]


@pytest.mark.parametrize("basis", ["chebyshev", "fourier"])
def test_a_longer_series_leaves_function_and_derivatives_unchanged(basis):
    network = KAN([2, 4, 3, 1], basis=basis, k=[9, 4, 3], seed=1)
    refined, error = HigherDegree(3)(network)
    assert DEGREE.present(refined) == [12, 7, 6]
    assert error < 1e-12
    before, after = (derivatives(n, X, WANTED) for n in (network, refined))
    for index in WANTED:
        assert_close(after[index], before[index], rtol=0, atol=1e-11 * before[index].abs().max().item())


def test_new_terms_start_from_zero_and_can_be_trained():
    network = KAN([1, 2], basis="chebyshev", k=3, seed=1)
    refined, _ = raise_degree(network, 5)
    assert torch.equal(refined.layers[0].coefficients[:4], network.layers[0].coefficients)
    assert refined.layers[0].coefficients[4:].abs().max() == 0
    assert refined.layers[0].coefficients.requires_grad


def test_splines_of_one_interval_are_polynomials_and_raised_exactly():
    network = KAN([2, 3, 1], grid=1, k=[5, 3], base=False, seed=1)
    refined, error = HigherDegree(2)(network)
    assert [layer.basis.degree for layer in refined.layers] == [7, 5]
    assert error < 1e-11


def test_splines_of_more_intervals_are_fitted_and_the_error_falls_with_their_order():
    """Third derivatives of a cubic spline near a smooth function jump by O(h), so smoothing them costs O(h^4)."""
    smooth, errors = KAN([1, 1], basis="chebyshev", k=5, seed=1), []
    for intervals in (8, 16, 32):
        cubic, _ = exchange(smooth, [BSpline(intervals, 3)])
        errors.append(HigherDegree(1)(cubic)[1])
    assert errors[0] > 1e-7
    assert errors[0] / errors[1] > 10
    assert errors[1] / errors[2] > 10


def test_layers_without_a_number_stay():
    network = KAN([2, 3, 1], basis=["chebyshev", "gaussian"], k=4)
    refined, _ = raise_degree(network, 6)
    assert DEGREE.present(refined) == [6, None]


@pytest.mark.parametrize("network", [MLP([2, 3, 1]), KAN([2, 3, 1], basis="gaussian")], ids=["MLP", "Gaussian KAN"])
def test_a_network_without_degree_is_refused(network):
    with pytest.raises(ValueError, match="`network` must have a layer with `degree`, got none"):
        HigherDegree()(network)


def test_a_lower_degree_is_refused():
    with pytest.raises(ValueError, match="`degree` must be at least 5 for layer 1, got 4"):
        raise_degree(KAN([2, 3, 1], k=[3, 5]), 4)


@pytest.mark.parametrize("step", [0, 1.5])
def test_a_step_of_nothing_is_refused(step):
    with pytest.raises(ValueError, match=f"`step` must be a whole number of at least 1, got {step}"):
        HigherDegree(step)
