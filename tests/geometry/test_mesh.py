"""Bodies that surfaces of triangles enclose, against closed forms, trimesh's own answers and orders of convergence."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kanpde import (
    KAN,
    Ball,
    Box,
    Dirichlet,
    HalfSpace,
    Interval,
    Mesh,
    Neumann,
    Points,
    Problem,
    Solution,
    Time,
    exp,
    laplacian,
    read_mesh,
    sin,
    solve,
)  # fmt: skip
from kanpde.ansatz import build_ansatz
from kanpde.expression import numeric
from kanpde.geometry import Depth, PointSet, Triangles, tensor_points
from kanpde.masks import mask
from kanpde.sampling import Sobol, Uniform

trimesh = pytest.importorskip("trimesh")
pytest.importorskip("rtree")

BRICK = (1.0, 2.0, 3.0)


def brick(*, extents=BRICK, at=(0.5, 1.0, 1.5)):
    mesh = trimesh.creation.box(extents=extents)
    mesh.apply_translation(at)
    return mesh


def sphere(subdivisions=3, radius=1.0):
    return trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)


def rod(sections=48, radius=1.0, height=2.0):
    return trimesh.creation.cylinder(radius=radius, height=height, sections=sections)


def torus():
    return trimesh.creation.torus(major_radius=1, minor_radius=0.4, major_sections=40, minor_sections=20)


def columns(x):
    return dict(zip("xyz", x.T, strict=True))


def distance_from_brick(x):
    out = np.maximum(-x, x - np.array(BRICK))
    return np.where(out.max(axis=1) < 0, out.max(axis=1), np.linalg.norm(np.maximum(out, 0), axis=1))


def test_a_brick_is_a_box():
    domain, box = Mesh(brick()), Box(x=(0, 1), y=(0, 2), z=(0, 3))
    assert domain.bounds == box.bounds
    assert_allclose(domain.volume, 6, rtol=1e-14)
    assert_allclose(domain.boundary().measure, 22, rtol=1e-14)
    # from the lowest x on, then by y and z: the sides x=0, y=0, z=0, z=3, y=2, x=1
    assert domain.parts == ("face 1", "outer", "face 2", "face 3", "face 4", "face 5", "face 6")
    areas = [domain.boundary(f"face {i}").measure for i in range(1, 7)]
    assert_allclose(areas, [6, 3, 2, 2, 3, 6], rtol=1e-14)
    lowest = domain.boundary("face 1").sample(20, Uniform(0))
    assert_allclose(lowest.columns["x"], 0, atol=1e-15)
    assert_allclose(domain.boundary("outer").measure, 22, rtol=1e-14)


def test_the_distance_from_a_brick_has_a_closed_form_on_grids_too():
    domain = Mesh(brick())
    axes = [np.linspace(-0.5, b + 0.5, 13) for b in BRICK]  # through corners, edges and diagonals of the triangles
    grid = np.stack([m.ravel() for m in np.meshgrid(*axes, indexing="ij")], axis=1)
    rng = np.random.default_rng(0)
    for x in (grid, rng.uniform(-1, 4, (3000, 3))):
        wanted = distance_from_brick(x)
        assert_allclose(domain.distance(**columns(x)), wanted, atol=1e-13)
        clear = np.abs(wanted) > 1e-12
        assert_array_equal(domain.contains(PointSet(columns(x)), 0.0)[clear], (wanted < 0)[clear])
        assert_array_equal(domain.contains(PointSet(columns(x))), wanted <= 1e-9)


@pytest.mark.parametrize("make", [sphere, torus, rod])
def test_the_distance_is_that_of_trimesh(make):
    mesh = make()
    x = np.random.default_rng(1).uniform(-1.6, 1.6, (400, 3))
    assert_allclose(Mesh(mesh).distance(**columns(x)), -trimesh.proximity.signed_distance(mesh, x), atol=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e5])
def test_the_unit_of_a_drawing_does_not_matter(scale):
    mesh = torus()
    mesh.apply_scale(scale)
    domain, like = Mesh(mesh), Mesh(torus())
    x = np.random.default_rng(2).uniform(-1.5, 1.5, (500, 3))
    assert_allclose(domain.distance(**columns(scale * x)), scale * like.distance(**columns(x)), rtol=1e-9)
    assert_allclose(domain.volume, scale**3 * like.volume, rtol=1e-9)


def test_spheres_of_triangles_converge_with_the_square_of_the_edge():
    levels = [Mesh(sphere(k)) for k in (1, 2, 3)]
    x = Ball(x=0, y=0, z=0, radius=1.2).sample(200, Sobol(0))
    exact = np.linalg.norm(x.array, axis=1) - 1
    for misses in (
        [4 * np.pi / 3 - d.volume for d in levels],
        [4 * np.pi - d.boundary().measure for d in levels],
        [np.abs(d.distance(**x.columns) - exact).max() for d in levels],
    ):
        order = np.log2(np.array(misses[:-1]) / misses[1:])
        assert_allclose(order, 2, atol=0.15)


@pytest.mark.parametrize("sampler", [Sobol(0), Uniform(0)], ids=["sobol", "uniform"])
def test_samples_are_even_by_area_and_by_volume(sampler):
    domain, r, h = Mesh(rod(200)), 1.0, 2.0
    loose = 1 if isinstance(sampler, Sobol) else 8
    inside = domain.sample(4000, sampler)
    assert (domain.distance(**inside.columns) < 0).all()
    assert_allclose((inside.columns["x"] ** 2).mean(), r**2 / 4, rtol=0.01 * loose)
    assert_allclose((inside.columns["z"] ** 2).mean(), h**2 / 12, rtol=0.01 * loose)
    side, lid = domain.boundary("face 2").sample(4000, sampler), domain.boundary("face 3").sample(4000, sampler)
    assert_allclose((side.columns["z"] ** 2).mean(), h**2 / 12, rtol=0.01 * loose)
    assert_allclose((side.columns["x"] ** 2).mean(), r**2 / 2, rtol=0.01 * loose)
    assert_allclose((lid.columns["x"] ** 2).mean(), r**2 / 4, rtol=0.01 * loose)
    assert_allclose(lid.columns["z"], h / 2)


@pytest.mark.parametrize("make", [brick, sphere, torus, rod])
def test_normals_have_length_one_and_point_outwards(make):
    domain = Mesh(make())
    points = domain.boundary().sample(500, Uniform(0))
    normals = np.stack([points.extras[f"n_{n}"] for n in "xyz"], axis=1)
    assert_allclose(np.linalg.norm(normals, axis=1), 1)
    assert_allclose(domain.distance(**points.columns), 0, atol=1e-12)
    assert (domain.distance(**columns(points.array + 1e-5 * normals)) > 0).mean() > 0.99
    assert (domain.distance(**columns(points.array - 1e-5 * normals)) < 0).mean() > 0.99


def test_the_theorem_of_gauss_holds_between_points_inside_and_on_the_boundary():
    domain = Mesh(torus())
    inside, border = domain.quadrature(8192), domain.boundary().quadrature(8192)
    (out,) = border.integral(sum(border.columns[n] ** 3 * border.extras[f"n_{n}"] for n in "xyz"))
    assert_allclose(inside.integral(3 * (inside.array**2).sum(axis=1)), out, rtol=5e-3)


@pytest.mark.parametrize(("angle", "faces"), [(5, 50), (40, 3), (95, 1)])
def test_faces_end_at_edges_sharper_than_an_angle(angle, faces):
    assert len(Mesh(rod(48), angle=angle).region.pieces) == faces  # 7.5 degrees between sides, 90 at the rims


def test_numbers_of_faces_do_not_depend_on_the_order_of_triangles():
    mesh = rod()
    order = np.random.default_rng(0).permutation(len(mesh.faces))
    mixed = Mesh(mesh.vertices, mesh.faces[order])
    for piece, like in zip(mixed.region.pieces, Mesh(mesh).region.pieces, strict=True):
        assert_allclose(piece.triangles.centre, like.triangles.centre, atol=1e-12)
        assert_allclose(piece.measure, like.measure)


def test_an_inverted_or_muddled_surface_is_turned():
    mesh = torus()
    for faces in (
        mesh.faces[:, ::-1],
        np.where(np.arange(len(mesh.faces))[:, None] % 3, mesh.faces, mesh.faces[:, ::-1]),
    ):
        domain = Mesh(mesh.vertices, faces)
        assert_allclose(domain.volume, Mesh(mesh).volume, rtol=1e-12)
        flux = domain.boundary().quadrature(4000)
        assert_allclose(flux.integral(flux.columns["z"] * flux.extras["n_z"]), mesh.volume, rtol=0.02)


@pytest.mark.parametrize("inverted", [False, True])
def test_a_surface_inside_another_is_a_cavity_however_it_is_turned(inverted):
    inner = brick(extents=(0.5, 1, 1))
    if inverted:
        inner.invert()
    domain = Mesh(trimesh.util.concatenate([brick(), inner]))
    assert_allclose(domain.volume, 5.5)
    assert_allclose(domain.boundary().measure, 22 + 5 - 1)
    assert not domain.contains(PointSet(columns(np.array([[0.5, 1.0, 1.5]]))))[0]
    wall = domain.boundary("face 2").sample(50, Uniform(0))  # the side of the cavity at x = 1/4
    assert_allclose(wall.columns["x"], 0.25)
    assert_allclose(wall.extras["n_x"], 1)


def test_a_mesh_is_cut_and_cuts():
    domain = Mesh(brick())
    holed = domain - Ball(x=0.5, y=1, z=1.5, radius=0.4)
    assert_allclose(holed.volume, 6 - 4 / 3 * np.pi * 0.4**3, rtol=1e-3)
    assert_allclose(holed.boundary("hole 1").measure, 4 * np.pi * 0.4**2)
    assert_allclose(holed.boundary("face 6").measure, 6)
    outside = Box(x=(-1, 2), y=(-1, 3), z=(-1, 4)) - domain
    assert_allclose(outside.volume, 60 - 6, rtol=1e-3)
    assert_allclose(outside.boundary("holes").measure, 22, rtol=1e-12)
    assert_allclose(outside.boundary("hole 1 face 3").sample(9, Uniform(0)).extras["n_z"], 1)
    half = domain & HalfSpace(x=0, y=0, z=1, through=(0, 0, 1))
    assert_allclose(half.volume, 2, rtol=1e-3)
    assert_allclose(half.boundary("cut").measure, 2, rtol=2e-3)
    assert "face 4" not in half.parts
    both = domain | Mesh(brick(at=(1.5, 1, 1.5)), name="second")
    assert_allclose(both.volume, 12, rtol=1e-3)
    assert_allclose(both.boundary().measure, 44 - 12, rtol=1e-3)
    assert_allclose((domain & Mesh(brick(at=(1, 1.5, 1.5)))).volume, 0.5 * 1.5 * 3, rtol=1e-3)


def test_a_mesh_is_placed_and_multiplied():
    domain = Mesh(brick())
    moved = domain.rotated(0.3, axis="z").scaled(2).translated(x=1)
    assert_allclose(moved.volume, 48)
    assert_allclose(moved.boundary("face 1").measure, 24)
    points = moved.boundary("face 1").sample(50, Uniform(0))
    assert_allclose(points.extras["n_x"], -np.cos(0.3))
    assert_allclose(moved.distance(**points.columns), 0, atol=1e-12)
    inside = moved.sample(200, Sobol(0))
    assert (moved.distance(**inside.columns) < 0).all()
    assert_array_equal(moved.contains(inside), True)
    large = domain.scaled(100).rotated(0.3, axis="z")
    side = large.boundary("face 6").sample(20, Uniform(0))
    normals = np.stack([side.extras[f"n_{n}"] for n in "xyz"], axis=1)
    for step, inside in ((1e-7, True), (1e-5, False)):  # the slack is 1e-9 of the size of about 300
        assert_array_equal(large.contains(PointSet(columns(side.array + step * normals))), inside)
    timed = domain * Time(t=(0, 2))
    assert_allclose(timed.volume, 12)
    assert_allclose(timed.boundary("face 6").measure, 12)
    wider = domain * Interval(w=(0, 0.5))
    assert_allclose(wider.volume, 3)
    assert_allclose(wider.boundary("face 6").measure, 3)
    assert (wider.distance(**wider.sample(50, Sobol(0)).columns) < 0).all()


def test_coordinates_and_the_boundary_have_the_names_that_are_given():
    domain = Mesh(brick().vertices, brick().faces, coordinates=("r", "s", "q"), name="hull")
    assert domain.names == ("r", "s", "q")
    assert domain.parts[:2] == ("face 1", "hull")


@pytest.mark.parametrize("ending", ["stl", "ply", "off", "obj"])
def test_files_are_read(ending, tmp_path):
    rod().export(tmp_path / f"part.{ending}")
    domain = read_mesh(tmp_path / f"part.{ending}")
    assert_allclose(domain.volume, Mesh(rod()).volume, rtol=1e-6)  # STL has single precision
    assert domain.parts == ("face 1", "outer", "face 2", "face 3")


def test_the_formula_has_its_sign_everywhere_and_no_derivative():
    domain = Mesh(brick()) - Ball(x=0.5, y=1, z=1.5, radius=0.4)
    x = columns(np.random.default_rng(0).uniform(-0.5, 3, (2000, 3)))
    assert_array_equal(numeric(domain.formula, x) > 0, domain.distance(**x) < 0)
    (depth,) = domain.formula.atoms(Depth)
    with pytest.raises(ValueError, match="`formula` of a mesh or a long outline has no derivatives"):
        depth.diff(domain.coordinates[0])


class Warm(Problem):
    """A harmonic function on a brick with a round hole, whose value on one part is built in."""

    domain = Mesh(brick()) - Ball(x=0.5, y=1, z=1.5, radius=0.4)
    hard = "face 1"

    def residual(self, u, x, y, z):
        return laplacian(u)

    def conditions(self, x, y, z):
        value = x * y - z
        return [Dirichlet(u=value, on=n, hard=n == self.hard) for n in ("hole 1", *(f"face {i}" for i in range(1, 7)))]


def test_conditions_on_a_mesh_are_not_built_in_but_those_on_a_hole_in_it_are():
    with pytest.raises(
        ValueError, match="`hard=True` cannot be built on 'face 1', which has no formula: make the cond"
    ):
        build_ansatz(Warm())
    domain = Warm.domain
    for part in ("face 1", "outer", None):
        with pytest.raises(ValueError, match="`hard=True` cannot be built on 'face 1', which has no formula"):
            mask(domain, domain.boundary(part).faces)
    found = mask(domain, domain.boundary("hole 1").faces)
    assert not found.has(Depth)
    built = build_ansatz(type("Partly", (Warm,), {"hard": "hole 1"})())
    on = domain.boundary("hole 1").sample(50, Uniform(0))
    (form,) = built.forms.values()
    assert_allclose(
        numeric(form.subs(dict.fromkeys(built.outputs.values(), 3)), on.columns),
        on.columns["x"] * on.columns["y"] - on.columns["z"],
        atol=1e-12,
    )


def test_a_condition_on_a_ball_that_goes_on_inside_a_mesh_is_not_built_in():
    domain = Mesh(brick()) | Ball(x=0, y=1, z=1.5, radius=0.4, name="bump")
    with pytest.raises(ValueError, match="cannot be built on 'bump', which a shape without a formula cuts"):
        mask(domain, domain.boundary("bump").faces)


def test_points_below_an_edge_are_below_one_of_its_triangles(monkeypatch):
    monkeypatch.setattr("kanpde.geometry.triangles.ASKEW", np.eye(3))
    mesh = sphere()
    surface = Triangles(mesh.vertices, mesh.faces)
    for share in (0.0, 0.3, 0.5):
        ends = mesh.vertices[mesh.edges_unique]
        x = (1 - share) * ends[:, 0] + share * ends[:, 1]
        for z, inside in ((-2.0, False), (0.0, True), (2.0, False)):
            below = x[np.hypot(x[:, 0], x[:, 1]) < 0.9] * [1, 1, 0] + [0, 0, z]
            assert_array_equal(surface.encloses(below), inside)


def test_many_points_do_not_take_many_times_the_memory(monkeypatch):
    domain = Mesh(torus())
    x = np.random.default_rng(3).uniform(-1, 1, (300, 3))
    whole = domain.distance(**columns(x))
    monkeypatch.setattr("kanpde.geometry.triangles.PAIRS", 7 * len(torus().faces))
    assert_array_equal(domain.distance(**columns(x)), whole)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mesh(brick().vertices, brick().faces[1:]), "`faces` must be closed, got 3 of 18 edges"),
        (lambda: Mesh(brick().vertices * [1, 1, 0], brick().faces), "must be closed|must enclose a volume|cross itself"),
        (lambda: Mesh(trimesh.util.concatenate([brick(), brick(at=(1, 1.5, 2))])), "`vertices` must not cross itself"),
        (lambda: Mesh(np.zeros((4, 2)), [[0, 1, 2]]), r"`vertices` must be rows of three numbers, got shape \(4, 2\)"),
        (lambda: Mesh(brick().vertices, [[0.5, 1, 2]]), "`faces` must be rows of three whole numbers, got float64"),
        (lambda: Mesh(brick().vertices), "`faces` must be rows of three whole numbers"),
        (lambda: Mesh(brick().vertices, [[0, 1, 8]]), "`faces` must be indices from 0 to 7, got 0 to 8"),
        (lambda: Mesh(brick().vertices * np.nan, brick().faces), "`faces` must have triangles with finite corners"),
        (lambda: Mesh(brick(), angle=0), "`angle` must be above 0 and at most 180 degrees, got 0"),
        (lambda: Mesh(brick(), coordinates=("x", "y")), r"`coordinates` must be three names, got \('x', 'y'\)"),
        (lambda: read_mesh("absent.stl"), "`absent.stl` is no file: give the path of a mesh"),
    ],
)  # fmt: skip
def test_surfaces_that_enclose_nothing_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_files_that_hold_no_mesh_are_refused(tmp_path):
    (tmp_path / "a.stl").write_bytes(b"solid nothing")
    with pytest.raises(ValueError, match=r"a.stl` (cannot be read as a mesh|must have triangles)"):
        read_mesh(tmp_path / "a.stl")
    (tmp_path / "a.doc").write_text("a letter")
    with pytest.raises(ValueError, match=r"`path` must end in .stl, .ply, .off, .obj or another of .*, got '.*a.doc'"):
        read_mesh(tmp_path / "a.doc")


class Heated(Problem):
    """Heat in a rod between z = -1/2 and z = 1/2, of which the temperature is given at one end and on the side."""

    domain = Mesh(rod(height=1.0))

    def residual(self, u, x, y, z):
        return laplacian(u) - 2

    def exact(self, x, y, z):
        return exp(z) * sin(x) + y**2

    def conditions(self, x, y, z):
        given = exp(z) * sin(x) + y**2
        return [
            Dirichlet(u=given, on="face 1"),
            Dirichlet(u=given, on="face 2"),
            Neumann(u=exp(z) * sin(x), on="face 3"),
        ]


@pytest.mark.slow
def test_poisson_on_a_drawing_is_solved_to_1e_5_and_its_record_knows_the_shape(tmp_path):
    rod(height=1.0).export(tmp_path / "rod.stl")
    problem = type("Drawn", (Heated,), {"domain": read_mesh(tmp_path / "rod.stl")})()
    model = KAN([3, 6, 1], basis="chebyshev", k=[8, 3], base=False, seed=0)
    solution = solve(problem, model, steps=100, points=Points(interior=1000, boundary=300), record=tmp_path / "rod.h5")
    assert solution.error < 1e-5  # 3e-7 and 5e-10 in two runs that differ by the rounding of the drawing
    again = Solution.load(tmp_path / "rod.h5")
    axes = {n: np.linspace(*problem.domain.bounds[n], 9) for n in "xyz"}
    values = again.field.on_grid(axes)["u"]
    assert_array_equal(np.isfinite(values), problem.domain.contains(tensor_points(axes)).reshape(9, 9, 9))
    with pytest.raises(ValueError, match="must lie in the domain, got 1 of 1 points outside"):
        again(x=0.99, y=0.99, z=0)


@pytest.mark.parametrize("missing", ["trimesh", "rtree"])
def test_without_trimesh_the_remedy_is_named(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(
        ImportError, match=rf"`Mesh` needs {missing}, which is not installed: pip install kanpde\[mesh\]"
    ):
        Mesh([[0, 0, 0]], [[0, 0, 0]])
    with pytest.raises(ImportError, match=rf"`read_mesh` needs {missing}, which is not installed"):
        read_mesh("part.stl")
