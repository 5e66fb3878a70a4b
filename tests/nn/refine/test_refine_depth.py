"""A layer before the outputs: the same function, more freedom, and what cannot be deepened."""

import pytest
import torch

from kanpde import Plan, solve
from kanpde.nn import KAN, MLP
from kanpde.nn.basis import BSpline
from kanpde.nn.prune import prune
from kanpde.nn.refine import Deeper, deepen
from kanpde.optim import GaussNewton
from tests.test_solver import Sine


def generator():
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize(("basis", "most"), [("bspline", 1e-10), ("chebyshev", 1e-13), ("gaussian", 1e-6)])
@pytest.mark.parametrize(("width", "nodes"), [([2, 3, 1], 1), ([2, 3, 1], 4), ([2, 3, 2], 3), ([2, 1], 2)])
def test_the_function_stays_and_the_old_network_too(basis, most, width, nodes):
    """To rounding, or as closely as Gaussians follow a straight line where the network was looked at."""
    network = KAN(width, basis=basis, grid=8, k=5, seed=1)
    x = 2 * torch.rand(100, 2, dtype=torch.float64, generator=generator()) - 1
    with torch.no_grad():
        before = network(x)
        deeper, change = deepen(network, nodes, generator=generator())
        assert deeper.width == [*width[:-1], nodes, width[-1]]
        assert change < most
        torch.testing.assert_close(deeper(x), before, rtol=10 * most, atol=10 * most)
        torch.testing.assert_close(network(x), before, rtol=0, atol=0)


def test_the_values_of_the_new_hidden_nodes_fill_the_grid():
    network = KAN([2, 3, 1], seed=1)
    with torch.no_grad():
        network.layers[-1].coefficients.mul_(100)
    x = 2 * torch.rand(500, 2, dtype=torch.float64) - 1
    deeper, _ = deepen(network, 3, x=x, generator=generator())
    hidden = deeper.layer_inputs(x)[-1]
    assert hidden.abs().max() <= 1
    assert (hidden.max(0).values - hidden.min(0).values).min() > 1.9


def test_the_new_edges_have_the_given_basis_or_that_of_the_last_layer_on_equal_intervals():
    network = KAN([1, 2, 1], basis=["chebyshev", BSpline(4, 3, outside="linear")], base=False, k=7)
    deeper, _ = deepen(network, 1, generator=generator())
    assert (deeper.layers[-1].basis.outside, len(deeper.layers[-1].basis.grid)) == ("linear", 5)
    deeper, _ = deepen(network, 1, basis=network.layers[0].basis, generator=generator())
    assert deeper.layers[-1].basis.size == 8


def test_training_goes_on_in_the_deeper_network():
    plan = Plan(refinements=(Deeper(2),), restarts=0)
    found = solve(
        Sine(), KAN([1, 2, 1], grid=3, seed=0), optimizer=GaussNewton(patience=2), plan=plan, steps=120, points=60
    )
    assert found.network.width == [1, 2, 2, 1]
    step = int((found.history["refinement"] == 1).argmax())
    assert found.history["loss"][-1] < 0.1 * found.history["loss"][step]


def test_what_cannot_be_deepened_is_refused():
    kan = KAN([2, 3, 2])
    with pytest.raises(ValueError, match="`nodes` must be at least 2, the number of outputs, got 1"):
        deepen(kan, 1, generator=generator())
    with pytest.raises(TypeError, match="`network` must be a KAN with all of its last edges, got a Layer"):
        deepen(MLP([2, 3, 2]), 2, generator=generator())
    with pytest.raises(TypeError, match="got a EdgeLayer at the end"):
        deepen(prune(kan, torch.rand(20, 2, dtype=torch.float64)).network, 2, generator=generator())
    with pytest.raises(ValueError, match="`network` must not squash its hidden values"):
        deepen(KAN([2, 3, 2], squash=True), 2, generator=generator())
    with pytest.raises(ValueError, match="`nodes` must be a whole number of at least 1, got 0"):
        Deeper(0)
