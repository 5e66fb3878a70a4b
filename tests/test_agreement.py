"""A solution against values of another program: norms by hand, and data that do not belong to it."""

import numpy as np
import pytest

from kanpde import KAN, Dirichlet, Disk, Initial, Interval, Problem, Time, laplacian, solve
from kanpde.field import Evaluable


class Pair(Problem):
    domain = Interval(x=(0, 2)) * Time(t=(0, 1))

    def residual(self, u, v, x, t):
        return {"first": u.t + u, "second": v.t}

    def conditions(self, x, t):
        return [Initial(u=x, v=-x)]


@pytest.fixture(scope="module")
def solution():
    return solve(Pair(), KAN([2, 2, 2], basis="chebyshev", k=3), steps=2, points=30)


def test_norms_and_the_place_of_the_largest_difference_are_those_by_hand(solution):
    rng = np.random.default_rng(0)
    x, t = rng.uniform(0, 2, 50), rng.uniform(0, 1, 50)
    found = solution(x=x, t=t)
    wanted = found["u"] + rng.normal(size=50)
    wanted[17] = found["u"][17] + 10
    deviation = solution.compare_with({"x": x, "t": t, "u": wanted})
    assert set(deviation) == {"u"}
    miss = found["u"] - wanted
    assert deviation["u"].relative_l2 == pytest.approx(np.linalg.norm(miss) / np.linalg.norm(wanted), rel=1e-12)
    assert deviation["u"].maximum == pytest.approx(10, rel=1e-12)
    assert deviation["u"].where == {"x": x[17], "t": t[17]}
    assert deviation["u"].points == 50


def test_a_table_that_the_solution_wrote_agrees_with_it(solution, tmp_path):
    path = solution.to_csv(tmp_path / "a.csv", nodes=9)
    for deviation in solution.compare_with(path).values():
        assert deviation.maximum < 1e-13
        assert deviation.points == 81


def test_rows_beyond_the_edge_that_have_no_value_are_left_out(tmp_path):
    class Round(Problem):
        domain = Disk(x=0, y=0, radius=1)

        def residual(self, u, x, y):
            return laplacian(u) + 4

        def conditions(self, x, y):
            return [Dirichlet(u=0)]

    found = solve(Round(), KAN([2, 2, 1]), steps=1, points=30, reference=None)
    path = found.to_csv(tmp_path / "grid.csv", nodes=9)
    deviation = found.compare_with(path)["u"]
    assert deviation.maximum <= 1e-12
    assert 40 < deviation.points < 81
    with pytest.raises(ValueError, match="1 of 2 others in column u"):
        found.compare_with({"x": [0.0, 0.5], "y": [0.0, 0.0], "u": [1.0, np.nan]})


def test_complex_values_are_refused(solution):
    with pytest.raises(ValueError, match="got complex ones for u: compare their parts one by one"):
        solution.compare_with({"x": [0.5], "t": [0.5], "u": [1j]})


def test_names_say_what_coordinates_and_unknowns_are_called(solution, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("% X  time  T (K)\n0.5 0 7\n1.5 1 7\n")
    by_dict = solution.compare_with(path, names={"t": "time", "v": "T"})
    by_list = solution.compare_with(path, names=["x", "t", "v"])
    assert by_dict == by_list
    assert by_dict["v"].maximum == pytest.approx(np.abs(solution(x=[0.5, 1.5], t=[0, 1])["v"] - 7).max())


def test_axes_and_arrays_of_their_lengths_are_a_grid(solution):
    x, t = np.linspace(0, 2, 4), np.linspace(0, 1, 3)
    values = solution(x=x[:, None], t=t)["u"]
    data = {"x": x[:, None], "tt": t[None], "usol": values}
    found = solution.compare_with(data, names={"t": "tt", "u": "usol"})["u"]
    assert found.maximum < 1e-13
    assert found.points == 12
    with pytest.raises(
        ValueError, match=r"or the axes x, t of a grid .* in this order, got x \(4,\), t \(3,\), u \(3, 4\)"
    ):
        solution.compare_with(data | {"usol": values.T}, names={"t": "tt", "u": "usol"})


def test_a_number_stands_for_all_points(solution):
    x = np.linspace(0, 2, 7)
    found = solution.compare_with({"x": x, "t": 0.5, "u": 3})["u"]
    assert found.points == 7
    assert found.maximum == pytest.approx(np.abs(solution(x=x, t=0.5)["u"] - 3).max(), rel=1e-12)
    assert found.where["t"] == 0.5
    assert solution.compare_with({"x": 1, "t": 0.5, "u": 3})["u"].points == 1


def test_points_outside_of_the_domain_are_refused(solution, monkeypatch):
    data = {"x": [0.5, 2.5, -1], "t": [0, 0.5, 1], "u": [0, 0, 0]}
    message = (
        r"`data` must have its points in the domain, within x in \[0, 2\], t in \[0, 1\]: "
        r"2 of 3 lie outside, the first at x=2.5, t=0.5; leave them out"
    )
    with pytest.raises(ValueError, match=message):
        solution.compare_with(data)
    monkeypatch.setattr(Evaluable, "covers", lambda self, points: points.columns["x"] < 0.4)
    with pytest.raises(ValueError, match=r"1 of 1 lie outside, the first at x=0.5, t=0"):
        solution.compare_with({"x": [0.5], "t": [0], "u": [0]})


@pytest.mark.parametrize(
    ("data", "names", "message"),
    [
        (
            {"x": [0], "u": [0]},
            None,
            r"`data` has no column t, only x, u: say what it is called, as in names=\{'t': 'its name'\}, or add it",
        ),
        ({"x": [0], "t": [0]}, None, "`data` has no column u, only x, t"),
        ({"x": [0], "t": [0], "u": [0]}, {"w": "u"}, "`names` must say what x, t, u, v are called, got 'w'"),
        ({"x": [0], "t": [0]}, {"u": "T"}, "`names` must name columns of `data`, got 'T': it has x, t"),
        ({"x": [0], "t": [0], "u": [0]}, ["x", "t", "u"], "`names` must be a dict for columns"),
        ({"x": [0], "t": [0], "u": ["a"]}, None, r"`data` must hold numbers, got \['a'\] for u"),
        ({"x": [0, 1], "t": [0, 1], "u": [0, np.nan]}, None, "got 1 of 2 others in column u: leave these rows out"),
        ({"x": [0, np.inf], "t": [0, 1], "u": [0, 1]}, None, "got 1 of 2 others in column x"),
        ({"x": [0, 1, 2], "t": [0, 0, 1], "u": [1]}, None, r"`data` must hold columns of one length, .* got x \(3,\)"),
        ({"x": [], "t": [], "u": []}, None, "`data` must hold finite numbers, got 0 of 0"),
    ],
)
def test_data_that_do_not_belong_to_the_solution_are_refused(solution, data, names, message):
    with pytest.raises(ValueError, match=message):
        solution.compare_with(data, names=names)
