"""Several methods one after another, seen through scripted ones."""

import copy

import numpy as np
import pytest

from kanpde.optim import Adam, GaussNewton, Schedule, Step


class Counting:
    """Takes steps that only count."""

    def __init__(self, name, *, penalty=1.0, patience=None, stuck=None):
        self.name, self.penalty, self.patience, self.stuck, self.count = name, penalty, patience, stuck, 0

    def step(self, problem):
        self.count += 1
        problem.append(self.name)
        return Step(1.0, {"equation": 1.0}, self.stuck, {"own": float(self.count)})

    def state(self):
        return {"count": self.count}

    def load(self, state, problem):
        self.count = state["count"]


def names(*parts):
    return [name for name, count in parts for _ in range(count)]


def test_each_method_has_its_share_of_steps_and_the_last_the_rest():
    schedule, taken = Schedule([Counting("a"), Counting("b"), Counting("c")], steps=[2, 3]), []
    figures = [schedule.step(taken).figures["method"] for _ in range(9)]
    assert taken == names(("a", 2), ("b", 3), ("c", 4))
    assert figures == [0, 0, 1, 1, 1, 2, 2, 2, 2]


def test_one_number_of_steps_serves_all():
    schedule, taken = Schedule([Counting("a"), Counting("b"), Counting("c")], steps=2), []
    for _ in range(5):
        schedule.step(taken)
    assert taken == names(("a", 2), ("b", 2), ("c", 1))


def test_the_next_method_takes_over_early_when_it_is_told_to():
    schedule, taken = Schedule([Counting("a"), Counting("b")], steps=100), []
    schedule.step(taken)
    assert schedule.advance()
    schedule.step(taken)
    assert taken == ["a", "b"]
    assert not schedule.advance()


def test_a_step_is_that_of_the_present_method():
    schedule = Schedule([Counting("a", stuck="no way")])
    step = schedule.step([])
    assert (step.loss, step.losses, step.stuck) == (1.0, {"equation": 1.0}, "no way")
    assert step.figures == {"own": 1.0, "method": 0.0}


def test_the_loss_is_weighed_as_the_last_method_wants_and_patience_is_that_of_the_present_one():
    schedule = Schedule([Counting("a", penalty=2.0, patience=5), Counting("b", penalty=7.0)])
    assert (schedule.name, schedule.penalty, schedule.patience) == ("a,b", 7.0, 5)
    schedule.advance()
    assert (schedule.penalty, schedule.patience) == (7.0, None)


def test_the_methods_given_stay_as_they_are():
    first = Counting("a")
    Schedule([first]).step([])
    assert first.count == 0


def test_a_saved_state_goes_on_identically():
    def schedule():
        return Schedule([Counting("a"), Counting("b")], steps=3)

    whole, taken = schedule(), []
    whole.step(taken), whole.step(taken)
    again, rest, later = schedule(), [], []
    again.load(copy.deepcopy(whole.state()), rest)
    figures = [whole.step(later).figures for _ in range(4)]
    assert [again.step(rest).figures for _ in range(4)] == figures
    assert rest == later == ["a", "b", "b", "b"]


@pytest.mark.parametrize(
    ("methods", "steps", "message"),
    [
        ([], 5, "`methods` must hold at least one optimiser, got none"),
        ([Adam(), GaussNewton()], 0, r"`steps` must be 1 whole number\(s\) of at least 1, got \[0\]"),
        ([Adam(), GaussNewton()], [3, 4], r"`steps` must be 1 whole number\(s\) of at least 1, got \[3, 4\]"),
        ([Adam(), GaussNewton()], 2.5, r"`steps` must be 1 whole number\(s\) of at least 1, got \[2.5\]"),
        ([Adam()], [3], r"`steps` must be 0 whole number\(s\) of at least 1, got \[3\]"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(methods, steps, message):
    with pytest.raises(ValueError, match=message):
        Schedule(methods, steps=steps)


def test_numbers_of_numpy_are_numbers_of_steps():
    assert Schedule([Adam(), GaussNewton()], steps=np.int64(5)).steps == [5]
