"""B-splines against SciPy and against what every B-spline basis satisfies."""

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline as SciPySpline
from torch.testing import assert_close

from kanpde.nn.basis import BSpline

DEGREES = [1, 3, 5, 8]
UNEVEN = torch.tensor([-1.0, -0.7, -0.1, 0.2, 0.25, 1.0], dtype=torch.float64)
GRIDS = {"even": None, "uneven": UNEVEN}


def basis_on(kind, degree, **settings):
    return BSpline(5, degree, grid=GRIDS[kind], **settings)


def by_scipy(basis, x, order):
    """Shape (orders, points, size), every function by SciPy's own recursion; the last interval is closed."""
    knots, out = basis.knots.numpy(), []
    for m in range(order + 1):
        columns = []
        for unit in np.eye(basis.size):
            spline = SciPySpline(knots, unit, basis.degree, extrapolate=True)
            columns.append(spline.derivative(m)(x) if m else spline(x))
        out.append(np.stack(columns, axis=-1))
    return torch.as_tensor(np.stack(out))


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("degree", DEGREES)
def test_values_and_derivatives_match_scipy(kind, degree):
    basis, x = basis_on(kind, degree), torch.linspace(-0.999, 0.999, 57, dtype=torch.float64)
    order = min(4, degree)
    found, wanted = basis.derivatives(x, order), by_scipy(basis, x.numpy(), order)
    for m in range(order + 1):
        assert_close(found[m], wanted[m], rtol=0, atol=1e-12 * max(1.0, wanted[m].abs().max().item()))


@pytest.mark.parametrize("intervals", [1, 2, 5, 40])
@pytest.mark.parametrize("degree", [1, 2, 3, 6, 12])
@pytest.mark.parametrize(("start", "stop"), [(-1.0, 1.0), (0.3, 7.0)])
def test_pieces_of_a_uniform_grid_match_scipy_on_the_knots_between_and_beyond(intervals, degree, start, stop):
    basis = BSpline(degree=degree, grid=torch.linspace(start, stop, intervals + 1, dtype=torch.float64))
    length, draw = stop - start, torch.Generator().manual_seed(0)
    between = start + length * torch.rand(50, generator=draw, dtype=torch.float64)
    beyond = torch.tensor([start - 0.7 * length / intervals, stop + 0.4 * length / intervals], dtype=torch.float64)
    x = torch.cat([basis.grid, between, beyond])
    order = min(degree - 1, 4)  # the derivative of order `degree` has a jump at every knot
    found, wanted = basis.table(x, order), by_scipy(basis, x.numpy(), order)
    for m in range(order + 1):
        assert_close(found[m], wanted[m], rtol=1e-12, atol=1e-12 * max(1.0, wanted[m].abs().max().item()))


@pytest.mark.parametrize("degree", [1, 3, 8])
def test_pieces_and_recursion_are_the_same_functions(degree):
    x = torch.linspace(-1.2, 1.2, 64, dtype=torch.float64)
    pieces, recursion = BSpline(7, degree), BSpline(7, degree)
    recursion.pieces = None
    found, wanted = pieces.table(x, degree + 1), recursion.table(x, degree + 1)
    for m in range(degree + 2):
        assert_close(found[m], wanted[m], rtol=1e-12, atol=1e-13 * max(1.0, wanted[m].abs().max().item()))


def test_what_is_no_number_stays_no_number():
    x = torch.tensor([float("nan"), float("inf"), 0.0], dtype=torch.float64)
    assert BSpline(5, 3)(x).isfinite().all(-1).tolist() == [False, False, True]


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("degree", DEGREES)
def test_b_splines_sum_to_one_and_their_derivatives_to_zero(kind, degree):
    basis, x = basis_on(kind, degree), torch.linspace(-1, 1, 101, dtype=torch.float64)
    table = basis.derivatives(x, 3)
    assert_close(table[0].sum(-1), torch.ones_like(x), rtol=0, atol=1e-14)
    for m in (1, 2, 3):
        size = max(1.0, table[m].abs().max().item())
        assert table[m].sum(-1).abs().max() < 1e-13 * size


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("degree", DEGREES)
def test_every_polynomial_of_the_degree_is_reproduced_with_its_derivatives(kind, degree):
    basis, x = basis_on(kind, degree), torch.linspace(-1, 1, 41, dtype=torch.float64)
    polynomial = np.polynomial.Polynomial(np.random.default_rng(degree).standard_normal(degree + 1))
    coefficients = basis.project(torch.as_tensor(polynomial(basis.fit_points().numpy()))[:, None])[:, 0]
    table = basis.derivatives(x, 2) @ coefficients
    for m in range(3):
        exact = torch.as_tensor(polynomial.deriv(m)(x.numpy()) if m else polynomial(x.numpy()))
        assert_close(table[m], exact, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("degree", DEGREES)
def test_beyond_the_grid_the_last_polynomial_goes_on(kind, degree):
    basis = basis_on(kind, degree)
    x = torch.tensor([-1.5, -1.01, 1.01, 1.4], dtype=torch.float64)
    polynomial = np.polynomial.Polynomial(np.random.default_rng(1).standard_normal(degree + 1))
    coefficients = basis.project(torch.as_tensor(polynomial(basis.fit_points().numpy()))[:, None])[:, 0]
    assert_close(basis(x) @ coefficients, torch.as_tensor(polynomial(x.numpy())), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("degree", DEGREES)
def test_linear_extension_keeps_value_and_slope_of_the_end(degree):
    basis = BSpline(5, degree, outside="linear")
    x = torch.tensor([-1.7, 1.3], dtype=torch.float64)
    end = basis.derivatives(x.clamp(-1, 1), 1)
    table = basis.derivatives(x, 4)
    assert_close(table[0], end[0] + (x - x.clamp(-1, 1))[:, None] * end[1], rtol=1e-13, atol=1e-13)
    assert_close(table[1], end[1])
    assert table[2:].abs().max() == 0
    assert_close(basis(x), table[0])


@pytest.mark.parametrize("outside", ["extend", "linear"])
def test_inside_the_grid_the_extension_makes_no_difference(outside):
    x = torch.linspace(-1, 1, 33, dtype=torch.float64)
    assert_close(BSpline(4, 3, outside=outside).derivatives(x, 3), BSpline(4, 3).derivatives(x, 3), rtol=0, atol=0)


@pytest.mark.parametrize("outside", ["extend", "linear"])
@pytest.mark.parametrize("x", [-1.3, -0.35, 0.6, 1.2])
def test_gradients_of_every_row_match_finite_differences(outside, x):
    basis = BSpline(4, 5, outside=outside)
    at = torch.tensor([x], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: basis.derivatives(a, 2), (at,), atol=1e-5)


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("degree", DEGREES)
def test_whitened_functions_are_orthonormal(kind, degree):
    basis = basis_on(kind, degree)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    grid = basis.grid.numpy()
    x = (grid[:-1, None] + np.diff(grid)[:, None] * (nodes + 1) / 2).ravel()
    w = torch.as_tensor((np.diff(grid)[:, None] * weights / 2).ravel())
    functions = basis(torch.as_tensor(x)) @ basis.whitening()
    gram = functions.T @ (w[:, None] * functions)
    assert_close(gram, torch.eye(basis.size, dtype=torch.float64), rtol=0, atol=1e-10)


def test_interpolation_of_a_sine_converges_with_degree_plus_one():
    x, misses = torch.linspace(-1, 1, 501, dtype=torch.float64), []
    for intervals in (8, 16, 32):
        basis = BSpline(intervals, 3)
        coefficients = basis.project(torch.sin(3 * basis.fit_points())[:, None])[:, 0]
        misses.append((basis(x) @ coefficients - torch.sin(3 * x)).abs().max().item())
    orders = np.log2(np.array(misses[:-1]) / np.array(misses[1:]))
    assert (orders > 3.6).all()


def test_the_grid_is_a_buffer_that_follows_dtype_and_device():
    basis = BSpline(4, 3).to(torch.float32)
    assert basis(torch.zeros(2)).dtype == torch.float32
    assert basis.to("meta").knots.device.type == "meta"
    assert "knots" in basis.state_dict()


def test_equal_and_given_equal_points_are_the_same_basis():
    x = torch.linspace(-1.2, 1.2, 31, dtype=torch.float64)
    given = BSpline(grid=torch.linspace(-1, 1, 6, dtype=torch.float64), degree=4)
    assert torch.equal(given.derivatives(x, 3), BSpline(5, 4).derivatives(x, 3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"intervals": 0}, "`intervals` must be at least 1, got 0"),
        ({"intervals": 2.5}, "`intervals` must be at least 1, got 2.5"),
        ({"degree": 0}, "`degree` must be at least 1, got 0"),
        ({"outside": "flat"}, "`outside` must be one of extend, linear, zero, got 'flat'"),
        ({"grid": torch.tensor([0.0, 0.0, 1.0])}, "`grid` must be a line of at least 2 strictly ascending points"),
        ({"grid": torch.tensor([[0.0, 1.0]])}, "`grid` must be a line of at least 2 strictly ascending points"),
    ],
)
def test_what_cannot_be_a_basis_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        BSpline(**settings)


def test_a_negative_order_is_refused():
    with pytest.raises(ValueError, match="`order` must be 0 or above, got -1"):
        BSpline().derivatives(torch.zeros(1, dtype=torch.float64), -1)


def test_a_spline_that_is_zero_outside_joins_smoothly_where_its_last_coefficients_are():
    basis = BSpline(6, 3, outside="zero")
    coefficients = torch.zeros(basis.size, dtype=torch.float64)
    coefficients[3:-3] = torch.tensor([1.0, -2.0, 0.5])
    x = torch.tensor([-1.5, -1.0, -0.999, 0.2, 0.999, 1.0, 2.0], dtype=torch.float64)
    values = basis.table(x, 2) @ coefficients
    assert (values[:, [0, 6]] == 0).all()
    assert values[:2, [1, 2, 4, 5]].abs().max() < 1e-3
    torch.testing.assert_close(values, BSpline(6, 3).table(x, 2) @ coefficients * torch.tensor([0, 1, 1, 1, 1, 1, 0]))


def test_the_constant_is_the_sum_of_all_functions():
    basis = BSpline(grid=torch.tensor([-1, -0.9, -0.2, 1], dtype=torch.float64), degree=12)
    assert_close(basis.table(basis.fit_points(), 0)[0] @ basis.one(), torch.ones(len(basis.fit_points())).double())
    assert float(basis.mean() @ basis.one()) == pytest.approx(1, abs=1e-14)
