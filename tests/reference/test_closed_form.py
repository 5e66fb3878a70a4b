import numpy as np
import pytest
from numpy.testing import assert_allclose

from kanpde import Box, Dirichlet, Initial, Interval, Problem, Time, exp, laplacian, sin
from kanpde.reference import exact_reference, reference_for
from problems.allen_cahn import AllenCahn
from problems.burgers import Burgers
from problems.heat import Heat
from problems.poisson_3d import Poisson3D


class Pair(Problem):
    """Two unknowns with a closed form as a dict."""

    domain = Interval(x=(0, 1))
    closed_form_error = 1e-14

    def residual(self, u, v, x):
        return {"a": u.x - v, "b": v.x - u}

    def conditions(self, x):
        return [Dirichlet(u=1, on="x=0"), Dirichlet(v=1, on="x=0")]

    def closed_form(self, x):
        return {"u": np.exp(x), "v": np.exp(x)}


def test_an_exact_solution_is_evaluated_on_the_grid_with_time_last():
    found = exact_reference(Heat(alpha=0.1), 21)
    x, t = np.meshgrid(found.axes["x"], found.axes["t"], indexing="ij")
    assert list(found.axes) == ["x", "t"]
    assert_allclose(found.values["u"], np.exp(-0.1 * np.pi**2 * t) * np.sin(np.pi * x), atol=1e-15)
    assert found.name == "exact solution"
    assert found.error <= 1e-15


def test_a_grid_in_three_dimensions_has_31_nodes_per_axis():
    assert exact_reference(Poisson3D()).values["u"].shape == (31, 31, 31)


def test_a_closed_form_carries_its_own_error():
    found = exact_reference(Burgers(), 11)
    assert found.name == "closed form"
    assert found.error == Burgers.closed_form_error
    assert_allclose(found.values["u"][:, 0], -np.sin(np.pi * found.axes["x"]), atol=1e-14)


def test_a_closed_form_of_a_system_is_a_dict():
    found = exact_reference(Pair(), 5)
    assert_allclose(found.values["v"], np.exp(found.axes["x"]))


def test_axes_of_ones_own_are_used():
    x = np.array([0.0, 0.1, 0.7])
    assert_allclose(exact_reference(Pair(), axes={"x": x}).values["u"], np.exp(x))


def test_a_problem_without_solution_has_no_exact_reference():
    assert exact_reference(AllenCahn()) is None


def test_a_single_node_is_refused():
    with pytest.raises(ValueError, match="`nodes` must be at least 2, got 1"):
        exact_reference(Heat(), 1)


def test_an_infinite_closed_form_is_refused():
    class Pole(Pair):
        def closed_form(self, x):
            return {"u": np.where(x > 0.5, np.inf, x), "v": x}

    with pytest.raises(ValueError, match="closed form` of u is not finite at 2 of 5 points"):
        exact_reference(Pole(), 5)


def test_the_best_reference_is_exact_then_closed_then_numerical_then_none():
    class Decay(Problem):
        domain = Time(t=(0, 1))

        def residual(self, u, t):
            return u.t + u

        def conditions(self, t):
            return [Initial(u=1)]

    class Steady(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx - exp(x) * sin(u)

        def conditions(self, x):
            return [Dirichlet(u=1)]

    class Many(Problem):
        domain = Box(a=(0, 1), b=(0, 1), c=(0, 1), d=(0, 1))

        def residual(self, u, a, b, c, d):
            return laplacian(u) + 1

        def conditions(self, a, b, c, d):
            return [Dirichlet(u=0)]

    assert reference_for(Heat()).name == "exact solution"
    assert reference_for(Pair()).name == "closed form"
    assert reference_for(Steady()).name.startswith("finite differences, order 6")
    assert reference_for(Decay()).name == "Runge-Kutta, DOP853"
    assert reference_for(Many()) is None
