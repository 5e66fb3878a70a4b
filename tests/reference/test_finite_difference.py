import numpy as np
import pytest

from kanpde import (
    Box,
    Data,
    Dirichlet,
    Initial,
    Interval,
    Neumann,
    Parameter,
    Periodic,
    Problem,
    Rectangle,
    Robin,
    Time,
    laplacian,
    sin,
)
from kanpde.reference import finite_difference
from problems.allen_cahn import AllenCahn
from problems.burgers import Burgers
from problems.convection import Convection
from problems.heat import Heat
from problems.helmholtz import Helmholtz
from problems.poisson import Poisson
from problems.poisson_3d import Poisson3D
from problems.poisson_kan_paper import PoissonKanPaper
from problems.reaction_diffusion import ReactionDiffusion
from problems.wave import Wave


def steady(conditions, residual=lambda u, x: u.xx + sin(x), domain=None):
    """A problem on an interval that is made of functions."""
    body = {
        "domain": domain or Interval(x=(0, 1)),
        "residual": lambda self, u, x: residual(u, x),
        "conditions": lambda self, u, x: conditions(u, x),
    }
    return type("Steady", (Problem,), body)()


def evolving(residual, conditions=lambda x, t: [Initial(u=sin(x)), Periodic("x")]):
    """The same with time."""
    body = {
        "domain": Interval(x=(0, 1)) * Time(t=(0, 1)),
        "residual": lambda self, u, x, t: residual(u, x, t),
        "conditions": lambda self, x, t: conditions(x, t),
    }
    return type("Evolving", (Problem,), body)()


@pytest.mark.parametrize(
    "problem",
    [
        Burgers(),
        Convection(),
        Heat(),
        Helmholtz(),
        Poisson(),
        Poisson3D(),
        PoissonKanPaper(),
        ReactionDiffusion(),
        Wave(),
    ],
    ids=lambda p: p.name,
)
def test_the_default_call_is_accurate_to_its_estimate_on_the_problems_of_kanpde(problem, error_of):
    found = finite_difference(problem)
    assert error_of(problem, found) <= found.error < 2e-5


def test_the_default_call_reaches_1e_5_on_allen_cahn_by_its_own_estimate():
    assert finite_difference(AllenCahn()).error < 1e-5


def test_the_reference_tells_how_it_was_made():
    found = finite_difference(Heat(), nodes=151, order=4, instants=7)
    assert found.name == "finite differences, order 4, 301"
    assert (found.details["coarse nodes"], found.details["fine nodes"]) == ("151", "301")
    assert list(found.axes) == ["x", "t"]
    assert found.values["u"].shape == (151, 7)
    assert found.seconds > 0


def test_a_thinned_grid_keeps_both_ends_and_its_values():
    thin, full = (finite_difference(Heat(), nodes=n, instants=3) for n in (201, 101))
    assert len(thin.axes["x"]) == len(full.axes["x"]) == 201
    np.testing.assert_array_equal(thin.axes["x"][[0, -1]], [0, 1])
    np.testing.assert_allclose(thin.values["u"], full.values["u"], rtol=0, atol=1e-9)


def test_each_axis_may_have_its_own_number_of_nodes(error_of):
    found = finite_difference(Helmholtz(), nodes=(17, 49))
    assert found.values["u"].shape == (33, 97)
    assert error_of(Helmholtz(), found) < found.error < 1e-2


def test_measurements_are_left_out():
    plain = steady(lambda u, x: [Dirichlet(u=0)])
    noisy = steady(lambda u, x: [Dirichlet(u=0), Data([[0.5]], u=[17.0])])
    first, second = (finite_difference(p, nodes=17).values["u"] for p in (plain, noisy))
    np.testing.assert_array_equal(first, second)


class Hypercube(Problem):
    domain = Box(a1=(0, 1), a2=(0, 1), a3=(0, 1), a4=(0, 1))

    def residual(self, u, a1, a2, a3, a4):
        return laplacian(u)

    def conditions(self):
        return [Dirichlet(u=0)]


class Decay(Problem):
    domain = Time(t=(0, 1))

    def residual(self, u, t):
        return u.t + u

    def conditions(self, t):
        return [Initial(u=1)]


class Inverse(Heat):
    alpha = Parameter(1.0)

    def exact(self, x, t):
        return sin(x)


class Constrained(Problem):
    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, p, x, t):
        return {"a": u.t + p.x, "b": u.x}

    def conditions(self, x, t):
        return [Initial(u=0), Dirichlet(u=0, p=0, on="x=0")]


class Overdetermined(Problem):
    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, x, y):
        return {"a": u.x, "b": u.y}

    def conditions(self, x, y):
        return [Dirichlet(u=0, on="x=0")]


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (Hypercube(), "has 4 space coordinates, finite differences take 3"),
        (Decay(), "no space coordinate, only t: take kanpde.reference.initial_value"),
        (Inverse(), "`alpha` is unknown: finite differences need a number"),
        (Constrained(), "`p` has no time derivative"),
        (Overdetermined(), "`residual` gives 2 equations for 1 unknowns"),
        (steady(lambda u, x: [Neumann(u=0)]), "`u` is fixed only up to a constant.*Dirichlet or Robin"),
        (steady(lambda u, x: [Periodic("x")]), "`u` is fixed only up to a constant"),
        (steady(lambda u, x: [Dirichlet(u=0, on="x=0")]), "gives 1 on the two ends of x, the equation of order 2 needs 2"),
        (steady(lambda u, x: [Dirichlet(u=0), Robin(u=0, on="x=1")]), "gives 3 on the two ends of x.*remove the surplus"),
        (steady(lambda u, x: [Dirichlet(u=0), Periodic("x")]), "an end of x, which is periodic"),
        (evolving(lambda u, x, t: u.xx), "`residual` has no derivative in t"),
        (evolving(lambda u, x, t: u.t**2 - u.xx), "`residual` is not linear in the highest derivatives in t"),
        (evolving(lambda u, x, t: u.t - u.xxt - u.x), "has the highest order in t and space derivatives"),
        (evolving(lambda u, x, t: u.tt - u.xx), r"no initial value for the derivative of order 1 .* add Initial\(u=..., order=1\)"),
        (
            evolving(lambda u, x, t: u.t - u.xx, lambda x, t: [Initial(u=0), Robin(u=0, a=1 + t)]),
            "has a coefficient that changes in time",
        ),
    ],
)  # fmt: skip
def test_a_problem_that_differences_cannot_take_is_refused_with_the_reason(problem, message):
    with pytest.raises(ValueError, match=message):
        finite_difference(problem, nodes=17)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": 3}, "`order` must be 2, 4 or 6, got 3"),
        ({"nodes": 2}, "`nodes` must be at least 3, got 2"),
        ({"nodes": 5}, "`nodes` must be at least 7"),
        ({"nodes": (9, 9)}, r"`nodes` must be one number or 1 \(x\), got 2"),
        ({"instants": 1}, "`instants` must be at least 2, got 1"),
        ({"tolerance": 0.0}, "`tolerance` must be above 0, got 0.0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        finite_difference(Heat(), **arguments)
