"""The ratio of residuals as a controlled quantity: one update, and where many of them end."""

import pytest

from kanpde.balance import AdaptiveRatio
from kanpde.optim import GaussNewton


def test_a_ratio_above_the_target_raises_the_weight(line, weights_of):
    """Both residuals are 2 in size, so the ratio is 1: a hundred targets, whose fourth root is taken."""
    loss, conditions = line(1.0, 1.0)
    AdaptiveRatio(target=0.01, gain=0.25).update(loss, conditions)
    assert list(weights_of(loss).values()) == pytest.approx([1.0, 9 * 100**0.25])


def test_the_weight_comes_to_rest_where_the_ratio_is_the_target(line):
    """(w - 3)^2 + c (w^2 + b^2) is least at b = 0, w = 3 / (1 + c), where the ratio is 1 / c.

    So every update closes `gain` of the gap between the logarithms of c and 1 / target.
    """
    loss, conditions = line(0.0, 0.5, both=True)
    balance, optimizer = AdaptiveRatio(target=1e-3, gain=0.25), GaussNewton(damping=1e-18)
    for k in range(40):
        optimizer.step(loss)
        assert loss.blocks[1].weight == pytest.approx(9 ** (0.75**k) * 1000 ** (1 - 0.75**k), rel=1e-6)
        balance.update(loss, conditions)
    assert loss.blocks[1].weight == pytest.approx(1000, rel=1e-3)


@pytest.mark.parametrize(("target", "factor"), [(1e-9, 10.0), (1e9, 0.1)])
def test_a_weight_changes_by_a_factor_of_ten_at_most(target, factor, line):
    loss, conditions = line(1.0, 1.0, penalty=10)
    AdaptiveRatio(target=target, gain=1).update(loss, conditions)
    assert loss.blocks[1].weight == pytest.approx(100 * factor)


@pytest.mark.parametrize(("target", "limit"), [(1e-9, 200.0), (1e9, 1.0)])
def test_a_weight_stays_within_its_bounds(target, limit, line):
    loss, conditions = line(1.0, 1.0, penalty=10)
    for _ in range(5):
        AdaptiveRatio(target=target, gain=1, most=200).update(loss, conditions)
    assert loss.blocks[1].weight == limit


@pytest.mark.parametrize("numbers", [(1.0, -1.0), (3.0, 1.0)])
def test_a_residual_of_zero_changes_no_weight(numbers, line, weights_of):
    loss, conditions = line(*numbers)
    AdaptiveRatio().update(loss, conditions)
    assert list(weights_of(loss).values()) == [1.0, 9.0]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"target": 0}, "`target` must be positive, got 0"),
        ({"gain": 0}, "`gain` must be above 0 and at most 1, got 0"),
        ({"gain": 1.5}, "`gain` must be above 0 and at most 1, got 1.5"),
        ({"most": 0.5}, "`most` must be at least 1, got 0.5"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        AdaptiveRatio(**setting)
