"""Shapes that are no boxes: measures, distances, normals and samples against closed forms and a second way."""

import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ellipe

from kanpde import Annulus, Ball, Box, Disk, Ellipse, HalfSpace, Interval, Polygon, Rectangle, Time, Triangle
from kanpde.geometry import PointSet
from kanpde.sampling import Grid, Sobol, Uniform

SQUARE = Rectangle(x=(-1, 1), y=(-1, 1))
L_SHAPE = [(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)]
STAR = [
    (np.cos(k * np.pi / 5) * (1 if k % 2 else 0.4), np.sin(k * np.pi / 5) * (1 if k % 2 else 0.4)) for k in range(10)
]
SPIRAL = [(0, 0), (4, 0), (4, 4), (1, 4), (1, 2), (2, 2), (2, 3), (3, 3), (3, 1), (0, 1)]

SIEVE = SQUARE  # of 16 holes: what one cut asks of the one before must not multiply
for _x in (-0.75, -0.25, 0.25, 0.75):
    for _y in (-0.75, -0.25, 0.25, 0.75):
        SIEVE = SIEVE - Disk(x=_x, y=_y, radius=0.125)

PLANE = {
    "disk": (Disk(x=1, y=2, radius=0.5), np.pi / 4, np.pi),
    "ellipse": (Ellipse(x=1, y=2, radii=(2, 1)), 2 * np.pi, 8 * ellipe(0.75)),
    "turned ellipse": (Ellipse(x=1, y=2, radii=(1, 2)).rotated(0.7), 2 * np.pi, 8 * ellipe(0.75)),
    "annulus": (Annulus(x=0, y=0, inner=1, outer=2), 3 * np.pi, 6 * np.pi),
    "triangle": (Triangle((0, 0), (3, 0), (0, 4)), 6.0, 12.0),
    "L-shape": (Polygon(L_SHAPE), 3.0, 8.0),
    "L-shape, clockwise": (Polygon(L_SHAPE[::-1]), 3.0, 8.0),
    "L-shape, cut": (SQUARE - Rectangle(x=(0, 1), y=(-1, 0)), 3.0, 8.0),
    "L-shape, joined": (Rectangle(x=(-1, 0), y=(-1, 1)) | Rectangle(x=(0, 1), y=(0, 1)), 3.0, 8.0),
    "polygon with holes": (
        Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], holes=[[(1, 1), (2, 1), (1, 2)], [(3, 3), (3.5, 3), (3.5, 3.5), (3, 3.5)]]),
        16 - 0.5 - 0.25,
        16 + 2 + np.sqrt(2) + 2,
    ),
    "lens": (Disk(x=0, y=0, radius=1) & Disk(x=1, y=0, radius=1), 2 * np.pi / 3 - np.sqrt(3) / 2, 4 * np.pi / 3),
    "two disks": (Disk(x=0, y=0, radius=1) | Disk(x=1, y=0, radius=1), 4 * np.pi / 3 + np.sqrt(3) / 2, 8 * np.pi / 3),
    "half disk": (Disk(x=0, y=0, radius=1) & HalfSpace(x=1, y=2, through=(0, 0)), np.pi / 2, np.pi + 2),
    "rounded away": (SQUARE - Disk(x=1, y=1, radius=1), 4 - np.pi / 4, 6 + np.pi / 2),
    "sieve": (SIEVE, 4 - np.pi / 4, 8 + 4 * np.pi),
    "scaled": (Annulus(x=0, y=0, inner=1, outer=2).scaled(2).translated(x=3), 12 * np.pi, 12 * np.pi),
}  # fmt: skip
SPACE = {
    "ball": (Ball(x=1, y=0, z=0, radius=2), 32 * np.pi / 3, 16 * np.pi, 1e-12, 1e-12),
    "cylinder": (Disk(x=0, y=0, radius=1) * Interval(z=(0, 2)), 2 * np.pi, 6 * np.pi, 1e-12, 1e-12),
    "box with a ball": (
        Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)) - Ball(x=0, y=0, z=0, radius=0.5), 8 - np.pi / 6, 24 + np.pi, 1e-4, 1e-12,
    ),
    "half a ball": (
        Ball(x=0, y=0, z=0, radius=1) & Box(x=(-1, 1), y=(-1, 1), z=(0, 2)), 2 * np.pi / 3, 3 * np.pi, 1e-4, 1e-2,
    ),
}  # fmt: skip


def test_moved_sides_are_called_by_where_they_are_and_turned_ones_by_number():
    square = Rectangle(x=(0, 1), y=(0, 1))
    assert square.translated(x=1).is_box
    assert square.translated(x=1, y=0.5).bounds == {"x": (1, 2), "y": (0.5, 1.5)}
    assert square.scaled(3).bounds == {"x": (-1, 2), "y": (-1, 2)}
    pierced = square - Rectangle(x=(0.4, 0.6), y=(0.4, 0.6))
    moved, turned = pierced.translated(x=1), pierced.rotated(np.pi / 2)
    for domain in (square.translated(x=1), moved):
        assert (domain.boundary("x=2").sample(9, Uniform(0)).columns["x"] == 2).all()
        with pytest.raises(ValueError, match="x=0"):
            domain.boundary("x=0")
    assert_allclose(moved.boundary("hole 1 x=1.4").sample(9, Uniform(0)).columns["x"], 1.4)
    assert {"hole 1 edge 5", "holes", "edge 1"} <= set(turned.parts)
    assert not any("=" in part or part in "xy" for part in turned.parts)
    assert "side 6" in Box(x=(0, 1), y=(0, 1), z=(0, 1)).rotated(0.1, axis="x").parts


@pytest.mark.parametrize(
    ("move", "message"),
    [
        (lambda d: d.translated(x="far"), "`x` must be a finite number, got 'far'"),
        (lambda d: d.rotated(np.nan), "`angle` must be a finite number"),
        (lambda d: d.rotated(1, about=(1, 2, 3)), "`about` must be a point"),
        (lambda d: d.scaled("much"), "`factor` must be a finite number, got 'much'"),
        (lambda d: d.scaled(-1), "`factor` must be above 0, got -1"),
    ],
)
def test_motions_that_are_none_are_refused(move, message):
    for domain in (Rectangle(x=(0, 1), y=(0, 1)), Disk(x=0, y=0, radius=1)):
        with pytest.raises(ValueError, match=message):
            move(domain)


@pytest.mark.parametrize("name", PLANE)
def test_area_and_length_are_those_of_the_closed_forms(name):
    domain, area, length = PLANE[name]
    assert_allclose(domain.volume, area, rtol=1e-10)
    assert_allclose(domain.boundary().measure, length, rtol=1e-10)


@pytest.mark.parametrize("name", SPACE)
def test_volume_and_surface_are_those_of_the_closed_forms(name):
    domain, volume, surface, rtol, surface_rtol = SPACE[name]
    assert_allclose(domain.volume, volume, rtol=rtol)
    assert_allclose(domain.boundary().measure, surface, rtol=surface_rtol)


@pytest.mark.parametrize("name", [*PLANE, *SPACE])
def test_points_inside_and_on_the_boundary_are_where_the_distance_says(name):
    domain = (PLANE | SPACE)[name][0]
    inside, border = domain.sample(300, Sobol(0)), domain.boundary().sample(300, Sobol(1))
    assert len(inside) == 300
    assert (domain.distance(**inside.columns) < 0).all()
    assert_allclose(domain.distance(**border.columns), 0, atol=1e-9)


@pytest.mark.parametrize("name", [*PLANE, *SPACE])
def test_normals_have_length_one_and_point_outwards(name):
    domain = (PLANE | SPACE)[name][0]
    points = domain.boundary().sample(200, Uniform(0))
    normals = {n: points.extras[f"n_{n}"] for n in domain.names}
    assert_allclose(sum(v**2 for v in normals.values()), 1)
    step = 1e-5
    out = {n: points.columns[n] + step * v for n, v in normals.items()}
    into = {n: points.columns[n] - step * v for n, v in normals.items()}
    assert (domain.distance(**out) > 0).mean() > 0.98  # but for points within a step of a corner
    assert (domain.distance(**into) < 0).mean() > 0.98


@pytest.mark.parametrize("name", ["ellipse", "lens", "L-shape", "rounded away", "polygon with holes"])
def test_the_distance_is_that_of_the_nearest_of_many_points_of_the_boundary(name):
    domain = PLANE[name][0]
    points = domain.sample(100, Uniform(2))
    border = domain.boundary().sample(20_000, Grid()).array
    nearest = np.linalg.norm(points.array[:, None] - border, axis=2).min(axis=1)
    assert_allclose(-domain.distance(**points.columns), nearest, atol=2e-3)


@pytest.mark.parametrize(
    "domain",
    [
        Disk(x=-0.83, y=0.8, radius=1.04) | Disk(x=0.11, y=-0.56, radius=1.06),
        Rectangle(x=(-1.17, 1.11), y=(-1, 1.29)) - Disk(x=0.33, y=0.45, radius=0.96),
        Ellipse(x=0, y=0, radii=(2, 0.5)) - Disk(x=0.3, y=0.6, radius=0.4),
        (Disk(x=0.63, y=0.27, radius=1.15) | Disk(x=-0.95, y=0.27, radius=0.89) | Disk(x=-0.22, y=-0.26, radius=1.18))
        - Disk(x=-0.61, y=0.94, radius=0.97),
    ],
    ids=["joined", "notched", "flat", "three less one"],
)
def test_the_distance_from_curves_that_are_cut_is_right_inside_and_outside(domain):
    border = domain.boundary().sample(40_000, Grid()).array
    (x0, x1), (y0, y1) = ((lo - 0.3, hi + 0.3) for lo, hi in domain.bounds.values())
    points = np.array([x0, y0]) + Sobol(0)(1024, 2) * np.array([x1 - x0, y1 - y0])
    nearest = np.linalg.norm(points[:, None] - border[::4], axis=2).min(axis=1)
    assert_allclose(np.abs(domain.distance(x=points[:, 0], y=points[:, 1])), nearest, atol=2e-3)


@pytest.mark.parametrize("name", PLANE)
def test_samples_are_even_by_measure(name):
    """Gauss's theorem for the mean of x over the area, from points inside and from points on the boundary."""
    domain, area, length = PLANE[name]
    inside, border = domain.sample(20_000, Sobol(0)), domain.boundary().sample(20_000, Sobol(0))
    flux = length * np.mean(border.columns["x"] ** 2 / 2 * border.extras["n_x"])
    assert_allclose(area * inside.columns["x"].mean(), flux, rtol=5e-3, atol=5e-3 * length)


@pytest.mark.parametrize("vertices", [L_SHAPE, STAR, SPIRAL], ids=["L-shape", "star", "spiral"])
def test_the_formula_of_a_polygon_has_its_sign_everywhere_and_slope_one_on_its_edges(vertices):
    domain = Polygon(vertices)
    f = sp.lambdify(domain.coordinates, domain.formula, "numpy")
    low, high = np.array(list(domain.bounds.values())).T
    x = np.random.default_rng(0).uniform(low - 0.2, high + 0.2, (5000, 2))
    assert ((f(*x.T) > 0) == (domain.distance(x=x[:, 0], y=x[:, 1]) < 0)).all()
    edges = domain.boundary().sample(200, Uniform(0))
    step = 1e-6
    inner = [edges.columns[n] - step * edges.extras[f"n_{n}"] for n in "xy"]
    assert_allclose(np.median(f(*inner) / step), 1, rtol=1e-4)


def test_the_formula_of_many_holes_stays_short():
    domain = Rectangle(x=(0, 16), y=(0, 1))
    for i in range(16):
        domain -= Disk(x=i + 0.5, y=0.5, radius=0.2)
    f = sp.lambdify(domain.coordinates, domain.formula, "numpy", cse=True)
    x, y = np.random.default_rng(0).uniform(0, 1, (2, 500)) * [[16], [1]]
    assert_array_equal(f(x, y) > 0, domain.distance(x=x, y=y) < 0)


def test_both_rims_of_an_annulus_have_names():
    ring = Annulus(x=0, y=0, inner=1, outer=2)
    assert ring.parts == ("outer", "hole 1", "holes", "inner")
    assert_allclose(ring.boundary("inner").measure, 2 * np.pi)


def test_pieces_have_names():
    domain = SQUARE - Disk(x=0, y=0, radius=0.2) - Disk(x=0.5, y=0.5, radius=0.1, name="pin")
    assert domain.parts == (
        "y=-1", "y", "outer", "x=1", "x", "y=1", "x=-1", "hole 1", "holes", "hole 2", "pin",
    )  # fmt: skip
    assert_allclose(domain.boundary("holes").measure, 2 * np.pi * 0.3)
    assert_allclose(domain.boundary("pin").measure, 2 * np.pi * 0.1)
    assert_allclose(domain.boundary("x = 1.0").measure, 2)
    assert_allclose(domain.boundary("outer").measure, 8)
    with pytest.raises(
        ValueError, match="must name a part of the boundary, got 'hole 3': the nearest are holes, hole 2"
    ):
        domain.boundary("hole 3")


def test_a_part_of_a_shape_is_that_of_its_product_with_time():
    disk = Annulus(x=0, y=0, inner=1, outer=2)
    domain = disk * Time(t=(0, 3))
    assert_allclose(domain.volume, 9 * np.pi)
    part = domain.boundary(disk.boundary("hole 1"))
    assert_allclose(part.measure, 6 * np.pi)
    points = part.sample(50, Sobol(0))
    assert_allclose(np.hypot(points.columns["x"], points.columns["y"]), 1)
    assert points.columns["t"].min() < 0.5
    assert points.columns["t"].max() > 2.5
    start = domain.sample_start(40, Sobol(0))
    assert domain.contains(start).all()
    assert set(start.columns["t"]) == {0.0}


def test_points_outside_are_told_from_points_inside():
    domain = SQUARE - Disk(x=0, y=0, radius=0.5)
    found = domain.contains(PointSet({"x": np.array([0.0, 0.5, 0.9, 1.2]), "y": np.array([0.0, 0.0, 0.9, 0.0])}))
    assert found.tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Disk(x=0, y=0, radius=0), "`radius` must be above 0, got 0"),
        (lambda: Disk(x=0, radius=1), "`Ellipse` takes 2 named coordinates, got x"),
        (lambda: Annulus(x=0, y=0, inner=2, outer=1), "`inner` must be above 0 and below `outer`, got 2 and 1"),
        (lambda: Polygon([(0, 0), (1, 1)]), "`vertices` must be at least three pairs"),
        (lambda: Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "must go round without crossing, got edges 1 and 3"),
        (lambda: Polygon([(0, 0), (1, 0), (1, 0), (0, 1)]), "got two that coincide"),
        (lambda: HalfSpace(x=0, y=0, through=(0, 0)), "`normal` must have a length"),
        (lambda: Disk(x=0, y=0, radius=1) & Disk(x=5, y=0, radius=1), "is empty: they do not overlap"),
        (lambda: Disk(x=0, y=0, radius=1) - Disk(x=0, y=0, radius=2), "is empty: one covers the other"),
        (lambda: SQUARE - Rectangle(x=(0, 1), z=(0, 1)), "two shapes in the same coordinates, got x, y and x, z"),
        (lambda: SQUARE * Time(t=(0, 1)) - Disk(x=0, y=0, radius=0.1), "combine shapes in space first"),
        (lambda: SQUARE.scaled(0), "`factor` must be above 0"),
        (lambda: SQUARE - Disk(x=5, y=5, radius=1), "cuts nothing: they do not overlap"),
        (lambda: Polygon([(0, 0), (1, 0), (0, 1)], holes=[[(5, 5), (6, 5), (5, 6)]]), "cuts nothing"),
    ],
)  # fmt: skip
def test_shapes_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Interval(x=(0, 1)) - Interval(x=(0.3, 0.6)),
            "`-` takes shapes in two or three dimensions, got intervals",
        ),
        (lambda: Disk(x=0, y=0, radius=1) | HalfSpace(x=1, y=0, through=(0, 0)), "a half space must be cut"),
        (lambda: HalfSpace(x=1, y=0, through=(0, 0)).volume, "`HalfSpace` has no end, and no volume"),
        (lambda: Interval(x=(0, 1)).rotated(0.3), "`rotated` needs two or three coordinates in space, got x"),
    ],
)
def test_what_has_no_shape_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_small_cuts_in_long_sides_are_found():
    long = Rectangle(x=(0, 100), y=(0, 1)) - Disk(x=33.337, y=0, radius=0.02)
    assert_allclose(long.boundary("y=0").measure, 100 - 0.04, rtol=1e-12)
    corner = Rectangle(x=(0, 1), y=(0, 1)) - Disk(x=0, y=0, radius=1e-4)
    assert_allclose([corner.boundary(side).measure for side in ("x=0", "y=0")], 1 - 1e-4, rtol=1e-12)
    assert_allclose(corner.boundary("hole 1").measure, np.pi / 2 * 1e-4, rtol=1e-9)
