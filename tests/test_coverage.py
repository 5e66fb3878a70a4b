"""How many conditions an end needs: none where the equation loses its highest derivative there."""

import pytest

from kanpde import Dirichlet, Initial, Interval, Periodic, Problem, Rectangle, Time, exp, pi


class Polar(Problem):
    """Poisson's equation on a disk."""

    domain = Rectangle(r=(0, 1), angle=(0, 2 * pi))
    times = 0

    def residual(self, u, r, angle):
        return r**self.times * (u.rr + u.r / r + u.diff(angle, 2) / r**2 + 1)

    def conditions(self, r, angle):
        return [Dirichlet(u=0, on="r=1"), Periodic("angle")]


class Option(Problem):
    """The value of a put by Black and Scholes, the time running backwards."""

    domain = Interval(S=(0, 4)) * Time(t=(0, 1))
    rate = 0.05
    lowest = 0.0

    def residual(self, u, S, t):
        price = S + self.lowest
        return u.t - 0.02 * price**2 * u.diff(S, 2) - self.rate * price * u.diff(S) + self.rate * u

    def conditions(self, S, t):
        return [Initial(u=exp(-S)), Dirichlet(u=0, on="S=4")]


class BoundaryLayer(Problem):
    """Little diffusion is not none."""

    domain = Interval(x=(0, 1))

    def residual(self, u, x):
        return 1e-8 * u.xx + u.x - 1

    def conditions(self, x):
        return [Dirichlet(u=0, on="x=0")]


@pytest.mark.parametrize("times", [0, 1, 2])
def test_the_centre_of_polar_coordinates_needs_no_condition_however_the_equation_is_written(times):
    assert Polar(times=times).check().ok


def test_the_centre_may_have_a_condition():
    class Ring(Polar):
        def conditions(self, r, angle):
            return [Dirichlet(u=0, on="r"), Periodic("angle")]

    assert Ring().check().ok


def test_the_price_zero_of_an_option_needs_no_condition_but_a_low_price_does():
    assert Option().check().ok
    assert any("0 of 1 conditions on S=0" in message for message in Option(lowest=0.1).check().errors)


def test_an_end_with_little_diffusion_needs_its_condition():
    assert any("0 of 1 conditions on x=1" in message for message in BoundaryLayer().check().errors)


def test_an_order_that_only_mixed_derivatives_have_is_no_reason_to_need_nothing():
    class Mixed(Problem):
        domain = Rectangle(x=(0, 1), y=(0, 1))

        def residual(self, u, x, y):
            return u.xxy - 1

        def conditions(self, x, y):
            return [Dirichlet(u=0, on="y=0"), Dirichlet(u=0, on="x=0")]

    assert any("0 of 1 conditions on x=1" in message for message in Mixed().check().errors)
