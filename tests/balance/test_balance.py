"""What all balances keep: finite weights, a loss that stays a sum of squares, and a memory that can be saved."""

import copy
import math

import pytest
import torch

from kanpde.balance import BALANCES
from kanpde.optim import Adam, GaussNewton


@pytest.mark.parametrize("make", BALANCES.values())
def test_a_residual_that_is_not_finite_changes_no_weight(make, heat, weights_of):
    loss, conditions = heat()
    loss.theta = torch.full_like(loss.theta, math.nan)
    before = weights_of(loss)
    make().update(loss, conditions)
    assert weights_of(loss) == before
    assert all(b.point_weights is None for b in loss.blocks)


@pytest.mark.parametrize("make", BALANCES.values())
@pytest.mark.parametrize("optimizer", [GaussNewton, Adam])
def test_between_updates_the_loss_is_one_sum_of_squares(make, optimizer, heat):
    """It is the sum of the weighted blocks, and Gauss-Newton lowers it."""
    (loss, conditions), balance, step = heat(), make(), optimizer()
    for _ in range(4):
        balance.update(loss, conditions)
        rows = loss.residual()
        before, means = float(rows @ rows), loss.mean_squares(rows)
        assert math.isfinite(before)
        assert before == pytest.approx(sum(b.weight * means[b.name] for b in loss.blocks))
        found = step.step(loss).loss
        if optimizer is GaussNewton:
            assert found < before


@pytest.mark.parametrize("make", BALANCES.values())
def test_a_saved_memory_goes_on_identically(make, heat, weights_of):
    (whole, conditions), balance, optimizer = heat(), make(), GaussNewton()
    for _ in range(3):
        balance.update(whole, conditions)
        optimizer.step(whole)
    (again, _), other = heat(), make()
    again.theta = whole.theta
    again.reweigh(weights_of(whole), {b.name: b.point_weights for b in whole.blocks})
    other.load(copy.deepcopy(balance.state()))
    for loss, one in ((whole, balance), (again, other)):
        one.update(loss, conditions)
    assert weights_of(again) == weights_of(whole)
    for first, second in zip(whole.blocks, again.blocks, strict=True):
        assert first.point_weights is second.point_weights or torch.equal(first.point_weights, second.point_weights)
    assert str(other.state()) == str(balance.state())


@pytest.mark.parametrize("name", BALANCES)
def test_every_member_knows_its_name_and_keeps_its_settings(name):
    made = BALANCES[name]()
    assert made.name == name
    assert made.every >= 1
    settings = {a: v for a, v in vars(made).items() if not a.startswith("_")}
    again = BALANCES[name](**settings)
    assert {a: getattr(again, a) for a in settings} == settings


@pytest.mark.parametrize("make", BALANCES.values())
def test_updates_come_every_whole_number_of_steps(make):
    with pytest.raises(ValueError, match="`every` must be a whole number of at least 1, got 0"):
        make(every=0)
