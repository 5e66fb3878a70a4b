"""Coefficients that jump are found, wherever they do, and others are not."""

import pytest
import torch
from sympy import Piecewise

from kanpde import (
    Coefficient,
    Dirichlet,
    Disk,
    Interval,
    Problem,
    Rectangle,
    Time,
    by_material,
    diff,
    div,
    grad,
    sqrt,
    tanh,
)
from kanpde.jumps import jumps


def rod(conductivity, order=2):
    class Rod(Problem):
        """A rod whose conductivity varies."""

        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            k = conductivity(x)
            return div(k * grad(u)) + 1 if order == 2 else diff(k * u.xx, x, 2) + 1

        def conditions(self, x):
            return [Dirichlet(u=0, on="x")]

    return Rod()


@pytest.mark.parametrize(
    "conductivity",
    [
        lambda x: Piecewise((1, x < 0.3), (10, True)),
        lambda x: Coefficient("k", lambda x: torch.where(x < 0.3, 1.0, 10.0))(x),
    ],
    ids=["cases", "tabulated"],
)
def test_a_jump_is_found_where_it_is(conductivity):
    (sentence,) = jumps(rod(conductivity))
    assert sentence.startswith("the coefficient of u_xx jumps by 9 at x=0.3:")
    assert sentence in str(rod(conductivity).check())


@pytest.mark.parametrize(
    "conductivity",
    [
        lambda x: 1 + abs(x - 0.3),
        lambda x: 1 + tanh((x - 0.3) / 1e-4),
        lambda x: Piecewise((1, x < 0.3), (1 + (x - 0.3), True)),
    ],
    ids=["kink", "steep", "cases that meet"],
)
def test_what_is_continuous_does_not_jump(conductivity):
    assert list(jumps(rod(conductivity))) == []


def test_a_stiffness_that_jumps_in_a_beam_is_found():
    (sentence,) = jumps(rod(lambda x: Piecewise((1, x < 0.5), (2, True)), order=4))
    assert "u_xxxx jumps by 1 at x=0.5" in sentence


def test_a_jump_along_a_slanted_line_is_found():
    class Plate(Problem):
        """Two metals without materials."""

        domain = Rectangle(x=(0, 1), y=(0, 1)) * Time(t=(0, 1))

        def residual(self, u, x, y, t):
            return u.t - div(Piecewise((1, x + y < 0.7), (3, True)) * grad(u))

        def conditions(self, x, y, t):
            return [Dirichlet(u=0)]

    assert "jumps by 2" in next(jumps(Plate()))


def test_materials_and_coefficients_in_time_and_of_lower_derivatives_may_jump():
    class Metals(Problem):
        """Two metals, and a source that is switched on."""

        domain = Interval(x=(0, 2)) * Time(t=(0, 1))
        materials = {"left": Interval(x=(0, 1)), "right": Interval(x=(1, 2))}
        k = by_material(left=1, right=5)

        def residual(self, u, x, t):
            return u.t - div(self.k * grad(u))

        def conditions(self, x, t):
            return []

    class Switched(Problem):
        """A rod that is stirred on one side, and from some time on."""

        domain = Interval(x=(0, 1)) * Time(t=(0, 1))

        def residual(self, u, x, t):
            return u.t - Piecewise((1, t < 0.5), (2, True)) * u.xx + Piecewise((0, x < 0.5), (1, True)) * u.x

        def conditions(self, x, t):
            return [Dirichlet(u=0)]

    assert list(jumps(Metals())) == []
    assert list(jumps(Switched())) == []


@pytest.mark.parametrize(
    ("domain", "equation"),
    [
        (Interval(x=(0, 1)), lambda u, x: u.xx + u.x / x + 4),
        (Interval(x=(0, 1)), lambda u, x: diff(x**0.1 * u.x, x) + 1),
        (Interval(x=(0, 2)), lambda u, x: Piecewise((2, u < x), (1, True)) * u.xx + 1),
        (Disk(x=0, y=0, radius=1), lambda u, x, y: div((2 + sqrt(1 - x**2 - y**2)) * grad(u)) + 1),
        (Time(t=(0, 10)), lambda u, t: Piecewise((2, t < 3), (1, True)) * u.tt - 1),
    ],
    ids=["axis", "root", "of the unknown", "shape", "time"],
)
def test_coefficients_that_are_singular_or_no_functions_of_space_are_left_alone(domain, equation):
    class Singular(Problem):
        """An equation that is not smooth somewhere."""

        def conditions(self):
            return []

    Singular.domain = domain
    Singular.residual = lambda self, u: equation(u, *domain.coordinates)
    assert list(jumps(Singular())) == []
