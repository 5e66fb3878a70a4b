"""The march through slabs and stages, driven by hand with networks that are not trained."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from kanpde import Dirichlet, Initial, Interval, Neumann, Periodic, Points, Problem, Time, cos, exp, pi, sin
from kanpde.budget import Budget
from kanpde.march import March
from kanpde.nn import KAN
from kanpde.optim import GaussNewton
from kanpde.plan import AdaptiveSlabs, Plan
from kanpde.reference import exact_reference
from kanpde.resampling import Redraw
from kanpde.seeds import Seeds
from kanpde.settings import Settings
from kanpde.slabs import SlabField


class Heat(Problem):
    """First order in time."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 2))

    def exact(self, x, t):
        return exp(-t) * sin(pi * x)

    def residual(self, u, x, t):
        return u.t - u.xx / pi**2

    def conditions(self, x, t):
        return [Initial(u=sin(pi * x)), Dirichlet(u=0, on="x")]


class Known(Heat):
    """All of the solution is known, but the network is not told so."""

    def lift(self, x, t):
        return self.exact(x, t)


class Wave(Problem):
    """Second order in time."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 2))

    def exact(self, x, t):
        return cos(pi * t) * sin(pi * x)

    def residual(self, u, x, t):
        return u.tt - u.xx

    def conditions(self, x, t):
        return [Initial(u=sin(pi * x)), Initial(u=0, order=1), Dirichlet(u=0, on="x")]


class Ring(Problem):
    """Periodic in space, nonlinear, first order in time."""

    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t + u * u.x - 0.1 * u.xx

    def conditions(self, x, t):
        return [Initial(u=-sin(pi * x)), Periodic("x")]


class Pair(Problem):
    """Two unknowns, with a slope given at one end."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, v, x, t):
        return {"first": u.t - v.xx, "second": v.t + u.xx}

    def conditions(self, x, t):
        return [Initial(u=sin(pi * x), v=x), Dirichlet(u=0, v=0, on="x=0"), Neumann(u=0, v=1, on="x=1")]


def settings(plan, *, hard=False, seed=4, budget=None):
    return Settings(GaussNewton(), seed, hard, Points(12, 5), budget or Budget(), 1, plan)


def march_of(problem, plan, **more):
    return March(problem, settings(plan, **more))


def network_of(problem, *, hard=False, seed=1):
    n_in = 3 if hard and isinstance(problem, Ring) else 2
    return KAN([n_in, 3, len(problem.unknown)], basis="chebyshev", k=[6, 4], seed=seed)


def walk(march, network, *, legs=None, root=1e-9, stalled=True):
    """Finish legs until the last one; gives the last leg."""
    leg, count = march.leg(network), 1
    while not march.is_last and count != legs:
        network = march.advance(leg, root, stalled=stalled)
        with torch.no_grad():
            for p in network.parameters():
                p.mul_(1.1)
        leg, count = march.leg(network), count + 1
    return leg


CASES = [
    (Heat, False),
    (Heat, True),
    (Known, True),
    (Wave, False),
    (Wave, True),
    (Ring, False),
    (Ring, True),
    (Pair, False),
]
IDS = [f"{p.__name__}, {'hard' if h else 'soft'}" for p, h in CASES]


@pytest.mark.parametrize(("kind", "hard"), CASES, ids=IDS)
@pytest.mark.parametrize("stages", [1, 2])
def test_slabs_join_to_rounding_with_all_derivatives_in_space(kind, hard, stages):
    problem = kind()
    march = march_of(problem, Plan(slabs=3, stages=stages), hard=hard)
    field = march.field(walk(march, network_of(problem, hard=hard)).field)
    assert [stop for stop, _ in field.slabs] == pytest.approx(np.linspace(0, problem.domain.bounds["t"][1], 4)[1:])
    lo, hi = problem.domain.bounds["x"]
    x = np.linspace(lo, hi, 23)
    derivatives = ["", "x", "xx"] + (["t", "xt"] if problem.time_order == 2 else [])
    for stop, _ in field.slabs[:-1]:
        after = stop + 1e-13
        for derivative in derivatives:
            for name in problem.unknown:
                left, right = (field.on_grid({"x": x, "t": np.array([t])}, derivative)[name] for t in (stop, after))
                scale = 1 + np.abs(left).max()
                np.testing.assert_allclose(right, left, rtol=0, atol=1e-9 * scale)


def test_a_lift_that_changes_in_time_is_known_in_every_slab():
    problem = Known()
    network = network_of(problem, hard=True)
    with torch.no_grad():
        for p in network.parameters():
            p.zero_()
    march = march_of(problem, Plan(slabs=3), hard=True)
    field = march.field(walk(march, network).field)
    axes = {"x": np.linspace(0, 1, 11), "t": np.linspace(0, 2, 13)}
    wanted = np.outer(np.sin(np.pi * axes["x"]), np.exp(-axes["t"]))
    np.testing.assert_allclose(field.on_grid(axes)["u"], wanted, rtol=0, atol=1e-12)


def test_the_slabs_are_different_functions():
    """The joint is no accident: beyond the first order in time they differ."""
    march = march_of(Heat(), Plan(slabs=3))
    field = march.field(walk(march, network_of(Heat())).field)
    stop = field.slabs[0][0]
    before, after = field("t", x=0.3, t=stop), field("t", x=0.3, t=stop + 1e-13)
    assert abs(before - after) > 1e-3


def test_slabs_end_where_the_plan_says_and_share_the_budget_evenly():
    march, ends, shares, network = march_of(Heat(), Plan(slabs=[0.1, 1.9995, 2]), hard=True), [], [], network_of(Heat())
    while True:
        ends.append(march.stop)
        shares.append(march.share())
        if march.is_last:
            break
        network = march.advance(march.leg(network), 1e-3, stalled=True)
    assert ends == [0.1, 1.9995, 2.0]
    assert shares[1:] == [1 / 2, 1]
    assert shares[0] == pytest.approx(4 / 6)
    assert march.slab_count == 3


@pytest.mark.parametrize("ends", [[0.5, 1.9], [0.5, 2.1], [0.0, 2.0], [-0.1, 2.0]])
def test_slabs_that_do_not_cover_the_time_are_refused(ends):
    with pytest.raises(ValueError, match="`slabs` must be instants after 0, the last of them 2, got"):
        march_of(Heat(), Plan(slabs=ends))


@pytest.mark.parametrize("slabs", [1, 2, 5])
def test_equal_slabs_share_the_time_and_have_at_least_their_part_of_the_budget(slabs):
    march, ends, shares = march_of(Heat(), Plan(slabs=slabs)), [], []
    network = network_of(Heat())
    while True:
        ends.append(march.stop if march.marches else 2.0)
        shares.append(march.share())
        if march.is_last:
            break
        network = march.advance(march.leg(network), 1e-3, stalled=True)
    assert ends == pytest.approx([2 * (i + 1) / slabs for i in range(slabs)])
    assert ends[-1] == 2.0
    for i, share in enumerate(shares):
        assert 1 / (slabs - i) - 1e-9 <= share <= 1
    assert shares[-1] == 1


def test_the_second_slab_gets_more_if_it_cannot_start_from_the_first():
    """Without hard conditions the first network is the value and the second the rate of change."""
    shares = {}
    for hard in (True, False):
        march = march_of(Heat(), Plan(slabs=5), hard=hard)
        network = march.advance(march.leg(network_of(Heat(), hard=hard)), 1e-3, stalled=True)
        shares[hard] = march.share()
        march.advance(march.leg(network), 1e-3, stalled=True)
        assert march.share() == pytest.approx(1 / 3)
    assert shares[True] == pytest.approx(1 / 4)
    assert shares[False] == pytest.approx(4 / 7)


def test_stages_share_the_budget_of_their_slab():
    march, network = march_of(Heat(), Plan(slabs=2, stages=2)), network_of(Heat())
    for _ in range(2):
        first = march.share()
        network = march.advance(march.leg(network), 1e-3, stalled=True)
        assert march.share() == pytest.approx(2 * first)
        if not march.is_last:
            network = march.advance(march.leg(network), 1e-3, stalled=True)
    assert march.share() == 1


# -------------------------------------------------------------------- adaptive slabs

ADAPTIVE = AdaptiveSlabs(first=0.2, tolerance=1e-6, growth=1.5, shortest=0.06)


def adaptive(hard=False):
    march = march_of(Heat(), Plan(slabs=ADAPTIVE), hard=hard)
    return march, network_of(Heat(), hard=hard)


def test_a_slab_that_reaches_the_tolerance_is_kept_and_the_next_is_longer():
    march, network = adaptive()
    assert (march.start, march.stop) == pytest.approx((0.0, 0.4))
    march.advance(march.leg(network), 1e-7, stalled=False)
    assert (march.start, march.stop) == pytest.approx((0.4, 1.0))
    assert (march.redone, march.slab_count) == (0, 2)


def test_a_slab_that_misses_the_tolerance_and_is_stuck_is_done_again_at_half_the_length():
    march, network = adaptive()
    march.advance(march.leg(network), 1e-5, stalled=True)
    assert (march.start, march.stop) == pytest.approx((0.0, 0.2))
    assert (march.redone, march.slab_count, march.fields) == (1, 1, [])


def test_a_slab_whose_loss_is_no_number_is_done_again():
    march, network = adaptive()
    march.advance(march.leg(network), math.nan, stalled=True)
    assert march.redone == 1


@pytest.mark.parametrize("root", [1e-5, 1e-7])
def test_a_slab_that_ran_out_of_time_is_kept_and_the_length_stays_if_it_missed(root):
    march, network = adaptive()
    march.advance(march.leg(network), root, stalled=False)
    assert march.start == pytest.approx(0.4)
    assert march.length == pytest.approx(0.4 if root == 1e-5 else 0.6)


def test_the_shortest_slab_is_kept_as_it_is():
    march, network = adaptive()
    network = march.advance(march.leg(network), 1.0, stalled=True)
    assert march.length == pytest.approx(0.2)
    network = march.advance(march.leg(network), 1.0, stalled=True)  # half of it would be 0.1, below 0.06 of 2
    assert march.start == pytest.approx(0.2)
    assert march.redone == 1


def test_the_last_slab_ends_where_the_time_does():
    march, network = adaptive()
    leg = walk(march, network)
    assert march.stop == 2.0
    stops = [stop for stop, _ in march.field(leg.field).slabs]
    assert stops == pytest.approx([0.4, 1.0, 1.9, 2.0])


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("kind", [Heat, Wave])
def test_a_slab_at_half_the_length_starts_from_the_same_function(kind, hard):
    """In the second slab of a march, and in the first one of a hard trial solution; by a Chebyshev KAN, to rounding."""
    problem = kind()
    march = march_of(problem, Plan(slabs=ADAPTIVE), hard=hard)
    network = network_of(problem, hard=hard)
    if not hard:
        network = march.advance(march.leg(network), 1e-7, stalled=True)
    leg = march.leg(network)
    start, stop = march.start, march.stop
    before = leg.field
    after = march.leg(march.advance(leg, 1.0, stalled=True)).field
    assert after.bounds["t"] == pytest.approx((start, (start + stop) / 2))
    axes = {"x": np.linspace(0, 1, 9), "t": np.linspace(start, (start + stop) / 2, 7)}
    np.testing.assert_allclose(after.on_grid(axes)["u"], before.on_grid(axes)["u"], rtol=0, atol=1e-12)


def test_the_next_slab_starts_with_the_rate_of_change_of_the_one_before():
    """Built-in initial values: the network is the rate, in units of the length of its slab."""
    march = march_of(Heat(), Plan(slabs=ADAPTIVE), hard=True)
    leg = march.leg(network_of(Heat()))
    network = march.advance(leg, 1e-9, stalled=True)
    x = torch.linspace(-1, 1, 30, dtype=torch.float64).reshape(-1, 2)
    with torch.no_grad():
        torch.testing.assert_close(network(x), 1.5 * leg.trial.network(x))


def test_the_next_slab_starts_from_the_first_stage_of_the_one_before():
    march = march_of(Heat(), Plan(slabs=2, stages=2), hard=True)
    first = march.leg(network_of(Heat()))
    second = march.leg(march.advance(first, 1e-3, stalled=True))
    network = march.advance(second, 1e-9, stalled=True)
    for a, b in zip(network.parameters(), first.trial.network.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("plan", "hard"), [(Plan(slabs=2, warm=False), True), (Plan(slabs=2), False)])
def test_cold_slabs_and_those_after_a_soft_start_begin_with_new_weights(plan, hard):
    march = march_of(Heat(), plan, hard=hard)
    leg = march.leg(network_of(Heat()))
    network = march.advance(leg, 1e-9, stalled=True)
    wanted = network_of(Heat())
    wanted.reset(Seeds(4, leg=1).network(0))
    for a, b in zip(network.parameters(), wanted.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("plan", "hard", "warm"), [(Plan(slabs=2), True, True), (Plan(slabs=2), False, False)])
def test_the_march_knows_whether_a_slab_starts_from_the_weights_of_the_one_before(plan, hard, warm):
    march = march_of(Heat(), plan, hard=hard)
    assert not march.warm
    march.advance(march.leg(network_of(Heat())), 1e-9, stalled=True)
    assert march.warm == warm


@pytest.mark.parametrize(("slabs", "share"), [(1, 0.2), (2, 2 * math.acos(0.8) / math.pi)])
def test_the_points_of_a_slab_are_dense_towards_its_first_and_its_last_instant(slabs, share):
    """A tenth of the slab at each end: even points have a fifth of all there, those of the arcsine law two fifths."""
    march = March(Heat(), replace(settings(Plan(slabs=slabs), hard=True), points=Points(2000, 5)))
    for points in (march.leg(network_of(Heat())).points, march.leg(network_of(Heat())).others):
        (inside,) = points["equation"]
        at_ends = np.abs(inside.columns["t"] * slabs / 2 - 0.5) > 0.4
        assert at_ends.mean() == pytest.approx(share, abs=5e-3)


class Decay(Problem):
    """A rate that is a coordinate over two decades."""

    domain = Interval(k=(0.1, 10)) * Time(t=(0, 1))
    logarithmic = ("k",)

    def residual(self, u, k, t):
        return u.t + k * u

    def conditions(self, k, t):
        return [Initial(u=1)]


@pytest.mark.parametrize(("slabs", "share"), [(1, 0.2), (2, 2 * math.acos(0.8) / math.pi)])
def test_the_points_of_a_slab_are_dense_towards_the_ends_of_the_scale_of_a_parameter(slabs, share):
    march = March(Decay(), replace(settings(Plan(slabs=slabs), hard=True), points=Points(2000, 5)))
    (inside,) = march.leg(network_of(Decay())).points["equation"]
    at_ends = np.abs(np.log10(inside.columns["k"])) > 0.8
    assert at_ends.mean() == pytest.approx(share, abs=5e-3)


def test_no_two_slabs_draw_the_same_points_at_the_start_or_later():
    march = march_of(Heat(), Plan(slabs=2))
    first = march.leg(network_of(Heat()))
    second = march.leg(march.advance(first, 1e-9, stalled=True))
    for draw in range(2):
        x = [leg.points["equation"][0].columns["x"] for leg in (first, second)]
        assert not np.isin(*x).any(), draw
        first.resample(Redraw()), second.resample(Redraw())


def test_a_slab_that_is_done_again_has_other_points():
    march, network = adaptive()
    first = march.leg(network)
    again = march.leg(march.advance(first, 1.0, stalled=True))
    x = [leg.points["equation"][0].columns["x"] for leg in (first, again)]
    assert not np.isin(*x).any()


# -------------------------------------------------------------------- stages


@pytest.mark.parametrize("slabs", [1, 2])
def test_a_further_stage_adds_its_network_in_the_unit_of_what_was_left(slabs):
    march = march_of(Heat(), Plan(slabs=slabs, stages=2), hard=True)
    first = march.leg(network_of(Heat()))
    second = march.leg(march.advance(first, 1e-3, stalled=True))
    axes = {"x": np.linspace(0, 1, 9), "t": np.linspace(*second.field.bounds["t"], 7)}
    with torch.no_grad():
        for p in second.trial.network.layers[-1].parameters():
            p.zero_()
    np.testing.assert_allclose(second.field.on_grid(axes)["u"], first.field.on_grid(axes)["u"], rtol=0, atol=1e-14)
    with torch.no_grad():
        for a, b in zip(second.trial.network.parameters(), first.trial.network.parameters(), strict=True):
            a.copy_(b)
    lift = np.outer(np.sin(np.pi * axes["x"]), np.ones(7))
    wanted = first.field.on_grid(axes)["u"] + 1e-3 * (first.field.on_grid(axes)["u"] - lift)
    np.testing.assert_allclose(second.field.on_grid(axes)["u"], wanted, rtol=0, atol=1e-13)


def test_every_stage_is_in_the_unit_of_what_the_one_before_left():
    march, network = march_of(Heat(), Plan(stages=3)), network_of(Heat())
    for root in (1e-3, 1e-5):
        network = march.advance(march.leg(network), root, stalled=True)
        assert march.scale == root


def test_a_perfect_stage_leaves_a_unit_above_zero():
    march = march_of(Heat(), Plan(stages=2))
    march.advance(march.leg(network_of(Heat())), 0.0, stalled=True)
    assert march.scale > 0


def test_without_slabs_the_last_of_several_fields_is_the_solution():
    march = march_of(Heat(), Plan(stages=3))
    leg = walk(march, network_of(Heat()))
    field = march.field(leg.field)
    assert isinstance(field, SlabField)
    assert (len(field.parts), field.time) == (3, None)
    assert field(x=0.3, t=1.7) == leg.field(x=0.3, t=1.7)
    assert field.bounds == leg.field.bounds


# -------------------------------------------------------------------- what there is so far


def test_one_network_from_start_to_end_is_its_own_field():
    march = march_of(Heat(), Plan())
    assert march.is_last
    assert not isinstance(march.field(march.leg(network_of(Heat())).field), SlabField)


def test_the_reference_is_cut_at_the_end_of_the_present_slab():
    march, reference = march_of(Heat(), Plan(slabs=4)), exact_reference(Heat())
    network = march.advance(march.leg(network_of(Heat())), 1e-9, stalled=True)
    leg = march.leg(network)
    values, points = march.covered(reference)
    keep = reference.axes["t"] <= 1.0
    np.testing.assert_array_equal(np.unique(points.columns["t"]), reference.axes["t"][keep])
    np.testing.assert_array_equal(values["u"], reference.values["u"][:, keep].ravel())
    fresh = march.in_slab(points)
    np.testing.assert_array_equal(fresh, points.columns["t"] > 0.5)
    known = march.finished_values(points, fresh, ["u"])["u"]
    assert (known[fresh] == 0).all()
    np.testing.assert_array_equal(known[~fresh], march.field(leg.field).values(points, "u")[~fresh])
    assert len(values["u"]) == len(points) == len(fresh)


def test_a_whole_reference_is_kept_in_the_last_slab():
    march, reference = march_of(Heat(), Plan(slabs=1)), exact_reference(Heat())
    np.testing.assert_array_equal(march.covered(reference)[0]["u"], reference.values["u"].ravel())
    assert march.in_slab(reference.points).all()


@pytest.mark.parametrize("plan", [Plan(slabs=3, stages=2), Plan(slabs=ADAPTIVE), Plan(stages=3)])
@pytest.mark.parametrize("legs", [1, 2, 3])
def test_a_saved_state_goes_on_identically(plan, legs):
    march = march_of(Heat(), plan)
    leg = walk(march, network_of(Heat()), legs=legs)
    again = march_of(Heat(), plan)
    again.load(march.state(), march.fields)
    other = again.leg(leg.trial.network)
    assert again.state() == march.state()
    assert (again.is_last, again.share()) == (march.is_last, march.share())
    assert torch.equal(other.loss.residual(), leg.loss.residual())
    assert other.field(x=0.2, t=leg.field.bounds["t"][1]) == leg.field(x=0.2, t=leg.field.bounds["t"][1])


def test_a_warm_slab_far_above_the_one_before_straggles():
    march = march_of(Heat(), Plan(slabs=4), hard=True)
    assert not march.straggles(1.0)  # there is nothing to compare the first one with
    march.advance(march.leg(network_of(Heat(), hard=True)), 1e-6, stalled=False)
    assert march.warm
    assert not march.straggles(9e-6)
    assert march.straggles(11e-6)
    adaptive = march_of(Heat(), Plan(slabs=AdaptiveSlabs(first=0.25, tolerance=1e-3)), hard=True)
    adaptive.advance(adaptive.leg(network_of(Heat(), hard=True)), 1e-6, stalled=False)
    assert not adaptive.straggles(1.0)  # it is done again at half the length instead
