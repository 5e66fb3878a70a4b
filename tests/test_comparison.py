"""compare(): one protocol for all models, honest rows, nothing lost on the way."""

import json
import math
import signal
import statistics

import h5py
import pytest
import torch

from kanpde import KAN, MLP, Dirichlet, Interval, Problem, compare, solve
from kanpde.comparison import error_of
from kanpde.reference import finite_difference

MODELS = {
    "KAN": lambda seed: KAN([1, 3, 1], basis="chebyshev", k=4, seed=seed),
    "MLP": lambda seed: MLP([1, 9, 1], seed=seed),
}


class Parabola(Problem):
    domain = Interval(x=(0, 1))

    def exact(self, x):
        return x * (1 - x)

    def residual(self, u, x):
        return u.xx + 2

    def conditions(self, x):
        return [Dirichlet(u=0)]


class Open(Parabola):
    def conditions(self, x):
        return [Dirichlet(u=0, on="x=0")]


def test_the_rows_are_statistics_of_runs_that_solve_would_give():
    found = compare(Parabola(), MODELS, seeds=[0, 4], steps=6, points=40)
    assert found.problem == "Parabola"
    assert found.stop_reason == "all runs done"
    assert [row["model"] for row in found.rows[:2]] == ["KAN [1, 3, 1]", "MLP [1, 9, 1]"]
    for name, row in zip(MODELS, found.rows[:2], strict=True):
        errors = [float(solve(Parabola(), MODELS[name](s), seed=s, steps=6, points=40).error) for s in (0, 4)]
        assert row["errors"] == errors
        assert row["median"] == row["error"] == statistics.median(errors)
        assert row["worst"] == max(errors)
        assert row["failures"] == sum(e > 1e-2 for e in errors)
        assert row["runs"] == 2
        assert row["problem"] == "Parabola"
    assert found.rows[2]["model"].startswith("finite differences")
    assert found.rows[2]["median"] < 1e-9
    lines = found.table().splitlines()
    assert len(lines) == 6, "head, three rows, an empty line and the legend"
    assert lines[-1].startswith("failures: runs that diverged or ended above 1%")
    assert f"{found.rows[0]['failures']} of 2" in lines[1]


def test_the_error_of_finite_differences_is_measured_on_their_own_grid():
    assert error_of(finite_difference(Parabola(), nodes=9), Parabola()) < 1e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seeds": 0}, "`seeds` must be at least 1, got 0"),
        ({"seeds": []}, "`seeds` must hold different seeds, at least one"),
        ({"seeds": [1, 1]}, r"`seeds` must hold different seeds, at least one, got \[1, 1\]"),
        ({"seeds": [-1]}, "`seed` must be a whole number of at least 0, got -1|[Ss]eed"),
        ({"models": {}}, "`models` must hold at least one model, got none"),
        (
            {"models": {**MODELS, "big": lambda seed: MLP([1, 30, 1])}},
            "`models` must have numbers of parameters within",
        ),
        ({"optimizer": "sgd"}, "`optimizer` must be one of"),
        ({"steps": 0}, "`steps` must be positive"),
        ({"record": "/proc/c.h5"}, "`/proc/c.h5` cannot be written"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(Parabola(), **{"models": MODELS, "steps": 1, "points": 20, **arguments})


def test_a_problem_that_is_not_ready_is_refused():
    with pytest.raises(ValueError, match="`problem` Open is not ready"):
        compare(Open(), MODELS, steps=1)


def test_a_diverged_run_counts_as_a_failure():
    class Broken(torch.nn.Linear):
        def forward(self, x):
            return math.nan * super().forward(x)

    models = {"broken": lambda seed: Broken(1, 1).double()}
    found = compare(Parabola(), models, seeds=1, steps=2, points=20)
    assert found.rows[0]["failures"] == found.rows[0]["diverged"] == 1
    assert found.rows[0]["worst"] == math.inf


def test_all_runs_are_kept_in_one_record(tmp_path):
    record = tmp_path / "c.h5"
    found = compare(Parabola(), MODELS, seeds=2, steps=2, points=20, record=record)
    with h5py.File(record) as file:
        assert set(file["runs"]) == {"KAN seed 0", "KAN seed 1", "MLP seed 0", "MLP seed 1"}
        assert file["runs/KAN seed 1/history/loss"].shape == (2,)
        assert json.loads(file["rows/KAN [1, 3, 1]"].attrs["errors"]) == found.rows[0]["errors"]
    with pytest.raises(ValueError, match="exists: choose another path"):
        found.save(record)
    assert found.save(tmp_path / "d.h5").is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_comparison_and_keeps_what_there_is(tmp_path, number):
    def on_run(model, seed):
        return (lambda report: signal.raise_signal(number)) if (model, seed) == ("MLP", 0) else None

    before = signal.getsignal(number)
    found = compare(Parabola(), MODELS, seeds=3, steps=3, points=20, on_run=on_run, record=tmp_path / "c.h5")
    assert found.stop_reason.startswith("interrupted by")
    assert [len(runs) for runs in found.solutions.values()] == [1, 1]
    assert found.solutions["MLP"][0].run["steps"] == 1
    with h5py.File(tmp_path / "c.h5") as file:
        assert file.attrs["stop_reason"] == found.stop_reason
    assert signal.getsignal(number) is before


def test_points_are_the_same_for_all_models_of_a_seed():
    found = compare(Parabola(), MODELS, seeds=1, steps=1, points=30)
    first, second = (runs[0].points["equation"]["x"] for runs in found.solutions.values())
    assert torch.equal(torch.as_tensor(first), torch.as_tensor(second))


def test_a_network_in_place_of_the_models_is_refused():
    with pytest.raises(TypeError, match="`models` must map names to functions of the seed, got KAN"):
        compare(Parabola(), KAN([1, 3, 1]), steps=1)
