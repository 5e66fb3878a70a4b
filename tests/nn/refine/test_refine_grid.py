"""Finer grids: the same function, its derivatives and nothing else."""

import copy
from itertools import pairwise

import pytest
import torch
from torch.testing import assert_close

from kanpde import fit
from kanpde.jet import derivatives
from kanpde.nn import KAN, MLP
from kanpde.nn.basis import BSpline, Chebyshev, SiLU, Union
from kanpde.nn.layout import build, describe
from kanpde.nn.refine import FinerGrid, refine_grid

UNEVEN = torch.tensor([-1.0, -0.2, 0.1, 1.0], dtype=torch.float64)
WANTED = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]


def cube(n, low=-1.0, high=1.0):
    return low + (high - low) * torch.rand(n, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def intervals(network):
    first = [layer.basis.members[0] if isinstance(layer.basis, Union) else layer.basis for layer in network.layers]
    return [len(b.grid) - 1 if isinstance(b, BSpline) else None for b in first]


@pytest.mark.parametrize(
    "settings",
    [
        {"grid": 5, "k": 3},
        {"grid": [6, 3], "k": [8, 4], "base": False},
        {"grid": 4, "k": 3, "squash": True},
        {"grid": 4, "k": 5, "basis": ["bspline", "chebyshev"]},
        {"basis": [BSpline(grid=UNEVEN, degree=4), Union(BSpline(3, 5, outside="linear"), SiLU())]},
    ],
    ids=["cubic", "high degree", "squashed", "mixed", "uneven"],
)
@pytest.mark.parametrize("factor", [2, 3, 7])
def test_dividing_every_interval_leaves_function_and_derivatives_unchanged(settings, factor):
    network = KAN([2, 4, 1], seed=1, **settings)
    refined, error = FinerGrid(factor)(network)
    assert intervals(refined) == [n and factor * n for n in intervals(network)]
    assert error < 1e-13
    before, after = (derivatives(n, cube(300), WANTED) for n in (network, refined))
    for index in WANTED:
        size = before[index].abs().max().item()
        assert_close(after[index], before[index], rtol=0, atol=1e-11 * size)


def test_refining_again_and_again_to_1000_intervals_moves_nothing():
    network = KAN([2, 3, 1], grid=5, k=3, seed=2)
    x, refined = cube(2000), network
    before = network(x)
    for n in (10, 20, 40, 80, 200, 1000):
        refined, error = refine_grid(refined, [n, min(n, 40)])
        assert error < 1e-13
    assert intervals(refined) == [1000, 40]
    assert_close(refined(x), before, rtol=0, atol=1e-12 * before.abs().max().item())
    jets = [derivatives(n, x, [(1, 0), (0, 2)]) for n in (network, refined)]
    for index, step_loss in (((1, 0), 1e3), ((0, 2), 1e6)):  # rounding times 1/h per derivative
        size = jets[0][index].abs().max().item()
        assert_close(jets[1][index], jets[0][index], rtol=0, atol=1e-15 * step_loss * size)


@pytest.mark.parametrize("outside", ["extend", "linear"])
def test_beyond_the_grid_the_function_stays_the_same_too(outside):
    network = KAN([2, 3, 1], basis=[BSpline(4, 3, outside=outside), BSpline(3, 4, outside=outside)], seed=1)
    refined, _ = refine_grid(network, 12)
    x = cube(200, -1.4, 1.4)
    assert_close(refined(x), network(x), rtol=1e-11, atol=1e-11)


def test_in_single_precision_the_function_stays_to_its_own_digits():
    network = KAN([2, 3, 1], grid=5, seed=1, dtype=torch.float32)
    refined, error = FinerGrid(4)(network)
    assert {p.dtype for p in refined.parameters()} == {torch.float32}
    assert error < 1e-5
    x = cube(100).float()
    assert_close(refined(x), network(x), rtol=0, atol=1e-5)


def test_a_number_of_intervals_that_does_not_divide_is_fitted_and_the_error_falls_with_the_order():
    network = KAN([1, 1], basis=[Chebyshev(12)], seed=0)
    refined_errors = []
    start, _ = refine_grid(KAN([1, 1], grid=6, k=3, base=False, seed=0), 6)
    for n in (11, 23, 47):
        _, error = refine_grid(start, n)
        refined_errors.append(error)
    assert refined_errors[0] > 1e-6
    assert refined_errors[0] / refined_errors[2] > 4**2.5
    assert network.parameter_count == 13


def test_gaussians_are_fitted_on_a_finer_grid():
    network = KAN([2, 3, 1], basis="gaussian", grid=[10, 4], seed=1)
    refined, error = FinerGrid(2)(network)
    assert [layer.basis.intervals for layer in refined.layers] == [20, 8]
    assert 1e-10 < error < 1e-2


def test_layers_without_a_number_stay_and_the_old_network_is_untouched():
    network = KAN([2, 3, 1], grid=[4, 3])
    before = copy.deepcopy(network.state_dict())
    refined, _ = refine_grid(network, [None, 6])
    assert intervals(refined) == [4, 6]
    assert torch.equal(refined.layers[0].coefficients, network.layers[0].coefficients)
    assert refined.layers[0].coefficients is not network.layers[0].coefficients
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_refined_network_restarts_and_goes_through_its_layout():
    refined, _ = FinerGrid(2)(KAN([2, 3, 1], grid=3, seed=1))
    again = build(describe(refined))
    again.load_state_dict(refined.state_dict())
    assert torch.equal(again(cube(50)), refined(cube(50)))
    refined.reset(5)
    for p, q in zip(refined.parameters(), KAN([2, 3, 1], grid=6, seed=5).parameters(), strict=True):
        assert_close(p.detach(), q.detach(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("network", [MLP([2, 3, 1]), KAN([2, 3, 1], basis="chebyshev")], ids=["MLP", "Chebyshev KAN"])
def test_a_network_without_grid_is_refused(network):
    with pytest.raises(ValueError, match="`network` must have a layer with `intervals`, got none"):
        FinerGrid()(network)


def test_fewer_intervals_are_refused():
    with pytest.raises(ValueError, match="`intervals` must be at least 5 for layer 0, got 4"):
        refine_grid(KAN([2, 3, 1]), 4)


@pytest.mark.parametrize("factor", [1, 0, 2.5])
def test_a_factor_that_divides_nothing_is_refused(factor):
    with pytest.raises(ValueError, match=f"`factor` must be a whole number of at least 2, got {factor}"):
        FinerGrid(factor)


@pytest.mark.slow
def test_training_goes_on_from_a_refined_network_to_the_error_of_its_grid():
    """Least squares with cubic splines: the error falls by 2^4 each time the intervals are halved."""
    x = torch.linspace(-1, 1, 801, dtype=torch.float64)
    network, errors = KAN([1, 1], grid=8, k=3, base=False, seed=0), []
    for _ in range(4):
        errors.append(fit(network, x, torch.sin(4 * x), steps=30).run["train_rmse"])
        network, moved = FinerGrid(2)(network)
        assert moved < 1e-13
    assert errors[3] < 2e-7
    assert all(14 < coarse / fine < 24 for coarse, fine in pairwise(errors))
