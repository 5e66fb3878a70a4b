"""Tables and labelled arrays, read back by NumPy, pandas' format and xarray."""

import numpy as np
import pytest

from kanpde import KAN, Initial, Interval, Problem, Time, exp, solve
from kanpde.field import Evaluable


class Pair(Problem):
    domain = Interval(x=(0, 2)) * Time(t=(0, 1))

    def exact(self, x, t):
        return {"u": x * exp(-t), "v": -x}

    def residual(self, u, v, x, t):
        return {"first": u.t + u, "second": v.t}

    def conditions(self, x, t):
        return [Initial(u=x, v=-x)]


@pytest.fixture(scope="module")
def solution():
    return solve(Pair(), KAN([2, 2, 2], basis="chebyshev", k=3), steps=2, points=30)


def test_a_table_holds_every_digit(solution, tmp_path):
    path = solution.to_csv(tmp_path / "new" / "a.csv", nodes=11)
    assert path.read_text().splitlines()[0] == "x,t,u,v,u_reference,u_error,v_reference,v_error"
    x, t, u, v, wanted, error, *_ = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
    assert len(x) == 121
    found = solution(x=x, t=t)
    np.testing.assert_allclose(u, found["u"], rtol=1e-13)
    np.testing.assert_array_equal(u, solution.sampled(nodes=11).columns["u"])
    np.testing.assert_allclose(v, found["v"], rtol=1e-13)
    np.testing.assert_allclose(wanted, x * np.exp(-t), atol=1e-14)
    np.testing.assert_array_equal(error, np.abs(u - wanted))


def test_a_table_of_points_has_a_row_for_each_also_outside(solution, tmp_path, monkeypatch):
    monkeypatch.setattr(Evaluable, "covers", lambda self, points: points.columns["x"] > 0.5)
    path = solution.to_csv(tmp_path / "a.csv", points={"x": [1.23, 0.3], "t": 0.5})
    rows = np.genfromtxt(path, delimiter=",", names=True)
    assert rows["x"].tolist() == [1.23, 0.3]
    assert np.isnan(rows["u"]).tolist() == [False, True]


def test_a_table_that_exists_is_kept_unless_it_may_be_replaced(solution, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(ValueError, match=r"a\.csv` exists: choose another path"):
        solution.to_csv(path, nodes=2)
    assert path.read_text() == "mine"
    assert solution.to_csv(path, nodes=2, overwrite=True).read_text().startswith("x,t")
    with pytest.raises(ValueError, match=r"`/proc/a\.csv` cannot be written"):
        solution.to_csv("/proc/a.csv", nodes=2)


def test_labelled_arrays_know_problem_reference_and_error(solution, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    data = solution.to_xarray(nodes=11)
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as again:
        assert again["u"].dims == ("x", "t")
        assert set(again.data_vars) == {"u", "v", "u_reference", "v_reference", "u_error", "v_error"}
        assert again.attrs["problem"] == "Pair"
        assert again.attrs["units"] == "none"
        assert again.attrs["error"] == float(solution.error)
        assert again.attrs["reference"] == "exact solution"
        assert again["u_error"].attrs["long_name"] == "absolute error of u"
        assert again["x"].attrs["long_name"] == "x"
        x, t = again["x"].values[3], again["t"].values[7]
        assert float(again["u"].sel(x=x, t=t)) == pytest.approx(solution(x=x, t=t)["u"], rel=1e-13)


def test_labelled_points_stand_in_one_row(solution):
    pytest.importorskip("xarray")
    data = solution.to_xarray(points={"x": [0.1, 0.2, 0.7], "t": 0.3})
    assert data["u"].dims == data["x"].dims == ("point",)
    np.testing.assert_allclose(data["u"], solution(x=[0.1, 0.2, 0.7], t=0.3)["u"])
