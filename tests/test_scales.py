"""Sizes and signs of coefficients: what is unlikely to be meant is said before training."""

import pytest
from kanpde.problems.burgers import Burgers
from kanpde.problems.heat import Heat
from kanpde.problems.kuramoto_sivashinsky import KuramotoSivashinsky
from numpy.testing import assert_allclose

from kanpde import Annulus, Dirichlet, Initial, Interval, Parameter, Problem, Rectangle, Time, laplacian, sqrt
from kanpde.catalog import problem_class, shipped_names
from kanpde.scales import coefficients, doubts, sizes


def small_square(coefficient, value=1):
    class Small(Problem):
        domain = Rectangle(x=(0, 1e-6), y=(0, 2e-6))

        def residual(self, u, x, y):
            return coefficient * laplacian(u) + 1

        def conditions(self, x, y):
            return [Dirichlet(u=value)]

    return Small()


def test_coefficients_are_those_of_the_equation():
    problem = Burgers(nu=0.5)
    (equation,) = problem.equations.values()
    found = {p.orders: c for p, c in coefficients(problem, equation).items()}
    assert set(found) == {(0, 0), (1, 0), (0, 1), (2, 0)}
    assert_allclose(found[0, 1], 1)
    assert_allclose(found[2, 0], -0.5)
    assert found[1, 0].std() > 0.1  # the unknown itself, at random values


def test_sizes_are_those_on_a_domain_of_length_1():
    problem = small_square(3)
    (equation,) = problem.equations.values()
    assert_allclose(sorted(sizes(problem, coefficients(problem, equation)).values()), [3e12 / 4, 3e12])


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


def test_other_units_than_those_of_the_domain_are_noticed():
    (sentence,) = doubts(small_square(1))
    assert "come to 1.0e+12" in sentence
    assert not list(doubts(small_square(1e-12)))
    (sentence,) = doubts(small_square(1e-12, value=1.6e-19))
    assert "values of u up to 1.6e-19" in sentence


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
