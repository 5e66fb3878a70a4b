"""Budgets and their shares."""

import math

import pytest

from kanpde.budget import Budget


def test_a_share_is_a_part_of_what_is_left():
    share = Budget(100.0, 1000, 1e-8).share(0.25, seconds=20.0, steps=200)
    assert share == Budget(40.0, 400, 1e-8)


def test_the_whole_share_is_the_budget():
    assert Budget(100.0, 1000).share(1.0, 33.0, 77) == Budget(100.0, 1000)


def test_shares_of_equal_slabs_are_equal():
    budget, steps, ends = Budget(steps=100), 0, []
    for left in (4, 3, 2, 1):
        steps = budget.share(1 / left, 0.0, steps).steps
        ends.append(steps)
    assert ends == [25, 50, 75, 100]


def test_no_limit_stays_none():
    assert Budget().share(0.5, 10.0, 10) == Budget()


@pytest.mark.parametrize("steps", [99, 100])
def test_even_a_small_share_has_one_step_and_some_time(steps):
    share = Budget(10.0, 100).share(1e-3, 10.0, steps)
    assert share.steps == steps + 1
    assert share.seconds > 10.0


@pytest.mark.parametrize("name", ["seconds", "steps", "tolerance"])
@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan])
def test_a_limit_that_is_none_is_refused(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be positive and finite, got {value}"):
        Budget(**{name: value})


@pytest.mark.parametrize("name", ["seconds", "steps", "tolerance"])
def test_a_limit_that_is_no_number_is_refused(name):
    with pytest.raises(TypeError, match=f"`{name}` must be a number, got '10'"):
        Budget(**{name: "10"})
