"""Boxes with named coordinates and boundary parts."""

import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose, assert_array_equal

from kanpde import Box, Interval, Rectangle, Time, pi
from kanpde.geometry import Face
from kanpde.sampling import Sobol, Uniform

SQUARE = Rectangle(x=(0, 2), y=(-1, 1))


def test_a_product_has_time_last_and_space_coordinates_that_know_each_other():
    domain = Time(t=(0, 3)) * SQUARE
    assert domain.names == ("x", "y", "t")
    assert [c.kind for c in domain.coordinates] == ["space", "space", "time"]
    assert all(c.frame == ("x", "y") for c in domain.coordinates)
    assert domain.volume == 2 * 2 * 3


def test_coordinates_of_a_factor_are_those_of_the_product():
    assert (SQUARE * Time(t=(0, 1))).coordinates[:2] == SQUARE.coordinates


def test_exact_bounds_keep_their_name():
    domain = Interval(x=(-pi, sp.Rational(1, 3)))
    assert domain.parts == ("x", "x=-pi", "x=1/3")
    assert domain.bounds["x"] == (-np.pi, 1 / 3)


def test_floats_are_printed_as_they_were_written():
    assert Interval(x=(0.1, 2.0)).parts == ("x", "x=0.1", "x=2")
    assert str(Interval(x=(np.float64(0), 2.5))) == "x in [0, 2.5]"


@pytest.mark.parametrize("name", ["x=2*pi", "x = 2*pi", "x=6.283185307179586"])
def test_a_part_is_found_by_its_name_or_its_value(name):
    assert Interval(x=(0, 2 * pi)).boundary(name).faces == (Face("x", True),)


def test_a_coordinate_names_both_of_its_ends():
    assert SQUARE.boundary("y").faces == SQUARE.boundary(SQUARE.coordinates[1]).faces
    assert SQUARE.boundary("y").faces == (Face("y", False), Face("y", True))
    assert len(SQUARE.boundary().faces) == 4


def test_a_list_names_all_of_its_parts_once():
    part = SQUARE.boundary(["x=2", "y", SQUARE.boundary("y=1")])
    assert part.faces == (Face("x", True), Face("y", False), Face("y", True))
    assert part.measure == SQUARE.boundary("x=2").measure + SQUARE.boundary("y").measure
    with pytest.raises(ValueError, match=r"`on` must name at least one part, got \[\]"):
        SQUARE.boundary([])
    with pytest.raises(ValueError, match="`on` must name a part of the boundary, got 'z=1'"):
        SQUARE.boundary(["x=2", "z=1"])


def test_a_part_of_a_factor_is_a_part_of_the_product():
    domain = SQUARE * Time(t=(0, 1))
    part = domain.boundary(SQUARE.boundary("x=2"))
    assert part.domain is domain
    assert "t" in part.sample(3, Uniform()).columns


def test_a_part_of_another_domain_is_refused():
    with pytest.raises(ValueError, match=r"`on` must be a part of x in \[0, 2\] x y in \[-1, 1\], got 'x=3'"):
        SQUARE.boundary(Rectangle(x=(0, 3), y=(-1, 1)).boundary("x=3"))


@pytest.mark.parametrize(("name", "nearest"), [("x=3", "x=2"), ("z", "x, x=0"), ("t=0", "x=0"), ("y = -2", "y=-1")])
def test_a_wrong_name_of_a_part_answers_with_the_nearest(name, nearest):
    with pytest.raises(
        ValueError, match=f"`on` must name a part of the boundary, got '{name}': the nearest are .*{nearest}"
    ):
        SQUARE.boundary(name)


@pytest.mark.parametrize("on", [["x=0", 3], 3, sp.Eq(SQUARE.coordinates[0], 0)])
def test_anything_but_the_names_of_parts_is_refused(on):
    with pytest.raises(TypeError, match=r"`on` must name a part or several, got .*: the parts are x, x=0, x=2"):
        SQUARE.boundary(on)


def test_time_alone_has_no_boundary():
    with pytest.raises(ValueError, match=r"`on` names a boundary in space, got the domain t in \[0, 1\]: use Initial"):
        Time(t=(0, 1)).boundary()


def test_a_wrong_coordinate_answers_with_those_there_are():
    with pytest.raises(ValueError, match="`z` is not a coordinate of this domain: it has x, y"):
        SQUARE.coordinate("z")


def test_samples_lie_inside():
    points = (SQUARE * Time(t=(3, 4))).sample(100, Uniform(1))
    assert points.array.shape == (100, 3)
    for column, (lo, hi) in zip(points.array.T, [(0, 2), (-1, 1), (3, 4)], strict=True):
        assert ((lo <= column) & (column <= hi)).all()
        assert np.ptp(column) > 0.9 * (hi - lo)


def test_samples_of_a_face_lie_on_it_and_point_outwards():
    points = SQUARE.sample_face(Face("x", True), 8, Sobol())
    assert_array_equal(points.columns["x"], np.full(8, 2.0))
    assert_array_equal(points.extras["n_x"], np.ones(8))
    assert_array_equal(points.extras["n_y"], np.zeros(8))
    assert (SQUARE.sample_face(Face("y", False), 8, Sobol()).extras["n_y"] == -1).all()


def test_the_divergence_theorem_holds_on_samples_of_the_boundary():
    # the flux of (x, y) through the boundary is twice the area
    domain = Rectangle(x=(0, 2), y=(1, 4))
    points = domain.boundary().sample(4000, Sobol())
    flux = sum(points.columns[c] * points.extras[f"n_{c}"] for c in "xy")
    perimeter = sum(domain.face_measure(f) for f in domain.faces)
    assert_allclose(flux.mean() * perimeter, 2 * domain.volume, rtol=1e-3)


def test_points_are_shared_out_by_the_measure_of_the_faces():
    points = Rectangle(x=(0, 3), y=(0, 1)).boundary().sample(800, Uniform())
    assert (points.extras["n_y"] != 0).sum() == 600


def test_the_start_is_the_first_instant():
    points = (SQUARE * Time(t=(2, 3))).sample_start(5, Uniform())
    assert_array_equal(points.columns["t"], np.full(5, 2.0))
    assert len(Time(t=(2, 3)).sample_start(5, Uniform())) == 1


def test_a_grid_has_its_ends():
    axes = SQUARE.grid([3, 2])
    assert_array_equal(axes["x"], [0, 1, 2])
    assert_array_equal(axes["y"], [-1, 1])


@pytest.mark.parametrize(
    ("bounds", "error", "message"),
    [
        ((1, 0), ValueError, r"`x` must be an interval with lower < upper, got \(1, 0\)"),
        ((1, 1), ValueError, "lower < upper"),
        ((0, float("nan")), ValueError, "`x` must be finite and real, got nan"),
        ((0, float("inf")), ValueError, "`x` must be finite and real, got inf"),
        ((0, sp.oo), ValueError, "`x` must be finite and real, got oo"),
        ((0, sp.Symbol("L")), ValueError, r"`x` must be a pair of numbers \(lower, upper\), got L in it"),
        ((0, 1, 2), TypeError, r"`x` must be a pair of numbers \(lower, upper\), got \(0, 1, 2\)"),
        (3, TypeError, r"`x` must be a pair of numbers \(lower, upper\), got 3"),
        ((0, "print(1)"), TypeError, r"`x` must be a number or an expression, got 'print\(1\)' \(str\)"),
        ((0, 1j), TypeError, "`x` must be a number or an expression, got 1j"),
    ],
)
def test_bad_bounds_are_refused(bounds, error, message):
    with pytest.raises(error, match=message):
        Interval(x=bounds)


@pytest.mark.parametrize("name", ["diff", "args", "subs", "self", "lambda", "_x", "n_x", "data_u", "name"])
def test_names_that_mean_something_else_cannot_be_coordinates(name):
    with pytest.raises(ValueError, match=f"`{name}` cannot name a coordinate"):
        Interval(**{name: (0, 1)})


def test_each_shape_takes_its_number_of_coordinates():
    with pytest.raises(ValueError, match=r"`Interval` takes 1 named coordinate\(s\), got x, y: use Box"):
        Interval(x=(0, 1), y=(0, 1))
    with pytest.raises(ValueError, match=r"`Rectangle` takes 2 named coordinate\(s\), got x"):
        Rectangle(x=(0, 1))
    with pytest.raises(ValueError, match="`bounds` must name at least one coordinate"):
        Box()


def test_a_product_refuses_a_second_time_and_a_repeated_name():
    with pytest.raises(ValueError, match="`s` is a second time beside `t`"):
        Interval(x=(0, 1)) * Time(t=(0, 1)) * Time(s=(0, 1))
    with pytest.raises(ValueError, match="`x` occurs in both factors of the product"):
        Interval(x=(0, 1)) * Interval(x=(0, 1))
