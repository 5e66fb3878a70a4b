"""Sums of harmonic functions against closed forms; their stated error holds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from kanpde import Annulus, Dirichlet, Disk, Ellipse, Neumann, Polygon, Problem, Rectangle, Time, laplacian
from kanpde.reference import harmonic, numerical_reference

L_SHAPE = Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])


def problem_on(shape, conditions, residual=lambda u, x, y: laplacian(u)):
    members = {"domain": shape, "residual": staticmethod(residual), "conditions": staticmethod(conditions)}
    return type("Sample", (Problem,), members)()


def points_of(reference):
    mesh = np.meshgrid(*reference.axes.values(), indexing="ij")
    return (*mesh, reference.values["u"])


def test_between_two_circles_the_solution_is_a_logarithm():
    problem = problem_on(
        Annulus(x=1, y=0, inner=0.5, outer=2), lambda x, y: [Dirichlet(u=0, on="outer"), Dirichlet(u=1, on="hole 1")]
    )
    found = harmonic(problem, 41)
    x, y, u = points_of(found)
    inside = np.isfinite(u)
    r = np.hypot(x - 1, y)[inside]
    assert_allclose(u[inside], np.log(r / 2) / np.log(0.25), atol=1e-12)
    assert (np.abs(r - 1.25) <= 0.75 + 1e-9).all()
    assert found.error < 1e-11


def test_a_constant_source_in_an_ellipse_gives_a_paraboloid():
    problem = problem_on(
        Ellipse(x=0, y=0, radii=(2, 1)), lambda x, y: [Dirichlet(u=0)], lambda u, x, y: 3 * laplacian(u) + 6
    )
    x, y, u = points_of(harmonic(problem, 31))
    exact = (1 - x**2 / 4 - y**2) * 4 / 5
    assert_allclose(u[np.isfinite(u)], exact[np.isfinite(u)], atol=1e-12)


def test_the_integral_over_the_l_shape_is_the_published_one():
    """0.21407580, by finite elements of high order with graded meshes."""
    problem = problem_on(L_SHAPE, lambda x, y: [Dirichlet(u=0)], lambda u, x, y: -laplacian(u) - 1)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    axis, by = (np.concatenate([(nodes - 1) / 2, (nodes + 1) / 2]), np.tile(weights, 2) / 2)
    found = harmonic(problem, axes={"x": axis, "y": axis})
    assert found.error < 1e-11
    assert_allclose(np.nansum(found.values["u"] * np.outer(by, by)), 0.21407580, atol=2e-7)


def test_the_stated_error_bounds_that_at_other_points():
    """Between points and values that no sum of few functions meets exactly."""
    problem = problem_on(
        Rectangle(x=(-1, 1), y=(-1, 1)) - Disk(x=0.4, y=0.3, radius=0.2),
        lambda x, y: [Dirichlet(u=x**2 - y**2, on="outer"), Dirichlet(u=x**2 - y**2, on="hole 1")],
    )
    found = harmonic(problem, 31)
    x, y, u = points_of(found)
    inside = np.isfinite(u)
    miss = np.linalg.norm((u - x**2 + y**2)[inside]) / np.linalg.norm(u[inside])
    assert miss <= found.error <= 1e-10


def test_shapes_are_solved_by_it_unasked():
    problem = problem_on(Disk(x=0, y=0, radius=1), lambda x, y: [Dirichlet(u=x)])
    assert numerical_reference(problem).name == "harmonic functions"


@pytest.mark.parametrize(
    ("shape", "conditions", "residual", "message"),
    [
        (L_SHAPE, lambda x, y: [Neumann(u=0)], lambda u, x, y: laplacian(u), "must have a Dirichlet condition"),
        (L_SHAPE, lambda x, y: [Dirichlet(u=0)], lambda u, x, y: laplacian(u) + u, "a multiple of the Laplacian"),
        (L_SHAPE, lambda x, y: [Dirichlet(u=0)], lambda u, x, y: u.xx + 2 * u.yy, "a multiple of the Laplacian"),
        (L_SHAPE, lambda x, y: [Dirichlet(u=0)], lambda u, x, y: laplacian(u) + x, "a multiple of the Laplacian"),
    ],
)
def test_other_problems_are_refused(shape, conditions, residual, message):
    with pytest.raises(ValueError, match=message):
        harmonic(problem_on(shape, conditions, residual))


def test_evolutions_are_refused():
    class Heat(Problem):
        domain = Disk(x=0, y=0, radius=1) * Time(t=(0, 1))

        def residual(self, u, x, y, t):
            return u.t - laplacian(u)

    with pytest.raises(ValueError, match="must be a plane shape without time"):
        harmonic(Heat())
