"""Arrows and streamlines: where they are, where they point, and not in holes."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.quiver import Quiver

from kanpde import KAN, Dirichlet, Initial, Interval, Problem, Rectangle, Time, solve
from kanpde.field import Evaluable
from kanpde.flow import plot_quiver, plot_streamlines


class Flow(Problem):
    domain = Rectangle(x=(0, 2), y=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, v, x, y, t):
        return {"first": u.t + u, "second": v.t - v}

    def conditions(self, x, y, t):
        return [Initial(u=y, v=x)]


class Steady(Problem):
    domain = Interval(x=(0, 1))

    def residual(self, u, v, x):
        return {"first": u.xx, "second": v.xx}

    def conditions(self, x):
        return [Dirichlet(u=x, v=x)]


@pytest.fixture(scope="module")
def flow():
    return solve(Flow(), KAN([3, 2, 2], basis="chebyshev", k=3), steps=2, points=30)


def part(figure, kind):
    return next(c for c in figure.axes[0].get_children() if isinstance(c, kind))


def test_arrows_are_the_unknowns_at_the_chosen_instant(flow):
    figure = plot_quiver(flow, ("u", "v"), instant=0.5, nodes=11)
    arrows = part(figure, Quiver)
    x, y = arrows.XY.T
    assert len(x) == 11 * 6  # as far from each other along the shorter side
    found = flow(x=x, y=y, t=0.5)
    np.testing.assert_allclose(arrows.U, found["u"], rtol=1e-12)
    np.testing.assert_allclose(arrows.V, found["v"], rtol=1e-12)
    assert figure.axes[0].get_title() == "Flow, t = 0.5"
    figure.canvas.draw()


def test_colours_are_the_speed_at_the_last_instant(flow):
    mesh = part(plot_streamlines(flow, ("u", "v")), QuadMesh)
    x, y = np.linspace(0, 2, 101), np.linspace(0, 1, 101)
    found = flow(x=x, y=y[:, None], t=1)
    np.testing.assert_allclose(mesh.get_array(), np.hypot(found["u"], found["v"]), rtol=1e-12)


def test_nothing_is_drawn_in_a_hole(flow, monkeypatch):
    def around(self, points):
        return (points.columns["x"] - 1) ** 2 + (points.columns["y"] - 0.5) ** 2 > 0.3**2

    monkeypatch.setattr(Evaluable, "covers", around)
    figure = plot_quiver(flow, ("u", "v"))
    arrows = part(figure, Quiver)
    x, y = arrows.XY.T
    assert np.hypot(x - 1, y - 0.5).min() > 0.3
    assert len(x) < 25 * 13
    figure.canvas.draw()
    figure = plot_streamlines(flow, ("u", "v"))
    lines = np.concatenate(part(figure, LineCollection).get_segments())
    assert np.hypot(lines[:, 0] - 1, lines[:, 1] - 0.5).min() > 0.3 - 0.03  # the step of the grid
    assert np.isnan(np.ma.filled(part(figure, QuadMesh).get_array(), np.nan)[50, 50])
    figure.canvas.draw()


def test_a_flow_at_rest_has_no_lines(flow, monkeypatch):
    monkeypatch.setattr(type(flow.field), "values", lambda self, points, name, derivative="": np.zeros(len(points)))
    figure = plot_streamlines(flow, ("u", "v"))
    assert not [c for c in figure.axes[0].get_children() if isinstance(c, LineCollection)]
    figure.canvas.draw()


def test_what_is_no_flow_in_the_plane_is_refused(flow):
    for unknowns in ("uv", ("u",), ("u", "w")):
        with pytest.raises(ValueError, match="`unknowns` must be two of u, v, got"):
            plot_quiver(flow, unknowns)
    with pytest.raises(ValueError, match=r"`t` must lie in \[0, 1\], got 2 to 2"):
        plot_streamlines(flow, ("u", "v"), instant=2)
    with pytest.raises(ValueError, match="`nodes` must be a whole number of at least 2, got 1"):
        plot_quiver(flow, ("u", "v"), nodes=1)
    steady = solve(Steady(), KAN([1, 2, 2], basis="chebyshev", k=3), steps=1, points=20)
    with pytest.raises(ValueError, match="`solution` must have two coordinates in space for a flow, got x"):
        plot_quiver(steady, ("u", "v"))


def test_a_steady_flow_has_no_instant():
    class Plane(Problem):
        domain = Rectangle(x=(0, 1), y=(0, 1))

        def residual(self, u, v, x, y):
            return {"first": u.xx + u.yy, "second": v.xx + v.yy}

        def conditions(self, x, y):
            return [Dirichlet(u=x, v=y)]

    solution = solve(Plane(), KAN([2, 2, 2], basis="chebyshev", k=3), steps=1, points=20)
    assert plot_quiver(solution, ("u", "v")).axes[0].get_title() == "Plane"
    with pytest.raises(ValueError, match=r"`instant` must be left out for a steady solution, got 0.5"):
        plot_quiver(solution, ("u", "v"), instant=0.5)
