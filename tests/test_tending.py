"""What a plan does to a leg between steps, alone and inside a training."""

import copy

import numpy as np
import pytest
import torch

from kanpde import Dirichlet, Initial, Interval, Points, Problem, Time, pi, sin, solve
from kanpde.ansatz import build_ansatz
from kanpde.balance import BALANCES, GradientNorm
from kanpde.budget import Budget
from kanpde.leg import Leg
from kanpde.nn import KAN
from kanpde.nn.refine import FinerGrid, HigherDegree, MoreNodes
from kanpde.optim import GaussNewton
from kanpde.plan import Plan
from kanpde.resampling import RAD, RESAMPLINGS, Redraw
from kanpde.seeds import Seeds
from kanpde.settings import Settings
from kanpde.tending import Tending

WITHOUT_DATA = [name for name in BALANCES if name != "noise-level"]
"""Balances that change something where nothing was measured."""


class Burgers(Problem):
    """Nonlinear, first order in time."""

    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t + u * u.x - 0.1 * u.xx

    def conditions(self, x, t):
        return [Initial(u=-sin(pi * x)), Dirichlet(u=0, on="x")]


def small_kan(seed=1, basis="bspline"):
    return KAN([2, 2, 1], grid=3, k=3, basis=basis, seed=seed)


def tending(plan, network=None):
    ansatz = build_ansatz(Burgers())
    settings = Settings(GaussNewton(), 4, False, Points(40, 10), Budget(), 1, plan)
    return Tending(Leg.of(ansatz, network or small_kan(), {}, settings, Seeds(4)), plan)


def points(tend):
    return tend.loss.blocks[0].sides[0].x.clone()


def test_an_empty_plan_changes_nothing():
    tend = tending(Plan())
    before = tend.loss
    assert tend.between(1) == {}
    assert tend.refine() is None
    assert tend.loss is before


def test_points_are_drawn_anew_when_it_is_their_turn_and_their_number_is_noted():
    tend = tending(Plan(resampling=Redraw(every=3)))
    before, figures = points(tend), []
    for step in range(1, 7):
        figures.append(tend.between(step))
        changed = not torch.equal(points(tend), before)
        assert changed == (step % 3 == 0)
        before = points(tend)
    assert figures == [{"resampled": n} for n in (0.0, 0.0, 40.0, 0.0, 0.0, 40.0)]


def test_weights_are_balanced_when_it_is_their_turn():
    tend, weights = tending(Plan(balance=GradientNorm(every=2))), []
    for step in range(1, 5):
        tend.between(step)
        weights.append([b.weight for b in tend.loss.blocks])
    assert weights[0] != weights[1]
    assert weights[1] == weights[2]


@pytest.mark.parametrize("balance", WITHOUT_DATA)
def test_another_attempt_starts_with_the_weights_of_the_first_and_a_balance_that_has_seen_nothing(balance):
    tend, fresh = (tending(Plan(balance=BALANCES[balance]())) for _ in range(2))
    start = tend.loss.residual()
    tend.between(tend.balance.every)
    assert not torch.equal(tend.loss.residual(), start)
    tend.restart()
    assert torch.equal(tend.loss.residual(), start)
    assert str(tend.balance.state()) == str(fresh.balance.state())


def test_the_balance_of_the_plan_stays_as_it_is():
    plan = Plan(balance=BALANCES["adaptive-ratio"]())
    before = copy.deepcopy(plan.balance.state())
    tending(plan).between(plan.balance.every)
    assert str(plan.balance.state()) == str(before)


@pytest.mark.parametrize(("basis", "refinement"), [("bspline", FinerGrid()), ("chebyshev", HigherDegree())])
def test_refinements_come_one_after_another_and_keep_the_loss(basis, refinement):
    tend = tending(Plan(refinements=(refinement, MoreNodes(), refinement)), small_kan(basis=basis))
    loss, count = float(tend.loss.residual().norm()), tend.loss.parameter_count
    for number in (1.0, 2.0, 3.0):
        figures = tend.refine()
        assert figures["refinement"] == number
        assert figures["refinement_change"] < 1e-10
        assert float(tend.loss.residual().norm()) == pytest.approx(loss, rel=1e-8)
        assert tend.loss.parameter_count > count
        count = tend.loss.parameter_count
    assert tend.refine() is None


def test_a_module_of_other_make_is_not_refined():
    network = torch.nn.Linear(2, 1, dtype=torch.float64)
    assert tending(Plan(refinements=(FinerGrid(),)), network).refine() is None


@pytest.mark.parametrize("balance", [None, *BALANCES])
@pytest.mark.parametrize("resampling", [None, *RESAMPLINGS])
def test_a_saved_state_goes_on_identically(balance, resampling):
    plan = Plan(
        balance=None if balance is None else BALANCES[balance](),
        resampling=None if resampling is None else RESAMPLINGS[resampling](),
    )
    whole = tending(plan)
    turn = 200 * 3  # a multiple of all intervals
    whole.between(turn)
    again = tending(plan)
    again.load(whole.state())
    assert torch.equal(again.loss.residual(), whole.loss.residual())
    whole.between(turn), again.between(turn)
    assert torch.equal(again.loss.residual(), whole.loss.residual())


# -------------------------------------------------------------------- inside a training


def test_a_run_refines_where_it_is_stuck_and_the_loss_goes_on_from_there():
    plan = Plan(refinements=(FinerGrid(),))
    solution = solve(
        Burgers(), small_kan(), plan=plan, optimizer=GaussNewton(patience=1, geodesic=2), steps=50, points=60
    )
    history = solution.history
    (switch,) = np.flatnonzero(history["refinement"] == 1)
    assert history["refinement_change"][switch] < 1e-10
    assert history["loss"][switch] <= history["loss"][switch - 1] * (1 + 1e-9)
    assert solution.parameters > small_kan().parameter_count
    assert np.isnan(history["refinement"][np.arange(len(history["loss"])) != switch]).all()


def test_a_run_notes_resampling_in_its_history_after_the_step_that_it_followed():
    plan = Plan(resampling=RAD(every=2))
    solution = solve(Burgers(), small_kan(), plan=plan, steps=6, points=30)
    resampled = solution.history["resampled"]
    assert np.isnan(resampled[0])
    assert (resampled[[1, 3, 5]] == 0).all()
    assert (resampled[[2, 4]] > 0).all()


@pytest.mark.parametrize("name", WITHOUT_DATA)
def test_a_run_ends_with_balanced_weights(name):
    plain = solve(Burgers(), small_kan(), steps=4, points=30)
    balance = BALANCES[name]()
    balance.every = 2
    balanced = solve(Burgers(), small_kan(), plan=Plan(balance=balance), steps=4, points=30)
    if name in ("causal", "residual-attention"):
        assert set(balanced.checkpoint["tend"]["point_weights"])
    else:
        assert balanced.weights != plain.weights
