"""Sizes and signs of coefficients: what is unlikely to be meant is said before training."""

import pytest
from kanpde.problems.burgers import Burgers
from kanpde.problems.heat import Heat
from kanpde.problems.kuramoto_sivashinsky import KuramotoSivashinsky
from numpy.testing import assert_allclose

from kanpde import (
    Annulus,
    Data,
    Dirichlet,
    Flux,
    Initial,
    Interval,
    Parameter,
    Problem,
    Rectangle,
    Robin,
    Time,
    laplacian,
    sqrt,
)
from kanpde.ansatz import build_ansatz
from kanpde.catalog import problem_class, shipped_names
from kanpde.conditions import Interior
from kanpde.scales import coefficients, doubts, sizes
from kanpde.slabs import Slab


def small_square(coefficient, value=1):
    class Small(Problem):
        domain = Rectangle(x=(0, 1e-6), y=(0, 2e-6))

        def residual(self, u, x, y):
            return coefficient * laplacian(u) + 1

        def conditions(self, x, y):
            return [Dirichlet(u=value)]

    return Small()


def coefficients_of(problem):
    (equation,) = problem.equations.values()
    return coefficients(equation, list(problem.unknown.values()), Interior(problem.domain))


def test_coefficients_are_those_of_the_equation():
    found = {p.orders: c for p, c in coefficients_of(Burgers(nu=0.5)).items()}
    assert set(found) == {(0, 0), (1, 0), (0, 1), (2, 0)}
    assert_allclose(found[0, 1], 1)
    assert_allclose(found[2, 0], -0.5)
    assert found[1, 0].std() > 0.1  # the unknown itself, at random values


def test_sizes_are_those_on_a_domain_of_length_1():
    problem = small_square(3)
    assert_allclose(sorted(sizes(problem, coefficients_of(problem)).values()), [3e12 / 4, 3e12])


@pytest.mark.parametrize("name", shipped_names())
def test_nothing_is_said_of_the_problems_of_kanpde(name):
    assert list(doubts(problem_class(name)())) == []


def test_coefficients_are_looked_at_in_the_domain_alone():
    class Outside(Problem):
        domain = Annulus(x=0, y=0, inner=1, outer=2)

        def residual(self, u, x, y):
            return sqrt(x**2 + y**2 - 1) * laplacian(u) + 1

        def conditions(self, x, y):
            return [Dirichlet(u=0)]

    assert Outside().check().findings == ()


def test_other_units_of_the_unknown_are_noticed():
    assert not list(doubts(small_square(1)))
    (sentence,) = doubts(small_square(1, value=80))
    assert "values of u up to 8.0e+01 are given" in sentence
    (sentence,) = doubts(small_square(1e-12, value=1.6e-19))
    assert "values of u up to 1.6e-19" in sentence


def sizes_of(problem):
    """The largest coefficient of every term of the loss."""
    ansatz = build_ansatz(problem)
    outputs = list(ansatz.outputs.values())
    found = {t.name: sizes(problem, coefficients(t.expression, outputs, t.place)) for t in ansatz.terms}
    return {name: pytest.approx(max(by_partial.values())) for name, by_partial in found.items()}


def test_terms_are_measured_in_units_of_their_own():
    assert sizes_of(small_square(3)) == {"equation": 1, "dirichlet u on boundary": 1}
    assert sizes_of(small_square(3e-12)) == {"equation": 3, "dirichlet u on boundary": 1}


def test_fluxes_are_measured_too_and_given_weights_stay():
    class Rod(Problem):
        domain = Interval(x=(0, 2))

        def residual(self, u, x):
            return 400 * u.xx

        def conditions(self, x, u):
            return [Flux(u=400 * u.x, value=7, on="x=0", weight=5), Robin(u=0, a=1, b=0.5, on="x=2")]

    assert sizes_of(Rod()) == {"equation": 1, "flux u on x=0": 1, "robin u on x=2": 1}
    assert [t.weight for t in build_ansatz(Rod()).terms] == [1, 5, 1]


def test_materials_are_measured_each_by_itself():
    found = sizes_of(problem_class("diffusion_jump")())
    assert found["equation in left"] == found["equation in right"] == 1
    assert found["jump of u from left to right"] == found["jump of the flux from left to right"] == 1


def test_slabs_are_measured_as_the_whole_time():
    whole = Heat(alpha=100)
    assert sizes_of(Slab(whole, 0.0, 0.001, None)) == sizes_of(whole)


def test_values_that_are_no_numbers_do_not_count():
    class Rough(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return 1e4 * u.xx + sqrt(u)  # the slope of the root is no number at half of the values drawn

        def conditions(self, x):
            return [Dirichlet(u=1)]

    assert sizes_of(Rough())["equation"] == 1


def test_reactions_do_not_set_the_unit_of_an_equation():
    class Screened(Problem):
        domain = Rectangle(x=(0, 1), y=(0, 1))

        def residual(self, u, x, y):
            return laplacian(u) - 1000 * u

        def conditions(self, x, y):
            return [Robin(u=0, a=1000, b=1)]

    class Layered(Screened):
        def residual(self, u, x, y):
            return u - 1e-4 * laplacian(u)

    class Both(Screened):
        def residual(self, u, x, y):
            return 100 * u - 1e-4 * laplacian(u)

    assert sizes_of(Screened()) == {"equation": 1000, "robin u on boundary": 1}
    assert sizes_of(Both())["equation"] == 100
    assert sizes_of(Layered())["equation"] == 1


def test_unknown_numbers_keep_the_unit_they_were_given():
    class Rod(Problem):
        domain = Interval(x=(0, 1))
        k = Parameter(100.0)

        def residual(self, u, x):
            return self.k * u.xx + 1

        def conditions(self, x):
            return [Dirichlet(u=0), Data({"x": [0.5]}, u=[1e-3])]

    assert {t.name: t.weight for t in build_ansatz(Rod()).terms}["equation"] == 1
    assert "100" not in str(next(t.expression for t in build_ansatz(Rod()).terms if t.name == "equation"))


def test_diffusion_backwards_in_time_is_noticed():
    (sentence,) = doubts(Heat(alpha=-1))
    assert "derivative of order 2 the wrong sign" in sentence
    (sentence,) = doubts(KuramotoSivashinsky(gamma=-1e-3))
    assert "derivative of order 4 the wrong sign" in sentence


def test_a_number_that_nothing_tells_is_noticed():
    class Rod(Problem):
        domain = Interval(x=(0, 1)) * Time(t=(0, 1))
        k = Parameter(1.0)

        def residual(self, u, x, t):
            return u.t - self.k * u.xx

        def conditions(self, x, t):
            return [Initial(u=x), Dirichlet(u=x)]

    report = Rod().check()
    assert report.ok
    assert "k: unknown, but nothing was measured" in str(report)
    assert "nothing was measured" not in str(problem_class("burgers_viscosity")().check())
    assert "nothing was measured" not in str(problem_class("drum")().check())
