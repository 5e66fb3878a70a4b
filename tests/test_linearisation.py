"""Products with the derivative of a loss, its rows in batches and its gradient, against the matrix by autograd."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from kanpde import Data, Dirichlet, Initial, Interval, Parameter, Periodic, Problem, Rectangle, Time, laplacian, pi, sin
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.linearisation import Linearisation
from kanpde.nn import KAN, MLP
from kanpde.nn.input_map import InputMap
from kanpde.sampling import Sobol


class Wave(Problem):
    """Periodic in space: two point sets per term."""

    domain = Interval(x=(0, 2 * pi)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.tt - u.xx + u**2

    def conditions(self, x, t):
        return [Periodic("x"), Initial(u=sin(x)), Initial(u=0, order=1)]


class System(Problem):
    """Two unknowns that meet in both equations."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, v, x, y):
        return {"first": laplacian(u) + v.x * u, "second": v.y - u**2}

    def conditions(self, x, y):
        return [Dirichlet(u=0, v=y, on="x=0")]


class Inverse(Problem):
    """Two unknown numbers, one of them inside a product with the unknown."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))
    diffusivity = Parameter(0.3)
    rate = Parameter(-1.5)

    def residual(self, u, x, t):
        return u.t - self.diffusivity * u.xx - self.rate * u

    def conditions(self, x, t):
        points = {"x": [0.1, 0.5, 0.9], "t": [0.2, 0.4, 0.8]}
        return [Data(points, u=[1.0, 2.0, 0.5], sigma=0.1), Dirichlet(u=self.rate, on="x=0")]


class Foreign(nn.Module):
    """A module that is no `Network`."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 5, dtype=torch.float64), nn.Linear(5, 1, dtype=torch.float64)

    def forward(self, x):
        return self.second(torch.sin(self.first(x)))


def foreign():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Foreign()


CASES = {
    "KAN on two sides": (Wave(), lambda: KAN([2, 3, 1], grid=3, k=3, seed=1)),
    "KAN without base": (Wave(), lambda: KAN([2, 3, 3, 1], basis="chebyshev", k=4, seed=1)),
    "squashed KAN": (System(), lambda: KAN([2, 3, 2], grid=3, k=3, squash=True, seed=1)),
    "MLP with biases": (Wave(), lambda: MLP([2, 4, 4, 1], seed=1)),
    "MLP on a system": (System(), lambda: MLP([2, 4, 2], seed=2)),
    "unknown numbers": (Inverse(), lambda: KAN([2, 3, 1], basis="chebyshev", k=4, seed=2)),
    "foreign module": (Wave(), foreign),
    "foreign module with unknown numbers": (Inverse(), foreign),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def loss(request):
    problem, network = request.param
    ansatz = build_ansatz(problem)
    trial = Trial(network(), InputMap(problem.domain.bounds), problem.inverse_parameters)
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    return build_blocks(ansatz, trial, samplers, interior=23, boundary=7, penalty=10.0)


def by_autograd(loss):
    rows = loss.rows()
    one_by_one = [torch.autograd.grad(r, loss.parameters, retain_graph=True, allow_unused=True) for r in rows]
    flat = [
        torch.cat(
            [(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(row, loss.parameters, strict=True)]
        )
        for row in one_by_one
    ]
    return torch.stack(flat)


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(5))


def close(found, wanted):
    assert_close(found, wanted, rtol=1e-11, atol=1e-11 * float(wanted.abs().max()))


def test_matrix_products_and_gradient_are_those_of_autograd(loss):
    linear, jacobian = loss.linearise(), by_autograd(loss)
    step, rows = random(loss.parameter_count), random(loss.size)
    close(linear.rows, loss.residual())
    close(linear.dense(), jacobian)
    close(linear.product(step), jacobian @ step)
    close(linear.transposed(rows), jacobian.T @ rows)
    close(linear.gradient, jacobian.T @ loss.residual())
    assert (linear.size, linear.parameter_count) == tuple(jacobian.shape)


@pytest.mark.parametrize("most", [1, 5, 22, 1000])
def test_batches_are_the_rows_of_the_matrix_in_order(loss, most):
    parts = [(r.clone(), j.clone()) for r, j in loss.linearise().batches(most)]
    rows, jacobian = loss.jacobian()
    assert max(len(r) for r, _ in parts) <= most
    assert_close(torch.cat([r for r, _ in parts]), rows, rtol=0, atol=0)
    close(torch.cat([j for _, j in parts]), jacobian)


def test_weights_of_points_scale_the_rows_of_their_block(loss):
    name, part = loss.blocks[0].name, loss.slices[0]
    before = by_autograd(loss)
    weights = 0.5 + random(loss.blocks[0].size).abs()
    loss.reweigh(point_weights={name: weights})
    wanted = before.clone()
    wanted[part] *= weights.sqrt()[:, None]
    close(loss.linearise().dense(), wanted)
    close(loss.linearise().product(random(loss.parameter_count)), wanted @ random(loss.parameter_count))


def test_the_matrix_lives_in_the_space_that_is_given(loss):
    scratch = loss.theta.new_full((loss.size, loss.parameter_count), torch.nan)
    linear = Linearisation([b.linearise() for b in loss.blocks], scratch)
    assert linear.dense() is scratch
    assert scratch.isfinite().all()


def test_rows_or_slopes_that_are_no_numbers_are_noticed(loss):
    assert loss.linearise().finite
    loss.theta = torch.full_like(loss.theta, torch.nan)
    assert not loss.linearise().finite
