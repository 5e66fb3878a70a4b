import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose

from kanpde import (
    Dirichlet,
    Interval,
    Neumann,
    Periodic,
    Problem,
    Rectangle,
    Robin,
    cos,
    exp,
    laplacian,
    pi,
    sin,
)  # fmt: skip
from kanpde.reference import ReferenceFailed, chebyshev, finite_difference
from kanpde.reference.chebyshev import differentiation_matrix
from problems.heat import Heat
from problems.helmholtz import Helmholtz
from problems.poisson import Poisson
from problems.poisson_kan_paper import PoissonKanPaper


class Bratu(Problem):
    """Nonlinear, with a mixed derivative, on a rectangle away from the origin, with every kind of condition."""

    domain = Rectangle(x=(1, 2), y=(-1, 2))
    manufactured = True

    def exact(self, x, y):
        return sin(x * y) + y

    def residual(self, u, x, y):
        return laplacian(u) + u.xy / 3 + exp(u) / 4 + u.x * u

    def conditions(self, x, y):
        e = self.exact(x, y)
        return [Dirichlet(u=e, on="x"), Neumann(u=-sp.diff(e, y), on="y=-1"),
                Robin(u=e + 2 * sp.diff(e, y), a=1, b=2, on="y=2")]  # fmt: skip


class Beam(Problem):
    """Fourth order, clamped at one end and free at the other."""

    domain = Interval(x=(0, 1))
    manufactured = True

    def exact(self, x):
        return x**2 * cos(2 * x)

    def residual(self, u, x):
        return u.xxxx - u

    def conditions(self, u, x):
        e = self.exact(x)
        return [Dirichlet(u=e), Neumann(u=0, on="x=0"), Neumann(u=sp.diff(e, x), on="x=1")]


class Pair(Problem):
    """A system of first order."""

    domain = Interval(x=(0, 2))

    def exact(self, x):
        return {"u": sin(3 * x), "v": cos(3 * x)}

    def residual(self, u, v, x):
        return {"a": u.x - 3 * v, "b": v.x + 3 * u}

    def conditions(self, x):
        return [Dirichlet(u=0, v=1, on="x=0")]


class Torsion(Problem):
    """A constant source, whose solution is not smooth in the corners."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, x, y):
        return laplacian(u) + 1

    def conditions(self, x, y):
        return [Dirichlet(u=0)]


def test_polynomials_are_differentiated_exactly():
    nodes = 2 + 3 * np.sin(np.pi / 2 * np.linspace(-1, 1, 8))
    for degree in range(8):
        p = np.polynomial.Polynomial(np.ones(degree + 1), domain=[-1, 5])
        assert_allclose(differentiation_matrix(nodes) @ p(nodes), p.deriv()(nodes), atol=1e-12)


@pytest.mark.parametrize(
    "problem", [Poisson(), PoissonKanPaper(), Helmholtz(), Bratu(), Beam(), Pair()], ids=lambda p: p.name
)
def test_the_default_call_is_accurate_to_its_estimate(problem, error_of):
    found = chebyshev(problem)
    assert error_of(problem, found) <= found.error <= 1e-10


def test_the_error_falls_exponentially_with_the_intervals(error_of):
    intervals = np.array([10, 12, 14, 16, 18])
    errors = [error_of(Poisson(), chebyshev(Poisson(), intervals=n)) for n in intervals]
    # entire functions converge faster than any exponential
    slopes = np.diff(np.log(errors)) / np.diff(intervals)
    assert (slopes < -1).all()
    assert (np.diff(slopes) < 0).all()


def test_the_values_may_be_asked_for_anywhere():
    axes = {"x": np.array([-0.3, 0.123, 1.0]), "y": np.array([-1.0, 0.77])}
    x, y = np.meshgrid(*axes.values(), indexing="ij")
    found = chebyshev(Poisson(), axes=axes)
    assert_allclose(found.values["u"], np.sin(np.pi * x) * np.sin(np.pi * y), atol=1e-10)


def test_corners_show_in_the_estimate_and_finite_differences_agree():
    differences = finite_difference(Torsion(), nodes=65)
    found = chebyshev(Torsion(), intervals=32, axes=differences.axes)
    miss = np.linalg.norm(found.values["u"] - differences.values["u"]) / np.linalg.norm(found.values["u"])
    assert 1e-7 < found.error < 1e-5
    assert miss < found.error + differences.error


def test_newtons_method_may_fail():
    class Steep(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx + 50 * exp(u)

        def conditions(self, x):
            return [Dirichlet(u=0)]

    with pytest.raises(ReferenceFailed, match="Newton's method"):
        chebyshev(Steep())


class Loop(Problem):
    domain = Interval(x=(0, 1))

    def residual(self, u, x):
        return u.xx - u - sin(2 * pi * x)

    def conditions(self, x):
        return [Periodic("x")]


@pytest.mark.parametrize(
    ("problem", "arguments", "message"),
    [
        (Heat(), {}, "`Heat` has a time or is periodic"),
        (Loop(), {}, "`Loop` has a time or is periodic"),
        (Poisson(), {"intervals": 5}, "`intervals` must be at least 6, got 5"),
    ],
)
def test_what_it_cannot_take_is_refused_with_the_reason(problem, arguments, message):
    with pytest.raises(ValueError, match=message):
        chebyshev(problem, **arguments)
