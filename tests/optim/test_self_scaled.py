"""Self-scaled quasi-Newton methods against the secant equation, BFGS in its textbook form, and L-BFGS."""

import copy
from itertools import pairwise

import pytest
import torch
from torch.testing import assert_close

from kanpde import Dirichlet, Problem, Rectangle, exp, laplacian, sin
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.nn import KAN
from kanpde.nn.input_map import InputMap
from kanpde.optim import LBFGS, SelfScaledBFGS, SelfScaledBroyden
from kanpde.optim.quasi_newton import Move
from kanpde.optim.self_scaled import DenseInverse, bfgs, broyden, scaling
from kanpde.sampling import Sobol

METHODS = [SelfScaledBFGS, SelfScaledBroyden]


class Nonlinear(Problem):
    """A semilinear equation on a square."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, x, y):
        return laplacian(u) - exp(u) + 1 + sin(3 * x * y)

    def conditions(self, x, y):
        return [Dirichlet(u=0)]


def loss_of(seed=0):
    ansatz = build_ansatz(Nonlinear())
    trial = Trial(KAN([2, 3, 1], basis="chebyshev", k=[6, 4], seed=seed), InputMap(Nonlinear.domain.bounds))
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    return build_blocks(ansatz, trial, samplers, interior=120, boundary=30, penalty=10.0)


def quadratic(count=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(count, count, generator=generator, dtype=torch.float64)
    return root @ root.T + torch.eye(count, dtype=torch.float64)


def moved(inverse, hessian, seed=3):
    """One exact line search on a quadratic, and what it shows."""
    generator = torch.Generator().manual_seed(seed)
    gradient = torch.randn(len(hessian), generator=generator, dtype=torch.float64)
    direction = -gradient if inverse.empty else -inverse.times(gradient)
    length = float(-(gradient @ direction) / (direction @ hessian @ direction))
    s = length * direction
    return Move(s, hessian @ s, float(s @ hessian @ s), -length * float(s @ gradient))


@pytest.mark.parametrize("member", [bfgs, broyden])
def test_after_a_step_the_inverse_maps_the_change_of_the_gradient_to_the_step(member):
    inverse, hessian = DenseInverse(member), quadratic()
    for seed in range(8):
        move = moved(inverse, hessian, seed)
        inverse.learn(move)
        assert_close(inverse.times(move.change), move.step, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("member", [bfgs, broyden])
def test_the_inverse_stays_symmetric_and_positive(member):
    inverse, hessian = DenseInverse(member), quadratic()
    for seed in range(12):
        inverse.learn(moved(inverse, hessian, seed))
        assert torch.equal(inverse.matrix, inverse.matrix.T)
        assert torch.linalg.eigvalsh(inverse.matrix).min() > 0


def test_the_member_bfgs_is_the_textbook_formula_up_to_its_scale():
    inverse, hessian = DenseInverse(bfgs), quadratic()
    inverse.learn(moved(inverse, hessian, 0))
    before, move = inverse.matrix.clone(), moved(inverse, hessian, 1)
    inverse.learn(move)
    s, y, sy = move.step, move.change, move.curvature
    tau = min(1.0, sy / move.expected)
    left = torch.eye(len(s), dtype=torch.float64) - torch.outer(s, y) / sy
    wanted = left @ (before / tau) @ left.T + torch.outer(s, s) / sy
    assert_close(inverse.matrix, wanted, rtol=1e-10, atol=1e-12)


def test_the_scale_of_bfgs_is_one_or_what_makes_the_curvature_right():
    assert scaling(0.0, 1.0, 0.5, 10) == 1.0
    assert scaling(0.0, 1.0, 4.0, 10) == 0.25


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("objective", ["square", "root", "log"])
def test_every_step_lowers_the_loss(method, objective):
    loss, optimizer = loss_of(), method(objective=objective)
    losses = [optimizer.step(loss).loss for _ in range(30)]
    assert all(b < a for a, b in pairwise(losses))
    assert losses[-1] < 1e-2 * losses[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_loss_ends_far_below_that_of_l_bfgs_after_as_many_steps(method):
    mine, other, optimizer, limited = loss_of(), loss_of(), method(), LBFGS()
    for _ in range(150):
        found = optimizer.step(mine).loss
        wanted = limited.step(other).loss
    assert found < 0.1 * wanted


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_state_goes_on_identically(method):
    whole, optimizer = loss_of(), method()
    for _ in range(5):
        optimizer.step(whole)
    state, theta = copy.deepcopy(optimizer.state()), whole.theta
    wanted = [optimizer.step(whole).loss for _ in range(4)]
    again, other = loss_of(), method()
    again.theta = theta
    other.load(state, again)
    assert [other.step(again).loss for _ in range(4)] == wanted


@pytest.mark.parametrize("method", METHODS)
def test_when_nothing_lowers_the_loss_it_forgets_once_and_says_so(method, monkeypatch):
    loss, optimizer = loss_of(), method()
    for _ in range(3):
        optimizer.step(loss)
    theta, searches = loss.theta, []

    def fails(at, start, **options):
        searches.append(start)

    monkeypatch.setattr("kanpde.optim.quasi_newton.strong_wolfe", fails)
    step = optimizer.step(loss)
    assert step.stuck == "no step lowers the loss any more, not even down the gradient"
    assert step.figures["resets"] == 1
    assert len(searches) == 2
    assert torch.equal(loss.theta, theta)


def test_an_unknown_objective_is_refused():
    with pytest.raises(ValueError, match="`objective` must be one of square, root, log, got 'cube'"):
        SelfScaledBFGS(objective="cube")
