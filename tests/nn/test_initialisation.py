"""Start values: smooth edges, and hidden values that fill the grid of the next layer."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from kanpde.nn import KAN
from kanpde.nn.basis import BSpline, Chebyshev, Fourier, Gaussian, SiLU, Union
from kanpde.nn.initialisation import fill_ranges, smooth_edges, start_degree


@pytest.mark.parametrize(
    "settings",
    [
        {"basis": "chebyshev", "k": [20, 4, 4]},
        {"grid": 5, "k": 3},
        {"grid": 3, "k": 8, "base": False},
        {"basis": "fourier", "k": [12, 4, 4]},
        {"basis": "gaussian", "grid": [12, 4, 4]},
    ],
    ids=["chebyshev", "cubic", "octic", "fourier", "gaussian"],
)
@pytest.mark.parametrize("seed", range(10))
def test_hidden_values_fill_the_grid_of_the_next_layer(settings, seed):
    """Ranges are taken at 1000 random points, so of other points a few, near corners, may lie beyond."""
    network = KAN([2, 6, 5, 1], seed=seed, **settings)
    x = 2 * torch.rand(4000, 2, generator=torch.Generator().manual_seed(99), dtype=torch.float64) - 1
    for layer in network.layers[:-1]:
        x = layer(x).detach()
        assert (x.max(0).values > 0.6).all()
        assert (x.min(0).values < -0.6).all()
        assert (x.abs() > 1).double().mean() < 0.02


def test_edges_are_projections_of_the_same_random_series():
    """Degree 6 holds the series exactly, so both bases must give the same functions."""
    x = torch.linspace(-1, 1, 33, dtype=torch.float64)
    values = []
    for basis in (Chebyshev(6), BSpline(4, 6)):
        generator = torch.Generator().manual_seed(3)
        edges = smooth_edges(basis, 2, 3, constant=True, degree=6, generator=generator)
        values.append(torch.einsum("pc,ico->pio", basis(x), edges.reshape(2, basis.size, 3)))
    assert_close(values[0], values[1], rtol=1e-10, atol=1e-10)


def test_coefficients_of_the_series_decay_as_they_should():
    generator = torch.Generator().manual_seed(0)
    edges = smooth_edges(Chebyshev(8), 4, 5000, constant=True, degree=8, generator=generator).reshape(4, 9, 5000)
    spread = edges.std((0, 2))
    assert_close(spread, (1.0 + torch.arange(9, dtype=torch.float64)) ** -1.5 / 2, rtol=0.03, atol=0)


def test_without_constant_edges_have_no_mean_term():
    generator = torch.Generator().manual_seed(0)
    edges = smooth_edges(Chebyshev(5), 2, 3, constant=False, degree=5, generator=generator).reshape(2, 6, 3)
    assert edges[:, 0].abs().max() < 1e-14


@pytest.mark.parametrize(
    ("basis", "degree"),
    [
        (Chebyshev(8), 8),
        (Chebyshev(50), 30),
        (BSpline(5, 3), 7),
        (Fourier(7), 5),
        (Gaussian(12), 7),
        (Union(Gaussian(12), SiLU()), 7),
        (Fourier(1), 1),
    ],
    ids=str,
)
def test_the_series_is_one_that_the_basis_resolves(basis, degree):
    assert start_degree(basis) == degree


@pytest.mark.parametrize("basis", [Fourier(12), Fourier(30), Gaussian(2), Gaussian(30), Gaussian(10, 3.0)], ids=repr)
def test_edges_of_overlapping_functions_start_from_moderate_coefficients(basis):
    """Coefficients that cancel each other lose digits, all of them in single precision."""
    generator = torch.Generator().manual_seed(0)
    edges = smooth_edges(basis, 2, 100, constant=True, degree=start_degree(basis), generator=generator)
    assert edges.abs().max() < 2000
    generator.manual_seed(0)
    series = smooth_edges(Chebyshev(30), 2, 100, constant=True, degree=start_degree(basis), generator=generator)
    x = torch.linspace(-1, 1, 65, dtype=torch.float64)
    found, wanted = (
        torch.einsum("pc,ico->pio", b(x), e.unflatten(0, (2, -1))) for b, e in ((basis, edges), (Chebyshev(30), series))
    )
    assert_close(found, wanted, rtol=0, atol=2e-3)


def test_nodes_to_keep_are_left_alone_when_ranges_are_filled():
    network = KAN([2, 4, 3, 1], basis="chebyshev", k=5, seed=1)
    with torch.no_grad():
        for layer in network.layers:
            layer.coefficients.mul_(3.0)
    before = [layer.coefficients.detach().clone() for layer in network.layers]
    fill_ranges(network, torch.Generator().manual_seed(0), kept=[2, 3])
    assert torch.equal(network.layers[0].coefficients[:, :2], before[0][:, :2])
    assert torch.equal(network.layers[1].coefficients, before[1])
    x = 2 * torch.rand(2000, 2, generator=torch.Generator().manual_seed(9), dtype=torch.float64) - 1
    hidden = network.layers[0](x)
    assert hidden[:, 2:].abs().max() < 1.1
    assert hidden[:, :2].abs().max() > 2


@pytest.mark.parametrize("decay", [0.0, 1.5, 3.0])
def test_coefficients_of_start_functions_fall_by_the_given_power(decay):
    generator = torch.Generator().manual_seed(0)
    edges = smooth_edges(Chebyshev(20), 1, 4000, constant=True, degree=20, generator=generator, decay=decay)
    sizes = edges.square().mean(1).sqrt()
    slope = np.polyfit(np.log(1 + np.arange(21)), sizes.log().numpy(), 1)[0]
    assert slope == pytest.approx(-decay, abs=0.03)


def test_a_decay_below_zero_is_refused():
    with pytest.raises(ValueError, match="`decay` must be at least 0, got -1"):
        KAN([1, 1], decay=-1)


@pytest.mark.parametrize("seed", range(5))
def test_deep_networks_of_many_inputs_start_small_in_the_corners_as_well(seed):
    network = KAN([5, 8, 5, 4, 1], basis="chebyshev", k=6, base=False, seed=seed)
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 5)
    assert float(network(corners).detach().abs().max()) < 10
