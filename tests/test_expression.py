"""Expressions as numeric functions: values and slopes in NumPy and torch."""

import numpy as np
import pytest
import scipy.special
import sympy as sp
import torch
from numpy.testing import assert_allclose

from kanpde import Parameter, Rectangle, cos, diff, exp, sin, sqrt
from kanpde.expression import Expression, Partial, lambdified, numeric
from kanpde.symbols import unknown

SQUARE = Rectangle(x=(0, 1), y=(0, 1))
X, Y = SQUARE.coordinates
U, V = unknown("u", SQUARE.coordinates), unknown("v", SQUARE.coordinates)
COLUMNS = {"x": np.linspace(0.1, 0.9, 6), "y": np.linspace(0.8, 0.2, 6)}


def in_numpy(expression, dynamic):
    return Expression(expression, [U, V]).value_and_slopes(Expression(expression, [U, V]).known(COLUMNS), dynamic)


def in_torch(expression, dynamic):
    compiled = Expression(expression, [U, V])
    known = [torch.as_tensor(k) for k in compiled.known(COLUMNS)]
    return compiled.value_and_slopes(known, [torch.as_tensor(d) for d in dynamic])


def test_the_partial_derivatives_that_occur_are_found_once():
    compiled = Expression(U * U.xy + sp.Derivative(U, Y, X, evaluate=False) + V.yy, [U, V])
    assert compiled.partials == (Partial("u", (0, 0)), Partial("u", (1, 1)), Partial("v", (0, 2)))


def test_value_and_slopes_of_a_nonlinear_residual_match_the_closed_form():
    u, ux, vyy = np.linspace(-1, 1, 6), np.linspace(2, 3, 6), np.linspace(0, 1, 6)
    expression = sin(X) * U * U.x**2 + exp(Y) * V.yy - X * Y
    s, e = np.sin(COLUMNS["x"]), np.exp(COLUMNS["y"])
    for evaluate in (in_numpy, in_torch):
        value, slopes = evaluate(expression, [u, ux, vyy])
        assert_allclose(value, s * u * ux**2 + e * vyy - COLUMNS["x"] * COLUMNS["y"], rtol=1e-14, atol=1e-14)
        assert_allclose(slopes[0], s * ux**2, rtol=1e-14)
        assert_allclose(slopes[1], 2 * s * u * ux, rtol=1e-14)
        assert_allclose(slopes[2], e, rtol=1e-14)


@pytest.mark.parametrize(
    "function",
    [
        *(sp.Abs, sp.sign, sp.Heaviside, sp.exp, sp.erf, sp.erfc, sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc),
        *(sp.sinh, sp.cosh, sp.tanh, sp.coth, sp.sech, sp.csch, sp.asinh, sp.atan),
        lambda u: sp.Max(u, 0),
        lambda u: sp.Min(u, X, sp.Rational(1, 3)),
        lambda u: sp.Piecewise((u**2, u > 0), (X * u, True)),
        lambda u: sin(sqrt(2) * u),
        lambda u: sp.atan2(sp.pi, u),
    ],
)
def test_torch_and_numpy_agree_on_a_function_of_the_unknown_and_its_slope(function):
    u = np.linspace(-0.9, 0.8, 6)
    value, (slope,) = in_numpy(function(U), [u])
    value_torch, (slope_torch,) = in_torch(function(U), [u])
    assert_allclose(np.broadcast_to(value_torch, 6), value, rtol=1e-13)
    assert_allclose(np.broadcast_to(slope_torch, 6), np.broadcast_to(slope, 6), rtol=1e-13)
    h = 1e-6
    above, below = in_numpy(function(U), [u + h])[0], in_numpy(function(U), [u - h])[0]
    assert_allclose(np.broadcast_to(slope, 6), (above - below) / (2 * h), rtol=1e-7, atol=1e-8)  # central difference


def test_floats_keep_all_their_digits():
    third = 1 / 3
    value, (slope,) = in_numpy(third * U, [np.ones(6)])
    assert np.all(value == third)
    assert slope == third


def test_parts_in_coordinates_alone_are_evaluated_once_beforehand():
    compiled = Expression(sin(X) * cos(Y) * U.x + exp(X) * U + Y, [U])
    assert len(compiled.known(COLUMNS)) == 3
    assert compiled.is_linear
    assert not Expression(U * U.x, [U]).is_linear


@pytest.mark.parametrize("name", ["sin", "pi", "exp", "E", "I"])
def test_a_coordinate_may_have_the_name_of_a_function_or_constant(name):
    c = Rectangle(**{name: (0, 1), "w": (0, 1)}).coordinates[0]
    points = np.linspace(0.1, 0.9, 5)
    assert_allclose(numeric(sp.sin(c) + sp.exp(c) * sp.pi, {name: points}), np.sin(points) + np.exp(points) * np.pi)


def test_unknown_numbers_come_after_the_partial_derivatives():
    k = Parameter(2.0, "k")
    compiled = Expression(k**2 * U.x, [U])
    value, slopes = compiled.value_and_slopes([], [np.array([3.0]), 5.0])
    assert compiled.parameters == (k,)
    assert (value, slopes[0], slopes[1]) == (75.0, 25.0, 30.0)


def test_a_constant_is_spread_over_all_points():
    assert_allclose(numeric(sp.Rational(1, 4), COLUMNS), np.full(6, 0.25))


def test_a_value_that_is_not_finite_names_the_first_point():
    with pytest.raises(ValueError, match=r"`1/\(x - 1/10\)` is not finite at x=0.1: check the coefficient"):
        numeric(1 / (X - sp.Rational(1, 10)), COLUMNS)


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="`z` is neither a coordinate nor an unknown"):
        numeric(sp.Symbol("z"), COLUMNS)


def test_a_derivative_of_order_five_is_refused():
    with pytest.raises(ValueError, match="is a derivative of order 5, the highest is 4"):
        Expression(diff(U.xxx, Y, 2), [U])


@pytest.mark.parametrize(
    "expression", [U.subs(X, 0), U.x.subs(Y, 1), sp.Function("f")(X), sp.DiracDelta(X) * U, sp.Integral(U, X)]
)
def test_what_has_no_value_at_a_point_is_refused(expression):
    with pytest.raises(ValueError, match=r"has no value: use the unknowns \(u\(x, y\)\)"):
        Expression(expression + U, [U])


def test_a_function_without_slope_is_refused():
    with pytest.raises(ValueError, match=r"`floor\(u\(x, y\)\)` has a part that cannot be differentiated"):
        in_numpy(sp.floor(U), [np.ones(6)])


def test_a_function_that_torch_does_not_have_is_named():
    with pytest.raises(ValueError, match="`bessely` cannot be evaluated by torch: wrap it in a Coefficient"):
        in_torch(sp.bessely(0, U), [np.ones(6)])


def test_a_function_that_only_sympy_s_printer_knows_is_named():
    with pytest.raises(ValueError, match="`beta` cannot be evaluated by torch: wrap it in a Coefficient"):
        in_torch(sp.beta(U, 2), [np.ones(6)])


def test_the_gamma_function_in_torch_is_that_of_scipy_with_its_slope():
    at = np.array([0.3, 2.2, 5.0, -0.5, -1.7, -2.3])
    u = sp.Symbol("u", real=True)
    value, slope = lambdified([u], [sp.gamma(u), sp.diff(sp.gamma(u), u)], "torch")(torch.as_tensor(at))
    assert_allclose(value, scipy.special.gamma(at), rtol=1e-13)
    assert_allclose(slope, scipy.special.gamma(at) * scipy.special.digamma(at), rtol=1e-12)


@pytest.mark.parametrize("order", [0, 1, 4])
def test_bessel_functions_in_torch_are_those_of_scipy_with_their_slopes(order):
    x = np.linspace(-30, 30, 6)
    value, (slope,) = in_torch(sp.besselj(order, U), [x])
    assert_allclose(value, scipy.special.jv(order, x), rtol=1e-12, atol=1e-14)
    assert_allclose(slope, scipy.special.jvp(order, x), rtol=1e-12, atol=1e-14)
    points = torch.tensor(x, requires_grad=True)
    (values,) = lambdified([X], [sp.besselj(order, X)], "torch")(points)
    (gradient,) = torch.autograd.grad(values.sum(), points)
    assert_allclose(values.detach(), scipy.special.jv(order, x), rtol=1e-12, atol=1e-14)
    assert_allclose(gradient, scipy.special.jvp(order, x), rtol=1e-12, atol=1e-14)


def test_the_last_bits_do_not_depend_on_how_many_symbols_sympy_has_made_before(monkeypatch):
    """Sums are sorted by names; numbers of dummies would change their order when they get one digit longer."""
    residual = diff(U, X, 2) + 2 * X * diff(U, Y) + U * Y**2 + U**2 * exp(X) + 3 * U
    jets = torch.rand(4, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    columns = {"x": np.linspace(0, 1, 1000), "y": np.linspace(1, 3, 1000)}

    def bits(count):
        monkeypatch.setattr(sp.Dummy, "_count", count)
        compiled = Expression(residual, [U])
        known = [torch.as_tensor(k) for k in compiled.known(columns)]
        value, slopes = compiled.value_and_slopes(known, list(jets[: len(compiled.partials)]))
        return [value.numpy().tobytes(), *[torch.as_tensor(s).numpy().tobytes() for s in slopes]]

    wanted = bits(10**8)
    assert all(bits(10**9 - before) == wanted for before in range(40))
