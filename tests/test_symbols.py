"""Coordinates, unknowns, partial derivatives and calculus on expressions."""

import copy
import pickle

import pytest
import sympy as sp
from numpy import float64

from kanpde import Box, Interval, Parameter, Rectangle, Time, cos, diff, div, exp, grad, laplacian, sin
from kanpde.symbols import Coordinate, as_expression, orders_of, unknown

SQUARE = Rectangle(x=(0, 1), y=(0, 1))
X, Y = SQUARE.coordinates
U = unknown("u", SQUARE.coordinates)


@pytest.mark.parametrize("name", ["x", "yy", "xy", "xxyy", "yyyy"])
def test_an_attribute_is_the_partial_derivative_that_sympy_takes(name):
    value = sin(2 * X) * exp(3 * Y)
    expected = sp.diff(value, *[{"x": X, "y": Y}[letter] for letter in name])
    assert getattr(U, name).xreplace({U: value}).doit() == expected


def test_partial_derivatives_are_equal_in_any_order():
    assert U.xy == U.yx == diff(U, Y, X) == diff(U.x, Y)
    assert U.yxyx == U.xxyy == diff(U, X, 2, Y, 2)


def test_the_multi_index_counts_repeated_coordinates():
    unsorted = sp.Derivative(U, Y, X, Y, X, evaluate=False)
    assert orders_of(unsorted, SQUARE.coordinates) == (2, 2)
    assert orders_of(U.xxy, SQUARE.coordinates) == (2, 1)


def test_coordinates_may_have_several_letters():
    r, theta = Rectangle(r=(1, 2), theta=(0, 1)).coordinates
    u = unknown("u", (r, theta))
    assert u.rtheta == u.thetar == diff(u, r, theta)
    assert u.thetatheta == diff(u, theta, 2)


def test_a_name_is_cut_wherever_the_coordinates_allow_it():
    ab, abc, cd = Box(ab=(0, 1), abc=(0, 1), cd=(0, 1)).coordinates
    assert unknown("u", (ab, abc, cd)).abcd == diff(unknown("u", (ab, abc, cd)), ab, cd)


def test_a_derivative_that_can_be_read_in_two_ways_is_refused():
    u = unknown("u", Box(x=(0, 1), y=(0, 1), xy=(0, 1)).coordinates)
    with pytest.raises(ValueError, match=r"`u.xy` can be read in two ways: write diff\(u, x, y\) or diff\(u, xy\)"):
        u.xy  # noqa: B018


def test_a_derivative_by_no_coordinate_is_refused():
    with pytest.raises(ValueError, match=r"`u.z` is not a partial derivative: the coordinates of the domain are x, y"):
        U.z  # noqa: B018
    assert not hasattr(U, "z")


def test_unknowns_are_real_so_that_absolute_values_have_slopes():
    assert diff(sp.Abs(U), X) == sp.sign(U) * U.x


def test_the_divergence_of_a_flux_has_its_product_rule():
    a = exp(X * Y)
    expected = a * (U.xx + U.yy) + diff(a, X) * U.x + diff(a, Y) * U.y
    assert sp.expand(div(a * grad(U)) - expected) == 0


def test_gradient_divergence_and_laplacian_of_plain_expressions():
    assert list(grad(X**2 * Y)) == [2 * X * Y, X**2]
    assert div([X**2, Y**3]) == 2 * X + 3 * Y**2
    assert laplacian(X**2 * Y**2) == 2 * X**2 + 2 * Y**2
    assert list(laplacian([X**2, 7])) == [2, 0]
    assert div(grad(sin(X) * cos(Y))) == laplacian(sin(X) * cos(Y)) == -2 * sin(X) * cos(Y)


def test_the_gradient_spans_the_space_even_where_the_expression_does_not():
    assert list(grad(X)) == [1, 0]


def test_time_is_no_space_coordinate():
    x, t = (Interval(x=(0, 1)) * Time(t=(0, 1))).coordinates
    assert laplacian(x**2 * t**2) == 2 * t**2
    with pytest.raises(ValueError, match="`t` depends on no space coordinate"):
        laplacian(t)


def test_an_expression_without_coordinates_has_no_gradient():
    with pytest.raises(ValueError, match="`1` depends on no space coordinate"):
        grad(1)
    with pytest.raises(TypeError, match=r"`expression` must be a scalar, got \[x, y\]"):
        grad([X, Y])


def test_a_divergence_needs_one_component_per_space_coordinate():
    with pytest.raises(ValueError, match="`vector` must have 2 components, one per space coordinate, got 3"):
        div([X, Y, X])


@pytest.mark.parametrize("order", [0, 5, -1])
def test_an_order_outside_one_to_four_is_refused(order):
    with pytest.raises(ValueError, match=f"`order` must be 1 to 4, got {order}"):
        diff(U, X, order)


@pytest.mark.parametrize("variable", ["x", 1.5, U])
def test_only_symbols_and_whole_orders_can_be_differentiated_by(variable):
    with pytest.raises(TypeError, match="`diff` differentiates by coordinates and whole orders, got"):
        diff(U, X, variable)


def test_a_derivative_by_nothing_is_refused():
    with pytest.raises(ValueError, match="`diff` needs a coordinate"):
        diff(U)


def test_coordinates_of_different_kind_or_space_differ():
    assert Coordinate("x") != Coordinate("x", "time")
    assert Coordinate("x", frame=("x", "y")) != Coordinate("x")
    assert Coordinate("x") != sp.Symbol("x", real=True)


@pytest.mark.parametrize("duplicate", [lambda o: pickle.loads(pickle.dumps(o)), copy.deepcopy, copy.copy])
def test_copies_of_symbols_keep_what_they_know(duplicate):
    x, t = duplicate((Interval(x=(0, 1)) * Time(t=(0, 1))).coordinates)
    assert (x.kind, x.frame, t.kind, t.frame) == ("space", ("x",), "time", ("x",))
    assert duplicate(X) == X
    assert hash(duplicate(X)) == hash(X)
    assert duplicate(U) == U
    assert duplicate(U).xy == U.xy
    number = Parameter(2.5, "k")
    assert duplicate(number) == number
    assert duplicate(number).initial == 2.5


@pytest.mark.parametrize(
    ("initial", "error"), [("a", TypeError), (None, TypeError), (float("nan"), ValueError), (X, ValueError)]
)
def test_an_unknown_number_starts_from_a_finite_number(initial, error):
    with pytest.raises(error, match="`initial` must be"):
        Parameter(initial)


def test_pi_is_printed_before_a_coordinate():
    assert str(sin(sp.pi * X)) == "sin(pi*x)"


def test_numbers_of_every_library_become_expressions():
    assert as_expression("u", 2) == 2
    assert float(as_expression("u", float64(0.1))) == 0.1
    assert as_expression("u", sp.pi) is sp.pi


@pytest.mark.parametrize(
    "value", ["__import__('os').getcwd()", None, [1, 2], True, sp.Eq(X, 0), sp.Matrix([1]), grad(X)]
)
def test_what_is_no_expression_is_refused_and_strings_are_never_run(value):
    with pytest.raises(TypeError, match="`u` must be a number or an expression, got"):
        as_expression("u", value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), sp.oo, sp.nan, sp.I * X])
def test_values_that_are_not_finite_and_real_are_refused(value):
    with pytest.raises(ValueError, match="`u` must be finite and real, got"):
        as_expression("u", value)
