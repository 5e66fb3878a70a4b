"""Time to an error: the clock stands still while the error is taken, nobody is left out in silence."""

import json
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks import peers
from benchmarks.peers import GOALS, PEERS, Peer, reached, report
from benchmarks.runs import Request
from benchmarks.trainings import watch as watches
from benchmarks.trainings import with_kanpde
from benchmarks.trainings.watch import Finished, Watch

from kanpde.reference import Reference

AXES = {"x": np.array([0.0, 1.0]), "y": np.array([0.0, 1.0, 2.0])}
LINE = Reference("line", AXES, {"u": np.array([[1.0, 1, 1], [2, 2, 2]])}, 0.0, 0.0)


class Clock:
    """Processor and wall-clock time that move when they are told to."""

    now = 0.0

    def process_time(self):
        return self.now

    def perf_counter(self):
        return 3 * self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(watches, "time", found)
    return found


def off_by(relative, clock=None):
    def predict(points):
        if clock is not None:
            clock.now += 100.0
        return (1 + points[:, 0]) * (1 + relative)

    return predict


def watching(**more):
    seen = []
    return Watch(LINE, **{"limit": 50.0, "goal": 1e-6, **more}, tell=lambda *figures: seen.append(figures)), seen


def test_the_clock_stands_still_while_the_error_is_evaluated(clock):
    watch, seen = watching()
    clock.now = 1.0
    watch.look(off_by(0.5, clock))
    clock.now += 1.0
    watch.look(off_by(0.25, clock))
    assert [figures[:2] for figures in seen] == [(1.0, 3.0), (2.0, 6.0)]
    assert [figures[2] for figures in seen] == pytest.approx([0.5, 0.25])


def test_the_error_is_evaluated_when_three_percent_more_time_has_gone(clock):
    watch, seen = watching()
    for now in (10.0, 10.29, 10.31):
        clock.now = now
        watch.look(off_by(0.5))
    assert [cpu for cpu, *_ in seen] == [10.0, 10.31]
    watch.look(off_by(0.5), last=True)
    assert len(seen) == 3


@pytest.mark.parametrize(("now", "error"), [(1.0, 1e-7), (50.0, 0.5), (60.0, 0.5)])
def test_the_goal_or_the_limit_ends_the_training(clock, now, error):
    watch, seen = watching()
    clock.now = now
    with pytest.raises(Finished):
        watch.look(off_by(error))
    assert len(seen) == 1


def test_the_limit_is_noticed_between_two_evaluations(clock):
    watch, _ = watching()
    clock.now = 49.9
    watch.look(off_by(0.5))
    clock.now = 50.0
    with pytest.raises(Finished):
        watch.look(off_by(0.5))


def test_the_first_evaluation_below_an_error_counts():
    trace = [(1.0, 2.0, 0.5), (2.0, 4.0, None), (3.0, 6.0, 1e-3), (4.0, 8.0, 0.1)]
    assert reached(trace, 1e-3) == (3.0, 6.0)
    assert reached(trace, 0.5) == (1.0, 2.0)
    assert reached(trace, 1e-4) is None


def result(peer, errors, **more):
    trace = [[float(i + 1), 2.0 * (i + 1), e] for i, e in enumerate(errors)]
    found = {str(goal): reached(trace, goal) for goal in GOALS}
    about = {"peer": peer, "version": "1", "problem": "poisson", "limit": 9.0, "ended": "ended", "complaint": ""}
    return {**about, "trace": trace, "reached": found, "best": min(errors, default=None), **more}


def lines_of(results):
    return {line.split(" | ")[1]: line for line in report(results).text.splitlines() if line.startswith("| poisson")}


def test_the_median_round_counts_and_a_dash_stands_where_half_do_not_arrive(monkeypatch):
    monkeypatch.setattr(peers, "installed", lambda *modules: modules[0])
    found = [result("kanpde", [0.1, 1e-2, 1e-3]), result("kanpde", [1e-2]), result("kanpde", [1e-2, 1e-2, 1e-2])]
    line = lines_of(found)["kanpde 1"]
    assert line == "| poisson | kanpde 1 | 1 (2) | - | - | - | 1.0e-02 | 3 |"
    assert "| pykan | - | - | - | - | not measured yet | 0 |" in lines_of(found)["pykan"]


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(peers, "installed", lambda *modules: modules[0] if modules[0] == "kanpde" else None)
    assert "not installed: pip install deepxde" in lines_of([result("kanpde", [0.1])])["deepxde"]
    assert {run.key.split(" | ")[1] for run in peers.runs(Request(quick=True))} == {"kanpde"}


def test_a_training_that_failed_says_why():
    found = [result("kanpde", [], ended="failed", complaint="ZeroDivisionError: no")]
    assert "-; failed: ZeroDivisionError: no" in lines_of(found)["kanpde 1"]


def test_libraries_take_turns_in_every_round(monkeypatch):
    monkeypatch.setattr(peers, "installed", lambda *modules: modules[0])
    keys = [run.key for run in peers.runs(Request(seeds=2))]
    names = [peer.name for peer in PEERS]
    expected = [
        f"{problem} | {name} | round {i}" for i in range(2) for problem in ("poisson", "burgers") for name in names
    ]
    assert keys == expected


def process(monkeypatch, answer):
    seen = {}

    def run(command, **options):
        seen.update(options, command=command)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(peers.subprocess, "run", run)
    return peers.train(Peer("kanpde", "kanpde", "kanpde", ""), "poisson", 3, 10.0), seen


def test_a_training_is_a_process_on_one_thread_with_a_limit(monkeypatch):
    output = "noise\n[1.0, 2.0, 0.5]\n[2.0, 4.0, null]\n"
    found, seen = process(monkeypatch, subprocess.CompletedProcess([], 0, output, ""))
    assert (found["trace"], found["ended"], found["best"]) == ([[1.0, 2.0, 0.5], [2.0, 4.0, None]], "ended", 0.5)
    assert seen["command"][1:6] == ["-m", "benchmarks.trainings", "kanpde", "poisson", "3"]
    assert seen["env"]["OMP_NUM_THREADS"] == "1"
    assert seen["timeout"] == 150.0


def test_a_training_that_does_not_end_keeps_what_it_said(monkeypatch):
    late = subprocess.TimeoutExpired("x", 1.0, output=b"[1.0, 2.0, 0.5]\n", stderr=None)
    found, _ = process(monkeypatch, late)
    assert (found["ended"], found["best"]) == ("stopped", 0.5)


def test_a_training_that_fails_is_kept_with_its_last_words(monkeypatch):
    answer = subprocess.CompletedProcess([], 1, "", "Traceback\nValueError: no\n")
    found, _ = process(monkeypatch, answer)
    assert (found["ended"], found["complaint"], found["best"]) == ("failed", "ValueError: no", None)


def test_an_evolution_is_tried_with_longer_and_longer_budgets_from_the_beginning(clock, monkeypatch):
    budgets = []

    class Half:
        def values(self, points, name):
            return np.full(len(points), 1.0)

    def solve(problem, *, seconds, reference, **options):
        budgets.append(seconds)
        clock.now += seconds
        compared = reference if seconds > 1 else None  # the shortest budget ends before the time does
        return SimpleNamespace(field=Half(), reference=reference, compared=compared)

    monkeypatch.setattr(with_kanpde, "solve", solve)
    watch, seen = watching(limit=64.0)
    with pytest.raises(Finished):
        with_kanpde.train("burgers", watch, 0)
    assert budgets == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    assert [cpu for cpu, *_ in seen] == budgets[1:]


@pytest.mark.slow
def test_kanpde_is_trained_in_a_process_of_its_own():
    found = peers.train(PEERS[0], "poisson", 0, 0.05)
    assert found["complaint"] == ""
    assert found["trace"]
    assert all(cpu > 0 and error > 0 for cpu, _, error in found["trace"])
    json.dumps(found)
