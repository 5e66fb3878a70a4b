"""Integrals over domains and boundaries, against closed forms and the theorem of Gauss."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import j1

from kanpde import Annulus, Ball, Box, Disk, Ellipse, HalfSpace, Interval, Polygon, Rectangle, Time

SQUARE = Rectangle(x=(-1, 1), y=(-1, 1))
L_SHAPE = Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])
SMOOTH = {
    "interval": Interval(x=(-1, 2)),
    "square": SQUARE,
    "box": Box(x=(0, 1), y=(0, 2), z=(-1, 0)),
    "disk": Disk(x=0.2, y=0.1, radius=0.7),
    "square with holes": SQUARE - Disk(x=0.3, y=0.2, radius=0.3) - Disk(x=-0.5, y=-0.5, radius=0.2),
    "turned and cut": (SQUARE.rotated(0.4) - Disk(x=1, y=0, radius=0.5)) & HalfSpace(x=0, y=-1, through=(0, -0.4)),
    "cut twice": L_SHAPE - Rectangle(x=(-0.6, -0.2), y=(0.2, 0.9)) - Disk(x=-0.4, y=0.9, radius=0.25),
    "two shapes in one": Disk(x=0, y=0, radius=1) | Disk(x=1, y=0, radius=1),
}


def flux_field(x):
    """A vector field and its divergence."""
    waves = np.exp(0.5 * x[:, 0]) * np.cos(x.sum(axis=1))
    field = np.stack([waves, *x.T[1:]], axis=1)
    slope = np.exp(0.5 * x[:, 0]) * (0.5 * np.cos(x.sum(axis=1)) - np.sin(x.sum(axis=1)))
    return field, slope + x.shape[1] - 1


@pytest.mark.parametrize("name", SMOOTH)
def test_divergence_inside_is_flux_outwards(name):
    domain = SMOOTH[name]
    inside, boundary = domain.quadrature(), domain.boundary().quadrature()
    normals = np.stack([boundary.extras[f"n_{n}"] for n in domain.names], axis=1)
    field, _ = flux_field(boundary.array)
    (out,) = boundary.integral((field * normals).sum(axis=1))
    assert_allclose(inside.integral(flux_field(inside.array)[1]), out, rtol=1e-11)


@pytest.mark.parametrize("name", SMOOTH)
def test_weights_add_up_to_the_measure_and_hardly_any_is_negative(name):
    domain = SMOOTH[name]
    for place, measure in ((domain, domain.volume), (domain.boundary(), domain.boundary().measure)):
        rule = place.quadrature()
        assert_allclose(rule.weights.sum(), measure, rtol=1e-12)
        assert np.abs(rule.weights).sum() < 1.05 * measure
    assert domain.contains(domain.quadrature()).all()


def test_a_bessel_function_comes_out_on_the_disk():
    rule = Disk(x=0, y=0, radius=1).quadrature()
    assert_allclose(rule.integral(np.cos(3 * rule.columns["x"])), 2 * np.pi * j1(3) / 3, rtol=1e-12)


@pytest.mark.parametrize("radii", [(3, 1), (0.3, 2), (10, 1)])
def test_flat_ellipses_are_integrated_to_rounding(radii):
    domain = Ellipse(x=1, y=2, radii=radii)
    rule = domain.quadrature()
    assert_allclose(rule.weights.sum(), domain.volume, rtol=1e-11)
    assert_allclose(domain.volume, np.pi * radii[0] * radii[1], rtol=1e-15)
    moment = float(rule.weights @ (rule.columns["x"] - 1) ** 2)
    assert_allclose(moment, np.pi * radii[0] ** 3 * radii[1] / 4, rtol=1e-10)


def test_bodies_with_round_surfaces_are_integrated_to_a_thousandth():
    ball, shell = Ball(x=0, y=0, z=0, radius=1), Annulus(x=0, y=0, inner=1, outer=2) * Interval(z=(0, 2))
    rule = ball.quadrature()
    assert_allclose(rule.integral((rule.array**2).sum(axis=1)), 4 * np.pi / 5, rtol=1e-3)
    rule = shell.quadrature()
    assert_allclose(rule.integral(rule.columns["z"] ** 3), 3 * np.pi * 4, rtol=1e-10)
    rule = ball.boundary().quadrature()
    assert_allclose(rule.integral(rule.columns["z"] ** 2), 4 * np.pi / 3, rtol=1e-3)


def test_time_is_a_further_factor():
    domain = (SQUARE - Disk(x=0, y=0, radius=0.5)) * Time(t=(0, 2))
    rule = domain.quadrature(300)
    assert_allclose(rule.weights.sum(), domain.volume, rtol=1e-12)
    hole = domain.boundary("hole 1").quadrature()
    assert_allclose(hole.integral(hole.columns["t"]), 2 * np.pi, rtol=1e-12)


def test_a_rule_at_instants_gives_one_integral_for_each():
    rule = SQUARE.quadrature().at_instants("t", np.array([0.0, 1.0, 3.0]))
    assert rule.count == 3
    assert_allclose(rule.integral(rule.columns["t"] * rule.columns["x"] ** 2), np.array([0, 4 / 3, 4]), atol=1e-13)


def test_many_dimensions_have_even_points():
    box = Box(**dict.fromkeys("abcdefgh", (0, 2)))
    rule = box.quadrature(4096)
    assert len(rule) == 4096
    assert_allclose(rule.integral(rule.columns["a"] * rule.columns["h"]), 256, rtol=1e-3)
