"""Networks in other bases: the old network is left alone, exact changes are exact, others are measured."""

import copy

import pytest
import torch
from torch.testing import assert_close

from kanpde.nn import KAN
from kanpde.nn.basis import BSpline, Chebyshev, Fourier, SiLU, Union
from kanpde.nn.refine.exchange import change, exchange, members, reexpand, remade

X = torch.linspace(-1, 1, 101, dtype=torch.float64)


def test_the_old_network_stays_as_it_was_and_shares_nothing_with_the_new_one():
    network = KAN([2, 3, 1], basis="chebyshev", k=5, seed=1)
    before = copy.deepcopy(network.state_dict())
    refined, _ = exchange(network, [Chebyshev(7), network.layers[1].basis])
    refined.reset(9)
    assert [layer.basis.degree for layer in network.layers] == [5, 5]
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_basis_given_for_two_layers_does_not_tie_them():
    shared = Chebyshev(9)
    refined, _ = exchange(KAN([2, 3, 1], basis="chebyshev", k=5), [shared, shared])
    assert refined.layers[0].basis is not refined.layers[1].basis


def test_polynomials_go_over_to_splines_and_back_without_loss():
    network = KAN([2, 3, 1], basis="chebyshev", k=[5, 4], seed=1)
    as_splines, to = exchange(network, [BSpline(3, 5), BSpline(2, 4)])
    _, back = exchange(as_splines, [Chebyshev(5), Chebyshev(4)])
    assert max(to, back) < 1e-13


def test_the_reported_error_is_the_relative_difference_of_the_outputs():
    network = KAN([1, 1], basis="chebyshev", k=12, seed=1)
    refined, error = exchange(network, [BSpline(2, 3)])
    x = torch.linspace(-1, 1, 20001, dtype=torch.float64)[:, None]
    exact = (refined(x) - network(x)).norm() / network(x).norm()
    assert error == pytest.approx(exact.item(), rel=0.1)
    assert error > 1e-3


def test_the_change_of_a_network_that_is_zero_is_zero():
    network = KAN([1, 1])
    torch.nn.init.zeros_(network.layers[0].coefficients)
    assert change(network, network) == 0


def test_members_of_a_union_go_over_one_by_one():
    old, new = Union(BSpline(4, 3), SiLU(), Chebyshev(2)), Union(BSpline(8, 3), SiLU(), Chebyshev(5))
    coefficients = torch.randn(old.size, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = reexpand(old, new, coefficients)
    assert_close(new(X) @ found, old(X) @ coefficients, rtol=0, atol=1e-14)
    assert_close(found[11:15], coefficients[7:11], rtol=0, atol=0)
    assert found[15:].abs().max() == 0


def test_a_series_of_another_period_is_fitted():
    old, new = Fourier(2, 4.0), Fourier(14, 3.0)
    coefficients = torch.randn(old.size, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert_close(new(X) @ reexpand(old, new, coefficients), old(X) @ coefficients, rtol=0, atol=1e-6)


def test_unions_of_unions_are_taken_apart_and_put_together_again():
    spline, silu, series = BSpline(4, 3), SiLU(), Chebyshev(2)
    union = Union(Union(spline, silu), series)
    assert members(union) == [spline, silu, series]
    assert members(silu) == [silu]
    longer = remade(union, lambda m: Chebyshev(5) if m is series else m)
    assert [type(m) for m in members(longer)] == [BSpline, SiLU, Chebyshev]
    assert_close(longer(X)[:, :11], union(X), rtol=0, atol=1e-15)
