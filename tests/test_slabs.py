"""Pieces in time: known fields as functions, problems on a part of their time, and fields one after another."""

import numpy as np
import pytest
import sympy as sp
import torch

from kanpde import Data, Dirichlet, Initial, Interval, Parameter, Points, Problem, Time, exp, pi, sin, solve
from kanpde.ansatz import build_ansatz
from kanpde.blocks import Trial
from kanpde.field import Field
from kanpde.geometry import PointSet
from kanpde.nn import KAN
from kanpde.nn.input_map import InputMap
from kanpde.plan import Plan
from kanpde.slabs import Slab, SlabField, check_slabs, field_function


class Heat(Problem):
    """First order in time."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 2))

    def exact(self, x, t):
        return exp(-t) * sin(pi * x)

    def residual(self, u, x, t):
        return u.t - u.xx / pi**2

    def conditions(self, x, t):
        return [Initial(u=sin(pi * x)), Dirichlet(u=0, on="x")]


class Wave(Heat):
    """Second order in time."""

    def exact(self, x, t):
        return sp.cos(pi * t) * sin(pi * x)

    def residual(self, u, x, t):
        return u.tt - u.xx

    def conditions(self, x, t):
        return [*super().conditions(x, t), Initial(u=0, order=1)]


class Steady(Problem):
    """Without time."""

    domain = Interval(x=(0, 1))

    def residual(self, u, x):
        return u.xx

    def conditions(self, x):
        return [Dirichlet(u=0)]


class Inverse(Heat):
    """With an unknown number."""

    rate = Parameter(1.0)

    def residual(self, u, x, t):
        return u.t - self.rate * u.xx


class Measured(Heat):
    """With measurements."""

    def conditions(self, x, t):
        return [*super().conditions(x, t), Data({"x": [0.5], "t": [0.5]}, u=[1.0])]


def field_of(problem, *, bounds=None, seed=1, hard=True):
    ansatz = build_ansatz(problem, hard=hard)
    network = KAN([2, 3, 1], basis="chebyshev", k=[6, 4], seed=seed)
    return Field.of(ansatz, Trial(network, InputMap(bounds or problem.domain.bounds, ansatz.periodic)))


# -------------------------------------------------------------------- known fields


@pytest.mark.parametrize("orders", [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (3, 1)])
def test_a_known_field_and_its_derivatives_are_those_of_the_field(orders):
    field, (x, t) = field_of(Heat()), Heat.domain.coordinates
    form = field_function(field, "u", 0)(x, t)
    for variable, order in zip((x, t), orders, strict=True):
        form = sp.diff(form, variable, order)
    points = PointSet({"x": np.array([0.1, 0.5, 0.1, 0.9]), "t": np.array([0.3, 1.1, 0.3, 2.0])})
    found = form.func.evaluate(*(torch.as_tensor(c) for c in points.columns.values()))
    np.testing.assert_allclose(found.numpy(), field.values(points, "u", orders), rtol=1e-13, atol=1e-13)


def test_a_known_field_at_one_instant_is_a_function_of_space():
    field, (x, t) = field_of(Heat()), Heat.domain.coordinates
    form = field_function(field, "u", 0)(x, t).subs(t, sp.Float(0.7))
    slope = sp.diff(form, x)
    found = sp.lambdify(x, slope, [{slope.func.__name__: slope.func.evaluate}, "numpy"])(np.array([0.2, 0.6]))
    np.testing.assert_allclose(found, field("x", x=[0.2, 0.6], t=0.7), rtol=1e-13)
    assert sp.diff(form, t) == 0


def test_a_known_field_remembers_what_it_was_asked_and_nothing_wrong():
    field, (x, t) = field_of(Heat()), Heat.domain.coordinates
    function = field_function(field, "u", 0)(x, t).func
    for i in range(40):  # more than are remembered, and some twice
        s = torch.tensor([0.01 * (i % 25), 0.5], dtype=torch.float64)
        found = function.evaluate(s, torch.tensor([1.0, 0.1], dtype=torch.float64))
        np.testing.assert_allclose(found.numpy(), field(x=s.numpy(), t=[1.0, 0.1]), rtol=1e-13, atol=1e-15)


def test_a_known_field_knows_its_number_for_records():
    assert field_function(field_of(Heat()), "u", 3).known_field == (3, "u")


# -------------------------------------------------------------------- problems on a part of their time


def test_the_first_slab_is_the_problem_on_a_shorter_time():
    slab = Slab(Heat(), 0.0, 0.5, None)
    assert slab.domain.bounds == {"x": (0.0, 1.0), "t": (0.0, 0.5)}
    assert slab.equations == Heat().equations
    assert [t.name for t in slab.terms] == [t.name for t in Heat().terms]


@pytest.mark.parametrize("kind", [Heat, Wave])
def test_a_later_slab_starts_from_the_field_before_and_its_rates(kind):
    problem = kind()
    before = field_of(problem, bounds={"x": (0.0, 1.0), "t": (0.0, 0.5)})
    slab = Slab(problem, 0.5, 1.25, {"u": field_function(before, "u", 0)})
    after = field_of(slab, seed=5)
    assert slab.domain.bounds["t"] == (0.5, 1.25)
    x = np.linspace(0, 1, 11)
    for derivative in ["", "x", "xx"] + (["t", "xt"] if kind is Wave else []):
        found, wanted = after(derivative, x=x, t=0.5), before(derivative, x=x, t=0.5)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * (1 + np.abs(wanted).max()))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Steady, "`slabs` must be 1 for Steady, which has no time: take slabs out"),
        (Inverse, r"`slabs` must be 1 for Inverse, whose unknown numbers \(rate\) belong to all times"),
        (Measured, "`slabs` must be 1 for Measured, whose measurements belong to all times"),
    ],
)
def test_problems_that_cannot_be_cut_in_time_are_refused(kind, message):
    with pytest.raises(ValueError, match=message):
        check_slabs(kind())
    with pytest.raises(ValueError, match=message):
        solve(kind(), KAN([kind().domain.dimension, 2, 1]), plan=Plan(slabs=2), steps=1)


# -------------------------------------------------------------------- fields one after another


def slab_field():
    parts = tuple(field_of(Heat(), seed=s) for s in (1, 2, 3))
    return parts, SlabField(parts, ((0.5, 0), (1.0, 2), (2.0, 1)), "t")


def test_each_instant_belongs_to_its_slab_and_a_joint_to_the_earlier_one():
    parts, field = slab_field()
    for t, part in [(0.0, 0), (0.3, 0), (0.5, 0), (0.500001, 2), (1.0, 2), (1.5, 1), (2.0, 1)]:
        for derivative in ("", "x", "xt"):
            assert field(derivative, x=0.3, t=t) == parts[part](derivative, x=0.3, t=t)


def test_many_points_come_back_in_their_order():
    parts, field = slab_field()
    t = np.array([1.9, 0.1, 0.7, 0.2, 1.1])
    wanted = [parts[k](x=0.4, t=s) for k, s in zip([1, 0, 2, 0, 1], t, strict=True)]
    np.testing.assert_allclose(field(x=0.4, t=t), wanted, rtol=1e-14)
    assert field(x=np.empty(0), t=np.empty(0)).shape == (0,)


def test_names_and_bounds_are_those_of_the_whole():
    parts, _ = slab_field()
    short = SlabField(parts, ((0.5, 0), (1.5, 1)), "t")
    assert (short.names, short.unknowns, short.periodic) == (("x", "t"), ("u",), ())
    assert short.bounds == {"x": (0.0, 1.0), "t": (0.0, 1.5)}
    with pytest.raises(ValueError, match=r"`t` must lie in \[0, 1.5\], got 1.7"):
        short(x=0.5, t=1.7)


def test_an_unknown_derivative_is_refused_in_every_slab():
    _, field = slab_field()
    with pytest.raises(ValueError, match="is not"):
        field("z", x=0.5, t=0.1)


# -------------------------------------------------------------------- whole runs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "hard", "steps", "bound"), [(Heat, True, 120, 1e-6), (Heat, False, 400, 1e-5), (Wave, True, 240, 1e-5)]
)
def test_three_slabs_meet_the_exact_solution(kind, hard, steps, bound):
    network = KAN([2, 4, 1], basis="chebyshev", k=[8, 4], base=False)
    solution = solve(kind(), network, hard=hard, plan=Plan(slabs=3), steps=steps, points=Points(200, 40))
    assert solution.run["slabs"] == 3
    assert solution.error < bound
