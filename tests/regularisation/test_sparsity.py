"""Sparsity: the weights are slopes of the penalty of the KAN paper, and one node is left of five."""

import numpy as np
import pytest
import torch

from kanpde import KAN, MLP, Plan, Solution, fit, solve
from kanpde.optim import LBFGS, Adam
from kanpde.regularisation import Sparsity
from tests.test_solver import Sine, assert_same_run, interrupt_at

SIZES = torch.tensor([0.3, 0.1, 0.6, 0.02], dtype=torch.float64)


def penalty(sizes, magnitude, entropy):
    shares = sizes / sizes.sum()
    return magnitude * sizes.sum() - entropy * (shares * shares.log()).sum()


@pytest.mark.parametrize(("magnitude", "entropy"), [(1.0, 0.0), (1.0, 0.4), (3.0, 1.0)])
def test_weights_times_squares_have_the_slope_of_the_penalty(magnitude, entropy):
    sizes = SIZES.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(penalty(sizes, magnitude, entropy), sizes)
    weights = Sparsity(0.01, magnitude=magnitude, entropy=entropy).weights(SIZES)
    assert (slopes > 0).all()
    torch.testing.assert_close(2 * weights * SIZES, 0.01 * slopes)


def test_a_large_edge_is_not_rewarded_and_a_vanished_one_keeps_a_finite_weight():
    sizes = torch.tensor([0.5, 1e-3, 0.0], dtype=torch.float64)
    weights = Sparsity(1.0, magnitude=0.0).weights(sizes)
    assert weights[0] == 0
    assert weights[1:].isfinite().all()


def test_the_rows_add_up_to_the_weighted_variances_of_the_edges():
    network, x = KAN([2, 3, 1], grid=4, seed=0), 2 * torch.rand(300, 2, dtype=torch.float64) - 1
    chosen = Sparsity(0.1)
    rows = chosen.prior(network, x, 1.0).rows().square().sum()
    wanted = 0.0
    for layer, seen in zip(network.layers, network.layer_inputs(x), strict=True):
        sizes = layer.edge_values(seen).std(0, correction=0).flatten()
        wanted += (chosen.weights(sizes) * sizes**2).sum()
    torch.testing.assert_close(rows, wanted)


def target(x):
    return np.exp(np.sin(np.pi * x[:, 0]) + x[:, 1] ** 2)


def test_of_five_hidden_nodes_two_are_left_for_a_product():
    """As in the KAN paper, 4 x y = (x + y)^2 - (x - y)^2; without a penalty most seeds use the edges of further nodes."""
    edges = []
    for seed in range(3):
        x = np.random.default_rng(seed).uniform(-1, 1, (600, 2))
        plain = fit(KAN([2, 5, 1], seed=seed), x, x[:, 0] * x[:, 1], steps=60)
        sparse = fit(KAN([2, 5, 1], seed=seed), x, x[:, 0] * x[:, 1], steps=200, regularisation=Sparsity(1e-3))
        edges.append([sum(int((e > 0.05).sum()) for e in s.network.attribution().edges) for s in (plain, sparse)])
        assert sparse.network.prune(threshold=0.05).width == [2, 2, 1]
        assert np.isfinite(sparse.history["penalty"]).mean() > 0.9
    without, with_penalty = np.transpose(edges)
    assert list(with_penalty) == [6, 6, 6]
    assert without.sum() > 18
    assert without.min() >= 6


@pytest.mark.parametrize("optimizer", [Adam(rate=3e-2), LBFGS()])
def test_other_optimisers_see_the_penalty_too(optimizer):
    x = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    sums = []
    for chosen in (None, Sparsity(0.1)):
        found = fit(KAN([2, 3, 1], seed=0), x, target(x), optimizer=optimizer, steps=150, regularisation=chosen)
        sums.append(sum(float(m.sum()) for m in found.network.attribution().magnitudes))
    assert sums[1] < 0.8 * sums[0]


def test_a_killed_run_goes_on_with_the_same_bits(tmp_path):
    options = {"plan": Plan(regularisation=Sparsity(1e-3, every=4)), "steps": 14, "points": 30}
    unbroken, record = solve(Sine(), KAN([1, 3, 1], seed=0), **options), tmp_path / "run.h5"
    solve(Sine(), KAN([1, 3, 1], seed=0), **options, record=record, on_step=interrupt_at(6))
    assert_same_run(solve(Sine(), resume=record), unbroken)
    assert_same_run(Solution.load(record), unbroken)


def test_networks_without_functions_on_edges_are_refused():
    with pytest.raises(ValueError, match=r"`plan.regularisation` must be None for MLP"):
        solve(Sine(), MLP([1, 4, 1]), plan=Plan(regularisation=Sparsity()), steps=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strength": 0.0}, "`strength` must be positive, got 0.0"),
        ({"magnitude": -1.0}, "`magnitude` must be 0 or above, got -1.0"),
        ({"entropy": float("nan")}, "`entropy` must be 0 or above, got nan"),
        ({"every": 0}, "`every` must be a whole number of at least 1, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Sparsity(**settings)
