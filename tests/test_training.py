"""The training loop: budgets, stalls, restarts, the attempt that is kept, and going on from a saved state."""

import copy
import itertools
import math
import statistics

import pytest
import torch

from kanpde import Dirichlet, Problem, Rectangle, laplacian, sin
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.nn import KAN
from kanpde.nn.input_map import InputMap
from kanpde.nn.network import is_renewable
from kanpde.optim import Adam, GaussNewton, Schedule, Step
from kanpde.sampling import Sobol
from kanpde.seeds import Seeds
from kanpde.stopping import Kind
from kanpde.training import Budget, Monitor, Report, Training


class Poisson(Problem):
    """A Poisson equation."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, x, y):
        return laplacian(u) + sin(x * y)

    def conditions(self, x, y):
        return [Dirichlet(u=0)]


class Scripted:
    """An optimiser that reports the losses of a list, one per step, and moves every parameter by 1."""

    name, penalty = "scripted", 1.0

    def __init__(self, losses, *, patience=None, stuck_at=(), share=1.0):
        self.losses, self.patience, self.stuck_at, self.share = itertools.cycle(losses), patience, stuck_at, share
        self.count = 0

    def step(self, problem):
        loss = next(self.losses)
        self.count += 1
        problem.theta = problem.theta + 1
        sizes = dict.fromkeys(problem.mean_squares(problem.residual()), self.share * loss)
        return Step(loss, sizes, "stuck, says the script" if self.count in self.stuck_at else None, {"probes": 2.0})

    def __deepcopy__(self, memo):
        return self

    def state(self):
        return {}

    def load(self, state, problem):
        pass


class Clock:
    """A clock that advances by a fixed time whenever somebody looks."""

    def __init__(self, tick):
        self.now, self.tick = 0.0, tick

    def __call__(self):
        self.now += self.tick
        return self.now


def loss_of(network=None, seed=0):
    ansatz = build_ansatz(Poisson())
    trial = Trial(network or KAN([2, 3, 1], basis="chebyshev", k=[5, 3], seed=4), InputMap(Poisson.domain.bounds))
    samplers = {t.name: Sobol(seed) for t in ansatz.terms}
    return build_blocks(ansatz, trial, samplers, interior=60, boundary=20, penalty=10.0)


def training_with(optimizer, *, network=None, error=lambda: None, seed=4, decisive=False, starts=1):
    loss = loss_of(network)
    return Training(
        loss,
        optimizer,
        Monitor(error, loss_of(loss.trial.network, seed=9)),
        Seeds(seed),
        decisive=decisive,
        starts=starts,
    )


def run(training, stop=lambda: None, after_step=lambda report: None, **budget):
    return training.run(Budget(**budget), stop, after_step).sentence


def kind(training, stop=lambda: None, **budget):
    return training.run(Budget(**budget), stop, lambda report: None).kind


# -------------------------------------------------------------------- why it stops


def test_a_used_step_budget_is_the_reason():
    training = training_with(Scripted([1.0]))
    assert run(training, steps=7) == "step budget of 7 used"
    assert training.steps == 7


def test_a_used_time_budget_is_the_reason(monkeypatch):
    monkeypatch.setattr("kanpde.training.time.perf_counter", Clock(0.25))
    training = training_with(Scripted([1.0]))
    assert run(training, seconds=5) == "time budget of 5 s used"
    assert training.seconds > 5


def test_a_reached_tolerance_is_the_reason():
    """The tolerance is for the root of the loss."""
    training = training_with(Scripted([1.0, 0.1, 0.01, 1e-4]))
    assert run(training, tolerance=0.011, steps=20) == "tolerance reached: the root of the loss is 0.01"
    assert training.steps == 4


def test_a_word_from_outside_is_the_reason():
    training = training_with(Scripted([1.0]))
    assert run(training, stop=lambda: "interrupted" if training.steps == 3 else None, steps=99) == "interrupted"
    assert training.steps == 3


def test_a_stall_over_the_patience_of_the_optimiser_is_the_reason():
    falling = [0.9**i for i in range(10)]
    training = training_with(Scripted([*falling, *[falling[-1]] * 50], patience=5, share=0.0))
    assert run(training, steps=60) == "no more progress: the loss fell by less than 3 % in 5 steps"
    assert training.steps == 15


def test_a_method_that_takes_over_in_time_has_all_of_its_patience():
    """Ten steps on a plateau of the first method, and then some of the second, which has a patience of 5."""
    schedule = Schedule([Scripted([1.0]), Scripted([1.0], patience=5, share=0.0)], steps=10)
    training = training_with(schedule)
    assert run(training, steps=60) == "no more progress: the loss fell by less than 3 % in 5 steps"
    assert training.steps == 10 + 6


def test_a_slow_but_steady_fall_is_no_stall():
    training = training_with(Scripted([0.99**i for i in range(60)], patience=5, share=0.0))
    assert run(training, steps=50) == "step budget of 50 used"


def test_an_optimiser_without_patience_may_rest_on_a_plateau():
    training = training_with(Scripted([1.0], patience=None))
    assert run(training, steps=40) == "step budget of 40 used"


def test_a_stuck_optimiser_is_the_reason_when_every_block_is_small():
    training = training_with(Scripted([1.0], stuck_at={4}, share=0.0))
    assert run(training, steps=40) == "stuck, says the script"
    assert training.steps == 4


def test_the_kind_of_the_reason_is_told_apart():
    assert kind(training_with(Scripted([1.0])), steps=3) is Kind.BUDGET
    assert kind(training_with(Scripted([1.0])), seconds=1e-9) is Kind.BUDGET
    assert kind(training_with(Scripted([1e-4])), tolerance=0.1) is Kind.REACHED
    assert kind(training_with(Scripted([1.0], patience=5, share=0.0)), steps=60) is Kind.STALLED
    assert kind(training_with(Scripted([1.0], stuck_at={4}, share=0.0)), steps=60) is Kind.STALLED
    assert kind(training_with(Scripted([1.0])), stop=lambda: "enough", steps=60) is Kind.ASKED


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_an_error(bad):
    training = training_with(Scripted([1.0, 2.0, bad]))
    with pytest.raises(FloatingPointError, match=f"diverged: the loss is {bad} after 3 steps"):
        run(training, steps=10)
    assert training.history["loss"][:2] == [1.0, 2.0]


def test_a_loss_beyond_all_bounds_is_an_error():
    training = training_with(Scripted([1.0, 1e30]))
    with pytest.raises(FloatingPointError, match=r"diverged: the loss is 1e\+30 after 2 steps"):
        run(training, steps=10)


def test_a_network_that_starts_near_the_solution_may_leave_it():
    training = training_with(Scripted([1e-18, 0.1]))
    training.first_loss = 1e-18
    assert run(training, steps=4) == "step budget of 4 used"


# -------------------------------------------------------------------- restarts


def test_an_attempt_that_is_stuck_high_up_starts_again_from_new_weights():
    training = training_with(Scripted([1.0], stuck_at={3}))
    run(training, stop=lambda: "enough" if training.attempt else None, steps=40)
    fresh = KAN([2, 3, 1], basis="chebyshev", k=[5, 3], seed=5)
    assert training.attempt == 1
    for p, q in zip(training.problem.trial.network.parameters(), fresh.parameters(), strict=True):
        assert torch.equal(p, q)


def test_an_attempt_of_a_later_leg_has_weights_that_no_leg_has_had():
    training = training_with(Scripted([1.0], stuck_at={3}))
    training.seeds = Seeds(4, leg=1)
    run(training, stop=lambda: "enough" if training.attempt else None, steps=40)
    for seed in (4, 5, 6, Seeds(4, leg=1).network(0)):
        known = KAN([2, 3, 1], basis="chebyshev", k=[5, 3], seed=seed)
        assert not torch.equal(next(training.problem.trial.network.parameters()), next(known.parameters()))


@pytest.mark.parametrize("factor", [1.0, 1e3])
def test_a_start_is_kept_unless_it_is_far_worse_than_usual(factor):
    network = KAN([2, 3, 1], basis="chebyshev", k=[5, 3], seed=4)
    with torch.no_grad():
        network.layers[-1].coefficients.mul_(factor)
    given = network.layers[0].coefficients.detach().clone()
    training = training_with(Scripted([1.0]), network=network, starts=6)
    kept, losses = torch.equal(network.layers[0].coefficients, given), []
    for number in range(1, 6):
        network.reset(Seeds(4).start(0, number))
        losses.append(float(training.problem.residual().norm()))
    assert kept == (factor == 1.0)
    assert training.first_loss**0.5 <= 10 * statistics.median(losses)


@pytest.mark.parametrize("what", ["formulas", "held"])
def test_a_network_that_cannot_be_made_anew_keeps_its_start(what):
    kan = KAN([2, 3, 1], basis="chebyshev", k=[5, 3], seed=5)
    if what == "held":
        kan.layers[0].requires_grad_(False)
    else:
        kan.fix_symbolic(0, 0, 0, "x")
    assert not is_renewable(kan)
    assert is_renewable(KAN([2, 3, 1]))


def test_a_restart_begins_with_the_optimiser_as_it_was_given():
    class Counting:
        name, penalty, patience, count = "counting", 1.0, None, 0

        def step(self, problem):
            self.count += 1
            sizes = problem.mean_squares(problem.residual())
            return Step(1.0, sizes, "three are enough" if self.count == 3 else None, {"count": float(self.count)})

    training = training_with(Counting())
    run(training, steps=8)
    assert training.history["count"] == [1, 2, 3, 1, 2, 3, 1, 2]


def test_the_history_says_which_attempt_each_step_belongs_to():
    training = training_with(Scripted([1.0], stuck_at={3, 5}))
    run(training, steps=8)
    assert training.history["attempt"] == [0, 0, 0, 1, 1, 2, 2, 2]


def test_the_best_attempt_is_kept():
    training = training_with(Scripted([5.0, 4.0, 0.5, 3.0, 2.0], stuck_at={3}))
    best = training.problem.theta + 1 + 1 + 1
    run(training, steps=5)
    assert not torch.equal(training.problem.theta, best)
    training.finish()
    assert torch.equal(training.problem.theta, best)


def test_another_attempt_takes_back_what_was_done_to_the_weights():
    class Quiet:
        restarts = 0

        def __init__(self, training):
            self.loss, self.held_out = training.problem, training.monitor.held_out

        def between(self, steps):
            return {}

        def settles(self):
            return False

        def refine(self):
            return None

        def restart(self):
            self.restarts += 1

    training = training_with(Scripted([1.0], stuck_at={3, 5}))
    training.tend = Quiet(training)
    run(training, steps=8)
    assert training.tend.restarts == training.attempt == 2


def test_attempts_are_compared_by_the_weights_of_the_start():
    """The first one reports 5 by weights that are ten times as high at its end; by those of the start it is at 0.5."""

    class Weighed(Scripted):
        def step(self, problem):
            step = super().step(problem)
            factor = {2: 10.0, 3: 0.1}.get(self.count, 1.0)
            problem.reweigh({b.name: factor * b.weight for b in problem.blocks})
            means = {b.name: step.loss / (2 * b.weight) for b in problem.blocks}
            return Step(step.loss, means, step.stuck, {})

    training = training_with(Weighed([4.0, 5.0, 2.0, 2.0], stuck_at={2}))
    training.sizes = dict.fromkeys(training.sizes, 0.0)
    best = training.problem.theta + 1 + 1
    run(training, steps=4)
    assert training.best["loss"] == pytest.approx(0.5)
    training.finish()
    assert torch.equal(training.problem.theta, best)


def test_a_last_attempt_that_is_best_stays():
    training = training_with(Scripted([5.0, 4.0, 3.0, 2.0, 1.0], stuck_at={3}))
    run(training, steps=5)
    last = training.problem.theta
    training.finish()
    assert torch.equal(training.problem.theta, last)


def test_restarts_are_limited():
    training = training_with(Scripted([1.0], stuck_at=set(range(1, 100))))
    assert run(training, steps=90) == "stuck, says the script"
    assert training.attempt == training.restarts


def test_no_restart_when_a_fifth_of_the_budget_is_no_longer_left():
    training = training_with(Scripted([1.0], stuck_at={9}))
    assert run(training, steps=10) == "stuck, says the script"
    assert training.attempt == 0


def test_a_network_that_cannot_be_reset_is_not_restarted():
    plain = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).double()
    training = training_with(Scripted([1.0], stuck_at={2}), network=plain)
    assert run(training, steps=40) == "stuck, says the script"


def test_a_stall_is_counted_from_the_restart():
    training = training_with(Scripted([1.0], patience=4))
    run(training, steps=20)
    assert training.history["attempt"][:12] == [0] * 5 + [1] * 5 + [2] * 2


@pytest.mark.parametrize(("warm", "attempts"), [(False, 1), (True, 0)])
def test_from_the_weights_of_the_slab_before_a_block_need_not_fall_as_far(warm, attempts):
    training = training_with(Scripted([1.0], stuck_at={3}, share=0.0))
    training.warm = warm
    training.sizes = dict.fromkeys(training.sizes, 1.0)
    training.optimizer.share = 0.005**2
    run(training, steps=4)
    assert training.attempt == attempts


def test_new_weights_may_start_as_high_as_they_like():
    training = training_with(Scripted([1.0, 1.0, 1e20], stuck_at={2}))
    training.first_loss, reset = 1.0, training.problem.trial.network.reset

    def far_away(seed):
        reset(seed)
        training.problem.theta = 1e12 * training.problem.theta

    training.problem.trial.network.reset = far_away
    assert run(training, steps=4) == "step budget of 4 used"


def plateaus(*levels, patience=3):
    """Losses of attempts that each end on a plateau; all are far below the start."""
    return Scripted([level for level in levels for _ in range(patience + 1)], patience=patience, share=0.0)


def test_a_plateau_far_down_is_left_for_another_attempt_if_there_is_only_one_leg():
    several, one = (training_with(plateaus(1e-6, 1e-12), decisive=decisive) for decisive in (False, True))
    assert run(several, steps=40).startswith("no more progress")
    assert (several.attempt, several.steps) == (0, 4)
    run(one, steps=8)
    assert one.history["attempt"] == [0] * 4 + [1] * 4


@pytest.mark.parametrize(("fall", "budget", "attempts"), [(0.9, 200, 6), (0.5, 200, 1), (0.9, 16, 1)])
def test_slow_progress_is_given_up_while_there_is_time_for_more_attempts(fall, budget, attempts):
    losses = [1e-6 * fall**i for i in range(200)]
    training = training_with(Scripted(losses, patience=4, share=0.0), decisive=True)
    run(training, steps=budget)
    assert training.attempt == attempts - 1
    assert training.history["attempt"].index(attempts - 1) == 9 * (attempts - 1)


def test_rounding_is_no_plateau():
    training = training_with(Scripted([1e-20], stuck_at={4}, share=0.0), decisive=True)
    assert run(training, steps=40) == "stuck, says the script"
    assert training.attempt == 0


# -------------------------------------------------------------------- what is noted


def test_every_figure_has_an_entry_per_step():
    training = training_with(Scripted([1.0, 0.5]), error=lambda: 0.25)
    run(training, steps=6)
    assert all(len(column) == 6 for column in [*training.history.values(), *training.losses.values()])
    assert training.history["loss"] == [1.0, 0.5] * 3
    assert training.history["probes"] == [2.0] * 6
    assert set(training.losses) == {"equation", "dirichlet u on boundary"}
    assert training.history["seconds"] == sorted(training.history["seconds"])


def test_a_figure_that_starts_late_is_not_a_number_before():
    class Late(Scripted):
        def step(self, problem):
            step = super().step(problem)
            return Step(step.loss, step.losses, None, {"late": 1.0} if self.count > 2 else {})

    training = training_with(Late([1.0]))
    run(training, steps=4)
    assert [math.isnan(v) for v in training.history["late"]] == [True, True, False, False]


def test_error_and_held_out_residual_are_taken_about_once_a_second(monkeypatch):
    monkeypatch.setattr("kanpde.training.time.perf_counter", Clock(0.1))
    training = training_with(Scripted([1.0]), error=lambda: 0.25)
    run(training, steps=30)
    taken = [i for i, e in enumerate(training.history["error"]) if not math.isnan(e)]
    assert taken[0] == 0
    assert 3 <= len(taken) <= 15
    assert math.isfinite(training.history["held_out"][0])
    assert math.isnan(training.history["held_out"][1])


def test_the_held_out_residual_is_the_root_of_the_loss_elsewhere():
    training = training_with(Scripted([1.0]), error=lambda: None)
    rows = training.monitor.held_out.residual()
    figures = training.monitor.figures()
    assert figures["held_out"] == pytest.approx(math.sqrt(float(rows @ rows)))
    assert math.isnan(figures["error"])


def test_a_report_says_where_the_run_stands():
    reports = []
    training = training_with(Scripted([4.0, 2.0]), error=lambda: 0.125)
    run(training, after_step=reports.append, steps=2)
    assert [(r.steps, r.loss, r.error, r.restarts) for r in reports] == [(1, 4.0, 0.125, 0), (2, 2.0, 0.125, 0)]
    assert isinstance(reports[0], Report)
    assert reports[0].budget == Budget(steps=2)


# -------------------------------------------------------------------- saved and continued


@pytest.mark.parametrize("make", [GaussNewton, lambda: Adam(rate=1e-2)], ids=["gauss-newton", "adam"])
def test_a_run_in_two_sessions_is_the_run_in_one(make):
    whole = training_with(make())
    run(whole, steps=8)
    first = training_with(make())
    run(first, steps=5)
    state = copy.deepcopy(first.state())
    second = training_with(make())
    with torch.no_grad():
        for p in second.problem.parameters:
            p.add_(1.0)
    second.load(state)
    assert run(second, steps=8) == "step budget of 8 used"
    assert second.history["loss"] == whole.history["loss"]
    assert torch.equal(second.problem.theta, whole.problem.theta)
    assert second.seconds >= first.history["seconds"][-1]


def test_a_continued_run_measures_by_the_start_of_the_whole_run():
    """Else a restart from new weights would look like divergence beside the converged weights it was loaded with."""
    first = training_with(GaussNewton())
    run(first, steps=12)
    converged = copy.deepcopy(first.problem.trial.network)
    second = training_with(GaussNewton(), network=converged)
    assert second.first_loss < 1e-3 * first.first_loss
    second.load(copy.deepcopy(first.state()))
    assert (second.first_loss, second.sizes) == (first.first_loss, first.sizes)


def test_the_best_attempt_survives_a_pause():
    script = [5.0, 0.5, 3.0, 2.0]
    first = training_with(Scripted(script, stuck_at={2}))
    run(first, steps=3)
    second = training_with(Scripted([2.0]))
    second.load(copy.deepcopy(first.state()))
    run(second, steps=4)
    assert (second.attempt, second.best["attempt"], second.best["loss"]) == (1, 0, 0.5)
    second.finish()
    assert torch.equal(second.problem.theta, first.best["theta"])


@pytest.mark.parametrize("name", ["seconds", "steps", "tolerance"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_a_budget_that_is_not_positive_is_refused(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be positive and finite, got {value}"):
        Budget(**{name: value})
