"""Gauss-Newton against linear least squares and against its own acceptance rule, checked from outside."""

import copy
import math

import pytest
import torch
from torch.testing import assert_close

from kanpde import Data, Dirichlet, Interval, Problem, Rectangle, exp, laplacian, sin
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.nn import KAN, MLP
from kanpde.nn.input_map import InputMap
from kanpde.optim import GaussNewton
from kanpde.optim.factorisation import Automatic, ConjugateGradients, Gram, Kernel, Orthogonal, Singular, Sketch
from kanpde.optim.gauss_newton import _Search
from kanpde.sampling import Sobol


class Linear(Problem):
    """Linear in the unknown; with a network of one layer the residual is linear in the parameters."""

    domain = Interval(x=(-1, 1))

    def residual(self, u, x):
        return u.xx + sin(x) * u - exp(x)

    def conditions(self, x):
        return [Dirichlet(u=x)]


class Nonlinear(Problem):
    """A semilinear equation on a square."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, x, y):
        return laplacian(u) - exp(u) + 1 + sin(3 * x * y)

    def conditions(self, x, y):
        return [Dirichlet(u=0)]


def loss_of(problem, network, *, interior=120, boundary=30, penalty=10.0):
    ansatz = build_ansatz(problem)
    trial = Trial(network, InputMap(problem.domain.bounds), problem.inverse_parameters)
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    return build_blocks(ansatz, trial, samplers, interior=interior, boundary=boundary, penalty=penalty)


def nonlinear(seed=0):
    return loss_of(Nonlinear(), KAN([2, 3, 1], basis="chebyshev", k=[6, 4], seed=seed))


@pytest.mark.parametrize("settings", [{"basis": "chebyshev", "k": 9}, {"grid": 4, "k": 5, "base": False}])
def test_on_a_linear_problem_the_undamped_step_is_the_solution_of_least_squares(settings):
    loss = loss_of(Linear(), KAN([1, 1], seed=3, **settings))
    rows, jacobian = loss.jacobian()
    wanted = loss.theta - torch.linalg.lstsq(jacobian.clone(), rows[:, None], driver="gelsd").solution[:, 0]
    GaussNewton(damping=1e-18).step(loss)
    assert_close(loss.theta, wanted, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("interior", [4, 8, 9, 40])
def test_with_fewer_points_than_parameters_the_step_is_the_shortest_solution(interior):
    loss = loss_of(Linear(), KAN([1, 1], basis="chebyshev", k=9), interior=interior, boundary=1)
    rows, jacobian = loss.jacobian()
    wanted = loss.theta - torch.linalg.pinv(jacobian.clone()) @ rows
    GaussNewton(damping=1e-18).step(loss)
    assert_close(loss.theta, wanted, rtol=1e-7, atol=1e-7)


def damped_step(rows, jacobian, damping):
    """The minimiser of |r + J d|^2 + damping |d|^2 as one least-squares problem, which keeps all digits."""
    count = jacobian.shape[1]
    stacked = torch.cat([jacobian, math.sqrt(damping) * torch.eye(count, dtype=torch.float64)])
    right = torch.cat([-rows, torch.zeros(count, dtype=torch.float64)])
    return torch.linalg.lstsq(stacked, right[:, None], driver="gelsd").solution[:, 0]


def test_a_damped_step_solves_the_damped_least_squares_problem():
    loss = nonlinear()
    before = loss.theta
    rows, jacobian = loss.jacobian()
    rows, jacobian = rows.clone(), jacobian.clone()
    damping = GaussNewton().step(loss).figures["damping"]
    assert_close(loss.theta, before + damped_step(rows, jacobian, damping), rtol=1e-8, atol=1e-10)


def ratio_at(loss, theta, damping):
    """Actual over predicted reduction of the loss by a damped step from `theta`."""
    loss.theta = theta
    rows, jacobian = loss.jacobian()
    rows, step = rows.clone(), damped_step(rows, jacobian.clone(), damping)
    predicted = rows @ rows - (rows + jacobian @ step).square().sum()
    loss.theta = theta + step
    after = loss.residual()
    return float((rows @ rows - after @ after) / predicted)


def test_a_bent_step_is_the_damped_step_and_the_damped_answer_to_what_the_model_missed():
    loss = nonlinear()
    optimizer, before = GaussNewton(geodesic=2), loss.theta
    rows, jacobian = loss.jacobian()
    rows, jacobian = rows.clone(), jacobian.clone()
    damping = optimizer.step(loss).figures["damping"]
    found, loss.theta = loss.theta, before
    step = damped_step(rows, jacobian, damping)
    loss.theta = before + step
    missed = loss.residual() - rows - jacobian @ step
    bend = damped_step(missed, jacobian, damping)
    bent = before + step + bend
    plain = before + step
    assert min((found - bent).norm(), (found - plain).norm()) < 1e-6 * step.norm()


def test_bends_lower_the_loss_in_curved_valleys():
    gains = []
    for seed in range(1, 9):  # a single one may go either way, with rounding
        plain, bent = nonlinear(seed), nonlinear(seed)
        straight, curved = GaussNewton(), GaussNewton(geodesic=2)
        for _ in range(25):
            a, b = straight.step(plain).loss, curved.step(bent).loss
        gains.append(math.log10(a / b))
    assert sum(gains) / len(gains) > 0.2


def test_a_negative_length_of_bends_is_refused():
    with pytest.raises(ValueError, match="`geodesic` must be 0 or above, got -1"):
        GaussNewton(geodesic=-1)


@pytest.mark.parametrize("seed", range(3))
def test_the_step_is_the_boldest_that_the_ratio_rule_accepts(seed, monkeypatch):
    """The accepted damping keeps the rule; the next smaller one that was tried does not, and is close to it.

    Ratios are compared to 1 %, and only where the damped matrix has a condition number below 1e6: the step is long
    where J is nearly singular, and so is the rounding in it.
    """
    tried = []
    probe = _Search.probe
    monkeypatch.setattr(_Search, "probe", lambda self, damping: tried.append(damping) or probe(self, damping))
    loss, optimizer, bracketed = nonlinear(seed), GaussNewton(), 0
    for _ in range(8):
        theta, largest = loss.theta, torch.linalg.matrix_norm(loss.jacobian()[1], 2).item()
        tried.clear()
        step = optimizer.step(loss)
        after, damping = loss.theta, step.figures["damping"]
        assert step.figures["probes"] == len(tried)
        assert step.figures["ratio"] >= optimizer.ratio
        if damping < 1e-12 * largest**2:
            continue
        assert step.figures["ratio"] == pytest.approx(ratio_at(loss, theta, damping), rel=1e-2)
        smaller = [d for d in tried if d < damping]
        if smaller:
            assert ratio_at(loss, theta, max(smaller)) < 1.01 * optimizer.ratio
            # the last two values before the halvings; they lie far apart after a fast search upwards
            first, second, *_ = tried[-2 - optimizer.bisections :]
            bracket = max(first, second) / min(first, second)
            assert damping / max(smaller) == pytest.approx(bracket**0.5**optimizer.bisections)
            bracketed += 1
        else:
            assert damping == min(tried)
        loss.theta = after
    assert bracketed


def test_a_bolder_ratio_takes_less_damping():
    start = nonlinear()
    for _ in range(3):
        GaussNewton().step(start)
    found = []
    for ratio in (0.01, 0.075, 0.5, 0.95):
        loss = nonlinear()
        loss.theta = start.theta
        found.append(GaussNewton(ratio=ratio, bisections=6, damping=1e-6).step(loss).figures["damping"])
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_single_precision_gets_to_its_rounding():
    """The squared Jacobian is of size 1e7 at the start and the loss of size 1e6; the root ends at four digits of it."""
    loss, optimizer = loss_of(Linear(), KAN([1, 3, 1], grid=6, k=4, seed=0).float(), penalty=1000.0), GaussNewton()
    before = float(loss.residual().norm())
    for _ in range(60):
        step = optimizer.step(loss)
        if step.stuck:
            break
    assert step.loss**0.5 < 1e-4 * before


@pytest.mark.parametrize(
    "network",
    [
        KAN([2, 3, 1], seed=1),
        MLP([2, 6, 1], seed=1),
        torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double(),
    ],
)
def test_the_loss_never_rises(network):
    loss, optimizer = loss_of(Nonlinear(), copy.deepcopy(network), interior=60, boundary=20), GaussNewton()
    rows = loss.residual()
    before = float(rows @ rows)
    for _ in range(15):
        step = optimizer.step(loss)
        assert step.loss <= before
        rows = loss.residual()
        assert step.loss == pytest.approx(float(rows @ rows), rel=1e-12)
        assert step.losses == pytest.approx(loss.mean_squares(rows))
        before = step.loss


def test_a_smooth_problem_is_solved_to_ten_digits():
    """u = sin(2x) by u_xx = -4 u on degree 20 in one layer: the error left is rounding."""

    class Sine(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx + 4 * u

        def conditions(self, x):
            return [Dirichlet(u=sin(2 * x))]

    loss = loss_of(Sine(), KAN([1, 1], basis="chebyshev", k=20))
    optimizer = GaussNewton()
    for _ in range(12):
        optimizer.step(loss)
    x = torch.linspace(0, 1, 50, dtype=torch.float64)[:, None]
    with torch.no_grad():
        assert (loss.trial(x) - torch.sin(2 * x)).abs().max() < 1e-10


def test_at_the_minimum_it_says_that_it_is_stuck_and_stays():
    loss, optimizer = loss_of(Linear(), KAN([1, 1], basis="chebyshev", k=3)), GaussNewton(damping=1e-18)
    for _ in range(20):
        theta = loss.theta
        step = optimizer.step(loss)
        if step.stuck:
            break
    assert step.stuck == "no step lowers the loss any more: to rounding it is at a minimum"
    assert torch.equal(loss.theta, theta)


@pytest.mark.parametrize("factorisation", [Automatic(), Gram(), Kernel(), Orthogonal(), ConjugateGradients()])
def test_where_no_parameter_matters_every_step_says_that_it_is_stuck(factorisation):
    class Blind(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u**2

        def conditions(self, x):
            return []

    network = KAN([1, 1], basis="chebyshev", k=3)
    with torch.no_grad():
        network.layers[0].coefficients.zero_()
    loss, optimizer = loss_of(Blind(), network), GaussNewton(factorisation=factorisation)
    for _ in range(2):
        assert optimizer.step(loss).stuck == "no step lowers the loss any more: to rounding it is at a minimum"


def test_where_every_step_is_refused_the_parameters_stay(monkeypatch):
    def refuse(self, damping):
        self.problem.theta = self.theta + 1

    monkeypatch.setattr(_Search, "probe", refuse)
    loss = nonlinear()
    theta = loss.theta
    assert GaussNewton().step(loss).stuck == "no step lowers the loss any more: to rounding it is at a minimum"
    assert torch.equal(loss.theta, theta)


def test_a_residual_that_is_not_finite_is_said():
    loss = nonlinear()
    loss.theta = torch.full_like(loss.theta, math.nan)
    step = GaussNewton().step(loss)
    assert step.stuck == "the residual is not finite"
    assert math.isnan(step.loss)


def test_a_jacobian_that_is_not_finite_is_said():
    """The square root of u has no slope where u is zero."""

    class Root(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.x + abs(u) ** 0.5

        def conditions(self, x):
            return [Data({"x": [0.5]}, u=[1.0])]

    network = KAN([1, 1], basis="chebyshev", k=2)
    with torch.no_grad():
        network.layers[0].coefficients.zero_()
    step = GaussNewton().step(loss_of(Root(), network, interior=5, boundary=1))
    assert step.stuck == "the Jacobian is not finite"


def test_a_saved_state_goes_on_identically():
    whole, optimizer = nonlinear(), GaussNewton()
    for _ in range(3):
        optimizer.step(whole)
    state, theta = copy.deepcopy(optimizer.state()), whole.theta
    wanted = [optimizer.step(whole).loss for _ in range(3)]
    again, other = nonlinear(), GaussNewton()
    again.theta = theta
    other.load(state, again)
    assert [other.step(again).loss for _ in range(3)] == wanted
    assert torch.equal(again.theta, whole.theta)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"ratio": 0.0}, "`ratio` must be between 0 and 1, got 0.0"),
        ({"ratio": 1.0}, "`ratio` must be between 0 and 1, got 1.0"),
        ({"factor": 1.0}, "`factor` must be above 1, got 1.0"),
        ({"bisections": -1}, "`bisections` must be a whole number of at least 0, got -1"),
        ({"bisections": 1.5}, "`bisections` must be a whole number of at least 0, got 1.5"),
        ({"damping": 0.0}, "`damping` must be positive, got 0.0"),
        ({"patience": 0}, "`patience` must be a whole number of at least 1, got 0"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        GaussNewton(**setting)


FACTORISATIONS = {
    "automatic": Automatic(),
    "gram": Gram(),
    "gram in batches": Gram(memory=8e3),
    "kernel": Kernel(),
    "orthogonal": Orthogonal(),
    "conjugate": ConjugateGradients(rank=20),
    "whole sketch": Sketch(rows=1000, columns=1000),
}


@pytest.mark.parametrize("factorisation", FACTORISATIONS.values(), ids=FACTORISATIONS)
def test_every_factorisation_takes_the_same_first_step_and_goes_on(factorisation):
    """The boldest damping is 1e-10 of the largest eigenvalue: normal equations keep six digits of the step."""
    losses = []
    for chosen in (Singular(), factorisation):
        loss, optimizer = nonlinear(), GaussNewton(factorisation=chosen)
        losses.append([optimizer.step(loss).loss for _ in range(5)])
    assert losses[1][0] == pytest.approx(losses[0][0], rel=1e-4)
    assert losses[1][-1] == pytest.approx(losses[0][-1], rel=0.1)


def test_a_small_sketch_lowers_the_loss_too():
    loss, optimizer = nonlinear(), GaussNewton(factorisation=Sketch(rows=100, columns=20))
    before = float(loss.residual().square().sum())
    for _ in range(15):
        step = optimizer.step(loss)
        assert step.stuck is None
    assert step.loss < 0.1 * before
