"""Layers whose edges are learned, symbolic or absent, against dense layers and automatic differentiation."""

import copy
import json

import pytest
import torch
from torch.testing import assert_close

from kanpde import Interval, Problem
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.jet import JetPlan, coordinate_jet, nested_autograd
from kanpde.nn import KAN, KANLayer, Network
from kanpde.nn.basis import BSpline, Chebyshev
from kanpde.nn.edge_layer import EdgeLayer
from kanpde.nn.input_map import InputMap
from kanpde.nn.layout import build, describe
from kanpde.nn.refine import refine_grid
from kanpde.nn.symbolic.library import LIBRARY
from kanpde.sampling import Sobol


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def mixed(basis=None):
    """Learned, symbolic and absent edges in both layers, several of them into one node."""
    basis = basis or Chebyshev(4)
    first = EdgeLayer(
        2, 3, basis, [(0, 0), (1, 2)], torch.randn(basis.size, 2, generator=generator(1), dtype=torch.float64),
        {(1, 0): (LIBRARY["sin"], (1.3, 0.2, 0.7, -0.1)), (0, 1): (LIBRARY["x^2"], (0.8, 0.1, 0.5, 0.3))},
    )  # fmt: skip
    second = EdgeLayer(
        3, 2, basis, [(0, 0), (1, 0), (2, 1)], torch.randn(basis.size, 3, generator=generator(2), dtype=torch.float64),
        {(1, 1): (LIBRARY["exp"], (0.6, -0.4, 1.2, 0.0)), (0, 1): (LIBRARY["tanh"], (0.9, 0.3, -0.5, 0.2))},
    )  # fmt: skip
    return Network([first, second])


def points(n=6):
    return 2 * torch.rand(n, 2, generator=generator(3), dtype=torch.float64) - 1


def test_with_every_edge_it_is_the_dense_layer():
    dense = KANLayer(3, 2, BSpline(4, 3), generator=generator())
    edges = EdgeLayer(3, 2, dense.basis, dense.pairs, dense.functions.detach())
    x = torch.rand(7, 3, generator=generator(1), dtype=torch.float64)
    assert_close(edges(x), dense(x), rtol=1e-14, atol=1e-14)
    assert_close(edges.matrix, dense.matrix)


def test_outputs_are_the_sums_of_the_formulas_and_the_learned_functions():
    layer, x = mixed().layers[0], points()
    learned = layer.basis(x)
    wanted = torch.stack(
        [
            learned[:, 0] @ layer.functions[:, 0] + 0.7 * torch.sin(1.3 * x[:, 1] + 0.2) - 0.1,
            0.5 * (0.8 * x[:, 0] + 0.1) ** 2 + 0.3,
            learned[:, 1] @ layer.functions[:, 1],
        ],
        dim=1,
    )
    assert_close(layer(x), wanted, rtol=1e-14, atol=1e-14)
    assert_close(layer.edge_values(x).sum(1), wanted, rtol=1e-14, atol=1e-14)
    assert layer.edge_values(x)[:, 1, 1].abs().max() == 0


def test_derivatives_by_the_inputs_are_those_of_automatic_differentiation():
    network, x, plan = mixed(), points(), JetPlan([(4, 0), (2, 2), (1, 3)])
    found = network.propagate(coordinate_jet(x, plan), plan)
    assert_close(found, nested_autograd(network, x, plan), rtol=1e-9, atol=1e-9)


class Mixed(Problem):
    """Two unknowns, second order, nonlinear."""

    unknowns = ("u", "v")
    domain = Interval(x=(-1, 1)) * Interval(y=(-1, 1))

    def residual(self, u, v, x, y):
        return {"first": u.xx + v * u.y, "second": v.xy - u**2}

    def conditions(self, x, y):
        return []


@pytest.mark.parametrize("basis", [Chebyshev(4), BSpline(3, 4)])
def test_the_jacobian_by_all_numbers_is_that_of_automatic_differentiation(basis):
    ansatz = build_ansatz(Mixed())
    network = mixed(basis)
    trial = Trial(network, InputMap(ansatz.problem.domain.bounds, ansatz.periodic, {}))
    samplers = {t.name: Sobol(0) for t in ansatz.terms}
    loss = build_blocks(ansatz, trial, samplers, interior=7, boundary=2, penalty=1.0)
    rows, jacobian = loss.jacobian()
    parameters = list(trial.parameters())
    for n, row in enumerate(loss.rows()):
        exact = torch.autograd.grad(row, parameters, retain_graph=True)
        assert_close(jacobian[n], torch.cat([g.flatten() for g in exact]), rtol=1e-10, atol=1e-10)
    assert_close(rows, loss.residual())
    linear, step = loss.linearise(), torch.randn(loss.parameter_count, generator=generator(5), dtype=torch.float64)
    assert_close(linear.product(step), jacobian @ step)
    assert_close(linear.transposed(rows), jacobian.T @ rows)
    assert_close(loss.whiten(jacobian.clone()) @ step, jacobian @ loss.unwhiten(step), rtol=1e-9, atol=1e-9)


def test_a_network_of_such_layers_comes_back_from_its_layout_and_weights():
    kan = KAN([2, 3, 2], basis="chebyshev", k=4)
    kan.layers[0], kan.layers[1] = mixed().layers
    again = build(json.loads(json.dumps(describe(kan))))
    again.load_state_dict(kan.state_dict())
    assert torch.equal(again(points()), kan(points()))
    assert torch.equal(copy.deepcopy(kan)(points()), kan(points()))


def test_edges_that_are_formulas_here_are_not_loaded():
    first, second = KAN([2, 2, 1]), KAN([2, 2, 1])
    first.fix_symbolic(0, 0, 0, "sin")
    second.fix_symbolic(0, 1, 1, "sin")
    with pytest.raises(RuntimeError, match=r"`layers.0.edges` must not hold \(1, 1\), which is a formula"):
        second.load_state_dict(first.state_dict())


def test_refining_leaves_the_formulas_alone_and_the_function_unchanged():
    network = mixed(BSpline(3, 3))
    finer, moved = refine_grid(network, 6)
    assert moved < 1e-13
    assert finer.layers[0].basis.size == 9
    assert torch.equal(finer.layers[0].symbolic.affine, network.layers[0].symbolic.affine)


def test_a_restart_draws_new_learned_functions_that_fill_the_next_layer():
    kan = KAN([2, 3, 2], basis="chebyshev", k=4)
    kan.layers[0], kan.layers[1] = mixed().layers
    kan.reset(3)
    hidden = kan.layers[0](2 * torch.rand(4000, 2, generator=generator(7), dtype=torch.float64) - 1)
    assert hidden.abs().max() < 1.1
    assert (hidden.max(0).values - hidden.min(0).values).min() > 1.8
    first, kan_2 = kan.layers[0].functions.clone(), copy.deepcopy(kan)
    kan_2.reset(4)
    assert not torch.equal(kan_2.layers[0].functions, first)


def test_edges_that_do_not_exist_or_stand_twice_are_refused():
    none = torch.zeros(5, 1, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"`learned` must name edges from 0..1 to 0..0, got \(2, 0\)"):
        EdgeLayer(2, 1, Chebyshev(4), [(2, 0)], none)
    with pytest.raises(ValueError, match="`learned` must name every edge once"):
        EdgeLayer(2, 1, Chebyshev(4), [(1, 0)], none, {(1, 0): (LIBRARY["sin"], (1, 0, 1, 0))})


def test_widening_after_pruning_is_refused():
    with pytest.raises(ValueError, match="`width` must stay"):
        mixed().layers[0].resized(3, 3)
