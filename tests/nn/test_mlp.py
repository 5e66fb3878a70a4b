"""Multilayer perceptrons against torch.nn."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from kanpde.nn import MLP
from kanpde.nn.basis import SiLU, Sine


def test_an_mlp_is_the_same_function_as_linear_layers_and_tanh():
    ours = MLP([3, 5, 4, 2], seed=4)
    linear = [nn.Linear(a, b, dtype=torch.float64) for a, b in ((3, 5), (5, 4), (4, 2))]
    with torch.no_grad():
        for theirs, layer in zip(linear, ours.layers, strict=True):
            theirs.weight.copy_(layer.coefficients.T)
            theirs.bias.copy_(layer.bias)
    plain = nn.Sequential(linear[0], nn.Tanh(), linear[1], nn.Tanh(), linear[2])
    x = torch.randn(9, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert_close(ours(x), plain(x), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("activation", "function"),
    [("sine", torch.sin), (Sine(2.0), lambda z: torch.sin(2 * z)), (SiLU(), nn.functional.silu)],
)
def test_the_activation_stands_between_the_layers(activation, function):
    network, x = MLP([2, 4, 1], activation=activation), torch.ones(3, 2, dtype=torch.float64) / 3
    first, second = network.layers
    wanted = function(x @ first.coefficients + first.bias) @ second.coefficients + second.bias
    assert_close(network(x), wanted, rtol=1e-13, atol=1e-13)


def test_the_parameter_count_is_weights_and_biases():
    assert MLP([2, 16, 16, 1]).parameter_count == 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1


def test_start_weights_have_the_spread_of_glorot_and_bent_inputs():
    first, second, _ = MLP([100, 300, 200, 1], seed=1).layers
    assert second.coefficients.std().item() == pytest.approx(math.sqrt(2 / 500), rel=0.02)
    assert first.coefficients.mean().item() == pytest.approx(0, abs=0.01)
    assert second.bias.abs().max() == 0
    assert first.bias.min() < -0.9
    assert first.bias.max() > 0.9


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_reset_gives_the_weights_of_a_new_network(dtype):
    network = MLP([2, 5, 1], seed=0, dtype=dtype)
    network.reset(3)
    for p, q in zip(network.parameters(), MLP([2, 5, 1], seed=3).parameters(), strict=True):
        assert torch.equal(p, q.to(dtype))


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="`activation` must be one of tanh, sine, got 'relu'"):
        MLP([2, 3, 1], activation="relu")


def test_a_width_of_zero_is_refused():
    with pytest.raises(ValueError, match="`width` must have at least two entries of at least 1"):
        MLP([2, 0, 1])
