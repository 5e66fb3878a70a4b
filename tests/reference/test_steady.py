import numpy as np
import pytest
import sympy as sp

from kanpde import (
    Box,
    Dirichlet,
    Interval,
    Neumann,
    Periodic,
    Problem,
    Rectangle,
    Robin,
    cos,
    diff,
    exp,
    laplacian,
    sin,
)
from kanpde.reference import ReferenceFailed, finite_difference
from kanpde.reference.steady import paired_equations


class Manufactured(Problem):
    """A problem whose source term follows from its solution."""

    manufactured = True


class Bratu(Manufactured):
    """Nonlinear, Neumann at one end and Robin at the other."""

    domain = Interval(x=(0, 2))

    def exact(self, x):
        return sin(2 * x) + x / 2

    def residual(self, u, x):
        return u.xx + exp(u) / 2

    def conditions(self, x):
        slope = sp.diff(self.exact(x), x)
        return [Neumann(u=-slope, on="x=0"), Robin(u=3 * self.exact(x) + 2 * slope, a=3, b=2, on="x=2")]


class Ring(Manufactured):
    """Periodic in x, Dirichlet in y, with a mixed derivative and a coefficient."""

    domain = Rectangle(x=(0, 2 * sp.pi), y=(0, 1))

    def exact(self, x, y):
        return exp(sin(x)) * cos(2 * y)

    def residual(self, u, x, y):
        return (2 + sin(x)) * u.xx + u.xy / 2 + u.yy - u

    def conditions(self, x, y):
        return [Periodic("x"), Dirichlet(u=self.exact(x, y), on="y")]


class Cube(Manufactured):
    """Linear in three dimensions with all kinds of faces."""

    domain = Box(x=(0, 1), y=(0, 1), z=(0, 2))

    def exact(self, x, y, z):
        return sin(2 * x + y) * cos(z)

    def residual(self, u, x, y, z):
        return laplacian(u) - u

    def conditions(self, x, y, z):
        e = self.exact(x, y, z)
        up = sp.diff(e, z)
        return [Dirichlet(u=e, on="x"), Dirichlet(u=e, on="y"), Neumann(u=-up, on="z=0"), Robin(u=e + up, on="z=2")]


class Coupled(Manufactured):
    """Two unknowns; the first equation belongs to the second unknown."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def exact(self, x, y):
        return {"u": sin(2 * x + 3 * y), "v": exp(x * y)}

    def residual(self, u, v, x, y):
        return {"second": laplacian(v) - u * v, "first": laplacian(u) + v**2 + u.x}

    def conditions(self, x, y):
        e = self.exact(x, y)
        return [Dirichlet(u=e["u"], on="x"), Neumann(u=-diff(e["u"], y), on="y=0"),
                Dirichlet(u=e["u"], on="y=1"), Dirichlet(v=e["v"])]  # fmt: skip


class Plate(Manufactured):
    """Clamped plate."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def exact(self, x, y):
        return exp(x) * sin(2 * x + 3 * y)

    def residual(self, u, x, y):
        return u.xxxx + 2 * u.xxyy + u.yyyy

    def conditions(self, x, y):
        e = self.exact(x, y)
        dx, dy = sp.diff(e, x), sp.diff(e, y)
        return [Neumann(u=-dx, on="x=0"), Neumann(u=dx, on="x=1"), Neumann(u=-dy, on="y=0"), Neumann(u=dy, on="y=1"),
                Dirichlet(u=e)]  # fmt: skip


class Beam(Manufactured):
    """Fourth order in one dimension."""

    domain = Interval(x=(0, 1))

    def exact(self, x):
        return exp(x) * sin(6 * x)

    def residual(self, u, x):
        return u.xxxx + u * u.x

    def conditions(self, x):
        slope = sp.diff(self.exact(x), x)
        return [Neumann(u=-slope, on="x=0"), Dirichlet(u=self.exact(x)), Neumann(u=slope, on="x=1")]


class Slope(Manufactured):
    """First order, a condition at one end only."""

    domain = Interval(x=(0, 1))

    def exact(self, x):
        return sin(5 * x)

    def residual(self, u, x):
        return u.x + u**2

    def conditions(self, x):
        return [Dirichlet(u=0, on="x=0")]


@pytest.mark.parametrize("order", [2, 4, 6])
@pytest.mark.parametrize(
    ("problem", "coarse"),
    [
        (Bratu(), [17, 25, 33]),
        (Ring(), [13, 17, 25]),
        (Cube(), [9, 11, 13]),
        (Coupled(), [9, 13, 17]),
        (Plate(), [11, 13, 17]),
        (Beam(), [13, 17, 21]),
        (Slope(), [21, 31, 41]),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, Problem) else "",
)
def test_the_error_falls_with_the_order_and_stays_below_the_estimate(problem, coarse, order, error_of, observed_order):
    found = [finite_difference(problem, nodes=n, order=order) for n in coarse]
    errors = [error_of(problem, r) for r in found]
    assert observed_order(coarse, errors) > order - 0.4
    for error, reference in zip(errors, found, strict=True):
        assert error <= 1.1 * reference.error


def test_each_equation_belongs_to_the_unknown_with_its_highest_derivative():
    class Cycle(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, v, w, x):
            return {"a": v.xx + u, "b": w.xx + v, "c": u.xx + w}

    equations = Cycle().equations
    assert paired_equations(Cycle()) == {"u": equations["c"], "v": equations["a"], "w": equations["b"]}


def test_an_equation_that_is_solved_exactly_by_differences_ends_at_rounding():
    class Parabola(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx - 2

        def conditions(self, x):
            return [Dirichlet(u=x**2)]

    found = finite_difference(Parabola(), nodes=9, order=2)
    np.testing.assert_allclose(found.values["u"], found.axes["x"] ** 2, atol=1e-14)
    assert found.error < 1e-13


def test_an_equation_that_is_singular_at_zero_is_solved_from_harmonic_functions():
    class PorousMedium(Problem):
        domain = Interval(x=(0, 1))

        def exact(self, x):
            return (1 + 7 * x) ** sp.Rational(1, 3)

        def residual(self, u, x):
            return diff(u**2 * u.x, x)

        def conditions(self, x):
            return [Dirichlet(u=1 + x)]

    found = finite_difference(PorousMedium())
    np.testing.assert_allclose(found.values["u"], np.cbrt(1 + 7 * found.axes["x"]), atol=1e-9)


def test_a_problem_without_solution_fails_with_its_residual():
    class TooHot(Problem):
        """Bratu's problem above its critical parameter 3.51."""

        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx + 10 * exp(u)

        def conditions(self, x):
            return [Dirichlet(u=0)]

    with pytest.raises(ReferenceFailed, match=r"Newton's (method|step)"):
        finite_difference(TooHot(), nodes=33)


def test_conditions_that_follow_from_each_other_make_a_singular_jacobian():
    class Doubled(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, v, x):
            return {"a": u.xx - v.xx, "b": v.xx - u.xx}

        def conditions(self, x):
            return [Dirichlet(u=0, v=0)]

    with pytest.raises(ReferenceFailed, match=r"singular|not finite|Newton"):
        finite_difference(Doubled(), nodes=17)
