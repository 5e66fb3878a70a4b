"""Solution: values, errors, records with all that they must hold, and loading that runs nothing."""

import copy
import json
import pickle
import sys
from contextlib import suppress

import h5py
import numpy as np
import pytest
import torch

from kanpde import (
    KAN,
    MLP,
    Coefficient,
    Dirichlet,
    Initial,
    Interval,
    Neumann,
    Parameter,
    Polygon,
    Problem,
    Rectangle,
    Robin,
    Solution,
    Time,
    Triangle,
    cos,
    exp,
    laplacian,
    pi,
    sin,
    solve,
)
from kanpde.record import RecordError, read, write


class Cooling(Problem):
    """u_t = k u_xx on [0, pi/2]; the boundary parts have a slash in their name."""

    domain = Interval(x=(0, pi / 2)) * Time(t=(0, 1))
    k = 0.5

    def exact(self, x, t):
        return exp(-self.k * t) * sin(x)

    def residual(self, u, x, t):
        return u.t - self.k * u.xx

    def conditions(self, x, t):
        return [Initial(u=sin(x)), Dirichlet(u=0, on="x=0"), Neumann(u=0, on="x=pi/2")]


class Pair(Problem):
    """u' = -w, w' = u: a system with an unknown number."""

    domain = Interval(x=(0, 1))
    c = Parameter(0.8)

    def residual(self, u, w, x):
        return {"first": u.x + self.c * w, "second": w.x - u}

    def conditions(self, x):
        return [Dirichlet(u=1, w=0, on="x=0"), Dirichlet(u=cos(1), w=sin(1), on="x=1")]


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    path = tmp_path_factory.mktemp("solved") / "run.h5"
    model = KAN([2, 4, 1], basis="chebyshev", k=[8, 4])
    return solve(Cooling(k=0.4), model, steps=12, points=150, record=path), path


# -------------------------------------------------------------------- values


def test_a_solution_is_called_by_coordinates_and_broadcasts(solved):
    solution, _ = solved
    assert isinstance(solution(x=0.5, t=0.1), float)
    assert solution(x=np.linspace(0, 1, 3)[:, None], t=[0.0, 0.5]).shape == (3, 2)
    assert solution(x=[], t=0.0).shape == (0,)
    assert solution(x=torch.tensor([0.1, 0.2]), t=0.0).shape == (2,)


def test_the_error_is_the_relative_l2_distance_from_the_exact_solution(solved):
    solution, _ = solved
    x, t = np.linspace(0, np.pi / 2, 101)[:, None], np.linspace(0, 1, 101)
    wanted = np.exp(-0.4 * t) * np.sin(x)
    miss = np.linalg.norm(solution(x=x, t=t) - wanted) / np.linalg.norm(wanted)
    assert solution.error == pytest.approx(miss, rel=1e-9)
    assert solution.error < 0.1
    assert solution.error.reference == "exact solution"
    assert solution.error.reference_error == 1e-15


def test_every_unknown_has_an_error_of_its_own():
    class Unequal(Pair):
        c = 1

        def exact(self, x):
            return {"u": 100 * cos(x), "w": 100 * sin(x)}

        def conditions(self, x):
            return [Dirichlet(u=100, w=0, on="x=0")]

    solution = solve(Unequal(), KAN([1, 3, 2], basis="chebyshev", k=3), steps=3, points=30)
    x = np.linspace(0, 1, len(solution.grid()["x"]))
    found = solution(x=x)
    for name, wanted in (("u", 100 * np.cos(x)), ("w", 100 * np.sin(x))):
        miss = np.linalg.norm(found[name] - wanted) / np.linalg.norm(wanted)
        assert solution.errors[name] == pytest.approx(miss, rel=1e-6)
        assert solution.errors[name].reference == "exact solution"
    assert min(solution.errors.values()) < solution.error < max(solution.errors.values())
    assert solution.summary()["errors"] == solution.errors


def test_edges_and_corners_have_the_limit_from_inside_where_built_in_conditions_leave_no_value():
    class Torsion(Problem):
        domain = Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])

        def residual(self, u, x, y):
            return laplacian(u) + 1

        def conditions(self, x, y):
            return [Dirichlet(u=0, hard=True)]

    class Cooled(Torsion):
        domain = Triangle((0, 0), (2, 0), (0.5, 1))

        def conditions(self, x, y):
            robin = Robin(u=1, a=1, b=1, on="edge 1", hard=True)
            return [Dirichlet(u=0, on=["edge 2", "edge 3"], hard=True), robin]

    network = KAN([2, 3, 1], basis="chebyshev", k=[5, 3], base=False)
    torsion = solve(Torsion(), network, steps=1)
    on_edges = torsion("x", x=[1, 1.3], y=[1.5, 1])
    assert np.abs(on_edges).max() > 0.01
    np.testing.assert_allclose(on_edges, torsion("x", x=[1 - 1e-6, 1.3], y=[1.5, 1 - 1e-6]), atol=1e-4)
    cooled = solve(Cooled(), copy.deepcopy(network), steps=1)
    np.testing.assert_allclose(cooled(x=[0, 2, 0.5], y=[0, 0, 1]), 0, atol=1e-7)


def test_an_error_can_be_pickled_and_copied(solved):
    for error in (pickle.loads(pickle.dumps(solved[0].error)), copy.copy(solved[0].error)):
        assert error == solved[0].error
        assert error.reference == "exact solution"


def test_without_a_reference_the_error_is_none():
    solution = solve(Pair(), KAN([1, 3, 2], basis="chebyshev", k=5), steps=20, points=30)
    assert solution.error is None
    assert solution.summary()["error"] is None
    assert solution.errors == solution.summary()["errors"] == {}
    assert solution.numbers["c"] == pytest.approx(1.0, abs=1e-3)
    assert set(solution(x=0.5)) == {"u", "w"}


def test_the_summary_can_be_written_as_json(solved):
    solution, _ = solved
    content = json.loads(json.dumps(solution.summary()))
    assert content["problem"] == solution.problem_name == "Cooling"
    assert content["model"] == "KAN [2, 4, 1]"
    assert content["parameters"] == solution.parameters == 2 * 9 * 4 + 4 * 5


# -------------------------------------------------------------------- records


def test_a_loaded_solution_is_the_saved_one(solved, tmp_path):
    solution, path = solved
    solution.save(tmp_path / "again.h5")
    x = np.linspace(0, 1.5, 7)
    for found in (Solution.load(path), Solution.load(tmp_path / "again.h5")):
        np.testing.assert_allclose(found(x=x, t=0.3), solution(x=x, t=0.3), rtol=1e-13)
        np.testing.assert_allclose(found("xx", x=x, t=0.3), solution("xx", x=x, t=0.3), rtol=1e-10)
        assert found.error == pytest.approx(solution.error, rel=1e-9)
        assert found.summary() == {**solution.summary(), "error": found.summary()["error"]}
        assert found.problem == solution.problem
        assert found.run == solution.run
        assert found.weights == solution.weights
        for name, values in solution.history.items():
            np.testing.assert_array_equal(found.history[name], values)
        for name, columns in solution.points.items():
            np.testing.assert_array_equal(found.points[name]["x"], columns["x"])


def test_a_record_holds_all_that_it_promises(solved):
    with h5py.File(solved[1]) as file:
        assert file.attrs["status"] == "finished"
        assert file.attrs["stop_reason"] == "step budget of 12 used"
        assert file["problem"].attrs["name"] == "Cooling"
        assert len(file["problem"].attrs["hash"]) == 16
        assert file["problem/parameters"].attrs["k"] == "0.4"
        assert b"u_{t}" in file["problem/latex/0"][()]
        run = dict(file["run"].attrs)
        assert (run["seed"], run["optimizer"], run["device"], run["threads"]) == (0, "gauss-newton", "cpu", 1)
        assert json.loads(run["optimizer_arguments"])["ratio"] == 0.075
        assert run["torch"] == str(torch.__version__)
        assert {"python", "numpy", "kanpde", "dtype", "interior", "boundary", "sampler"} <= set(run)
        assert json.loads(file["field/parts/0/layout"][()])["kind"] == "KAN"
        assert file["field/parts/0/weights/network.layers.0.coefficients"].shape == (18, 4)
        history = file["history"]
        for name in ("seconds", "cpu_seconds", "loss", "error", "damping", "ratio"):
            assert history[name].shape == (12,)
        blocks = {"equation", "initial u", "dirichlet u on x=0", "neumann u on x=pi%2F2"}
        assert set(history["losses"]) == set(history["weights"]) == set(file["points"]) == blocks
        assert file["points/equation/x"].shape == (150,)
        assert file["checkpoint/optimizer/damping"][()] > 0
        assert "history" not in file["checkpoint"]
        assert "losses" not in file["checkpoint"]


def test_a_record_opens_in_xarray_with_coordinates(solved):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    solution, path = solved
    with xarray.open_dataset(path, engine="h5netcdf", group="grid") as data:
        assert data["u"].dims == ("x", "t")
        assert set(data.data_vars) == {"u", "u_reference"}
        np.testing.assert_array_equal(data["x"], np.linspace(0, np.pi / 2, 101))
        np.testing.assert_allclose(data["u"], solution.to_xarray()["u"])
    assert solution.to_xarray().attrs["problem"] == "Cooling"


def test_without_xarray_the_remedy_is_named(solved, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match="`to_xarray` needs xarray, which is not installed: pip install xarray"):
        solved[0].to_xarray()


@pytest.mark.parametrize(
    "model",
    [KAN([2, 3, 1], grid=4, k=3), MLP([2, 5, 1]), MLP([2, 5, 1], activation="sine"), KAN([2, 1], k=2)],
    ids=["bspline", "tanh", "sine", "one layer"],
)
def test_every_kind_of_network_is_loaded_again(tmp_path, model):
    solution = solve(Cooling(), model, steps=1, points=30, record=tmp_path / "run.h5", hard=False)
    found = Solution.load(tmp_path / "run.h5")
    assert type(found.network) is type(model)
    assert found(x=0.3, t=0.2) == pytest.approx(solution(x=0.3, t=0.2), rel=1e-12)


def test_a_foreign_module_is_loaded_when_it_is_given(tmp_path):
    def module():
        return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).double()

    solution = solve(Cooling(), module(), steps=1, points=20, record=tmp_path / "run.h5")
    with pytest.raises(RecordError, match="`model` is missing: its network is neither KAN nor MLP"):
        Solution.load(tmp_path / "run.h5")
    assert Solution.load(tmp_path / "run.h5", model=module())(x=0.1, t=0.1) == solution(x=0.1, t=0.1)
    with pytest.raises(RecordError, match="lacks a part of a record"):
        Solution.load(tmp_path / "run.h5", model=torch.nn.Linear(2, 1).double())


def test_a_hard_condition_is_kept_in_the_record(tmp_path):
    class Square(Problem):
        domain = Rectangle(x=(0, 1), y=(0, 1))

        def residual(self, u, x, y):
            return u.xx + u.yy + 1

        def conditions(self, x, y):
            return [Dirichlet(u=x * y)]

    solve(Square(), KAN([2, 2, 1], k=3, grid=2), hard=True, steps=1, points=20, record=tmp_path / "run.h5")
    assert Solution.load(tmp_path / "run.h5")(x=1.0, y=[0.25, 0.75]) == pytest.approx([0.25, 0.75], abs=1e-15)


def test_a_trial_solution_with_a_coefficient_is_recorded_but_not_loaded(tmp_path):
    class Heated(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx

        def conditions(self, x):
            return [Dirichlet(u=Coefficient("g", lambda x: x**2)(x))]

    path = tmp_path / "run.h5"
    solve(Heated(), KAN([1, 2, 1], k=3), hard=True, steps=1, points=20, record=path)
    with pytest.raises(RecordError, match="has a function in it that cannot be stored, such as a Coefficient"):
        Solution.load(path)
    assert solve(Heated(), resume=path, steps=2).run["steps"] == 2


def test_a_record_without_a_grid_has_no_reference_but_all_the_rest(solved, tmp_path):
    content = read(solved[1])
    del content["grid"]
    write(tmp_path / "bare.h5", content)
    found = Solution.load(tmp_path / "bare.h5")
    assert found.error is None
    assert found(x=0.5, t=0.5) == pytest.approx(solved[0](x=0.5, t=0.5), rel=1e-12)


def parts_of(content, path=()):
    for key, value in content.items():
        yield (*path, key)
        if isinstance(value, dict) and not path:
            yield from parts_of(value, (*path, key))


def test_a_record_that_lacks_any_part_never_raises_anything_but_a_sentence(solved, tmp_path):
    whole = read(solved[1])
    for path in parts_of(whole):
        content = copy.deepcopy(whole)
        group = content
        for key in path[:-1]:
            group = group[key]
        del group[path[-1]]
        write(tmp_path / "part.h5", content)
        for use in (Solution.load, resume if path[0] == "checkpoint" else Solution.load):
            with suppress(RecordError):
                use(tmp_path / "part.h5")


def resume(path):
    return solve(Cooling(k=0.4), resume=path, steps=13)


EVIL = "__import__('pathlib').Path('EVIL').touch()"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("forms", json.dumps({"u": EVIL})),
        ("forms", json.dumps({"u": ["Unknown", EVIL]})),
        ("forms", json.dumps({"u": ["sympify", EVIL]})),
        ("forms", json.dumps({"u": ["Unknown", "breakpoint"]})),
        ("forms", json.dumps({"u": ["Coordinate", EVIL, "space", ["x"]]})),
        ("forms", json.dumps({"u": ["Add"] * 3})),
        ("forms", "[" * 100_000),
        ("forms", EVIL),
        ("coordinates", json.dumps([EVIL])),
        ("bounds", json.dumps({"x": EVIL})),
        ("numbers", json.dumps({EVIL: 1.0})),
        ("slabs", json.dumps([[1.0, EVIL]])),
        ("stretches", json.dumps({"x": {"ring": False, "fronts": [[EVIL, 1.0, 1.0]]}})),
        ("forms", json.dumps({"u": ["Known", 0, "u", [0, 0], ["Coordinate", EVIL, "space", ["x"]]]})),
    ],
)
def test_loading_never_runs_what_is_in_the_file(solved, tmp_path, monkeypatch, part, value):
    monkeypatch.chdir(tmp_path)
    content = read(solved[1])
    holder = content["field"] if part in content["field"] else content["field"]["parts"][0]
    assert part in holder
    holder[part] = value
    write(tmp_path / "evil.h5", content)
    with pytest.raises(RecordError, match=r"evil\.h5` lacks a part of a record"):
        Solution.load(tmp_path / "evil.h5")
    assert not (tmp_path / "EVIL").exists()


def test_a_record_holds_no_pickle(solved):
    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            assert item.dtype.kind in "fiub" or h5py.check_string_dtype(item.dtype), name

    with h5py.File(solved[1]) as file:
        file.visititems(visit)


class Family(Problem):
    """A decay whose rate is a coordinate over decades."""

    domain = Interval(k=(0.01, 1)) * Time(t=(0, 1))
    logarithmic = ("k",)

    def residual(self, u, k, t):
        return u.t + k * u

    def conditions(self, k, t):
        return [Initial(u=1)]


def test_a_logarithmic_scale_comes_back_from_a_record(tmp_path):
    solution = solve(Family(), KAN([2, 2, 1], basis="chebyshev", k=3), steps=2, hard=True, record=tmp_path / "log.h5")
    again = Solution.load(tmp_path / "log.h5")
    places = {"k": np.array([0.01, 0.05, 0.9]), "t": np.array([0.1, 0.5, 1.0])}
    assert np.array_equal(again(**places), solution(**places))
