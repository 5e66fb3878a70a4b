"""Bodies cut by planes, against closed forms: caps of balls, corners of cubes, wedges."""

import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose

from kanpde import Ball, Box, Disk, HalfSpace, Interval, Rectangle
from kanpde.masks import mask
from kanpde.sampling import Sobol, Uniform

BALL = Ball(x=1, y=2, z=3, radius=2)
CUBE = Box(x=(0, 1), y=(0, 1), z=(0, 1))
UPRIGHT = HalfSpace(x=0, y=0, z=-1, through=(7, 7, 4), name="lid")
SLANTED = HalfSpace(x=-1, y=-2, z=-2, through=(4 / 3, 8 / 3, 11 / 3), name="lid")
HEIGHT = 1.0
CAP, LID, DOME = np.pi * HEIGHT**2 * (6 - HEIGHT) / 3, 3 * np.pi, 4 * np.pi * HEIGHT


@pytest.mark.parametrize("half", [UPRIGHT, SLANTED], ids=["upright", "slanted"])
def test_a_plane_cuts_a_ball_into_a_cap_and_its_rest(half):
    cap, rest = BALL & half, BALL - half
    assert_allclose([cap.volume, rest.volume], [CAP, 32 * np.pi / 3 - CAP], rtol=2e-3)
    assert cap.parts == ("outer", "lid")
    assert rest.parts == ("outer", "hole 1", "holes", "lid")
    for domain, dome in ((cap, DOME), (rest, 16 * np.pi - DOME)):
        assert_allclose(domain.boundary("lid").measure, LID, rtol=2e-3)
        assert_allclose(domain.boundary("outer").measure, dome, rtol=2e-3)


@pytest.mark.parametrize("half", [UPRIGHT, SLANTED], ids=["upright", "slanted"])
def test_the_flat_face_of_a_cap_is_an_even_disk_whose_normals_point_out(half):
    cap, rest, normal = BALL & half, BALL - half, half.region.normal
    points = cap.boundary("lid").sample(4000, Sobol(0))
    middle = np.array([1, 2, 3]) - normal * HEIGHT
    assert_allclose((points.array - middle) @ normal, 0, atol=1e-12)
    assert_allclose(points.array.mean(axis=0), middle, atol=0.01)
    radii = np.linalg.norm(points.array - middle, axis=1)
    assert radii.max() <= np.sqrt(3)
    assert_allclose((radii**2).mean(), 3 / 2, rtol=5e-3)  # half the squared radius of an even disk
    for domain, sign in ((cap, 1), (rest, -1)):
        faces = domain.boundary("lid").sample(50, Uniform(0))
        normals = np.stack([faces.extras[f"n_{n}"] for n in "xyz"], axis=1)
        assert_allclose(normals, np.broadcast_to(sign * normal, normals.shape))


def test_a_box_round_a_cap_ends_where_an_upright_plane_does():
    assert (BALL & UPRIGHT).bounds["z"] == (4, 5)
    assert (BALL - UPRIGHT).bounds["z"] == (1, 4)
    assert (Disk(x=0, y=0, radius=1) - HalfSpace(x=2, y=0, through=(0.5, 9))).bounds["x"] == (0.5, 1)


def test_a_plane_cuts_a_corner_off_a_cube():
    half = HalfSpace(x=1, y=1, z=1, through=(1, 0, 0))
    corner, rest = CUBE & half, CUBE - half
    assert_allclose([corner.volume, rest.volume], [1 / 6, 5 / 6], rtol=1e-3)
    assert corner.parts == ("x=0", "x", "outer", "y=0", "y", "z=0", "z", "cut")
    assert_allclose(corner.boundary("cut").measure, np.sqrt(3) / 2, rtol=2e-3)
    assert_allclose(corner.boundary("x=0").measure, 0.5, rtol=2e-3)
    assert_allclose(rest.boundary("x=1").measure, 1)
    flux = corner.boundary().quadrature(20_000)  # of (x, y, z), whose divergence is 3
    field = sum(flux.columns[n] * flux.extras[f"n_{n}"] for n in "xyz")
    assert_allclose(flux.integral(field), 3 / 6, rtol=2e-3)


def test_two_planes_leave_a_wedge_and_a_product_may_be_cut():
    wedge = CUBE & HalfSpace(x=1, y=0, z=1, through=(0.5, 0, 0.5)) & HalfSpace(x=0, y=1, z=0, through=(0, 0.25, 0))
    assert_allclose(wedge.volume, 1 / 8, rtol=2e-3)
    cylinder = Disk(x=0, y=0, radius=1) * Interval(z=(-1, 1))
    wedge = cylinder & HalfSpace(x=-1, y=0, z=1, through=(0, 0, 0)) & HalfSpace(x=0, y=0, z=-1, through=(0, 0, 0))
    assert_allclose(wedge.volume, 2 / 3, rtol=5e-3)  # the hoof of Archimedes


@pytest.mark.parametrize("domain", [BALL & SLANTED, BALL - SLANTED, CUBE - HalfSpace(x=1, y=1, z=1, through=(1, 0, 0))])
def test_a_hard_condition_on_the_flat_face_has_a_mask_of_it_alone(domain):
    cut = domain.region.pieces[-1]
    found = sp.lambdify(domain.coordinates, mask(domain, [cut]), "numpy")
    on, inside = domain.boundary(cut.name).sample(300, Uniform(0)), domain.sample(300, Sobol(0))
    assert_allclose(found(**on.columns), 0, atol=1e-12)
    assert (found(**inside.columns) > 0).all()
    for piece in domain.region.pieces[:-1]:
        away = domain.boundary(piece.name).sample(300, Uniform(0))
        assert np.median(found(**away.columns)) > 1e-2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HalfSpace(x=1, y=1, z=1, through=(0, 0)), "`through` must be a point in x, y, z, got 2 numbers"),
        (lambda: HalfSpace(x=1, y=1, through=(0, 0, 0)), "`through` must be a point in x, y, got 3 numbers"),
        (lambda: HalfSpace(x=1, y=1, z=1, w=1, through=(0, 0, 0, 0)), "`HalfSpace` takes 2 or 3 named coordinates, got x, y, z, w"),
        (lambda: HalfSpace(x=0, y=0, z=0, through=(0, 0, 0)), "`normal` must have a length"),
        (lambda: UPRIGHT & SLANTED, "must be cut from or to a bounded shape, got two half spaces"),
        (lambda: UPRIGHT.translated(x=1), "`HalfSpace` has no bounds to be placed by"),
        (lambda: UPRIGHT * Interval(w=(0, 1)), "has no bounds: cut it from or to a shape first"),
        (lambda: BALL & HalfSpace(x=0, y=0, z=1, through=(0, 0, 0)), "is empty: they do not overlap"),
        (lambda: CUBE - HalfSpace(x=1, y=1, z=1, through=(-1, 0, 0)), "cuts nothing: they do not overlap"),
        (lambda: Rectangle(x=(0, 1), y=(0, 1)) & UPRIGHT, "two shapes in the same coordinates"),
    ],
)  # fmt: skip
def test_half_spaces_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
