"""Coordinates to inputs of a network."""

import math

import pytest
import sympy as sp
import torch
from torch.testing import assert_close

from kanpde.jet import JetPlan, nested_autograd
from kanpde.nn.input_map import LAG, InputMap
from kanpde.nn.logarithm import Logarithm
from kanpde.nn.stretch import Front, Stretch

X = torch.tensor([[0.0, -1.0], [1.0, 0.5], [3.0, 2.0]], dtype=torch.float64)
BOUNDS = {"x": (0.0, 3.0), "y": (-1.0, 2.0)}


def test_bounds_go_to_minus_one_and_one():
    inputs = InputMap(BOUNDS)(X)
    assert_close(inputs, torch.tensor([[-1.0, -1.0], [-1 / 3, 0.0], [1.0, 1.0]], dtype=torch.float64))


def test_a_periodic_coordinate_becomes_two_cosines_of_its_angle():
    inputs = InputMap(BOUNDS, periodic=["x"])(X)
    angle = 2 * math.pi * X[:, 0] / 3
    later = (angle - LAG).cos()
    assert_close(inputs, torch.stack([angle.cos(), later, torch.tensor([-1.0, 0.0, 1.0]).double()], dim=1))
    assert_close(inputs[0, :2], inputs[2, :2])


def test_polynomials_of_the_two_cosines_span_all_waves():
    """With a sine in place of the second cosine every sin(2k x) would be missing."""
    degree, x = 30, torch.linspace(0, 2 * math.pi, 201, dtype=torch.float64)[:-1, None]
    first, second = InputMap({"x": (0.0, 2 * math.pi)}, ["x"])(x).T
    powers = torch.arange(degree + 1)
    polynomials = torch.cat([torch.cos(powers * torch.arccos(c)[:, None]) for c in (first, second)], dim=1)
    waves = torch.cat([torch.cos(powers * x), torch.sin(powers[1:] * x)], dim=1)
    found = torch.linalg.lstsq(polynomials, waves, driver="gelsd").solution
    assert_close(polynomials @ found, waves, rtol=0, atol=1e-10)


@pytest.mark.parametrize("periodic", [(), ("x",), ("x", "y")])
def test_its_jet_is_that_of_nested_autograd(periodic):
    input_map = InputMap(BOUNDS, periodic)
    plan = JetPlan([(4, 0), (2, 2), (0, 3), (1, 0)])
    assert_close(input_map.jet(X, plan), nested_autograd(input_map, X, plan), rtol=1e-12, atol=1e-12)


def test_a_jet_of_values_alone_needs_no_slopes():
    plan = JetPlan([(0, 0)])
    assert_close(InputMap(BOUNDS).jet(X, plan)[0], InputMap(BOUNDS)(X))


def test_a_periodic_coordinate_without_bounds_is_refused():
    with pytest.raises(ValueError, match=r"`periodic` must name coordinates \(x, y\), got 'z'"):
        InputMap(BOUNDS, ["z"])


LINE, RING = Stretch((Front(0.2, 0.1, 0.8),)), Stretch((Front(-0.3, 0.2, 0.5),), ring=True)


@pytest.mark.parametrize(
    ("periodic", "stretches"),
    [((), {"x": LINE}), ((), {"x": LINE, "y": LINE}), (("x",), {"x": RING}), (("x",), {"x": RING, "y": LINE})],
)
def test_the_jet_of_stretched_coordinates_is_that_of_nested_autograd(periodic, stretches):
    input_map = InputMap(BOUNDS, periodic, stretches)
    plan = JetPlan([(4, 0), (2, 2), (0, 3), (1, 0)])
    assert_close(input_map.jet(X, plan), nested_autograd(input_map, X, plan), rtol=1e-11, atol=1e-11)


def test_a_stretched_coordinate_is_that_of_its_stretch():
    s = 2 * X[:, 0] / 3 - 1
    assert_close(InputMap(BOUNDS, (), {"x": LINE})(X)[:, 0], LINE.rows(s, 0)[0])


def test_a_logarithmic_scale_is_a_formula():
    bounds = {"x": (0.0, 3.0), "k": (0.01, 2.0)}
    input_map = InputMap(bounds, (), {"k": Logarithm(200.0)})
    x, k = sp.symbols("x k")
    expected = sp.lambdify((x, k), input_map.expressions({"x": x, "k": k}))
    points = torch.tensor([[0.5, 0.02], [2.5, 1.7]], dtype=torch.float64)
    wanted = torch.tensor([expected(*map(float, p)) for p in points], dtype=torch.float64)
    assert_close(input_map(points), wanted, rtol=1e-12, atol=1e-12)


def test_a_stretched_ring_still_closes():
    input_map, plan = InputMap(BOUNDS, ["x"], {"x": RING}), JetPlan([(4, 0)])
    ends = torch.tensor([[0.0, 1.0], [3.0, 1.0]], dtype=torch.float64)
    jet = input_map.jet(ends, plan)
    assert_close(jet[:, 0], jet[:, 1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("periodic", "stretches", "message"),
    [
        ((), {"z": LINE}, r"`stretches` must name coordinates \(x, y\), got 'z'"),
        (("x",), {"x": LINE}, "`stretches` of 'x' must go round like the coordinate, got ring=False"),
        ((), {"x": RING}, "`stretches` of 'x' must not go round like the coordinate, got ring=True"),
    ],
)
def test_a_stretch_that_does_not_fit_its_coordinate_is_refused(periodic, stretches, message):
    with pytest.raises(ValueError, match=message):
        InputMap(BOUNDS, periodic, stretches)
