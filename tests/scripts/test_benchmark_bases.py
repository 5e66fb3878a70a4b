"""The table of edge functions: every basis on every kind of problem, and what a diverged run does to it."""

import math

import pytest
from benchmarks import bases
from benchmarks.accuracy import Row, size
from benchmarks.runs import Request

from kanpde.ansatz import build_ansatz


def result(kind, basis, error):
    return {"problem_kind": kind, "basis": basis, "error": error, "parameters": 348, "budget": 15.0}


def test_every_basis_is_trained_on_every_kind_of_problem_from_every_seed():
    keys = [run.key for run in bases.runs(Request(seeds=2))]
    assert len(set(keys)) == len(keys) == 2 * len(bases.BASES) * len(bases.KINDS)


@pytest.mark.parametrize("problem", bases.KINDS.values())
def test_networks_are_of_similar_size(problem):
    ansatz = build_ansatz(Row(problem, 1.0, 1.0).make(), hard=True)
    sizes = [size(bases.edges(basis)(ansatz, 0)) for basis in bases.BASES]
    assert max(sizes) <= 1.25 * min(sizes)


def test_the_quick_pass_trains_every_basis_once():
    quick = [run for run in bases.runs(Request(quick=True)) if run.quick]
    assert len(quick) == len(bases.BASES)
    assert 0 < quick[0].measure()["error"] < math.inf


def test_medians_count_runs_that_diverged():
    found = [result("steady", "fourier", e) for e in (1e-3, None, None)]
    found += [result("steady", "gaussian", e) for e in (1e-3, 1e-5, None)]
    report = bases.report(found)
    assert [(row["median"], row["worst"]) for row in report.rows] == [(None, None), (1e-3, None)]
    assert "diverged, diverged (348)" in report.text
    assert "1.0e-03, diverged (348)" in report.text
    assert "conditions built in, 15 s a run" in report.text
