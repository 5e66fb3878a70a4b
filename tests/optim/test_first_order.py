"""Adam against PyTorch's own loop and its published formula."""

import copy

import pytest
import torch
from torch.testing import assert_close

from kanpde import Dirichlet, Problem, Rectangle, laplacian, sin
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.nn import KAN
from kanpde.nn.input_map import InputMap
from kanpde.optim import Adam
from kanpde.sampling import Sobol


class Poisson(Problem):
    """A Poisson equation."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, x, y):
        return laplacian(u) + sin(x * y)

    def conditions(self, x, y):
        return [Dirichlet(u=0)]


def loss_of(seed=0):
    ansatz = build_ansatz(Poisson())
    trial = Trial(KAN([2, 3, 1], grid=3, seed=seed), InputMap(Poisson.domain.bounds))
    return build_blocks(ansatz, trial, {t.name: Sobol(0) for t in ansatz.terms}, interior=30, boundary=10, penalty=3.0)


def test_the_steps_are_those_of_torch():
    ours, theirs, optimizer = loss_of(), loss_of(), Adam(rate=1e-2)
    plain = torch.optim.Adam(theirs.parameters, lr=1e-2)
    for _ in range(5):
        plain.zero_grad()
        rows = theirs.rows()
        value = rows @ rows
        value.backward()
        plain.step()
        assert optimizer.step(ours).loss == value.item()
    assert torch.equal(ours.theta, theirs.theta)


def test_the_first_step_moves_every_parameter_by_the_rate_against_its_gradient():
    """m / sqrt(v) is the sign of the gradient at the first step (Kingma, Ba 2015, algorithm 1)."""
    loss = loss_of()
    rows, jacobian = loss.jacobian()
    gradient, before = 2 * jacobian.T @ rows, loss.theta
    Adam(rate=1e-3).step(loss)
    assert_close(loss.theta - before, -1e-3 * gradient / (gradient.abs() + 1e-8), rtol=1e-9, atol=1e-12)


def test_a_step_reports_the_losses_that_its_gradient_comes_from():
    loss = loss_of()
    wanted = loss.mean_squares(loss.residual())
    step = Adam().step(loss)
    assert step.losses == pytest.approx(wanted)
    assert step.stuck is None
    assert step.figures == {"rate": 1e-3}


def test_a_saved_state_goes_on_identically():
    whole, optimizer = loss_of(), Adam(rate=1e-2)
    for _ in range(4):
        optimizer.step(whole)
    state, theta = copy.deepcopy(optimizer.state()), whole.theta
    wanted = [optimizer.step(whole).loss for _ in range(4)]
    again, other = loss_of(seed=5), Adam(rate=1e-2)
    again.theta = theta
    other.load(state, again)
    assert [other.step(again).loss for _ in range(4)] == wanted
    assert torch.equal(again.theta, whole.theta)


def test_before_the_first_step_there_is_no_state():
    loss, optimizer = loss_of(), Adam()
    assert optimizer.state() == {}
    optimizer.load({}, loss)
    assert optimizer.step(loss).loss > 0


def test_another_network_starts_with_fresh_moments():
    optimizer = Adam(rate=1e-2)
    optimizer.step(loss_of())
    used, fresh = loss_of(seed=1), loss_of(seed=1)
    optimizer.step(used)
    Adam(rate=1e-2).step(fresh)
    assert torch.equal(used.theta, fresh.theta)


@pytest.mark.parametrize("rate", [0.0, -1e-3, float("nan")])
def test_a_rate_that_is_not_positive_is_refused(rate):
    with pytest.raises(ValueError, match="`rate` must be positive, got"):
        Adam(rate=rate)
