"""solve(): bad input, budgets, divergence, and resumption bit by bit."""

import math
import signal

import numpy as np
import pytest
import torch

from kanpde import (
    KAN,
    MLP,
    Dirichlet,
    DivergenceError,
    Initial,
    Interval,
    Points,
    Problem,
    Solution,
    Time,
    pi,
    sin,
    solve,
)
from kanpde.balance import Causal, GradientNorm
from kanpde.catalog import problem_class
from kanpde.nn.refine import AdaptedGrid, FinerGrid, HigherDegree, MoreNodes
from kanpde.optim import LBFGS, Adam, GaussNewton, Schedule
from kanpde.plan import AdaptiveSlabs, Plan
from kanpde.reference import exact_reference
from kanpde.resampling import RAD, Redraw


class Sine(Problem):
    """u'' = -u on [0, pi/2] with u = sin x; the name of its right end has a slash."""

    domain = Interval(x=(0, pi / 2))

    def exact(self, x):
        return sin(x)

    def residual(self, u, x):
        return u.xx + u

    def conditions(self, x):
        return [Dirichlet(u=0, on="x=0"), Dirichlet(u=1, on="x=pi/2")]


class Other(Sine):
    """The same with another equation."""

    def exact(self, x):
        return x * 2 / pi

    def residual(self, u, x):
        return u.xx


def small_kan(seed=0):
    return KAN([1, 3, 1], basis="chebyshev", k=[6, 4], seed=seed)


def weights(solution):
    return torch.cat([p.detach().flatten() for p in solution.network.parameters()])


def interrupt_at(step):
    def on_step(report):
        if report.steps == step:
            signal.raise_signal(signal.SIGINT)

    return on_step


# -------------------------------------------------------------------- bad input


BAD = [
    ({"seed": -1}, "`seed` must be a whole number of at least 0, got -1"),
    ({"seed": 1.5}, "`seed` must be a whole number of at least 0, got 1.5"),
    ({"seed": 10**20}, "`seed` must be at most 9223372036854775807, got 100000000000000000000"),
    ({"hard": "no"}, "`hard` must be True or False, got 'no'"),
    ({"reference": "run.h5"}, r"`reference` must be a Reference such as finite_difference\(problem\), got 'run.h5'"),
    ({"steps": 2.5}, "`steps` must be a whole number, got 2.5"),
    ({"steps": 0}, "`steps` must be positive"),
    ({"seconds": -3.0}, "`seconds` must be positive"),
    ({"threads": 0}, "`threads` must be a whole number of at least 1, got 0"),
    ({"points": 0}, "`points` must be a whole number of at least 1, got 0"),
    ({"points": 10**9}, "`points` must be at most 10,000,000, got 1000000000"),
    ({"optimizer": "sgd"}, "`optimizer` must be one of gauss-newton, adam, lbfgs, ssbfgs, ssbroyden, got 'sgd'"),
    ({"optimizer": Adam}, "`optimizer` must be a name or an object such as Adam"),
    ({"model": [1, 3, 1]}, r"`model` must be a torch module such as KAN\(\[2, 6, 1\]\)"),
    ({"model": KAN([2, 3, 1])}, r"`width` must start with 1, the inputs of Sine \(x\), got 2"),
    ({"model": KAN([1, 3, 2])}, r"`width` must end with 1, the unknowns of Sine \(u\), got 2"),
    ({"model": torch.nn.Tanh()}, "`model` must have trainable parameters, got none in Tanh"),
    ({"model": torch.nn.Linear(2, 1)}, r"`model` must take 1 inputs \(x\), but says"),
    ({"model": torch.nn.Linear(1, 2)}, r"`model` must map \(n, 1\) to \(n, 1\), .* got \(3, 2\) for n = 3"),
    ({"resume": "absent.h5"}, "`absent.h5` is no file"),
    (
        {"model": KAN([1, 2, 1], basis="chebyshev"), "plan": Plan(refinements=(HigherDegree(), FinerGrid()))},
        r"`plan.refinements\[1\]` must suit the network, got FinerGrid\(factor=2\): .* a layer with `intervals`",
    ),
    (
        {"model": torch.nn.Linear(1, 1), "plan": Plan(refinements=(HigherDegree(),))},
        "`plan.refinements` must be empty for Linear, got 1: only networks of kanpde",
    ),
    (
        {"points": Points(20, 4, "grid"), "plan": Plan(resampling=Redraw())},
        "`sampler` must draw by chance for Redraw, got 'grid': its points are the same every time; take 'sobol'",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[str(b[0]) for b in BAD])
def test_bad_input_is_refused_before_anything_is_written(tmp_path, arguments, message):
    record = tmp_path / "new" / "run.h5"
    with pytest.raises((ValueError, TypeError), match=message):
        solve(Sine(), **{"steps": 1, "record": record, **arguments})
    assert list(tmp_path.iterdir()) == []


def test_refinements_are_tried_on_a_copy_whose_weights_see_something():
    """No grid can be laid over hidden values that are all zero, but they are not after a few steps."""
    network = KAN([1, 3, 1], grid=3, k=3)
    with torch.no_grad():
        for p in network.parameters():
            p.zero_()
    solution = solve(Sine(), network, steps=1, points=Points(20, 4), plan=Plan(refinements=(AdaptedGrid(),)))
    assert solution.network is network
    assert solution.summary()["steps"] == 1


def test_a_class_in_place_of_a_problem_is_refused():
    with pytest.raises(TypeError, match=r"`problem` must be an instance of a Problem, .*: write Sine\(\)"):
        solve(Sine)


def test_a_reference_of_another_problem_is_refused():
    other = exact_reference(problem_class("poisson")())
    with pytest.raises(ValueError, match="`reference` must have u on axes x, got u on x, y: it belongs to another"):
        solve(Sine(), reference=other, steps=1)


def test_an_existing_record_is_kept_unless_it_may_be_replaced(tmp_path):
    record = tmp_path / "run.h5"
    record.write_text("mine")
    with pytest.raises(ValueError, match="exists: choose another path"):
        solve(Sine(), small_kan(), steps=1, record=record)
    assert record.read_text() == "mine"
    solve(Sine(), small_kan(), steps=1, record=record, overwrite=True)
    assert Solution.load(record).run["steps"] == 1


# -------------------------------------------------------------------- budgets and stop reasons


def test_a_budget_in_steps_is_kept():
    solution = solve(Sine(), small_kan(), steps=4)
    assert solution.run["steps"] == 4
    assert solution.stop_reason == "step budget of 4 used"


def test_a_tolerance_alone_is_bounded_by_the_default_time():
    solution = solve(Sine(), small_kan(), tolerance=1.0)
    assert solution.stop_reason.startswith("tolerance reached")
    assert solution.run["budget_seconds"] == 60


def test_the_same_seed_gives_the_same_bits_and_another_one_does_not():
    first, second = (solve(Sine(), small_kan(), steps=5) for _ in range(2))
    other = solve(Sine(), small_kan(), steps=5, seed=1)
    assert torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(other))


def test_numbers_of_numpy_are_numbers(tmp_path):
    record = tmp_path / "run.h5"
    found = solve(Sine(), steps=np.int64(1), seed=np.int64(3), points=np.int64(20), record=record)
    assert Solution.load(record).run["seed"] == found.run["seed"] == 3


def test_an_optimiser_object_is_not_changed_by_a_run():
    optimizer = GaussNewton()
    first = solve(Sine(), small_kan(), optimizer=optimizer, steps=5)
    assert optimizer.damping == GaussNewton().damping
    second = solve(Sine(), small_kan(), optimizer=optimizer, steps=5)
    assert torch.equal(weights(first), weights(second))


def test_the_number_of_threads_is_put_back():
    before = torch.get_num_threads()
    assert solve(Sine(), small_kan(), steps=1, threads=2).run["threads"] == 2
    assert torch.get_num_threads() == before


def test_the_loss_is_the_weighted_sum_of_the_named_blocks():
    solution = solve(Sine(), small_kan(), steps=5)
    total = sum(solution.weights[name] * solution.losses[name] for name in solution.losses)
    np.testing.assert_allclose(total, solution.history["loss"], rtol=1e-12)


def test_any_torch_module_can_be_trained():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(1, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).double()
    solution = solve(Sine(), model, steps=10, points=30)
    assert np.all(np.diff(solution.history["loss"]) < 0)


# -------------------------------------------------------------------- divergence


def test_a_diverging_run_raises_with_its_history_and_leaves_a_readable_record(tmp_path):
    record = tmp_path / "run.h5"
    with pytest.raises(DivergenceError, match="lower the learning rate") as caught:
        solve(Sine(), MLP([1, 8, 1]), optimizer=Adam(rate=1e30), steps=200, record=record)
    steps = len(caught.value.history["loss"])
    assert 1 <= steps < 200
    assert caught.value.record == record
    saved = Solution.load(record)
    assert saved.stop_reason.startswith("diverged: the loss is")
    np.testing.assert_array_equal(saved.history["loss"], caught.value.history["loss"])


def test_a_rate_of_a_million_diverges():
    with pytest.raises(DivergenceError):
        solve(Sine(), small_kan(), optimizer=Adam(rate=1e6), steps=200)


# -------------------------------------------------------------------- resumption

OPTIMIZERS = {"gauss-newton": GaussNewton(), "adam": Adam(rate=1e-2), "lbfgs": LBFGS(memory=7)}
NETWORKS = {
    "chebyshev": lambda: small_kan(),
    "bspline": lambda: KAN([1, 3, 1], grid=3, k=4, seed=1),
    "mlp": lambda: MLP([1, 6, 1], seed=2),
    "float32": lambda: MLP([1, 4, 1], seed=2, dtype=torch.float32),
}


def assert_same_run(found, wanted):
    assert torch.equal(weights(found), weights(wanted))
    timed = {n for n in wanted.history if "seconds" in n}
    for name in set(wanted.history) - timed - {"error", "held_out"}:
        np.testing.assert_array_equal(found.history[name], wanted.history[name], err_msg=name)
    for name in wanted.losses:
        np.testing.assert_array_equal(found.losses[name], wanted.losses[name], err_msg=name)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_resumed_run_ends_with_the_bits_of_an_unbroken_one(tmp_path, optimizer, network):
    steps, chosen = 15, OPTIMIZERS[optimizer]
    unbroken = solve(Sine(), NETWORKS[network](), optimizer=chosen, steps=steps, points=40)
    record = tmp_path / "run.h5"
    broken = solve(
        Sine(), NETWORKS[network](), optimizer=chosen, steps=steps, points=40, record=record, on_step=interrupt_at(6)
    )
    assert broken.stop_reason == "interrupted by Ctrl-C"
    assert broken.run["steps"] == 6
    resumed = solve(Sine(), resume=record)
    assert resumed.run["steps"] > 6
    assert resumed.stop_reason == unbroken.stop_reason
    assert_same_run(resumed, unbroken)
    assert_same_run(Solution.load(record), unbroken)


@pytest.mark.parametrize("step", [3, 7, 8, 25])
def test_a_run_resumed_before_or_after_a_restart_ends_with_the_bits_of_an_unbroken_one(tmp_path, step):
    def straight_line():
        return KAN([1, 1, 1], basis="chebyshev", k=1, seed=3)

    options = {"optimizer": GaussNewton(patience=4), "steps": 45, "points": 30}
    unbroken = solve(Sine(), straight_line(), **options)
    assert unbroken.run["restarts"] >= 2
    record = tmp_path / "run.h5"
    solve(Sine(), straight_line(), **options, record=record, on_step=interrupt_at(step))
    resumed = solve(Sine(), resume=record)
    assert resumed.run["restarts"] == unbroken.run["restarts"]
    assert_same_run(resumed, unbroken)


def test_a_run_that_dies_goes_on_from_the_last_write(tmp_path, monkeypatch):
    class DeathError(Exception):
        pass

    def die(report):
        if report.steps == 9:
            raise DeathError

    monkeypatch.setattr("kanpde.run.WRITE_EVERY", 0.0)
    monkeypatch.setattr("kanpde.run.WRITE_SHARE", 1e9)
    record = tmp_path / "run.h5"
    with pytest.raises(DeathError):
        solve(Sine(), small_kan(), steps=12, points=40, record=record, on_step=die)
    assert Solution.load(record).run["steps"] == 8
    assert_same_run(solve(Sine(), resume=record), solve(Sine(), small_kan(), steps=12, points=40))


def test_a_disk_that_gets_full_does_not_take_the_run_with_it(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    def fill_disk(report):
        monkeypatch.setattr("os.fsync", full)

    with pytest.warns(RuntimeWarning, match="cannot be written .* The file there is older than the run"):
        solution = solve(Sine(), small_kan(), steps=3, record=tmp_path / "run.h5", on_step=fill_disk)
    assert solution.run["steps"] == 3
    assert Solution.load(tmp_path / "run.h5").run["steps"] == 0


def test_a_resumed_run_can_get_a_larger_budget_and_a_new_file(tmp_path):
    first, second = tmp_path / "first.h5", tmp_path / "second.h5"
    solve(Sine(), small_kan(), steps=3, record=first)
    content = first.read_bytes()
    resumed = solve(Sine(), resume=first, steps=6, record=second)
    assert_same_run(resumed, solve(Sine(), small_kan(), steps=6))
    assert first.read_bytes() == content
    assert Solution.load(second).run["steps"] == 6


def test_a_run_of_another_problem_cannot_be_resumed(tmp_path):
    record = tmp_path / "run.h5"
    solve(Sine(), small_kan(), steps=2, record=record)
    with pytest.raises(ValueError, match=r"`resume` is a run of Sine with other terms or parameters than Other\(\)"):
        solve(Other(), resume=record)


def test_a_run_cannot_be_resumed_with_another_kind_of_optimiser_or_size_of_network(tmp_path):
    record = tmp_path / "run.h5"
    solve(Sine(), small_kan(), steps=2, record=record)
    with pytest.raises(ValueError, match="`optimizer` adam cannot go on from the state of gauss-newton"):
        solve(Sine(), resume=record, optimizer=Adam())
    with pytest.raises(ValueError, match="`model` must have 36 parameters like the recorded network, got 8"):
        solve(Sine(), KAN([1, 1, 1], basis="chebyshev", k=3), resume=record)


def test_a_foreign_module_is_resumed_when_it_is_given_again(tmp_path):
    def module():
        torch.manual_seed(1)
        return torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()

    record = tmp_path / "run.h5"
    unbroken = solve(Sine(), module(), steps=6, points=20)
    solve(Sine(), module(), steps=6, points=20, record=record, on_step=interrupt_at(2))
    with pytest.raises(ValueError, match="`model` is missing: the recorded network is neither KAN nor MLP"):
        solve(Sine(), resume=record)
    assert_same_run(solve(Sine(), module(), resume=record), unbroken)


# -------------------------------------------------------------------- plans


class Burgers(Problem):
    """Nonlinear, first order in time."""

    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t + u * u.x - 0.2 * u.xx

    def conditions(self, x, t):
        return [Initial(u=-sin(pi * x)), Dirichlet(u=0, on="x")]


def burgers_kan():
    return KAN([2, 2, 1], basis="chebyshev", k=[5, 3], seed=1)


PLANS = {
    "slabs": (Plan(slabs=3), "gauss-newton"),
    "slabs of different lengths": (Plan(slabs=[0.2, 0.9, 1]), "gauss-newton"),
    "cold slabs, stretched": (Plan(slabs=3, warm=False, stretch=True), "gauss-newton"),
    "adaptive slabs": (Plan(slabs=AdaptiveSlabs(first=0.4, tolerance=0.3, shortest=0.05)), GaussNewton(patience=2)),
    "stages": (Plan(stages=3), "gauss-newton"),
    "slabs and stages": (Plan(slabs=2, stages=2), "gauss-newton"),
    "schedule": (Plan(slabs=2), Schedule([Adam(rate=1e-2), GaussNewton()], steps=3)),
    "balance": (Plan(slabs=2, balance=GradientNorm(every=2)), "gauss-newton"),
    "causal": (Plan(balance=Causal(every=2, bins=4)), "gauss-newton"),
    "resampling": (Plan(slabs=2, resampling=RAD(every=3)), "gauss-newton"),
    "refinements": (Plan(refinements=(HigherDegree(), MoreNodes())), GaussNewton(patience=1)),
}


@pytest.mark.parametrize("kill", [1, 6, 11, 16])
@pytest.mark.parametrize("name", PLANS)
def test_a_run_with_a_plan_that_is_killed_anywhere_ends_with_the_bits_of_an_unbroken_one(tmp_path, name, kill):
    plan, optimizer = PLANS[name]
    options = {"plan": plan, "optimizer": optimizer, "steps": 18, "points": 24}
    unbroken, record = solve(Burgers(), burgers_kan(), **options), tmp_path / "run.h5"
    broken = solve(Burgers(), burgers_kan(), **options, record=record, on_step=interrupt_at(kill))
    half = Solution.load(record)
    where = {"x": np.linspace(-1, 1, 9), "t": 0.9 * broken.field.bounds["t"][1]}
    np.testing.assert_array_equal(half(**where), broken(**where))
    np.testing.assert_array_equal(half("xt", **where), broken("xt", **where))
    resumed = solve(Burgers(), resume=record)
    assert_same_run(resumed, unbroken)
    assert resumed.stop_reason == unbroken.stop_reason
    assert resumed.run["slabs"] == unbroken.run["slabs"]
    where["t"] = 0.3 * unbroken.field.bounds["t"][1]
    np.testing.assert_array_equal(resumed(**where), unbroken(**where))
    loaded = Solution.load(record)
    np.testing.assert_array_equal(loaded(**where), unbroken(**where))
    assert loaded.parameters == unbroken.parameters


def test_the_error_of_a_run_that_goes_on_is_that_of_an_unbroken_one(tmp_path):
    options = {"plan": Plan(slabs=3), "steps": 9, "points": 24}
    problem, record = problem_class("burgers")(), tmp_path / "run.h5"
    unbroken = solve(problem, burgers_kan(), **options)
    broken = solve(problem, burgers_kan(), **options, record=record, on_step=interrupt_at(1))
    assert broken.compared.axes["t"][-1] < 0.34 < broken.reference.axes["t"][-1]
    resumed = solve(problem, resume=record)
    assert resumed.error == unbroken.error == Solution.load(record).error
    np.testing.assert_array_equal(resumed.grid()["t"], unbroken.grid()["t"])


def test_a_slab_that_straggles_gets_more_of_the_budget_and_resumes_with_the_same_bits(tmp_path, monkeypatch):
    options = {"plan": Plan(slabs=3), "steps": 24, "points": 24, "hard": True}
    monkeypatch.setattr("kanpde.march.STRAGGLER", math.inf)
    even = solve(Burgers(), burgers_kan(), **options)
    monkeypatch.setattr("kanpde.march.STRAGGLER", 0.0)  # every slab but the first straggles now
    unbroken = solve(Burgers(), burgers_kan(), **options)
    legs = [list(np.unique(run.history["leg"], return_counts=True)[1]) for run in (even, unbroken)]
    assert legs[0][0] == legs[1][0]
    assert legs[1][1] > legs[0][1]
    assert legs[0][2] / 2 <= legs[1][2] < legs[0][2]  # nine sixteenths are left to the last one
    for kill in (legs[1][0] + 2, legs[1][0] + legs[0][1] + 1):
        record = tmp_path / f"{kill}.h5"
        solve(Burgers(), burgers_kan(), **options, record=record, on_step=interrupt_at(kill))
        assert_same_run(solve(Burgers(), resume=record), unbroken)


def test_a_plan_that_does_nothing_or_is_none_is_refused():
    with pytest.raises(ValueError, match="`stretch` must be False for Sine, got True: fronts are looked for"):
        solve(Sine(), small_kan(), plan=Plan(stretch=True), steps=1)
    with pytest.raises(TypeError, match=r"`plan` must be a Plan such as Plan\(slabs=20\), got {'slabs': 2}"):
        solve(Sine(), small_kan(), plan={"slabs": 2}, steps=1)


def test_the_legs_of_a_plan_are_in_the_history():
    plan, optimizer = PLANS["slabs and stages"]
    solution = solve(Burgers(), burgers_kan(), plan=plan, optimizer=optimizer, steps=20, points=24)
    assert sorted(set(solution.history["leg"])) == [0, 1, 2, 3]
    assert len(solution.field.parts) == 4
    assert solution.model_name == "KAN [2, 2, 1] x 4"
    assert solution.run["slabs"] == 2


def test_a_schedule_goes_on_on_the_same_loss():
    """Adam at a tiny rate, then Gauss-Newton: the loss goes on from where Adam left it, and falls."""
    optimizer = Schedule([Adam(rate=1e-6), GaussNewton()], steps=4)
    history = solve(Burgers(), burgers_kan(), optimizer=optimizer, steps=8, points=24).history
    assert list(history["method"]) == [0, 0, 0, 0, 1, 1, 1, 1]
    assert history["loss"][:4] == pytest.approx(history["loss"][0], rel=1e-2)
    assert history["loss"][4] < history["loss"][3]
    assert (
        solve(Sine(), small_kan(), optimizer=["adam", "gauss-newton"], steps=1).run["optimizer"] == "adam,gauss-newton"
    )
    assert solve(Sine(), small_kan(), optimizer="adam,gauss-newton", steps=1).run["optimizer"] == "adam,gauss-newton"


@pytest.mark.parametrize("budget", [{"steps": 40}, {"steps": 200, "tolerance": 1e3}])
def test_a_slab_that_has_used_its_steps_or_met_its_tolerance_is_not_done_again(budget):
    """Neither says that it would not have come further; every slab ends above its own tolerance here."""
    plan = Plan(slabs=AdaptiveSlabs(first=0.5, tolerance=1e-9))
    solution = solve(Burgers(), burgers_kan(), points=Points(60, 20), plan=plan, **budget)
    assert [stop for stop, _ in solution.field.slabs] == [0.5, 1.0]


def test_a_run_that_does_not_reach_the_end_of_the_time_says_so():
    solution = solve(Burgers(), burgers_kan(), plan=Plan(slabs=4), steps=2, points=24)
    assert solution.stop_reason.endswith("the end of the time was not reached")
    assert solution.field.bounds["t"][1] < 1
    with pytest.raises(ValueError, match="`t` must lie in"):
        solution(x=0.0, t=1.0)


def test_a_run_that_does_not_reach_its_last_stage_says_so():
    solution = solve(Sine(), small_kan(), steps=1, points=Points(20, 4), plan=Plan(stages=2))
    assert solution.stop_reason == "step budget of 1 used; the last stage was not reached"


def test_a_second_stage_lowers_the_residual_a_hundredfold():
    network = KAN([1, 2, 1], basis="chebyshev", k=[6, 3], seed=1)
    history = solve(Sine(), network, hard=True, plan=Plan(stages=2), steps=60, points=100).history
    first, second = (history["loss"][history["leg"] == leg][-1] for leg in (0, 1))
    assert np.sqrt(second) < 0.01 * np.sqrt(first)


# -------------------------------------------------------------------- accuracy

POISSON = problem_class("poisson")


@pytest.mark.slow
def test_poisson_with_conditions_built_in_reaches_1e_10():
    assert solve(POISSON(), hard=True, steps=400).error <= 1e-10


@pytest.mark.slow
def test_poisson_with_b_splines_reaches_1e_7():
    from kanpde.ansatz import build_ansatz
    from kanpde.recommend import kan_from

    problem = POISSON()
    model = kan_from(build_ansatz(problem, hard=True), basis="bspline")
    assert solve(problem, model, hard=True, steps=400).error <= 1e-7


@pytest.mark.slow
def test_poisson_with_penalties_reaches_1e_9():
    assert solve(POISSON(), steps=400, points=Points(1500)).error <= 1e-9


def test_a_resumed_run_with_no_budget_left_is_refused(tmp_path):
    solve(Sine(), steps=3, record=tmp_path / "run.h5")
    with pytest.raises(ValueError, match="`steps` must be above the 3 that the run has taken, got 3"):
        solve(Sine(), steps=3, resume=tmp_path / "run.h5")


def test_a_residual_far_larger_between_the_training_points_counts_as_overfitting():
    solution = solve(Sine(), steps=1)
    solution.run["held_out"] = 6 * solution.residual
    assert solution.overfits
    solution.run["held_out"] = 2 * solution.residual
    assert not solution.overfits


def test_so_it_does_in_a_slab_before_the_last():
    solution = solve(Sine(), steps=1)
    loss, held_out = [1.0, 1e-4, 1e-4, 1e-6], [0.9, math.nan, 0.06, 2e-3]
    for factor in (1.0, 0.5):
        solution.history |= {
            "loss": np.array(loss),
            "held_out": np.array([h * factor for h in held_out]),
            "leg": np.array([0.0, 0.0, 0.0, 1.0]),
            "attempt": np.zeros(4),
        }
        solution.run["held_out"] = 2e-3
        assert solution.residual == 1e-3
        assert solution.overfits == (factor == 1.0)


def test_held_parameters_are_refused_where_networks_are_made_anew():
    kan = KAN([2, 4, 1])
    kan.layers[0].requires_grad_(False)
    with pytest.raises(ValueError, match=r"`model` must not hold parameters such as layers\.0\.coefficients where"):
        solve(problem_class("heat")(), kan, plan=Plan(slabs=2), steps=2)
