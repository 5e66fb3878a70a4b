"""One leg: its points, its stretched coordinate, and the network that the next one starts from."""

import numpy as np
import pytest
import sympy as sp
import torch
from torch.testing import assert_close

from kanpde import Dirichlet, Initial, Interval, Periodic, Points, Problem, Rectangle, Time, laplacian, pi, sin, tanh
from kanpde.ansatz import build_ansatz
from kanpde.budget import Budget
from kanpde.leg import NARROWER, Leg, layers_of, scales_of, successor
from kanpde.nn import KAN, MLP
from kanpde.nn.input_map import InputMap
from kanpde.nn.logarithm import Logarithm
from kanpde.nn.stretch import Front, Stretch
from kanpde.optim import GaussNewton
from kanpde.plan import Plan
from kanpde.resampling import Redraw
from kanpde.seeds import Seeds
from kanpde.settings import Settings


class Burgers(Problem):
    """A front in the initial value."""

    domain = Interval(x=(-1, 3)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t + u * u.x - 0.01 * u.xx

    def conditions(self, x, t):
        return [Initial(u=-tanh((x - 2) / 0.04)), Dirichlet(u=1, on="x=-1"), Dirichlet(u=-1, on="x=3")]


class Smooth(Burgers):
    """No front."""

    def conditions(self, x, t):
        return [Initial(u=x)]


class Ring(Problem):
    """A pulse on a ring."""

    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t + u.x

    def conditions(self, x, t):
        return [Initial(u=tanh(20 * sin(pi * x))), Periodic("x")]


class Plane(Problem):
    """Two space coordinates."""

    domain = Rectangle(x=(0, 1), y=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, x, y, t):
        return u.t - laplacian(u)

    def conditions(self, x, y, t):
        return [Initial(u=tanh(50 * x))]


def leg_of(problem, *, hard=True, network=None, stretches=None, seed=4, points=20):
    ansatz = build_ansatz(problem, hard=hard)
    network = network or KAN([ansatz.n_inputs, 3, 1], basis="chebyshev", k=[6, 4], seed=1)
    settings = Settings(GaussNewton(), seed, hard, Points(points, 6), Budget(), 1, Plan())
    return Leg.of(ansatz, network, stretches or {}, settings, Seeds(seed))


# -------------------------------------------------------------------- points


def test_held_out_points_are_others_and_half_as_many():
    leg = leg_of(Burgers(), hard=False)
    for name, (points,) in leg.points.items():
        (others,) = leg.others[name]
        assert len(others) == len(points) // 2
        both = {tuple(p) for p in points.array} & {tuple(p) for p in others.array}
        assert not both


def test_equations_and_conditions_are_told_apart():
    leg = leg_of(Burgers(), hard=False)
    assert leg.equations == ["equation"]
    assert leg.equations + leg.conditions == [b.name for b in leg.loss.blocks]
    assert leg_of(Burgers()).conditions == []


def test_another_network_has_the_same_points_and_weights():
    leg = leg_of(Burgers(), hard=False)
    weights = {"equation": 7.0, leg.conditions[0]: 3.0}
    local = {"equation": torch.linspace(0.5, 1.5, 20, dtype=torch.float64)}
    leg.loss.reweigh(weights, local)
    before, rows = {b.name: b.sides[0].x for b in leg.loss.blocks}, leg.loss.residual()
    twin = KAN([2, 3, 1], basis="chebyshev", k=[6, 4], seed=1)
    leg.exchange(twin)
    assert leg.trial.network is twin
    assert all(torch.equal(b.sides[0].x, before[b.name]) for b in leg.loss.blocks)
    assert torch.equal(leg.loss.residual(), rows)
    assert leg.loss.parameters[0] is twin.layers[0].coefficients
    assert leg.held_out.parameters[0] is twin.layers[0].coefficients


def test_resampling_says_how_many_points_changed_and_keeps_their_number():
    leg = leg_of(Burgers(), hard=False)
    before, condition = leg.points["equation"][0].array, leg.points[leg.conditions[0]]
    assert leg.resample(Redraw()) == 20
    after = leg.points["equation"][0].array
    assert after.shape == before.shape
    assert_close(leg.loss.blocks[0].sides[0].x, torch.as_tensor(after))
    assert not np.isin(after, before).any()
    assert leg.points[leg.conditions[0]] is condition
    assert leg.resample(Redraw()) == 20
    assert not np.isin(leg.points["equation"][0].array, after).any()
    assert leg.draws == 2


def test_resampled_points_of_a_stretched_coordinate_are_weighed_by_their_cells():
    stretch = Stretch((Front(0.5, 0.02),))
    leg = leg_of(Burgers(), stretches={"x": stretch})
    leg.resample(Redraw())
    block = leg.loss.blocks[0]
    slopes = stretch.rows((block.sides[0].x[:, 0] + 1) / 2 - 1, 1)[1]
    assert_close(block.local / block.local[0], (slopes[0] / slopes) ** 2)


# -------------------------------------------------------------------- thin layers


def test_the_front_of_the_initial_value_is_stretched_somewhat_narrower():
    found = layers_of(build_ansatz(Burgers(), hard=True), {})
    assert list(found) == ["x"]
    assert not found["x"].ring
    centres = [f.centre for f in found["x"].fronts]
    assert min(abs(c - 0.5) for c in centres) < 0.02
    assert min(f.width for f in found["x"].fronts) <= NARROWER * 0.02 * 1.1


def test_a_front_on_a_ring_is_stretched_on_a_ring():
    found = layers_of(build_ansatz(Ring(), hard=True), {})["x"]
    assert found.ring
    assert {round(abs(f.centre), 1) for f in found.fronts} == {0.0, 1.0}


@pytest.mark.parametrize("problem", [Smooth(), Plane()])
def test_smooth_starts_and_planes_are_not_stretched(problem):
    assert layers_of(build_ansatz(problem), {}) == {}


class Family(Problem):
    """Fronts whose width is a coordinate."""

    logarithmic = ("width",)
    domain = Rectangle(x=(-1, 1), width=(0.01, 1)) * Time(t=(0, 1))

    def residual(self, u, x, width, t):
        return u.t + u * u.x - width * u.xx

    def conditions(self, x, width, t):
        return [Initial(u=-tanh((x - sp.Rational(1, 2)) / width))]


def test_layers_of_a_family_are_those_of_its_thinnest_member():
    found = layers_of(build_ansatz(Family(), hard=True), {})
    assert list(found) == ["x"]
    centres = [f.centre for f in found["x"].fronts]
    assert min(abs(c - 0.5) for c in centres) < 0.01
    assert min(f.width for f in found["x"].fronts) <= NARROWER * 0.01 * 1.1


def test_a_coordinate_on_a_logarithmic_scale_is_mapped_by_its_bounds():
    assert scales_of(Family()) == {"width": Logarithm(100.0)}
    assert scales_of(Plane()) == {}


def test_residuals_count_evenly_on_a_logarithmic_scale():
    block = leg_of(Family(), stretches=scales_of(Family()), points=64).loss.blocks[0]
    assert block.local is None
    decades = torch.log10(block.sides[0].x[:, 1])
    assert_close(torch.histc(decades, 4, -2, 0), torch.full((4,), 16.0, dtype=torch.float64))


def test_layers_of_the_slab_before_stay_where_nothing_else_is_found():
    before = {"x": Stretch((Front(0.3, 0.05, 0.9),))}
    (front,) = layers_of(build_ansatz(Smooth(), hard=True), before)["x"].fronts
    assert (front.centre, front.width) == pytest.approx((0.3, 0.05))


@pytest.mark.parametrize(("share", "least", "most"), [(0.02, 0.039, 0.041), (0.99, 0.65, 0.99), (0.5, 0.3, 1.0)])
def test_the_share_of_a_layer_changes_little_from_slab_to_slab(share, least, most):
    (front,) = layers_of(build_ansatz(Burgers(), hard=True), {"x": Stretch((Front(0.5, 0.02, share),))})["x"].fronts
    assert least < front.share < most


def test_layers_that_inherit_from_the_same_one_get_no_more_than_is_due_to_all():
    start = layers_of(build_ansatz(Ring(), hard=True), {})["x"].fronts
    wide = {"x": Stretch((Front(0.5, 0.35, 0.5),), True)}
    fronts = layers_of(build_ansatz(Ring(), hard=True), wide)["x"].fronts
    assert len(fronts) == len(start) == 2
    assert sum(f.share for f in fronts) == pytest.approx(sum(f.share for f in start))


def test_a_new_layer_begins_with_a_small_share():
    before = {"x": Stretch((Front(-0.9, 0.01, 0.5),))}
    fronts = {round(f.centre, 1): f.share for f in layers_of(build_ansatz(Burgers(), hard=True), before)["x"].fronts}
    assert fronts[0.5] < 0.1 < fronts[-0.9]


# -------------------------------------------------------------------- the next network

BOUNDS = {"x": (0.0, 2.0), "t": (1.0, 3.0)}
X = torch.rand(40, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) * 2 + torch.tensor([0.0, 1.0])


def outputs(network, input_map, x=X):
    with torch.no_grad():
        return network(input_map(x))


@pytest.mark.parametrize(
    ("old", "new"),
    [({}, {"x": Front(0.1, 0.5)}), ({"x": Front(0.1, 0.5)}, {}), ({"x": Front(0.1, 0.5)}, {"x": Front(0.2, 0.6)})],
)
def test_another_stretch_leaves_the_function_as_it_was(old, new):
    """Edges of degree 5 seen through a smooth map are of degree 40 to nine digits."""
    maps = [InputMap(BOUNDS, (), {n: Stretch((f,)) for n, f in fronts.items()}) for fronts in (old, new)]
    network = KAN([2, 3, 1], basis="chebyshev", k=[40, 3], base=False, seed=3)
    with torch.no_grad():
        network.layers[0].coefficients.unflatten(0, (2, -1))[:, 6:] = 0.0
    before = [p.clone() for p in network.parameters()]
    fresh = successor(network, *maps)
    assert_close(outputs(fresh, maps[1]), outputs(network, maps[0]), rtol=0, atol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), before, strict=True))


def test_another_stretch_of_a_ring_leaves_the_function_as_it_was():
    fronts = Front(0.1, 0.4, 0.3), Front(0.2, 0.5, 0.3)
    maps = [InputMap(BOUNDS, ("x",), {"x": Stretch((f,), True)}) for f in fronts]
    network = KAN([3, 3, 1], basis="chebyshev", k=[30, 3], base=False, seed=3)
    with torch.no_grad():
        network.layers[0].coefficients.unflatten(0, (3, -1))[:, 4:] = 0.0
    there = outputs(network, maps[0])
    assert (outputs(network, maps[1]) - there).abs().max() > 0.01
    assert_close(outputs(successor(network, *maps), maps[1]), there, rtol=0, atol=1e-6)


@pytest.mark.parametrize("basis", ["chebyshev", "bspline"])
def test_a_part_of_the_same_slab_has_the_same_function(basis):
    """Half the time is a polynomial of the same degree; splines of a coarser half are fitted, a straight line exactly."""
    first, second = InputMap(BOUNDS), InputMap({**BOUNDS, "t": (1.0, 2.0)})
    network = KAN([2, 3, 1], basis=basis, k=5, grid=1, base=False, seed=3)
    fresh = successor(network, first, second, again="t", output=0.5)
    x = X.clone()
    x[:, 1] = 1 + (x[:, 1] - 1) / 2
    assert_close(outputs(fresh, second, x), outputs(network, first, x) / 2, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("network", [MLP([2, 4, 1], seed=3), KAN([2, 3, 1], basis="chebyshev", k=3, seed=3)])
def test_outputs_are_multiplied(network):
    same = InputMap(BOUNDS)
    assert_close(outputs(successor(network, same, same, output=3.0), same), 3 * outputs(network, same))


def test_a_module_of_other_make_is_copied():
    network = torch.nn.Linear(2, 1, dtype=torch.float64)
    same = InputMap(BOUNDS)
    fresh = successor(network, same, same, output=3.0)
    assert fresh is not network
    assert_close(outputs(fresh, same), outputs(network, same))
