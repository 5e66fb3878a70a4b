"""References of ordinary differential equations, against second methods."""

import mpmath
import numpy as np
import pytest
from kanpde.problems.lorenz import Lorenz
from kanpde.problems.lotka_volterra import LotkaVolterra
from kanpde.problems.pendulum import Pendulum
from kanpde.problems.van_der_pol import VanDerPol
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from kanpde.reference import initial_value

CASES = [
    (LotkaVolterra, {}, lambda u, v: [u - u * v, u * v / 2 - v], [4, 1], [0.7, 3.3, 7.7, 10]),
    (
        LotkaVolterra,
        {"alpha": 2, "beta": 0.5, "gamma": 3, "delta": 1},
        lambda u, v: [2 * u - u * v / 2, u * v - 3 * v],
        [4, 1],
        [0.7, 3],
    ),
    (
        Lorenz,
        {},
        lambda x, y, z: [10 * (y - x), x * (28 - z) - y, x * y - mpmath.mpf(8) / 3 * z],
        [1, 1, 1],
        [0.3, 1.7, 3],
    ),
    (
        Lorenz,
        {"sigma": 5, "rho": 10, "beta": 2},
        lambda x, y, z: [5 * (y - x), x * (10 - z) - y, x * y - 2 * z],
        [1, 1, 1],
        [1.0],
    ),
    (VanDerPol, {}, lambda u, s: [s, 10 * (1 - u**2) * s - u], [2, 0], [1, 9, 9.3, 15]),
    (VanDerPol, {"mu": 1}, lambda u, s: [s, (1 - u**2) * s - u], [2, 0], [1, 9]),
    (Pendulum, {}, lambda u, s: [s, -mpmath.sin(u)], [2 * mpmath.pi / 3, 0], [1, 4, 10]),
    (Pendulum, {"omega": 2, "angle": 1}, lambda u, s: [s, -4 * mpmath.sin(u)], [1, 0], [1, 4]),
]


@pytest.mark.parametrize(("cls", "parameters", "slope", "start", "instants"), CASES)
def test_the_reference_is_what_taylor_series_of_high_order_give(cls, parameters, slope, start, instants):
    problem = cls(**parameters)
    assert set(problem.parameters) >= set(parameters)
    with mpmath.workdps(25):
        series = mpmath.odefun(lambda t, w: slope(*w), 0, start, tol=mpmath.mpf(10) ** -18)
        right = np.array([[float(c) for c in series(t)] for t in instants])
    end = problem.domain.bounds["t"][1]
    reference = initial_value(problem, nodes=round(10 * end) + 1)
    assert reference.error < 1e-9
    picks = np.round(10 * np.array(instants)).astype(int)
    for column, name in zip(right.T, problem.unknown, strict=False):
        assert_allclose(reference.values[name][picks], column, rtol=0, atol=reference.error * np.abs(column).max())


@pytest.mark.parametrize(("cls", "parameters", "slope", "start", "instants"), CASES)
def test_the_slope_of_the_test_is_the_equation_of_the_problem(cls, parameters, slope, start, instants):
    """By the method of lines the residual vanishes with the slope put in for the derivatives."""
    problem, point = cls(**parameters), [0.3, -0.7, 0.4][: len(start)]
    unknowns, t = list(problem.unknown.values()), problem.domain.time
    right = [float(s) for s in slope(*point)]
    if len(unknowns) == 1:
        (u,) = unknowns
        known = {u.diff(t, 2): right[1], u.diff(t): point[1], u: point[0]}
    else:
        known = {u.diff(t): s for u, s in zip(unknowns, right, strict=True)}
        known |= dict(zip(unknowns, point, strict=True))
    for equation in problem.equations.values():
        assert abs(float(equation.xreplace(known))) < 1e-14


def test_an_implicit_method_finds_the_same_jumps_of_van_der_pols_oscillator():
    t = np.linspace(0, 20, 401)
    radau = solve_ivp(
        lambda t, w: [w[1], 10 * (1 - w[0] ** 2) * w[1] - w[0]],
        (0, 20),
        [2, 0],
        "Radau",
        t_eval=t,
        rtol=1e-10,
        atol=1e-12,
        jac=lambda t, w: [[0, 1], [-20 * w[0] * w[1] - 1, 10 * (1 - w[0] ** 2)]],
    )
    reference = initial_value(VanDerPol(), nodes=401)
    assert_allclose(reference.values["u"], radau.y[0], rtol=0, atol=1e-8)  # of the implicit method


def test_the_closed_form_of_the_pendulum_is_its_reference():
    problem, t = Pendulum(), np.array([[2.0, 0.5, 0.5], [0.0, 1.0, 2.0]])
    found = problem.closed_form(t)
    assert found.shape == t.shape
    assert found[0, 1] == found[0, 2] == problem.closed_form(0.5)
    reference = initial_value(problem)
    assert_allclose(reference.values["u"], problem.closed_form(reference.axes["t"]), rtol=0, atol=1e-12)
