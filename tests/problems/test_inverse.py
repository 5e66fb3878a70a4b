"""Inverse problems: their measurements are those of the true numbers and fields."""

import numpy as np
import pytest
from kanpde.problems.burgers_viscosity import BurgersViscosity
from kanpde.problems.heat_conductivity import HeatConductivity
from kanpde.problems.heat_source import HeatSource
from numpy.testing import assert_allclose
from scipy.integrate import solve_bvp

from kanpde import Data
from kanpde.reference import finite_difference


def measured(problem):
    (data,) = (c for c in problem.condition_list if isinstance(c, Data))
    return data.points, data.values["u"], data.sigma


@pytest.mark.parametrize("cls", [BurgersViscosity, HeatConductivity, HeatSource])
def test_measurements_are_true_without_noise_and_spread_as_stated_with_it(cls):
    points, clean, _ = measured(cls(noise=0))
    size = np.sqrt(np.mean(clean**2))
    again, noisy, _ = measured(cls(noise=0.02, points=1000))
    assert len(clean) == cls.points
    assert len(noisy) == 1000
    miss = noisy - measured(cls(noise=0, points=1000))[1]
    assert_allclose(np.std(miss), 0.02 * size, rtol=0.15)
    assert (measured(cls(noise=0.02, noise_seed=1, points=1000))[1] != noisy).all()
    assert_allclose(measured(cls(noise=0.02, points=1000))[1], noisy, rtol=0, atol=0)
    assert set(again) == set(points) == set(cls.domain.names)


def test_the_measurements_of_burgers_equation_are_those_of_finite_differences_with_the_true_viscosity():
    class Known(BurgersViscosity):
        nu = 0.05

    axes = {"x": np.linspace(-1, 1, 41), "t": np.linspace(0, 1, 11)}
    x, t = np.meshgrid(*axes.values(), indexing="ij")
    right, reference = BurgersViscosity().closed_form(x, t), finite_difference(Known())
    nodes = [np.abs(reference.axes[n][:, None] - axes[n]).argmin(axis=0) for n in ("x", "t")]
    assert_allclose(reference.axes["x"][nodes[0]], axes["x"], atol=1e-12)
    assert_allclose(reference.axes["t"][nodes[1]], axes["t"], atol=1e-12)
    assert_allclose(reference.values["u"][np.ix_(*nodes)], right, rtol=0, atol=1e-4)  # of the differences
    assert np.abs(BurgersViscosity(truth=0.06).closed_form(x, t) - right).max() > 1e-2


def test_the_temperature_of_the_source_is_that_of_a_boundary_value_solver():
    solved = solve_bvp(
        lambda x, w: [w[1], -5 * np.exp(-(((x - 0.35) / 0.1) ** 2))],
        lambda a, b: [a[0], b[0]],
        np.linspace(0, 1, 101),
        np.zeros((2, 101)),
        tol=1e-10,
        max_nodes=100_000,
    )
    x = np.linspace(0, 1, 21)
    assert_allclose(HeatSource().closed_form(x), solved.sol(x)[0], rtol=0, atol=1e-10)  # of the solver
