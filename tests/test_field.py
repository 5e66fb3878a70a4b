"""Field: values and derivatives of a trial solution, and what it refuses."""

import numpy as np
import pytest
import torch

from kanpde import KAN, Dirichlet, Initial, Interval, Problem, Time, exp, pi, sin
from kanpde.ansatz import build_ansatz
from kanpde.blocks import Trial
from kanpde.field import CHUNK, Field, relative_error
from kanpde.nn.input_map import InputMap


class Heat(Problem):
    """Heat equation with its conditions built in below."""

    domain = Interval(x=(0, 2)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t - u.xx

    def conditions(self, x, t):
        return [Initial(u=sin(pi * x)), Dirichlet(u=t * exp(x), on="x=2"), Dirichlet(u=0, on="x=0")]


def field(hard=False):
    ansatz = build_ansatz(Heat(), hard=hard)
    trial = Trial(KAN([2, 3, 1], grid=4, k=5, seed=1), InputMap(Heat().domain.bounds))
    return Field.of(ansatz, trial)


def test_values_are_those_of_the_network_on_scaled_inputs():
    found = field()
    x, t = np.linspace(0, 2, 9), np.linspace(0, 1, 9)
    inputs = torch.as_tensor(np.stack([x - 1, 2 * t - 1], 1))
    with torch.no_grad():
        wanted = found.trial.network(inputs)[:, 0].numpy()
    np.testing.assert_allclose(found(x=x, t=t), wanted, rtol=1e-13)


@pytest.mark.parametrize(
    ("derivative", "axis", "lower"),
    [("x", "x", ""), ("t", "t", ""), ("xx", "x", "x"), ("xt", "t", "x"), ("xxt", "t", "xx")],
)
@pytest.mark.parametrize("hard", [False, True])
def test_a_derivative_is_the_limit_of_central_differences(hard, derivative, axis, lower):
    found, errors = field(hard), []
    point = {"x": np.array([0.3, 1.1, 1.7]), "t": np.array([0.2, 0.5, 0.9])}
    exact = found(derivative, **point)
    for h in (4e-2, 2e-2, 1e-2):
        up, down = ({**point, axis: point[axis] + s * h} for s in (1, -1))
        errors.append(np.abs((found(lower, **up) - found(lower, **down)) / (2 * h) - exact).max())
    slopes = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(slopes, 2.0, atol=0.3)


def test_hard_conditions_hold_at_every_point():
    found, t, x = field(hard=True), np.linspace(0, 1, 11), np.linspace(0, 2, 11)
    np.testing.assert_allclose(found(x=2.0, t=t), t * np.exp(2), atol=1e-13)
    np.testing.assert_allclose(found(x=0.0, t=t), 0.0, atol=1e-13)
    np.testing.assert_allclose(found(x=x, t=0.0), np.sin(np.pi * x), atol=1e-13)


def test_many_points_are_taken_in_parts_without_a_seam():
    found = field()
    x = np.linspace(0, 2, 2 * CHUNK + 17)
    single = [found(x=x[i], t=0.5) for i in (0, CHUNK, -1)]
    np.testing.assert_allclose(found(x=x, t=0.5)[[0, CHUNK, -1]], single, rtol=1e-13)


def test_a_grid_has_one_axis_per_coordinate():
    axes = {"x": np.linspace(0, 2, 4), "t": np.linspace(0, 1, 3)}
    values = field().on_grid(axes)["u"]
    assert values.shape == (4, 3)
    assert values[2, 1] == pytest.approx(field()(x=axes["x"][2], t=axes["t"][1]), rel=1e-13)


@pytest.mark.parametrize(
    ("derivative", "coordinates", "message"),
    [
        ("", {"x": 0.5}, "`coordinates` must be x, t, got x"),
        ("", {}, "`coordinates` must be x, t, got none"),
        ("", {"x": 0.5, "t": 0, "y": 1}, "`coordinates` must be x, t, got x, t, y"),
        ("", {"x": np.nan, "t": 0}, "`x` must be finite, got 1 NaN or infinite values"),
        ("", {"x": "a", "t": 0}, "`x` must be a number or an array of numbers, got 'a'"),
        ("", {"x": [0, 1], "t": [0, 1, 2]}, r"`coordinates` must have shapes that broadcast, got x \(2,\), t \(3,\)"),
        ("y", {"x": 0, "t": 0}, "`u.y` is not a partial derivative: the coordinates of the domain are x, t"),
        ("func", {"x": 0, "t": 0}, "`u.func` is not a partial derivative: the coordinates are x, t"),
        ("xxxxx", {"x": 0, "t": 0}, "is a derivative of order 5, the highest is 4"),
    ],
)
def test_bad_calls_are_refused(derivative, coordinates, message):
    with pytest.raises(ValueError, match=message):
        field()(derivative, **coordinates)


def test_a_coordinate_without_its_name_is_refused():
    with pytest.raises(TypeError, match=r"`derivative` must be text such as 'xx', got 0\.5: give coordinates by name"):
        field()(0.5)


def test_an_unknown_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="`v` is not an unknown of this solution: it has u"):
        field().expression("v")


def test_the_relative_error_is_absolute_where_the_reference_is_zero():
    assert relative_error([np.array([3.0, 4.0])], [np.zeros(2)]) == 5.0
    assert relative_error([np.array([3.0]), np.array([6.0])], [np.array([0.0]), np.array([10.0])]) == 0.5


def test_an_infinite_error_is_a_number_and_no_warning():
    assert relative_error([np.array([1e300])], [np.array([1.0])]) == np.inf


def test_points_outside_the_domain_are_refused():
    with pytest.raises(ValueError, match=r"`x` must lie in \[0, 2\], got 2.5 to 2.5"):
        field()(x=2.5, t=0.5)
