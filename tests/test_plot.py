"""Pictures: the panels that there are data for, also of runs that went wrong."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet

from kanpde import KAN, MLP, Box, Dirichlet, DivergenceError, Interval, Problem, Rectangle, solve
from kanpde.field import Evaluable
from kanpde.optim import Adam
from kanpde.plot import plot_errors, plot_history, plot_solution, save_figures


class Line(Problem):
    domain = Interval(x=(0, 1))

    def residual(self, u, x):
        return u.xx + 2

    def conditions(self, x):
        return [Dirichlet(u=0)]


class Parabola(Line):
    def exact(self, x):
        return x * (1 - x)


class Square(Problem):
    domain = Rectangle(x=(0, 1), y=(0, 1))

    def exact(self, x, y):
        return x * y

    def residual(self, u, x, y):
        return u.xx + u.yy

    def conditions(self, x, y):
        return [Dirichlet(u=x * y)]


class Cube(Problem):
    domain = Box(x=(0, 1), y=(0, 1), z=(0, 1))

    def exact(self, x, y, z):
        return x + y + z

    def residual(self, u, x, y, z):
        return u.xx + u.yy + u.zz

    def conditions(self, x, y, z):
        return [Dirichlet(u=x + y + z)]


class Pair(Problem):
    domain = Interval(x=(0, 1))

    def exact(self, x):
        return {"u": x, "w": 1 - x}

    def residual(self, u, w, x):
        return {"first": u.xx, "second": w.xx}

    def conditions(self, x):
        return [Dirichlet(u=x, w=1 - x)]


def solved(problem, outputs=1):
    width = [problem.domain.dimension, 2, outputs]
    return solve(problem, KAN(width, basis="chebyshev", k=3), steps=2, points=20)


def titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


@pytest.mark.parametrize("problem", [Parabola(), Square(), Cube()], ids=repr)
def test_solution_reference_and_error_stand_side_by_side(problem, tmp_path):
    figure = plot_solution(solved(problem))
    assert titles(figure) == [f"u, KAN [{problem.domain.dimension}, 2, 1]", "exact solution", "absolute error"]
    assert save_figures({"a.png": figure}, tmp_path / "new")[0].stat().st_size > 1000


def test_without_a_reference_there_is_one_panel():
    solution = solved(Line())
    assert titles(plot_solution(solution)) == ["u, KAN [1, 2, 1]"]
    with pytest.raises(ValueError, match="`solutions` have no reference for u"):
        plot_errors({"KAN": solution})


def test_the_curve_is_the_solution():
    solution = solved(Parabola())
    x, y = plot_solution(solution).axes[0].lines[0].get_data()
    np.testing.assert_allclose(y, solution(x=x))


def test_another_unknown_is_shown_on_request():
    solution = solved(Pair(), 2)
    assert titles(plot_solution(solution, unknown="w"))[0].startswith("w, ")
    assert len(titles(plot_errors({"KAN": solution}, unknown="w"))) == 1
    with pytest.raises(ValueError, match="`unknown` must be one of u, w, got 'v'"):
        plot_solution(solution, unknown="v")


def test_contour_lines_lie_over_solution_and_reference_but_not_over_the_error():
    figure = plot_solution(solved(Square()), contours=6)
    lines = [[c for c in axis.collections if isinstance(c, ContourSet)] for axis in figure.axes[:3]]
    assert [len(found) for found in lines] == [1, 1, 0]
    exact = lines[1][0]
    for level, path in zip(exact.levels, exact.get_paths(), strict=True):
        np.testing.assert_allclose(path.vertices.prod(axis=1), level, atol=1e-3)  # linear between nodes
    with pytest.raises(ValueError, match="`contours` must be a whole number of at least 0, got -1"):
        plot_solution(solved(Line()), contours=-1)


def test_holes_stay_empty_and_no_colour_runs_into_them(tmp_path, monkeypatch):
    solution = solved(Square())
    monkeypatch.setattr(Evaluable, "covers", lambda self, points: points.columns["x"] > 0.5)
    figure = plot_solution(solution, contours=4)
    for axis in figure.axes[:3]:
        mesh = next(c for c in axis.collections if isinstance(c, QuadMesh))
        shown = np.ma.filled(mesh.get_array(), np.nan)
        assert np.isnan(shown[:, :51]).all()
        assert np.isfinite(shown[:, 51:]).all()
        assert len(mesh.get_coordinates()) == shown.shape[0] + 1  # flat cells, no gouraud shading
        assert axis.get_aspect() == 1  # circles are round
    save_figures({"a.png": figure}, tmp_path)
    plot_errors({"KAN": solution})


def test_no_solutions_are_refused():
    with pytest.raises(ValueError, match="`solutions` must hold at least one, got none"):
        plot_errors({})


def test_the_history_has_a_line_per_run(tmp_path):
    runs = [solved(Parabola()), solved(Parabola())]
    figure = plot_history({"KAN": runs})
    assert [len(axis.lines) for axis in figure.axes] == [2, 2]
    save_figures({"history.pdf": figure}, tmp_path)


def test_a_diverged_run_can_be_drawn(tmp_path):
    with pytest.raises(DivergenceError) as caught:
        solve(Square(), MLP([2, 4, 1]), optimizer=Adam(rate=1e200), steps=50, points=20)
    run = caught.value.solution
    figures = {"a.png": plot_solution(run), "b.png": plot_errors({"MLP": run}), "c.png": plot_history({"MLP": [run]})}
    save_figures(figures, tmp_path)


def test_a_folder_that_cannot_be_written_is_refused():
    figures = {"a.png": plot_solution(solved(Parabola()))}
    with pytest.raises(ValueError, match="`/proc/pictures` cannot be written"):
        save_figures(figures, Path("/proc/pictures"))
