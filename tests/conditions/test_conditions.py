"""Conditions, the terms that they stand for, and where these hold."""

import numpy as np
import pytest
import sympy as sp
import torch
from numpy.testing import assert_allclose, assert_array_equal

from kanpde import (
    Annulus,
    Data,
    Dirichlet,
    Flux,
    Initial,
    Interval,
    Neumann,
    Parameter,
    Periodic,
    Rectangle,
    Robin,
    Time,
    cos,
    grad,
    sin,
)
from kanpde.conditions import Seam
from kanpde.expression import numeric
from kanpde.sampling import Uniform
from kanpde.symbols import unknown

SQUARE = Rectangle(x=(0, 1), y=(0, 2))
X, Y = SQUARE.coordinates
U, V = unknown("u", SQUARE.coordinates), unknown("v", SQUARE.coordinates)
UNKNOWNS = {"u": U, "v": V}
STRIP = Interval(x=(0, 1)) * Time(t=(0, 1))
W = {"u": unknown("u", STRIP.coordinates)}


def miss(term, **solution):
    """Values of a term with expressions in place of the unknowns, at samples of its place."""
    replaced = term.expression.xreplace({UNKNOWNS[n]: e for n, e in solution.items()}).doit()
    sides = [numeric(replaced, p.known) for p in term.place.sample(20, Uniform())]
    return sides[0] - sides[1] if len(sides) == 2 else sides[0]


def test_dirichlet_vanishes_for_its_value_only():
    (term,) = Dirichlet(u=sin(X) * Y, on="y=2").terms(SQUARE, UNKNOWNS)
    assert term.name == "dirichlet u on y=2"
    assert_allclose(miss(term, u=sin(X) * 2), 0, atol=1e-15)
    assert_allclose(miss(term, u=sin(X) * 2 + 3), 3)


@pytest.mark.parametrize(("on", "slope"), [("x=0", -2 * X), ("x=1", 2 * X), ("y=0", -3), ("y=2", 3)])
def test_neumann_is_the_slope_along_the_outward_normal(on, slope):
    (term,) = Neumann(u=slope, on=on).terms(SQUARE, UNKNOWNS)
    assert_allclose(miss(term, u=X**2 + 3 * Y), 0, atol=1e-15)


def test_robin_takes_coefficients_that_vary():
    value = (X + Y) * sin(X) - (1 + X**2) * cos(X)  # a u + b du/dn on x=0, where n = (-1, 0)
    (term,) = Robin(u=value, a=X + Y, b=1 + X**2, on="x=0").terms(SQUARE, UNKNOWNS)
    assert_allclose(miss(term, u=sin(X)), 0, atol=1e-15)
    assert repr(Robin(u=0, a=X, b=2)) == "Robin(u=0, a=x, b=2)"


def test_a_condition_on_several_unknowns_has_a_term_for_each():
    terms = Dirichlet(u=X, v=Y).terms(SQUARE, UNKNOWNS)
    assert [t.name for t in terms] == ["dirichlet u on boundary", "dirichlet v on boundary"]
    assert_allclose(miss(terms[1], v=Y), 0)


def test_a_value_may_contain_unknowns_and_parameters():
    k = Parameter(1, "k")
    (term,) = Neumann(u=k * (V**4 - 1), on="x=1").terms(SQUARE, UNKNOWNS)
    assert term.expression.has(V)
    assert k in term.expression.free_symbols


def test_the_part_may_be_a_coordinate_or_a_part():
    for on in (X, "x", SQUARE.boundary("x")):
        condition = Dirichlet(u=0, on=on)
        assert condition.terms(SQUARE, UNKNOWNS)[0].name == "dirichlet u on x"
        assert repr(condition) == "Dirichlet(u=0, on='x')"


def test_periodic_matches_every_derivative_below_the_order():
    orders = {("u", "x"): 3, ("u", "y"): 1, ("v", "x"): 0, ("v", "y"): 2}
    terms = Periodic("x", "y").periodic_terms(SQUARE, UNKNOWNS, orders)
    assert [t.name for t in terms] == [
        "periodic u in x",
        "periodic u.x in x",
        "periodic u.xx in x",
        "periodic v in x",
        "periodic u in y",
        "periodic v in y",
        "periodic v.y in y",
    ]
    wave = sin(2 * sp.pi * X) * cos(sp.pi * Y)
    for term in terms:
        assert_allclose(miss(term, u=wave, v=wave), 0, atol=1e-12)
    assert np.abs(miss(terms[0], u=X)).max() == 1


def test_a_seam_pairs_points_at_both_ends():
    lower, upper = Seam(SQUARE, "x").sample(9, Uniform())
    assert_array_equal(lower.columns["x"], np.zeros(9))
    assert_array_equal(upper.columns["x"], np.ones(9))
    assert_array_equal(lower.columns["y"], upper.columns["y"])


def test_initial_conditions_count_time_derivatives():
    u = W["u"]
    (value,) = Initial(u=1).terms(STRIP, W)
    (speed,) = Initial(u=2, order=1).terms(STRIP, W)
    assert (value.name, value.expression) == ("initial u", u - 1)
    assert (speed.name, speed.expression) == ("initial u.t", u.t - 2)
    assert_array_equal(value.place.sample(4, Uniform())[0].columns["t"], np.zeros(4))


@pytest.mark.parametrize(
    "points",
    [
        {"t": [0.1, 0.2], "x": [0.3, 0.4]},
        [[0.3, 0.1], [0.4, 0.2]],
        np.array([[0.3, 0.1], [0.4, 0.2]]),
        torch.tensor([[0.3, 0.1], [0.4, 0.2]], dtype=torch.float64),
    ],
)
def test_measurements_come_as_columns_or_as_a_matrix(points):
    (term,) = Data(points, u=[5, 7], sigma=0.5).terms(STRIP, W)
    (sample,) = term.place.sample(100, Uniform())
    assert list(sample.columns) == ["x", "t"]
    assert_array_equal(sample.array, [[0.3, 0.1], [0.4, 0.2]])
    residual = term.expression.xreplace({W["u"]: sp.Integer(6)})
    assert_allclose(numeric(residual, sample.known), [2, -2])  # in units of sigma


def test_every_measurement_may_have_a_deviation_of_its_own():
    points = {"x": [0.3, 0.4], "t": [0.1, 0.2]}
    (term,) = Data(points, u=[5, 7], sigma=[0.5, 0.1]).terms(STRIP, W)
    (sample,) = term.place.sample(100, Uniform())
    residual = term.expression.xreplace({W["u"]: sp.Integer(6)})
    assert_allclose(numeric(residual, sample.known), [2, -10])


def test_a_flux_is_the_component_along_the_outward_normal():
    ring = Annulus(x=0, y=0, inner=1, outer=2)
    x, y = ring.coordinates
    u = unknown("u", ring.coordinates)
    (term,) = Flux(u=3 * grad(u), value=-6, on="hole 1").terms(ring, {"u": u})
    assert term.name == "flux u on hole 1"
    (points,) = term.place.sample(50, Uniform(0))
    held = term.expression.xreplace({u: x**2 + y**2}).doit()
    assert_allclose(numeric(held, points.known), 0, atol=1e-12)  # 3 grad u = 6 (x, y), and n = -(x, y)


def test_fluxes_of_several_unknowns_have_values_of_their_own():
    terms = Flux(u=[U, V], v=[V, U], value={"u": 1, "v": X}, on="x=1").terms(SQUARE, UNKNOWNS)
    assert_allclose(miss(terms[0], u=1 + 0 * X, v=Y), 0)
    assert_allclose(miss(terms[1], u=Y, v=X), 0)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Flux(u=U).terms(SQUARE, UNKNOWNS), ValueError, "`u` of Flux must have 2 components, got 1"),
        (lambda: Flux(u=[U, V], value={"v": 1}), ValueError, "`value` must name u, got v"),
        (lambda: Flux(u=[U]).terms(SQUARE, UNKNOWNS), ValueError, "`u` of Flux must have 2 components, got 1"),
        (lambda: Flux(w=[U, V]).terms(SQUARE, UNKNOWNS), ValueError, "names no unknown"),
    ],
)
def test_fluxes_that_make_no_sense_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_measurements_with_a_deviation_of_their_own_are_noisy():
    assert Data({"x": 0, "y": 0}, u=0, sigma=0.1).is_noisy
    assert Data({"x": 0, "y": 0}, u=0, sigma=1).is_noisy
    assert not Data({"x": 0, "y": 0}, u=0).is_noisy


def test_measurements_are_copied():
    values = np.array([1.0, 2.0])
    data = Data([[0, 0], [1, 1]], u=values)
    values[0] = 99
    assert data.values["u"][0] == 1


NAN = float("nan")


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Dirichlet(), ValueError, r"`Dirichlet` needs a value for an unknown, as in Dirichlet\(u=0\)"),
        (lambda: Dirichlet(u="sin(x)"), TypeError, r"`u` must be a number or an expression, got 'sin\(x\)'"),
        (lambda: Dirichlet(u=NAN), ValueError, "`u` must be finite and real, got nan"),
        (
            lambda: Dirichlet(u=lambda x: 0.0),
            TypeError,
            r"with the coordinates, or as Coefficient\('f', function\)\(x\)",
        ),
        (lambda: Dirichlet(u=np.zeros(3)), TypeError, "`u` must be a number or an expression, got array"),
        (lambda: Dirichlet(u=0, weight=0), ValueError, "`weight` must be a positive number, got 0: leave"),
        (lambda: Dirichlet(u=0, weight=-1), ValueError, "`weight` must be a positive number, got -1"),
        (lambda: Dirichlet(u=0, weight=NAN), ValueError, "`weight` must be finite and real, got nan"),
        (lambda: Dirichlet(u=0, weight="1"), TypeError, "`weight` must be a number"),
        (lambda: Dirichlet(u=0, order=1), TypeError, "`order` is no argument of Dirichlet, got 1: take it out"),
        (lambda: Initial(u=0, on="x"), TypeError, "`on` is no argument of Initial, got 'x': take it out"),
        (lambda: Initial(u=0, order=4), ValueError, "`order` must be 0 .the value. to 3, got 4"),
        (lambda: Initial(u=0, order=1.0), ValueError, "`order` must be 0 .the value. to 3, got 1.0"),
        (lambda: Initial(u=0, order=True), ValueError, "`order` must be 0 .the value. to 3, got True"),
        (lambda: Robin(u=0, b=0), ValueError, "`b` must not be 0 in a Robin condition, got 0: that is Dirichlet"),
        (lambda: Robin(u=0, b=0.0), ValueError, "`b` must not be 0 in a Robin condition, got 0.0"),
        (lambda: Robin(u=0, a=NAN), ValueError, "`a` must be finite and real, got nan"),
        (lambda: Periodic(), ValueError, r"`Periodic` takes different coordinates, got \(\)"),
        (lambda: Periodic("x", "x"), ValueError, r"`Periodic` takes different coordinates, got \('x', 'x'\)"),
        (lambda: Data([[0, 0]]), ValueError, "`Data` needs a value for an unknown"),
        (lambda: Data([], u=[]), ValueError, "`points` must hold at least one point, got none"),
        (lambda: Data({"x": []}, u=[]), ValueError, "`points` must hold at least one point, got none"),
        (lambda: Data(np.zeros((2, 5)), u=np.zeros(5)), ValueError, r"`u` must have shape \(2,\) like the other"),
        (lambda: Data(np.zeros((2, 2, 2)), u=[1, 2]), ValueError, r"`points` must be a matrix \(n, d\), got shape"),
        (lambda: Data({"x": [0, 1], "t": [0]}, u=[1, 2]), ValueError, r"`t` must have shape \(2,\)"),
        (lambda: Data({"x": [0, NAN]}, u=[1, 2]), ValueError, "`x` must be finite, got 1 NaN or infinite values of 2"),
        (lambda: Data({"x": [0, 1]}, u=[1, NAN]), ValueError, "`u` must be finite, got 1 NaN or infinite values of 2"),
        (lambda: Data({"x": ["a"]}, u=[1]), TypeError, r"`x` must be an array of numbers, got \['a'\]"),
        (lambda: Data([[0], [1, 2]], u=[1, 2]), TypeError, "`points` must be an array of numbers"),
        (lambda: Data([[0, 0]], u=[1], sigma=0), ValueError, "`sigma` must be a positive number, got 0"),
        (
            lambda: Data([[0, 0], [1, 1]], u=[1, 2], sigma=[1, -2]),
            ValueError,
            "`sigma` must be a positive number, got -2",
        ),
        (lambda: Data([[0, 0], [1, 1]], u=[1, 2], sigma=[1, np.nan]), ValueError, "must be a positive number, got nan"),
        (lambda: Data([[0, 0]], u=[1], sigma=[1, 2]), ValueError, r"or have shape \(1,\) like the values, got \(2,\)"),
        (lambda: Data([[0, 0]], u=[1], sigma="much"), TypeError, "`sigma` must be a positive number, or one for each"),
        (lambda: Data([[0, 0]], u=[1], on="x"), TypeError, "`on` is no argument of Data"),
    ],
)
def test_bad_conditions_are_refused_when_they_are_written(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Dirichlet(w=0), r"`Dirichlet\(w=...\)` names no unknown: this problem has u"),
        (Dirichlet(u=0, on="x=3"), "`on` must name a part of the boundary, got 'x=3': the nearest are"),
        (Dirichlet(u=0, on="t=0"), "`on` must name a part of the boundary, got 't=0': the nearest are x=0"),
        (Data({"x": [0]}, u=[1]), "`points` must have the columns x, t, got x"),
        (Data([0.0, 1.0], u=[1, 2]), r"`points` must have 2 columns \(x, t\), got 1"),
        (Data([[7, 0.5]], u=[1]), r"`points` must lie in the domain, got x=7 outside of \[0, 1\] \(1 such points\)"),
    ],
)
def test_conditions_that_do_not_fit_the_domain_are_refused(condition, message):
    with pytest.raises(ValueError, match=message):
        condition.terms(STRIP, W)


def test_an_initial_condition_needs_a_time():
    with pytest.raises(ValueError, match="`Initial` needs a time: multiply the domain by Time"):
        Initial(u=0).terms(SQUARE, UNKNOWNS)


def test_time_is_not_periodic():
    with pytest.raises(ValueError, match=r"`Periodic\('t'\)` is in time, which has a start"):
        Periodic("t").periodic_terms(STRIP, W, {})
