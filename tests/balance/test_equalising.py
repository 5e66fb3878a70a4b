"""Weights in inverse proportion to a figure of each block: what gradient norm and tangent kernel have in common."""

import pytest
import torch
from torch.testing import assert_close

from kanpde import Dirichlet, Problem, Rectangle, laplacian
from kanpde.balance import GradientNorm, NeuralTangentKernel
from kanpde.nn import KAN

pytestmark = pytest.mark.parametrize("balance", [GradientNorm, NeuralTangentKernel])


class System(Problem):
    """Two equations of different size."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, v, x, y):
        return {"first": laplacian(u) + v.x * u, "second": 0.01 * (v.y - u**2)}

    def conditions(self, x, y):
        return [Dirichlet(u=0, v=y, on="x=0")]


def test_afterwards_all_blocks_have_the_same_figure(balance, heat, weights_of):
    loss, conditions = heat()
    balance(momentum=0).update(loss, conditions)
    figures = balance().figures(loss) * torch.tensor(list(weights_of(loss).values()), dtype=torch.float64)
    assert_close(figures, figures[0].expand(3), rtol=1e-11, atol=0)
    assert weights_of(loss)["equation"] == pytest.approx(1)


def test_the_weights_do_not_depend_on_those_before_without_momentum(balance, heat, weights_of):
    found = []
    for factor in (1.0, 1e4):
        loss, conditions = heat()
        loss.reweigh({name: factor * w for name, w in weights_of(loss).items()})
        balance(momentum=0).update(loss, conditions)
        found.append(weights_of(loss))
    assert found[0] == pytest.approx(found[1], rel=1e-11)


def test_momentum_holds_on_to_the_old_weight(balance, heat, weights_of):
    at_once, conditions = heat()
    balance(momentum=0).update(at_once, conditions)
    loss, _ = heat()
    old = weights_of(loss)
    balance(momentum=0.75).update(loss, conditions)
    assert weights_of(loss) == pytest.approx({n: 0.75 * old[n] + 0.25 * w for n, w in weights_of(at_once).items()})


def test_weights_of_several_equations_have_mean_one(balance, least_squares, weights_of):
    loss, conditions = least_squares(System(), KAN([2, 3, 2], basis="chebyshev", k=4, seed=1))
    balance(momentum=0).update(loss, conditions)
    first, second, *others = weights_of(loss).values()
    assert first + second == pytest.approx(2)
    assert second > 10 * first
    assert len(others) == 2


def test_without_equations_all_weights_have_mean_one(balance, heat, weights_of):
    loss, _ = heat()
    balance(momentum=0).update(loss, [b.name for b in loss.blocks])
    assert sum(weights_of(loss).values()) == pytest.approx(3)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"momentum": 1.0}, "`momentum` must be from 0 to below 1, got 1.0"),
        ({"momentum": -0.1}, "`momentum` must be from 0 to below 1, got -0.1"),
        ({"most": 1}, "`most` must be above 1, got 1"),
    ],
)
def test_a_setting_out_of_range_is_refused(balance, setting, message):
    with pytest.raises(ValueError, match=message):
        balance(**setting)
