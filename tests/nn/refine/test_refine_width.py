"""More hidden nodes: the same function, and new edges that training can use."""

import copy

import pytest
import torch
from torch.testing import assert_close

from kanpde.jet import derivatives
from kanpde.nn import KAN, MLP, Layer, Network
from kanpde.nn.basis import Identity, Sine
from kanpde.nn.refine import MoreNodes, widen

X = 2 * torch.rand(500, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64) - 1
WANTED = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
NETWORKS = {
    "B-spline KAN": KAN([2, 4, 3, 1], grid=4, seed=1),
    "Chebyshev KAN": KAN([2, 4, 3, 1], basis="chebyshev", k=[8, 4, 3], seed=1),
    "Gaussian KAN": KAN([2, 4, 3, 1], basis="gaussian", grid=[6, 3, 3], seed=1),
    "squashed KAN": KAN([2, 4, 3, 1], grid=4, squash=True, seed=1),
    "MLP": MLP([2, 4, 3, 1], seed=1),
    "sine MLP": MLP([2, 4, 3, 1], activation=Sine(2.0), seed=1),
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", NETWORKS)
def test_new_nodes_leave_function_and_derivatives_unchanged(name):
    network = NETWORKS[name]
    before = copy.deepcopy(network.state_dict())
    refined, error = widen(network, [2, 6, 8, 1], generator=seeded())
    assert refined.width == [2, 6, 8, 1]
    assert (refined.kind, type(refined)) == (network.kind, type(network))
    assert error < 1e-12
    old, new = (derivatives(n, X, WANTED) for n in (network, refined))
    for index in WANTED:
        assert_close(new[index], old[index], rtol=0, atol=1e-11 * old[index].abs().max().item())
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_depends_on_new_nodes_but_they_depend_on_the_inputs_and_have_a_gradient(name):
    network = NETWORKS[name]
    refined, _ = widen(network, [2, 6, 8, 1], generator=seeded())
    second, last = refined.layers[1], refined.layers[2]
    assert second.coefficients.unflatten(0, (6, -1))[4:, :, :3].abs().max() == 0
    assert last.coefficients.unflatten(0, (8, -1))[3:].abs().max() == 0
    hidden = refined.layers[0](X)[:, 4:]
    assert (hidden.std(0) > 0.05).all()
    refined(X).square().mean().backward()
    assert (last.coefficients.grad.unflatten(0, (8, -1))[3:].abs().amax((1, 2)) > 0).all()


@pytest.mark.parametrize("name", ["B-spline KAN", "Chebyshev KAN"])
def test_the_values_of_new_nodes_fill_the_next_grid_and_old_ones_are_left_alone(name):
    refined, _ = widen(NETWORKS[name], [2, 7, 8, 1], generator=seeded())
    first = refined.layers[0](X).detach()
    second = refined.layers[1](first).detach()
    for values in (first[:, 4:], second[:, 3:]):
        assert (values.max(0).values > 0.6).all()
        assert (values.min(0).values < -0.6).all()
        assert values.abs().max() < 1.3
    assert_close(first[:, :4], NETWORKS[name].layers[0](X).detach(), rtol=1e-13, atol=1e-13)


def test_start_values_come_from_the_generator():
    network = NETWORKS["Chebyshev KAN"]
    one, same, other = (widen(network, [2, 5, 3, 1], generator=seeded(s))[0] for s in (1, 1, 2))
    assert torch.equal(one.layers[0].coefficients, same.layers[0].coefficients)
    assert not torch.equal(one.layers[0].coefficients, other.layers[0].coefficients)


def test_the_refinement_adds_to_every_hidden_layer_again_and_again():
    network = NETWORKS["Chebyshev KAN"]
    once, _ = MoreNodes(2)(network)
    twice, error = MoreNodes(2)(once)
    assert (once.width, twice.width) == ([2, 6, 5, 1], [2, 8, 7, 1])
    assert error < 1e-13
    edges = twice.layers[0].coefficients.detach()
    assert (edges[:, 4:6] - edges[:, 6:]).abs().max() > 0.01


def test_in_single_precision_the_function_stays_to_its_own_digits():
    network = KAN([2, 4, 1], basis="chebyshev", k=6, seed=1, dtype=torch.float32)
    refined, error = MoreNodes()(network)
    assert {p.dtype for p in refined.parameters()} == {torch.float32}
    assert error < 1e-6


@pytest.mark.parametrize("width", [[2, 4, 1], [2, 3, 3, 1], [3, 4, 3, 1], [2, 4, 3, 2]])
def test_a_width_that_takes_nodes_away_or_changes_the_ends_is_refused(width):
    with pytest.raises(ValueError, match=r"`width` must have the ends and at least the hidden nodes of \[2, 4, 3, 1\]"):
        widen(NETWORKS["MLP"], width, generator=seeded())


def test_a_network_without_start_values_is_refused():
    network = Network([Layer(2, Identity(), torch.ones(2, 3)), Layer(3, Identity(), torch.ones(3, 1))])
    with pytest.raises(TypeError, match="`network` must be a KAN or an MLP, got Network"):
        MoreNodes()(network)


def test_a_network_without_hidden_nodes_is_refused():
    with pytest.raises(ValueError, match=r"`network` must have a hidden layer, got width \[2, 1\]"):
        MoreNodes()(KAN([2, 1]))


@pytest.mark.parametrize("nodes", [0, 1.5])
def test_adding_no_node_is_refused(nodes):
    with pytest.raises(ValueError, match=f"`nodes` must be a whole number of at least 1, got {nodes}"):
        MoreNodes(nodes)
