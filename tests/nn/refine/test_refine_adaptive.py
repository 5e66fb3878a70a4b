"""Grids that follow the values of a layer."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from kanpde.nn import KAN
from kanpde.nn.basis import BSpline
from kanpde.nn.refine import AdaptedGrid, adapted_grid, regrid

SAMPLES = torch.randn(4000, generator=torch.Generator().manual_seed(0), dtype=torch.float64).clamp(-3, 3)


@pytest.mark.parametrize("mix", [0.02, 0.5, 1.0])
def test_a_grid_is_the_mixture_of_equal_intervals_and_quantiles(mix):
    values = SAMPLES.numpy()
    uniform = np.linspace(values.min(), values.max(), 13)
    wanted = mix * uniform + (1 - mix) * np.quantile(values, np.linspace(0, 1, 13))
    assert_close(adapted_grid(SAMPLES, 12, mix=mix), torch.as_tensor(wanted), rtol=1e-12, atol=1e-12)


def test_few_equal_intervals_leave_the_same_number_of_samples_in_each():
    grid = adapted_grid(SAMPLES, 8, mix=1e-6)
    counts = torch.histogram(SAMPLES, grid).hist
    assert counts.min() > 490
    assert counts.max() < 510


def test_samples_that_are_often_the_same_still_give_an_ascending_grid():
    samples = torch.cat([torch.zeros(1000), torch.tensor([-1.0, 1.0])])
    assert (adapted_grid(samples, 10).diff() > 0.05).all()


def test_on_a_grid_that_holds_the_old_one_nothing_changes():
    network = KAN([2, 3, 1], grid=4, seed=1)
    grid = torch.tensor([-1.0, -0.9, -0.5, 0.0, 0.1, 0.2, 0.5, 1.0], dtype=torch.float64)
    refined, error = regrid(network, [grid, None])
    assert_close(refined.layers[0].basis.members[0].grid, grid)
    assert error < 1e-13


def test_on_other_grids_edges_are_fitted_and_the_error_falls_with_the_grid_spacing():
    network = KAN([2, 3, 1], grid=[8, 3], k=3, seed=1)
    errors = []
    for n in (9, 19, 39):
        grid = torch.sin(torch.pi / 2 * torch.linspace(-1, 1, n + 1, dtype=torch.float64))
        errors.append(regrid(network, [grid, None])[1])
    assert errors[0] > 5 * errors[1] > 25 * errors[2] > 0


def test_the_inputs_of_every_layer_are_what_the_network_passes_on():
    network = KAN([2, 3, 2, 1], grid=3, squash=True, seed=1)
    x = torch.rand(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    inputs = network.layer_inputs(x)
    assert [v.shape[1] for v in inputs] == [2, 3, 2]
    assert_close(network.layers[2](inputs[2]), network(x), rtol=0, atol=0)
    assert_close(inputs[1], torch.tanh(network.layers[0](x)).detach(), rtol=0, atol=1e-15)


def test_adapted_grids_span_inputs_and_hidden_values():
    network = KAN([2, 3, 1], grid=[6, 6], k=3, seed=1)
    with torch.no_grad():
        network.layers[0].coefficients.mul_(1.7)
    refined, error = AdaptedGrid()(network)
    first, second = (layer.basis.members[0].grid for layer in refined.layers)
    assert_close(first[[0, -1]], torch.tensor([-1.0, 1.0], dtype=torch.float64))
    assert_close(first.diff(), torch.full((6,), 1 / 3, dtype=torch.float64), rtol=0.05, atol=0)
    assert second[0] < -1.5
    assert second[-1] > 1.5
    assert error < 0.1
    assert refined.parameter_count == network.parameter_count


def test_layers_without_splines_keep_their_basis():
    refined, _ = AdaptedGrid()(KAN([2, 3, 1], basis=["gaussian", "bspline"], grid=4))
    assert isinstance(refined.layers[1].basis.members[0], BSpline)
    assert refined.layers[0].basis.intervals == 4


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        ((SAMPLES, 0), {}, "`intervals` must be at least 1, got 0"),
        ((SAMPLES, 4), {"mix": 0.0}, "`mix` must be above 0 and at most 1, got 0.0"),
        ((SAMPLES, 4), {"mix": 1.5}, "`mix` must be above 0 and at most 1, got 1.5"),
        ((torch.ones(5), 4), {}, "`samples` must be finite and not all equal"),
        ((torch.tensor([0.0, float("nan")]), 4), {}, "`samples` must be finite and not all equal"),
    ],
)
def test_what_gives_no_grid_is_refused(arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        adapted_grid(*arguments, **settings)


@pytest.mark.parametrize("mix", [0.0, 1.5])
def test_an_impossible_mixture_is_refused_at_once(mix):
    with pytest.raises(ValueError, match=f"`mix` must be above 0 and at most 1, got {mix}"):
        AdaptedGrid(mix)


def test_grids_that_do_not_fit_the_network_are_refused():
    grid = torch.linspace(-1, 1, 5, dtype=torch.float64)
    with pytest.raises(ValueError, match="`grids` must hold one grid or None per layer, 2, got 1"):
        regrid(KAN([2, 3, 1]), [grid])
    with pytest.raises(ValueError, match=r"`grids\[0\]` must be None, got a grid: layer 0 has no B-splines"):
        regrid(KAN([2, 3, 1], basis="chebyshev"), [grid, None])


def test_a_network_without_splines_is_refused():
    with pytest.raises(ValueError, match="`network` must have a layer of B-splines, got none"):
        AdaptedGrid()(KAN([2, 3, 1], basis="chebyshev"))
