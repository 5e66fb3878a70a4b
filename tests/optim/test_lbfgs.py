"""L-BFGS: as good as PyTorch's own run, never rising, never silent."""

import copy

import pytest
import torch

from kanpde import Data, Dirichlet, Initial, Interval, Problem, Rectangle, Time, laplacian, pi, sin
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.nn import KAN, MLP
from kanpde.nn.input_map import InputMap
from kanpde.optim import LBFGS
from kanpde.sampling import Sobol


class Heat(Problem):
    """A heat equation."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t - 0.4 * u.xx

    def conditions(self, x, t):
        return [Initial(u=sin(pi * x)), Dirichlet(u=0)]


class Poisson(Problem):
    """A Poisson equation."""

    domain = Rectangle(x=(-1, 1), y=(-1, 1))

    def residual(self, u, x, y):
        return laplacian(u) + 2 * pi**2 * sin(pi * x) * sin(pi * y)

    def conditions(self, x, y):
        return [Dirichlet(u=0)]


class Quadratic(Problem):
    """Values at points: a quadratic loss for a network of one layer."""

    domain = Interval(x=(-1, 1))

    def residual(self, u, x):
        return u.x * 0 + u - sin(x)


def loss_of(problem, network, *, interior=80, boundary=20):
    ansatz = build_ansatz(problem)
    trial = Trial(network, InputMap(problem.domain.bounds))
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    return build_blocks(ansatz, trial, samplers, interior=interior, boundary=boundary, penalty=30.0)


def plain_run(loss, iterations):
    """PyTorch's own loop, with as many evaluations per line search as it likes."""
    optimizer = torch.optim.LBFGS(
        loss.parameters,
        max_iter=iterations,
        max_eval=100 * iterations,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        history_size=100,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        rows = loss.rows()
        value = rows @ rows
        value.backward()
        return value

    optimizer.step(closure)
    rows = loss.residual()
    return float(rows @ rows)


@pytest.mark.parametrize("problem", [Heat, Poisson])
@pytest.mark.parametrize("seed", [0, 1])
def test_step_by_step_it_gets_as_far_as_one_run_of_torch(problem, seed):
    network, optimizer = MLP([2, 8, 8, 1], seed=seed), LBFGS()
    loss = loss_of(problem(), copy.deepcopy(network))
    for _ in range(40):
        found = optimizer.step(loss).loss
    assert found == pytest.approx(plain_run(loss_of(problem(), network), 40), rel=1e-6)


def test_the_loss_never_rises_and_every_step_is_reported():
    loss, optimizer = loss_of(Heat(), KAN([2, 4, 1], grid=3)), LBFGS(memory=5)
    rows = loss.residual()
    before = float(rows @ rows)
    for _ in range(40):
        step = optimizer.step(loss)
        rows = loss.residual()
        assert step.loss == pytest.approx(float(rows @ rows), rel=1e-12)
        assert step.losses == pytest.approx(loss.mean_squares(rows))
        assert step.loss < before or step.stuck
        before = step.loss


def test_a_quadratic_loss_is_brought_to_its_minimum_and_then_it_is_stuck():
    loss, optimizer = loss_of(Quadratic(), KAN([1, 1], basis="chebyshev", k=4)), LBFGS()
    rows, jacobian = loss.jacobian()
    best = rows - jacobian @ torch.linalg.lstsq(jacobian.clone(), rows[:, None]).solution[:, 0]
    for _ in range(200):
        theta = loss.theta
        step = optimizer.step(loss)
        if step.stuck:
            break
    assert step.stuck == "no step lowers the loss any more"
    assert torch.equal(loss.theta, theta)
    assert step.loss == pytest.approx(float(best @ best), rel=1e-8)


def test_where_the_line_search_finds_nothing_it_goes_down_the_gradient(monkeypatch):
    loss, optimizer = loss_of(Heat(), MLP([2, 5, 1])), LBFGS()
    for _ in range(3):
        optimizer.step(loss)
    monkeypatch.setattr(torch.optim.LBFGS, "step", lambda self, closure: closure())
    rows, jacobian = loss.jacobian()
    theta, gradient = loss.theta, 2 * jacobian.T @ rows
    step = optimizer.step(loss)
    assert step.loss < float(rows @ rows)
    assert step.stuck is None
    moved = theta - loss.theta
    assert float(moved @ gradient / (moved.norm() * gradient.norm())) == pytest.approx(1, abs=1e-9)


def test_a_saved_state_goes_on_identically():
    whole, optimizer = loss_of(Heat(), MLP([2, 5, 1], seed=1)), LBFGS(memory=4)
    for _ in range(8):
        optimizer.step(whole)
    state, theta = copy.deepcopy(optimizer.state()), whole.theta
    wanted = [optimizer.step(whole).loss for _ in range(6)]
    again, other = loss_of(Heat(), MLP([2, 5, 1], seed=2)), LBFGS(memory=4)
    again.theta = theta
    other.load(state, again)
    assert [other.step(again).loss for _ in range(6)] == wanted
    assert torch.equal(again.theta, whole.theta)


def changed(loss):
    """The same blocks with other weights, as a balance makes them."""
    loss.reweigh({b.name: weight for b, weight in zip(loss.blocks, (3.0, 50.0, 700.0), strict=True)})
    return loss


def test_a_loss_with_other_weights_is_evaluated_anew():
    loss, optimizer = loss_of(Heat(), MLP([2, 5, 1], seed=1)), LBFGS()
    for _ in range(5):
        optimizer.step(loss)
    before = float(changed(loss).residual().square().sum())
    step = optimizer.step(loss)
    assert step.loss < before
    assert step.loss == pytest.approx(float(loss.residual().square().sum()), rel=1e-12)
    assert step.stuck is None


def test_curvature_is_learned_from_gradients_of_the_same_loss():
    """The pair of the last step: its change of the gradient is that of the loss which the step was taken on."""
    loss, optimizer = loss_of(Heat(), MLP([2, 5, 1], seed=1)), LBFGS()
    gradients = []
    for _ in range(5):
        optimizer.step(loss)
        rows, jacobian = loss.jacobian()
        gradients.append(2 * jacobian.T @ rows)
    optimizer.step(changed(loss))
    learned = optimizer.state()["old_dirs"][-1]
    torch.testing.assert_close(learned, gradients[-1] - gradients[-2], rtol=1e-9, atol=1e-9)


def test_a_saved_state_goes_on_identically_with_other_weights():
    whole, optimizer = loss_of(Heat(), MLP([2, 5, 1], seed=1)), LBFGS()
    for _ in range(5):
        optimizer.step(whole)
    state, theta = copy.deepcopy(optimizer.state()), whole.theta
    changed(whole)
    wanted = [optimizer.step(whole).loss for _ in range(3)]
    again, other = changed(loss_of(Heat(), MLP([2, 5, 1], seed=2))), LBFGS()
    again.theta = theta
    other.load(state, again)
    assert [other.step(again).loss for _ in range(3)] == wanted


def test_its_state_holds_numbers_tensors_and_lists_of_tensors_only():
    loss, optimizer = loss_of(Heat(), MLP([2, 3, 1])), LBFGS()
    assert optimizer.state() == {}
    for _ in range(3):
        optimizer.step(loss)
    for value in optimizer.state().values():
        items = value if isinstance(value, list) else [value]
        assert all(isinstance(i, (int, float, torch.Tensor)) for i in items)


def test_measured_points_are_fitted():
    class Table(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx

        def conditions(self, x):
            return [Data({"x": [0.0, 1.0]}, u=[1.0, 3.0])]

    loss, optimizer = loss_of(Table(), KAN([1, 1], basis="chebyshev", k=3)), LBFGS()
    for _ in range(60):
        if optimizer.step(loss).stuck:
            break
    with torch.no_grad():
        assert loss.trial(torch.tensor([[0.25]], dtype=torch.float64)).item() == pytest.approx(1.5, abs=1e-6)


@pytest.mark.parametrize("memory", [0, 1.5])
def test_a_memory_that_is_no_number_of_steps_is_refused(memory):
    with pytest.raises(ValueError, match=f"`memory` must be a whole number of at least 1, got {memory}"):
        LBFGS(memory=memory)
