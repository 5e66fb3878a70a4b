"""VTK files, read back by meshio: cells fill the domain, values are exact."""

import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from kanpde import KAN, Box, Dirichlet, Initial, Interval, Problem, Rectangle, Time, solve
from kanpde.field import Evaluable
from kanpde.paraview import grid_cells

meshio = pytest.importorskip("meshio")


class Line(Problem):
    domain = Interval(x=(0, 2))

    def exact(self, x):
        return x

    def residual(self, u, x):
        return u.xx

    def conditions(self, x):
        return [Dirichlet(u=x)]


class Plane(Line):
    domain = Rectangle(x=(0, 2), y=(0, 1))

    def exact(self, x, y):
        return x + y

    def residual(self, u, x, y):
        return u.xx + u.yy

    def conditions(self, x, y):
        return [Dirichlet(u=x + y)]


class Room(Line):
    domain = Box(x=(0, 2), y=(0, 1), z=(0, 3))

    def exact(self, x, y, z):
        return x + y + z

    def residual(self, u, x, y, z):
        return u.xx + u.yy + u.zz

    def conditions(self, x, y, z):
        return [Dirichlet(u=x + y + z)]


class Hyper(Problem):
    domain = Box(a=(0, 1), b=(0, 1), c=(0, 1), d=(0, 1))

    def residual(self, u, a, b, c, d):
        return u.aa + u.bb + u.cc + u.dd

    def conditions(self, a, b, c, d):
        return [Dirichlet(u=a)]


class Flow(Problem):
    domain = Rectangle(x=(0, 2), y=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, v, x, y, t):
        return {"first": u.t + u, "second": v.t - v}

    def conditions(self, x, y, t):
        return [Initial(u=y, v=x)]


def solved(problem, outputs=1):
    return solve(problem, KAN([problem.domain.dimension, 2, outputs], basis="chebyshev", k=3), steps=1, points=20)


@pytest.fixture(scope="module")
def flow():
    return solved(Flow(), 2)


@pytest.mark.parametrize("problem", [Line(), Plane(), Room()], ids=["line", "plane", "room"])
@pytest.mark.parametrize("ending", ["vtu", "vtk"])
def test_a_steady_solution_is_a_mesh_with_values_at_its_points(problem, ending, tmp_path):
    solution = solved(problem)
    mesh = meshio.read(solution.to_vtk(tmp_path / f"a.{ending}", nodes=11))
    names = problem.domain.names
    assert mesh.cells[0].type == {1: "line", 2: "quad", 3: "hexahedron"}[len(names)]
    assert len(mesh.cells[0].data) == 10 ** len(names)
    columns = dict(zip(names, mesh.points.T, strict=False))
    np.testing.assert_allclose(mesh.point_data["u"], solution(**columns), rtol=1e-13)
    np.testing.assert_allclose(mesh.point_data["u_reference"], sum(columns.values()), rtol=1e-13)
    assert set(mesh.point_data) == {"u", "u_reference", "u_error"}
    np.testing.assert_array_equal(mesh.points[:, len(names) :], 0)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (3, 4, 5), (1, 4, 5), (3, 1, 1)])
def test_cells_fill_the_box_and_have_their_corners_in_the_order_of_vtk(shape):
    axes = [np.linspace(0, n - 1, n) * (i + 1) for i, n in enumerate(shape)]
    points = np.stack([m.ravel() for m in np.meshgrid(*axes, indexing="ij")], axis=1)
    _, cells = grid_cells(shape)
    corners = points[cells]
    assert len(np.unique(np.sort(cells, axis=1), axis=0)) == np.prod([n - 1 for n in shape if n > 1])
    long = [i for i, n in enumerate(shape) if n > 1]
    unit = {1: [[0], [1]], 2: [[0, 0], [1, 0], [1, 1], [0, 1]]}
    unit[3] = [[*c, z] for z in (0, 1) for c in unit[2]]  # VTK file formats: hexahedron, bottom then top
    steps = np.array([i + 1 for i in long])
    found = (corners - corners[:, :1])[:, :, long]
    np.testing.assert_allclose(found, np.broadcast_to(unit[len(long)] * steps, found.shape))


def test_an_evolution_is_a_file_per_instant_and_a_list_of_times(flow, tmp_path):
    path = flow.to_vtk(tmp_path / "run.pvd", nodes={"x": 5, "y": 4, "t": 3}, vectors={"velocity": ("u", "v")})
    root = ElementTree.parse(path).getroot()
    assert root.attrib["type"] == "Collection"
    sets = root.findall("Collection/DataSet")
    assert [float(s.attrib["timestep"]) for s in sets] == [0, 0.5, 1]
    assert sets[1].attrib["file"] == "run/run_0001.vtu"
    mesh = meshio.read(tmp_path / sets[1].attrib["file"])
    x, y, z = mesh.points.T
    found = flow(x=x, y=y, t=0.5)
    np.testing.assert_allclose(mesh.point_data["u"], found["u"], rtol=1e-12)
    np.testing.assert_allclose(
        mesh.point_data["velocity"], np.stack([found["u"], found["v"], 0 * z], axis=1), rtol=1e-12
    )


def test_fewer_instants_leave_no_file_of_the_ones_before(flow, tmp_path):
    path = flow.to_vtk(tmp_path / "run.pvd", nodes=3)
    with pytest.raises(ValueError, match=r"run` exists: choose another path, or allow to replace it"):
        flow.to_vtk(path, nodes=2)
    flow.to_vtk(path, nodes=2, overwrite=True)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["run_0000.vtu", "run_0001.vtu"]


def test_one_instant_is_one_file(flow, tmp_path):
    mesh = meshio.read(flow.to_vtk(tmp_path / "end.vtu", axes={"t": [1.0]}, nodes=4))
    x, y, _ = mesh.points.T
    np.testing.assert_allclose(mesh.point_data["v"], flow(x=x, y=y, t=1)["v"], rtol=1e-12)


def test_cells_of_a_hole_are_left_out(tmp_path, monkeypatch):
    solution = solved(Plane())
    monkeypatch.setattr(Evaluable, "covers", lambda self, points: points.columns["x"] >= 1)
    mesh = meshio.read(solution.to_vtk(tmp_path / "a.vtu", nodes=11))
    assert mesh.points[:, 0].min() == 1
    assert len(mesh.cells[0].data) == 5 * 10
    assert np.isfinite(mesh.point_data["u"]).all()
    monkeypatch.setattr(Evaluable, "covers", lambda self, points: points.columns["x"] > 5)
    with pytest.raises(ValueError, match="`nodes` must be so many that a cell lies in the domain"):
        solution.to_vtk(tmp_path / "b.vtu", nodes=3)


def test_what_cannot_be_written_is_refused(flow, tmp_path):
    with pytest.raises(ValueError, match=r"`path` must end in .pvd for 3 instants, got .*: or choose one"):
        flow.to_vtk(tmp_path / "a.vtu", nodes=3)
    with pytest.raises(ValueError, match=r"`path` must end in .vtu or .vtk, got"):
        solved(Line()).to_vtk(tmp_path / "a.pvd")
    with pytest.raises(ValueError, match=r"`path` must end in .vtu or .vtk, got"):
        solved(Line()).to_vtk(tmp_path / "a.stl")
    with pytest.raises(ValueError, match="`to_vtk` needs 1 to 3 coordinates in space, got 4"):
        solved(Hyper()).to_vtk(tmp_path / "a.vtu", nodes=2)
    for parts in ("uv", ("u", "w"), (), ("u",) * 4):
        with pytest.raises(ValueError, match="`vectors` must hold 1 to 3 of the unknowns u, v, got"):
            flow.to_vtk(tmp_path / "a.pvd", nodes=2, vectors={"velocity": parts})
    with pytest.raises(ValueError, match="`vectors` must have new names, got 'u'"):
        flow.to_vtk(tmp_path / "a.pvd", nodes=2, vectors={"u": ("u", "v")})
    with pytest.raises(ValueError, match="cannot be written"):
        flow.to_vtk("/proc/a.pvd", nodes=2)
    assert list(tmp_path.iterdir()) == []


def test_without_meshio_the_remedy_is_named(flow, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "meshio", None)
    with pytest.raises(ImportError, match="`to_vtk` needs meshio, which is not installed: pip install meshio"):
        flow.to_vtk(tmp_path / "a.pvd")
