"""Intervals of numbers and fields that are found from measurements, against least squares with the closed form."""

import numpy as np
import pytest
import torch
from kanpde.problems.heat_source import HeatSource
from numpy.testing import assert_allclose
from scipy import stats
from scipy.optimize import least_squares

from kanpde import (
    KAN,
    Data,
    Dirichlet,
    Disk,
    Interval,
    Parameter,
    Plan,
    Points,
    Problem,
    Rectangle,
    laplacian,
    solve,
    uncertainty,
)
from kanpde.balance import NoiseLevel
from kanpde.intervals import Estimate


def kan(outputs=1, seed=0):
    return KAN([1, 4, outputs], basis="chebyshev", k=[16, 4], base=False, seed=seed)


def by_least_squares(problem):
    """The numbers that fit best, their deviations and correlation, by the closed form of the temperature."""
    (data,) = [c for c in problem.condition_list if isinstance(c, Data)]
    x, values = data.points["x"], data.values["u"]

    def temperature(strength, place):
        grid = np.linspace(0, 1, 2001)
        source = strength * np.exp(-(((grid - place) / 0.1) ** 2))
        step = grid[1] - grid[0]
        once = np.concatenate([[0], np.cumsum((source[1:] + source[:-1]) / 2) * step])
        twice = np.concatenate([[0], np.cumsum((once[1:] + once[:-1]) / 2) * step])
        return np.interp(x, grid, grid * twice[-1] - twice)

    found = least_squares(lambda q: (temperature(*q) - values) / data.sigma, [4.0, 0.4], xtol=1e-14)
    covariance = np.linalg.inv(found.jac.T @ found.jac)
    spread = np.sqrt(np.diag(covariance))
    return dict(zip(("strength", "place"), found.x, strict=True)), dict(zip(("strength", "place"), spread, strict=True))


@pytest.mark.slow
def test_numbers_and_their_deviations_are_those_of_least_squares_with_the_solution_in_closed_form():
    problem = HeatSource(noise=0.01, noise_seed=0)
    found = solve(problem, kan(), hard=True, steps=250, points=Points(200, 10), seed=0)
    doubt = uncertainty(problem, found)
    values, deviations = by_least_squares(problem)
    for name, estimate in doubt.numbers.items():
        assert_allclose(estimate.value, values[name], atol=0.2 * deviations[name])
        assert_allclose(estimate.deviation, deviations[name], rtol=0.1)
        assert_allclose(estimate.upper - estimate.lower, 2 * 1.959964 * estimate.deviation, rtol=1e-6)
    assert doubt.noise == 1
    assert 0.3 < doubt.misfit < 2
    assert doubt.doubts == ()
    assert str(doubt).startswith("place = 0.35")
    assert_allclose(np.diag(doubt.correlation), 1)
    assert {"number place", "number strength"} <= set(found.history)
    assert found.history["number place"][-1] == found.numbers["place"]
    lower, upper = doubt.band("u", x=np.array([0.2, 0.5]))
    assert (lower < found(x=[0.2, 0.5])).all()
    assert (upper - lower < 0.02).all()


@pytest.mark.slow
def test_numbers_that_had_not_come_to_rest_are_doubted_and_their_way_is_told():
    problem = HeatSource(noise=0.01, noise_seed=0)
    found = solve(problem, kan(), hard=True, steps=250, points=Points(200, 10), seed=0)
    rest = uncertainty(problem, found)
    aside = rest.numbers["strength"].deviation
    with torch.no_grad():
        found.field.trial.numbers["strength"] += aside
    doubt = uncertainty(problem, found)
    way = dict(zip(doubt.names, doubt.step[-2:], strict=True))
    assert_allclose(way["strength"], -aside, rtol=0.05)
    assert abs(way["place"]) < 0.1 * doubt.numbers["place"].deviation
    (sentence,) = doubt.doubts
    assert sentence.startswith(f"strength as yet: another step would move it by {-aside:.1g}")


def test_an_equation_that_is_not_solved_makes_every_interval_doubtful():
    """Without `sigma` measurements count as much as the equation, which gives way to their noise."""
    problem = HeatSource(noise=0.01, noise_seed=0)
    found = solve(problem, kan(), hard=True, steps=1, points=Points(200, 10), seed=0)
    doubt = uncertainty(problem, found)
    assert doubt.residual > 0.1
    assert "the terms of the equations cancel to" in doubt.doubts[0]


class Uneven(Problem):
    """u = a x (1 - x), measured ten times as closely on the left as on the right."""

    domain = Interval(x=(0, 1))
    a = Parameter(1.0)
    where = np.linspace(0.1, 0.9, 10)
    sigma = np.where(where < 0.5, 0.01, 0.1)
    values = 2 * where * (1 - where) + sigma * np.random.default_rng(0).standard_normal(10)

    def residual(self, u, x):
        return u.xx + 2 * self.a

    def conditions(self, x):
        return [Dirichlet(u=0), Data({"x": self.where}, u=self.values, sigma=self.sigma)]


@pytest.mark.slow
def test_measurements_count_by_their_own_deviations():
    found = solve(Uneven(), hard=True, steps=60)
    shape = Uneven.where * (1 - Uneven.where)
    weights = Uneven.sigma**-2.0
    information = weights @ shape**2
    (estimate,) = uncertainty(Uneven(), found).numbers.values()
    assert_allclose(estimate.value, weights @ (shape * Uneven.values) / information, atol=0.1 * information**-0.5)
    assert_allclose(estimate.deviation, information**-0.5, rtol=0.05)


class Product(Problem):
    """Of a and b the measurements see the product alone."""

    domain = Interval(x=(0, 1))
    a = Parameter(1.5)
    b = Parameter(1.0)

    def residual(self, u, x):
        return u.xx + 2 * self.a * self.b

    def conditions(self, x):
        where = np.linspace(0.1, 0.9, 9)
        noise = 0.01 * np.random.default_rng(0).standard_normal(9)
        return [Dirichlet(u=0), Data({"x": where}, u=2 * where * (1 - where) + noise, sigma=0.01)]


@pytest.mark.slow
def test_what_the_measurements_cannot_tell_is_said():
    problem = Product()
    found = solve(problem, kan(), hard=True, steps=80, points=Points(50, 2))
    assert_allclose(found.numbers["a"] * found.numbers["b"], 2, rtol=0.1)
    doubt = uncertainty(problem, found)
    assert any("a and b one by one" in d for d in doubt.doubts)
    assert "the measurements cannot tell" in str(doubt)
    with pytest.raises(ValueError, match="`unknown` must be one of u, got 'q'"):
        doubt.band("q", x=0.5)


class Unseen(Product):
    """A number that nothing depends on, because what it multiplies vanishes."""

    def residual(self, u, x):
        return u.xx + 4 * self.b + self.a * (u - 2 * x * (1 - x))


def test_a_number_that_nothing_depends_on_has_no_narrow_interval():
    found = solve(Unseen(), kan(), hard=True, steps=30, points=Points(50, 2))
    doubt = uncertainty(Unseen(), found)
    assert doubt.numbers["a"].deviation > 100
    assert any(d.startswith("a: its standard deviation") for d in doubt.doubts)


class Thin(Problem):
    """u'' + q = 0 on [0, 1e-3] in SI units: q is of the order of 1e6, and known from the weighted mean."""

    domain = Interval(x=(0, 1e-3))
    q = Parameter(1.0)
    where = np.linspace(0.05e-3, 0.95e-3, 20)
    shape = where * (1e-3 - where) / 2
    values = 3e6 * shape + 0.01 * np.random.default_rng(0).standard_normal(20)

    def residual(self, u, x):
        return u.xx + self.q

    def conditions(self, x):
        return [Dirichlet(u=0), Data({"x": self.where}, u=self.values, sigma=0.01)]


def test_intervals_do_not_depend_on_units():
    found = solve(Thin(), KAN([1, 4, 1], basis="chebyshev", k=[6, 2], base=False), hard=True, steps=60)
    (estimate,) = uncertainty(Thin(), found).numbers.values()
    information = (Thin.shape**2).sum() / 0.01**2
    assert_allclose(estimate.deviation, information**-0.5, rtol=0.05)
    assert_allclose(estimate.value, Thin.shape @ Thin.values / (Thin.shape**2).sum(), atol=0.1 * information**-0.5)


def test_numbers_are_written_with_as_many_digits_as_are_known():
    assert Estimate(8 / 3, 6e-11, 2.6, 2.7).written(8 / 3) == "2.666666666667"
    assert Estimate(0.35, 0.01, 0.3, 0.4).written(0.35) == "0.35"


def test_what_has_no_measurements_or_several_slabs_is_refused():
    class Bare(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx + 1

        def conditions(self, x):
            return [Dirichlet(u=0)]

    found = solve(Bare(), kan(), steps=1)
    with pytest.raises(ValueError, match="`Bare` has no measurements"):
        uncertainty(Bare(), found)
    with pytest.raises(ValueError, match="`level` must be between 0 and 1, got 95"):
        uncertainty(Bare(), found, level=95)
    staged = solve(Bare(), kan(), steps=4, plan=Plan(stages=2))
    with pytest.raises(ValueError, match="must be one network"):
        uncertainty(HeatSource(noise=0.01), staged)


def decay(noisy, exact=None):
    """u' = -a u from u(0) = 1, which stands in `exact` data or in the start, with measurements of known or unknown noise."""

    class Decay(Problem):
        domain = Interval(t=(0, 1))
        a = Parameter(1.0)

        def residual(self, u, t):
            return u.t + self.a * u

        def conditions(self, t):
            return [Dirichlet(u=1, on="t=0") if exact is None else exact, noisy]

    return Decay()


def test_noise_that_is_estimated_from_few_measurements_widens_the_intervals_as_student_says():
    noisy = Data({"t": [0.2, 0.4, 0.6, 0.8]}, u=np.exp([-0.21, -0.39, -0.62, -0.78]))
    problem = decay(noisy)
    doubt = uncertainty(problem, solve(problem, KAN([1, 1], basis="chebyshev", k=[6], base=False), steps=60))
    assert 1 <= doubt.free < 4
    (estimate,) = doubt.numbers.values()
    assert_allclose((estimate.upper - estimate.value) / estimate.deviation, stats.t.ppf(0.975, doubt.free))


def test_exact_values_beside_noisy_ones_are_conditions_not_measurements():
    rng = np.random.default_rng(0)
    t = np.linspace(0.05, 1, 30)
    noisy = Data({"t": t}, u=np.exp(-t) + 0.01 * rng.normal(size=30), sigma=0.01)
    bands = []
    for exact in (None, Data({"t": [0.0]}, u=[1.0])):
        problem = decay(noisy, exact)
        plan = Plan(balance=NoiseLevel(), restarts=0)
        found = solve(problem, KAN([1, 1], basis="chebyshev", k=[6], base=False), steps=60, plan=plan)
        doubt = uncertainty(problem, found)
        assert doubt.noise == 1
        bands.append(doubt.band("u", t=[0.0, 0.5]))
        assert found.weights["data u"] < 1
    assert found.weights["exact data u"] >= 1
    assert_allclose(bands[1], bands[0], atol=1e-3)


@pytest.mark.parametrize("name", ["absorption", "sink"])  # on both sides of "singular" in the alphabet
def test_factors_of_singular_terms_are_not_what_is_looked_for(name):
    class Cooled(Problem):
        """A hot hole in a plate with an unknown sink."""

        domain = Rectangle(x=(-1, 1), y=(-1, 1)) - Disk(x=0, y=0, radius=0.3)

        def residual(self, u, x, y):
            return laplacian(u) - getattr(self, name) * u

        def conditions(self, x, y):
            where = {"x": np.array([0.5, 0.7, -0.6]), "y": np.array([0.5, -0.2, 0.3])}
            return [
                Dirichlet(u=0, on="outer"), Dirichlet(u=1, on="holes"), Data(where, u=np.array([0.3, 0.2, 0.3]), sigma=0.01),
            ]  # fmt: skip

    setattr(Cooled, name, Parameter(2.0, name))
    network = KAN([2, 4, 1], basis="chebyshev", k=[5, 3], base=False, seed=0)
    found = solve(Cooled(), network, steps=40, points=Points(300, 100), seed=0)
    rest = uncertainty(Cooled(), found)
    assert list(rest.numbers) == list(rest.names) == [name]
    assert rest.correlation.shape == (1, 1)
    aside = 0.1 * rest.numbers[name].deviation
    with torch.no_grad():
        found.field.trial.numbers[name] += aside
    (before,), (after,) = (d.step[d._places] for d in (rest, uncertainty(Cooled(), found)))
    assert_allclose(before - after, aside, rtol=0.1)  # its own column, and no factor's
    assert not any("singular" in sentence for sentence in rest.doubts)
    with torch.no_grad():
        found.field.trial.numbers[name] += 10 * aside
    doubt = uncertainty(Cooled(), found)
    (move,) = doubt.step[doubt._places]
    assert any(s.startswith(f"{name} as yet: another step would move it by {move:.2g}") for s in doubt.doubts)
