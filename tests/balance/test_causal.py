"""Causal weights on residuals that are constant in time, and the way from one tolerance to the next."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from kanpde import Initial, Interval, Problem, Time
from kanpde.balance import Causal
from kanpde.balance.point_weights import CONTRAST


class Clock(Problem):
    """On u = 0 the residual is -1."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t - 1

    def conditions(self, x, t):
        return [Initial(u=0)]


class Sweep(Clock):
    """On u = 0 the residual is -4 t: it differs from bin to bin."""

    def residual(self, u, x, t):
        return u.t - 4 * t


class Clocks(Problem):
    """On u = v = 0 the residuals are -1 and -2."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, v, x, t):
        return {"first": u.t - 1, "second": v.t - 2}


def zero(outputs):
    network = nn.Linear(2, outputs).double()
    with torch.no_grad():
        network.weight.zero_()
        network.bias.zero_()
    return network


@pytest.fixture
def clock(least_squares):
    return least_squares(Clock(), zero(1))


def contrast(weights):
    return float(weights.max() / weights.min())


def test_weights_fall_like_an_exponential_of_the_earlier_residual(clock):
    """A mean square of 1 in every bin: bin k of 8 weighs exp(-k / 2), before scaling to mean 1."""
    loss, conditions = clock
    Causal(tolerances=[0.5], bins=8).update(loss, conditions)
    time = loss.blocks[0].sides[0].x[:, 1]
    place = ((time - time.min()) / (time.max() - time.min()) * 8).floor().clamp_max(7)
    wanted = (-0.5 * place).exp()
    assert_close(loss.blocks[0].point_weights, wanted / wanted.mean(), rtol=1e-12, atol=0)
    assert loss.blocks[1].point_weights is None


def test_bins_count_for_the_later_ones_alone(least_squares):
    """Three bins, so the last one weighs by the sum of the first two means."""
    loss, conditions = least_squares(Sweep(), zero(1))
    Causal(tolerances=[0.3], bins=3).update(loss, conditions)
    time = loss.blocks[0].sides[0].x[:, 1]
    scaled = (time - time.min()) / (time.max() - time.min())
    first, second = (float((16 * time[p] ** 2).mean()) for p in (scaled < 1 / 3, (scaled >= 1 / 3) & (scaled < 2 / 3)))
    found = loss.blocks[0].point_weights[time.sort().indices].unique_consecutive()
    wanted = [1.0, math.exp(-0.3 * first), math.exp(-0.3 * (first + second))]
    assert (found / found[0]).tolist() == pytest.approx(wanted, rel=1e-12)


def test_present_weights_do_not_count_in_the_next_ones(clock):
    loss, conditions = clock
    balance = Causal(tolerances=[0.5], bins=8)
    balance.update(loss, conditions)
    first = loss.blocks[0].point_weights
    balance.update(loss, conditions)
    assert_close(loss.blocks[0].point_weights, first, rtol=1e-12, atol=0)


def test_all_equations_share_the_sum_of_their_residuals(least_squares):
    loss, conditions = least_squares(Clocks(), zero(2), interior=512)
    Causal(tolerances=[0.1], bins=2).update(loss, conditions)
    for block in loss.blocks:
        late, early = block.point_weights.unique()
        assert float(late / early) == pytest.approx(math.exp(-0.1 * 5))


def test_the_next_tolerance_is_taken_once_the_smallest_weight_is_above_the_goal(clock):
    """With 2 bins of mean square 1 the smallest weight is exp(-tolerance): above 0.9 for 0.1, not for 0.2."""
    loss, conditions = clock
    balance = Causal(tolerances=[0.05, 0.1, 0.2, 0.4], bins=2, goal=0.9)
    balance.update(loss, conditions)
    assert balance.state() == {"stage": 2, "finished": False}
    assert contrast(loss.blocks[0].point_weights) == pytest.approx(math.exp(0.2))


def test_training_is_finished_when_the_last_tolerance_is_met_and_goes_on_if_that_changes(clock):
    loss, conditions = clock
    balance = Causal(tolerances=[0.05, 0.1], bins=2, goal=0.9)
    balance.update(loss, conditions)
    assert balance.finished
    with torch.no_grad():
        loss.parameters[0][0, 1] = -10.0
    balance.update(loss, conditions)
    assert not balance.finished


def test_late_times_are_never_lost_from_sight(clock):
    loss, conditions = clock
    Causal(tolerances=[1e6], bins=8).update(loss, conditions)
    assert bool(loss.blocks[0].point_weights.isfinite().all())
    assert contrast(loss.blocks[0].point_weights) == pytest.approx(CONTRAST)


def test_a_single_instant_is_one_bin(least_squares):
    loss, conditions = least_squares(Clock(), zero(1), interior=1)
    Causal().update(loss, conditions)
    assert_close(loss.blocks[0].point_weights, torch.ones(1, dtype=torch.float64))


def test_without_equations_there_is_nothing_to_do(clock):
    loss, _ = clock
    Causal().update(loss, [b.name for b in loss.blocks])
    assert [b.point_weights for b in loss.blocks] == [None, None]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"tolerances": []}, r"`tolerances` must be positive and rising, got \[\]"),
        ({"tolerances": [0.0, 1.0]}, r"`tolerances` must be positive and rising, got \[0.0, 1.0\]"),
        ({"tolerances": [2.0, 1.0]}, r"`tolerances` must be positive and rising, got \[2.0, 1.0\]"),
        ({"bins": 1}, "`bins` must be at least 2, got 1"),
        ({"goal": 1.0}, "`goal` must be between 0 and 1, got 1.0"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        Causal(**setting)
