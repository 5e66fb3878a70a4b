"""A benchmark is kept run by run and goes on where it stopped."""

import json
import math

import pytest
from benchmarks import runs as benchmark_runs
from benchmarks.report import load
from benchmarks.runs import Request, Run, chosen, complete, plain


def run(key, calls, result=None, quick=False):
    def measure():
        calls.append(key)
        if isinstance(result, BaseException):
            raise result
        return {"value": result}

    return Run(key, measure, quick)


def ignore(line):
    pass


def test_every_run_is_kept_with_date_commit_and_load(tmp_path):
    path, told = tmp_path / "t.json", []
    complete(path, [run("a", [], 1.5), run("b", [], 2)], told.append)
    content = load(path)
    assert told == list(content["runs"]) == ["a", "b"]
    assert content["runs"]["a"]["value"] == 1.5
    assert set(content["runs"]["a"]) == {"date", "commit", "load", "value"}
    assert content["machine"]["threads"] == 1
    assert content["machine"]["torch"]


def test_an_interrupted_benchmark_goes_on_where_it_stopped(tmp_path):
    path, calls = tmp_path / "t.json", []
    with pytest.raises(KeyboardInterrupt):
        complete(path, [run("a", calls, 1), run("b", calls, KeyboardInterrupt()), run("c", calls, 3)], ignore)
    assert list(load(path)["runs"]) == ["a"]
    complete(path, [run("a", calls, 9), run("b", calls, 2), run("c", calls, 3)], ignore)
    assert calls == ["a", "b", "b", "c"]
    assert [r["value"] for r in load(path)["runs"].values()] == [1, 2, 3]


def test_more_seeds_are_added_to_those_that_are_there(tmp_path):
    path, calls = tmp_path / "t.json", []
    complete(path, [run("seed 0", calls, 0)], ignore)
    complete(path, [run("seed 0", calls, 0), run("seed 1", calls, 1)], ignore)
    assert calls == ["seed 0", "seed 1"]


def test_runs_of_another_machine_are_not_mixed_in(tmp_path, monkeypatch):
    path = tmp_path / "t.json"
    complete(path, [run("a", [], 1)], ignore)
    monkeypatch.setattr(benchmark_runs, "machine", lambda: {"processor": "abacus"})
    with pytest.raises(ValueError, match=r"holds runs of another machine or version, .* choose another --out"):
        complete(path, [run("a", [], 1)], ignore)


def test_a_file_that_is_no_result_is_left_alone(tmp_path):
    path = tmp_path / "t.json"
    path.write_text("[1, 2")
    with pytest.raises(ValueError, match="is no result of a benchmark: move it away"):
        complete(path, [run("a", [], 1)], ignore)
    assert path.read_text() == "[1, 2"


def test_what_is_not_finite_becomes_null_and_the_file_stays_strict_json(tmp_path):
    path = tmp_path / "t.json"
    complete(path, [run("a", [], [math.inf, {"x": math.nan}, (1.0, "s", True)])], ignore)
    value = json.loads(path.read_text(), parse_constant=pytest.fail)["runs"]["a"]["value"]
    assert value == [None, {"x": None}, [1.0, "s", True]]
    assert plain({1: -math.inf}) == {"1": None}


def test_the_quick_pass_has_the_quick_runs_alone():
    found = [run("long", []), run("short", [], quick=True)]
    assert [r.key for r in chosen(found, Request(quick=True), None)] == ["short"]
    assert [r.key for r in chosen(found, Request(), None)] == ["long", "short"]


@pytest.mark.parametrize(
    ("only", "keys"),
    [
        ("poisson", ["poisson, hard | KAN", "poisson, penalty | KAN"]),
        ("Poisson, hard", ["poisson, hard | KAN"]),
        ("poisson_5d", ["poisson_5d, hard | KAN"]),
        ("KAN", ["poisson, hard | KAN", "poisson, penalty | KAN", "poisson_5d, hard | KAN"]),
    ],
)
def test_only_takes_whole_words_and_long_runs_too(only, keys):
    found = [run(f"{name} | KAN", []) for name in ("poisson, hard", "poisson, penalty", "poisson_5d, hard")]
    assert [r.key for r in chosen(found, Request(quick=True), only)] == keys


def test_only_a_word_that_occurs_is_taken():
    with pytest.raises(ValueError, match="`--only` must be a word in the name of a run, got 'heat': they are a; b"):
        chosen([run("a | KAN | 0", []), run("a | KAN | 1", []), run("b | KAN | 0", [])], Request(), "heat")


def test_two_runs_of_one_name_are_refused():
    with pytest.raises(ValueError, match="`runs` must have different keys, got 'a' twice"):
        chosen([run("a", []), run("a", [])], Request(), None)
