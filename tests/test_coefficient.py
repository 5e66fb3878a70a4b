"""Coefficients from functions of tensors and from tables."""

import numpy as np
import pytest
import sympy as sp
import torch
from numpy.testing import assert_allclose

from kanpde import Coefficient, Dirichlet, Problem, Rectangle, diff, div, grad, laplacian, sin
from kanpde.expression import Expression, numeric
from kanpde.symbols import unknown

SQUARE = Rectangle(x=(0, 1), y=(0, 1))
X, Y = SQUARE.coordinates
U = unknown("u", SQUARE.coordinates)
COLUMNS = {"x": np.linspace(0.1, 0.9, 7), "y": np.linspace(0.7, 0.3, 7)}
AXIS = np.linspace(0, 1, 201)

WAVE = Coefficient("k", lambda a, b: torch.sin(a) * b**2)
TABLE = Coefficient("k", (AXIS, AXIS), np.sin(AXIS)[:, None] * AXIS**2)


def closed(a, b):
    return sp.sin(a) * b**2


def assert_same(expression, expected, tolerance):
    """Values and slopes agree in NumPy and in torch, for the same numbers in place of the partial derivatives."""
    one, other = Expression(expression, [U]), Expression(expected, [U])
    assert one.partials == other.partials
    dynamic = [np.linspace(0.2, 0.8, 7) ** (i + 1) for i in range(len(one.partials))]
    value, slopes = other.value_and_slopes(other.known(COLUMNS), dynamic)
    known = one.known(COLUMNS)
    tensors = [torch.tensor(d, requires_grad=True) for d in dynamic]
    in_torch, slopes_in_torch = one.value_and_slopes([torch.as_tensor(k) for k in known], tensors)
    in_numpy, slopes_in_numpy = one.value_and_slopes(known, dynamic)
    for found, wanted in zip(
        [in_torch, *slopes_in_torch, in_numpy, *slopes_in_numpy], 2 * [value, *slopes], strict=True
    ):
        found = found.detach().numpy() if isinstance(found, torch.Tensor) else found
        assert_allclose(*np.broadcast_arrays(found, wanted), rtol=tolerance, atol=tolerance)


# a cubic spline through 200 intervals has an error of order h^4 = 2e-9, its slopes one order less each
@pytest.mark.parametrize(("k", "tolerance"), [(WAVE, 1e-12), (TABLE, 1e-5)])
@pytest.mark.parametrize(
    "arguments", [(X, Y), (U, X), (U, U), (X, U.x), (sp.sqrt(2) * U / 2, sp.Rational(1, 2)), (X * U, Y)]
)
def test_a_coefficient_equals_its_closed_form_in_value_and_slope(k, tolerance, arguments):
    assert_same(k(*arguments) * U.x + k(*arguments) ** 2, closed(*arguments) * U.x + closed(*arguments) ** 2, tolerance)


@pytest.mark.parametrize(("k", "tolerance"), [(WAVE, 1e-12), (TABLE, 1e-5)])
def test_the_flux_of_a_coefficient_has_its_product_rule(k, tolerance):
    assert_same(div(k(X, Y) * grad(U)), div(closed(X, Y) * grad(U)), tolerance)


def test_second_derivatives_of_a_function_are_exact():
    assert_same(laplacian(WAVE(X, Y)) * U, laplacian(closed(X, Y)) * U, 1e-12)
    assert_same(diff(WAVE(U, X), X, 2), diff(closed(U, X), X, 2), 1e-12)


def test_a_table_with_one_axis_is_a_cubic_spline():
    nodes = np.array([0.0, 0.1, 0.4, 0.7, 1.0])
    cubic = Coefficient("c", nodes, 2 * nodes**3 - nodes)  # a cubic spline reproduces a cubic
    x = COLUMNS["x"]
    assert_allclose(numeric(cubic(X), COLUMNS), 2 * x**3 - x, atol=1e-14)
    assert_allclose(numeric(diff(cubic(X), X, 2), COLUMNS), 12 * x, atol=1e-11)


def test_the_backward_pass_of_a_table_is_the_slope_of_the_spline():
    at = [torch.tensor(c, requires_grad=True) for c in COLUMNS.values()]
    assert torch.autograd.gradcheck(TABLE.evaluate, at)
    assert torch.autograd.gradgradcheck(TABLE.evaluate, at)


def test_two_coefficients_of_one_name_stay_apart():
    one, two = Coefficient("k", torch.exp), Coefficient("k", torch.cos)
    assert_same(one(X) * U + two(X), sp.exp(X) * U + sp.cos(X), 1e-14)


@pytest.mark.parametrize("name", ["sin", "gamma", "exp"])
def test_a_coefficient_may_have_the_name_of_a_function(name):
    k = Coefficient(name, lambda a: a**2)
    assert_same(k(U) + sin(U) + k(0.5), U**2 + sin(U) + 0.25, 1e-14)


def test_a_coefficient_of_a_coefficient():
    outer = Coefficient("f", torch.exp)
    assert_same(outer(WAVE(X, U)), sp.exp(closed(X, U)), 1e-13)


def test_a_constant_coefficient_has_no_slope():
    k = Coefficient("k", lambda a: torch.tensor(2.0, dtype=a.dtype))
    assert_allclose(numeric(k(X), COLUMNS), np.full(7, 2.0))
    assert_allclose(numeric(diff(k(X), X), COLUMNS), np.zeros(7))


def test_no_gradient_is_recorded_when_torch_records_none():
    compiled = Expression(WAVE(U, X).fdiff(1), [U])
    with torch.no_grad():
        value = compiled.value([torch.as_tensor(k) for k in compiled.known(COLUMNS)], [torch.ones(7)])
    assert not value.requires_grad


def test_a_coefficient_works_in_residual_and_condition():
    class Diffusion(Problem):
        domain = SQUARE

        def exact(self, x, y):
            return x * y

        def residual(self, u, x, y):
            return div(WAVE(x, y) * grad(u)) - div(closed(x, y) * grad(x * y))

        def conditions(self, x, y):
            return [Dirichlet(u=x * y + WAVE(x, y) - closed(x, y))]

    assert Diffusion().check().findings == ()


def test_a_coefficient_is_printed_with_its_derivative_as_an_index():
    assert sp.latex(diff(WAVE(X, Y), X)) == r"k_{x}\left(x, y\right)"
    assert sp.latex(Coefficient("alpha", torch.exp)(X) ** 2) == r"\alpha^{2}\left(x\right)"


def test_a_result_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"`k` must return shape \(7,\) like its arguments, got \(7, 1\)"):
        numeric(Coefficient("k", lambda a: a[:, None])(X), COLUMNS)


def test_a_function_that_loses_track_of_its_arguments_has_no_slope_and_says_so():
    k = Coefficient("k", lambda x: torch.as_tensor(np.exp(x.detach().numpy())))
    x = sp.Symbol("x", real=True)
    points = {"x": np.linspace(0, 1, 5)}
    assert_allclose(numeric(k(x), points), np.exp(points["x"]))
    with pytest.raises(ValueError, match="`k` must be differentiable, since its slope is needed"):
        numeric(sp.diff(k(x), x), points)
    step = Coefficient("step", lambda x: torch.where(x < 0.5, 1.0, 2.0))
    assert_allclose(numeric(sp.diff(step(x), x), points), 0)
    mean = Coefficient("mean", lambda x: x.mean())
    with pytest.raises(ValueError, match="`mean` must return a value for each point, got one for all 5"):
        numeric(mean(x), points)


def test_a_result_that_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="`k` must return a torch tensor, got int"):
        numeric(Coefficient("k", lambda a: 3)(X), COLUMNS)


def test_a_table_is_called_with_one_argument_per_axis():
    with pytest.raises(TypeError, match="k takes exactly 2 arguments"):
        TABLE(X)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("2k", torch.exp), ValueError, "`name` must be an identifier, got '2k'"),
        (("k", 3), TypeError, "`source` of coefficient k must be callable, or come with `values`, got int"),
        (("k", [0, 1], [1, 2, 3]), ValueError, r"`values` of coefficient k must have shape \(2,\), got \(3,\)"),
        (("k", [0, 1], [1, np.nan]), ValueError, "`values` of coefficient k must be finite, got 1 NaN or infinite"),
        (("k", [1, 0], [1, 2]), ValueError, "must be axes of at least 2 strictly ascending values"),
        (("k", [0, np.nan], [1, 2]), ValueError, "must be axes of at least 2 strictly ascending values"),
        (("k", [], []), TypeError, "`source` and `values` of coefficient k must be arrays of numbers"),
        (("k", ["a", "b"], [1, 2]), TypeError, "`source` and `values` of coefficient k must be arrays of numbers"),
    ],
)
def test_bad_tables_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        Coefficient(*arguments)
