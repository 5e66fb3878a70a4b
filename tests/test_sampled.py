"""Places to look at a solution: grids and points, with the reference only where it is known."""

import numpy as np
import pytest

from kanpde import KAN, Dirichlet, Disk, Initial, Interval, Problem, Rectangle, Time, exp, solve
from kanpde.field import Evaluable


class Decay(Problem):
    domain = Interval(x=(0, 2)) * Time(t=(0, 1))

    def exact(self, x, t):
        return x * exp(-t)

    def residual(self, u, x, t):
        return u.t + u

    def conditions(self, x, t):
        return [Initial(u=x)]


@pytest.fixture(scope="module")
def solution():
    return solve(Decay(), KAN([2, 2, 1], basis="chebyshev", k=3), steps=2, points=30)


def test_a_grid_has_the_axes_that_were_given_and_equidistant_ones(solution):
    sampled = solution.sampled(axes={"t": [0.25, 1.0]}, nodes=5)
    x, t = sampled.coordinates["x"], sampled.coordinates["t"]
    np.testing.assert_allclose(x, [0, 0.5, 1, 1.5, 2])
    np.testing.assert_allclose(t, [0.25, 1])
    np.testing.assert_allclose(sampled.values["u"], solution(x=x[:, None], t=t), rtol=1e-12)
    assert (sampled.time, sampled.unknowns, sampled.gridded) == ("t", ("u",), True)


def test_without_a_choice_the_grid_is_that_of_the_reference(solution):
    sampled = solution.sampled()
    np.testing.assert_array_equal(sampled.values["u_reference"], solution.compared.values["u"])
    np.testing.assert_array_equal(
        sampled.values["u_error"], np.abs(sampled.values["u"] - sampled.values["u_reference"])
    )


def test_the_reference_is_taken_at_its_nodes_and_never_between_them(solution):
    among = solution.sampled(nodes=11)
    x, t = among.coordinates["x"], among.coordinates["t"]
    np.testing.assert_allclose(among.values["u_reference"], x[:, None] * np.exp(-t), atol=1e-14)
    assert set(solution.sampled(nodes=12).values) == {"u"}
    assert set(solution.sampled(points={"x": [0.1, 0.2], "t": 1}).values) == {"u", "u_reference", "u_error"}
    assert set(solution.sampled(points={"x": [0.1, 0.234], "t": 1}).values) == {"u"}


def test_points_are_broadcast_to_one_row_each(solution):
    sampled = solution.sampled(points={"t": 0.5, "x": [1.0, 0.3, 2.0]})
    np.testing.assert_allclose(sampled.values["u"], solution(x=[1.0, 0.3, 2.0], t=0.5))
    assert list(sampled.columns)[:3] == ["x", "t", "u"]
    np.testing.assert_array_equal(sampled.columns["t"], [0.5] * 3)


def test_columns_have_the_last_axis_running_fastest(solution):
    columns = solution.sampled(nodes={"x": 3, "t": 2}).columns
    np.testing.assert_array_equal(columns["x"], [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(columns["t"], [0, 1] * 3)
    np.testing.assert_allclose(columns["u"], solution(x=columns["x"], t=columns["t"]))


def test_outside_of_the_domain_everything_is_nan(solution, monkeypatch):
    monkeypatch.setattr(Evaluable, "covers", lambda self, points: points.columns["x"] >= 1)
    sampled = solution.sampled(nodes=5)
    for name in ("u", "u_reference", "u_error"):
        np.testing.assert_array_equal(np.isnan(sampled.values[name]), np.repeat([[1, 1, 0, 0, 0]], 5, axis=0).T)
    assert np.isnan(solution.sampled(points={"x": [0.5, 1.5], "t": 0}).values["u"]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"axes": {"y": [0]}}, "`axes` must name coordinates, got 'y': this solution has x, t"),
        ({"nodes": {"y": 4}}, "`nodes` must name coordinates, got 'y'"),
        ({"axes": {"x": [0]}, "nodes": {"x": 4}}, "`nodes` must not name x, whose nodes `axes` gives"),
        ({"nodes": 1}, r"`nodes` must be whole numbers of at least 2, got 1: for one value of x give axes=\{'x'"),
        ({"nodes": 2.5}, "`nodes` must be whole numbers of at least 2, got 2.5"),
        ({"axes": {"x": [1, 0]}}, r"`axes` must hold ascending nodes of shape \(n,\), got \[1.0, 0.0\] for x"),
        ({"axes": {"x": "all"}}, "`axes` must hold numbers, got 'all' for x"),
        ({"axes": {"x": [0, 3]}}, r"`x` must lie in \[0, 2\], got 0 to 3"),
        ({"axes": {"x": [0, np.nan]}}, "`axes` must hold ascending nodes"),
        ({"points": {"x": [0]}}, "`points` must have the columns x, t, got x"),
        ({"points": {"x": [0, 1], "t": [0, 1, 1]}}, "`points` must hold columns of numbers of one length"),
        ({"points": {"x": [[0, 1]], "t": 0}}, r"`points` must hold columns of shape \(n,\), got shape \(1, 2\)"),
        ({"points": {"x": [0, 3], "t": 0}}, r"`x` must lie in \[0, 2\]"),
        ({"points": {"x": 0, "t": 0}, "nodes": 3}, "`points` must stand alone"),
    ],
)
def test_places_that_make_no_sense_are_refused(solution, chosen, message):
    with pytest.raises(ValueError, match=message):
        solution.sampled(**chosen)


def test_a_steady_solution_has_no_time():
    class Line(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx

        def conditions(self, x):
            return [Dirichlet(u=x)]

    found = solve(Line(), KAN([1, 1], k=2), steps=1, points=20)
    assert found.sampled(nodes=3).time is None
    assert found.time_name is None


class Washer(Problem):
    domain = Rectangle(x=(0, 2), y=(0, 1)) - Disk(x=1, y=0.5, radius=0.3)

    def exact(self, x, y):
        return x * y

    def residual(self, u, x, y):
        return u.xx + u.yy

    def conditions(self, x, y):
        return [Dirichlet(u=x * y)]


@pytest.fixture(scope="module")
def washer():
    return solve(Washer(), KAN([2, 2, 1], basis="chebyshev", k=3), steps=2, points=50)


def test_a_hole_of_the_domain_is_nan_in_values_reference_and_error(washer):
    sampled = washer.sampled(nodes=101)
    x, y = sampled.coordinates["x"][:, None], sampled.coordinates["y"]
    hole = np.hypot(x - 1, y - 0.5) < 0.3 - 1e-9
    for name in ("u", "u_reference", "u_error"):
        np.testing.assert_array_equal(np.isnan(sampled.values[name]), hole)
    np.testing.assert_allclose(sampled.values["u_reference"][~hole], (x * y)[~hole], atol=1e-14)
    assert np.isnan(washer.sampled(points={"x": [1.0, 0.1], "y": 0.5}).values["u"]).tolist() == [True, False]


def test_output_of_a_domain_with_a_hole_is_that_of_the_rest(washer, tmp_path):
    with pytest.raises(ValueError, match="1 of 2 lie outside, the first at x=1, y=0"):
        washer.compare_with({"x": [0.1, 1.0], "y": [0.5, 0.5], "u": [0, 0]})
    meshio = pytest.importorskip("meshio")
    mesh = meshio.read(washer.to_vtk(tmp_path / "a.vtu", nodes=101))
    area = len(mesh.cells[0].data) * (2 / 100) * (1 / 100)
    assert area == pytest.approx(2 - np.pi * 0.3**2, rel=2e-2)  # cells that the edge cuts are left out
    assert np.isfinite(mesh.point_data["u_error"]).all()
    assert np.hypot(mesh.points[:, 0] - 1, mesh.points[:, 1] - 0.5).min() >= 0.3 - 1e-8
    deviation = washer.compare_with(tmp_path / "a.vtu")["u"]
    assert deviation.maximum < 1e-13
    assert deviation.points == len(mesh.points)
