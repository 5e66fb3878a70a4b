"""The accuracy table: honest statistics, KAN and MLP alike, a classical solver beside them."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import sympy as sp
import torch
from benchmarks import accuracy, real
from benchmarks.accuracy import ROWS, Row, Statistics, classical, report, size, train
from benchmarks.runs import Request

from kanpde import KAN
from kanpde.ansatz import build_ansatz
from kanpde.catalog import problem_class
from kanpde.reference import finite_difference, reference_for


def tiny(ansatz, seed):
    return KAN([ansatz.n_inputs, 2, 1], basis="chebyshev", k=4, seed=seed)


ROW = Row("poisson", asked=1e-3, seconds=5, model=tiny, options={"steps": 2, "points": 40})


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([1e-9, 3e-9, 2e-9], Statistics(2e-9, 3e-9, above=0, diverged=0, runs=3)),
        ([1e-9, 1e-7], Statistics((1e-9 + 1e-7) / 2, 1e-7, above=1, diverged=0, runs=2)),
        ([1e-8], Statistics(1e-8, 1e-8, above=0, diverged=0, runs=1)),
        ([1e-9, None, 1e-9], Statistics(1e-9, math.inf, above=0, diverged=1, runs=3)),
        ([None, math.nan, 1.0], Statistics(math.inf, math.inf, above=1, diverged=2, runs=3)),
    ],
)
def test_a_run_is_above_the_asked_error_or_diverged_but_not_both(errors, expected):
    assert Statistics.of(errors, asked=1e-8) == expected


def test_names_of_rows_are_different_and_say_what_is_solved():
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert names[:3] == ["poisson, hard", "poisson, penalty", "poisson, hard, B-splines"]
    assert "burgers, nu=0.01/pi, hard, 32 slabs" in names


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_has_a_problem_and_networks_of_one_size(row):
    ansatz = build_ansatz(row.make(), hard=row.hard)
    kan, mlp = row.networks(ansatz, 0).values()
    assert size(mlp) == pytest.approx(size(kan), rel=0.01)
    assert (kan.width[0], kan.width[-1]) == (mlp.width[0], mlp.width[-1])


def test_the_b_splines_have_at_most_500_parameters():
    (row,) = [row for row in ROWS if row.note == "B-splines"]
    assert size(row.networks(build_ansatz(row.make(), hard=True), 0)["KAN"]) <= 500


def test_kan_and_mlp_have_the_same_points_and_budget(monkeypatch):
    seen = []

    def solve(problem, model, **options):
        seen.append({name: v for name, v in options.items() if name != "reference"})
        raise KeyboardInterrupt

    monkeypatch.setattr(accuracy, "solve", solve)
    for kind in ("KAN", "MLP"):
        with pytest.raises(KeyboardInterrupt):
            train(ROWS[0], kind, 3, seconds=7.0, reference=lambda: None)
    assert seen[0] == seen[1]
    assert (seen[0]["seconds"], seen[0]["seed"], seen[0]["threads"], seen[0]["hard"]) == (7.0, 3, 1, True)
    assert seen[0]["points"].interior == 5 * 402


def test_a_run_has_the_figures_of_the_table():
    reference = reference_for(ROW.make())
    first, second = (train(ROW, "KAN", 1, seconds=5.0, reference=lambda: reference) for _ in range(2))
    assert first["error"] == second["error"] > 0
    assert (first["steps"], first["model"], first["diverged"], first["budget"]) == (2, "KAN [2, 2, 1]", False, 5.0)
    assert first["reference_error"] == 1e-15
    single = train(ROW, "KAN", 1, seconds=5.0, reference=lambda: reference, place=("cpu", torch.float32))
    assert single["error"] == pytest.approx(first["error"], rel=1e-2), "two steps in single precision"


def test_an_interrupted_run_is_no_figure(monkeypatch):
    stopped = SimpleNamespace(stop_reason="interrupted by SIGINT")
    monkeypatch.setattr(accuracy, "solve", lambda *_, **__: stopped)
    with pytest.raises(KeyboardInterrupt):
        train(ROW, "KAN", 0, seconds=1.0, reference=lambda: None)


def test_a_run_that_ends_before_its_last_instant_has_no_error(monkeypatch):
    whole = reference_for(ROW.make())
    part = replace(whole, axes={**whole.axes, "y": whole.axes["y"][:-1]})
    assert accuracy.covers(whole, whole)
    assert not accuracy.covers(part, whole)
    early = SimpleNamespace(stop_reason="budget used", reference=part, summary=lambda: {"error": 1e-9})
    monkeypatch.setattr(accuracy, "solve", lambda *_, **__: early)
    found = train(ROW, "KAN", 0, seconds=1.0, reference=lambda: whole)
    assert (found["diverged"], found["error"]) == (True, None)


def test_a_diverged_run_has_no_error():
    class Broken(torch.nn.Linear):
        def forward(self, x):
            return math.nan * super().forward(x)

    row = Row("poisson", 1e-3, 5, model=lambda ansatz, seed: Broken(2, 1).double(), options=ROW.options)
    found = train(row, "KAN", 0, seconds=5.0, reference=lambda: None)
    assert (found["diverged"], found["error"]) == (True, None)


def test_a_classical_solver_has_its_true_error_or_says_why_it_refuses():
    found = classical(ROW, lambda problem: finite_difference(problem, nodes=17))
    assert found["solver"].startswith("finite differences")
    assert found["error"] < 1e-5
    assert not found["estimated"]

    def refuse(problem):
        raise ValueError("no")

    assert classical(ROW, refuse)["refused"] == "no"


def test_runs_take_the_networks_in_turn_and_the_quick_pass_is_short():
    keys = [run.key for run in accuracy.runs(Request(seeds=2), [ROW])]
    solvers = [key for key in keys if "seed" not in key]
    assert solvers == [f"poisson, hard | {solver.__name__}" for solver in accuracy.CLASSICAL]
    expected = [f"poisson, hard | {kind} | seed {i}" for i in range(2) for kind in ("KAN", "MLP")]
    assert keys[len(solvers) :] == expected
    quick = [run for run in accuracy.runs(Request(quick=True)) if run.quick]
    assert 0 < len(quick) < len(accuracy.runs(Request(quick=True)))


def result(kind, error, **more):
    figures = {"model": f"{kind} [2, 6, 1]", "parameters": 402, "restarts": 1, "seconds": 8.0, "cpu_seconds": 7.0}
    about = {"row": "poisson, hard", "kind": kind, "asked": 1e-10, "budget": 30}
    about |= {"threads": 1, "reference_error": 1e-15}
    return {**figures, **about, "held_out": 1e-9, "error": error, "asides": {}, **more}


def test_the_table_has_a_line_per_network_with_the_classical_solver_beside_it():
    found = report([
        {"row": "poisson, hard", "kind": "classical", "asked": 1e-10, "solver": "fd", "error": 1e-8, "estimated": True,
         "seconds": 0.5},
        {"row": "poisson, hard", "kind": "classical", "asked": 1e-10, "refused": "not periodic"},
        result("KAN", 1e-12), result("MLP", 1e-9), result("KAN", 3e-12), result("MLP", None), result("KAN", 2e-12),
    ])  # fmt: skip
    kan, mlp = found.rows
    assert (kan["median"], kan["worst"], kan["above"], kan["diverged"], kan["restarts"]) == (2e-12, 3e-12, 0, 0, 3)
    assert (mlp["median"], mlp["worst"], mlp["above"], mlp["diverged"]) == (None, None, 1, 1)
    lines = found.text.splitlines()[-2:]
    beside = "fd: 1.0e-08 (own estimate) in 0.5 s"
    assert lines[0] == (
        "| poisson, hard | KAN [2, 6, 1] | 402 | 1e-10 | 30 s | 2.0e-12 | 3.0e-12 |  | 0 of 3 | 0 of 3 | 3 | 1.0e-09 "
        f"| 8.0 (7.0) | 1.0e-15 | {beside} |"
    )
    assert "| diverged | diverged |  | 1 of 2 | 1 of 2 |" in lines[1]
    assert len(found.figure.axes) == 1


def test_further_errors_stand_aside():
    asides = [{"u": 1e-6, "p": 1e-4}, {"u": 3e-6, "p": 1e-5}, {}]
    found = report([result("KAN", e, asides=a) for e, a in zip((1e-12, 1e-12, None), asides, strict=True)])
    assert found.rows[0]["asides"] == {"u": {"median": 3e-6, "worst": None}, "p": {"median": 1e-4, "worst": None}}
    assert "| u 3.0e-06 (diverged), p 1.0e-04 (diverged) |" in found.text


def test_the_unknowns_of_a_system_stand_aside_and_so_does_the_stress_at_the_hole():
    row = next(row for row in real.ROWS if row.problem == "plate_with_hole")
    reference = reference_for(row.make())
    small = replace(
        row, model=lambda ansatz, seed: KAN([2, 2, 2], basis="chebyshev", k=4, seed=seed), options={"steps": 2}
    )
    asides = train(small, "KAN", 0, seconds=5.0, reference=lambda: reference)["asides"]
    assert list(asides) == ["u", "v", "stress at the hole"]
    assert min(asides.values()) > 1e-3


def test_the_stress_at_the_hole_of_the_exact_plate_is_kirschs():
    plate = problem_class("plate_with_hole")()
    x, y = plate.domain.coordinates
    exact = {name: sp.sympify(value) for name, value in plate.exact(x, y).items()}

    def solution(derivative, **at):
        along = plate.domain.coordinate(derivative)
        return {name: sp.lambdify((x, y), sp.diff(value, along))(at["x"], at["y"]) for name, value in exact.items()}

    assert real.hoop_stress(solution)["stress at the hole"] < 1e-12


def test_a_table_without_runs_is_empty():
    assert report([]).rows == []
