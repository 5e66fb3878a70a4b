"""The Markdown says what was measured, where and when; file, text and pictures lie beside each other."""

import json

import pytest
from benchmarks.report import Report, markdown, measured, power, publish, time_text
from benchmarks.timing import interleaved
from matplotlib.figure import Figure

MACHINE = {"processor": "Abacus", "cores": 2, "threads": 1, "system": "Linux x", "python": "3", "torch": "2"}


def content(*moments):
    names = ("date", "commit", "load")
    return {"machine": MACHINE, "runs": {str(i): dict(zip(names, m, strict=True)) for i, m in enumerate(moments)}}


def test_a_table_has_a_line_per_row_and_figures_to_the_right():
    lines = markdown(["a", "b"], [["x", "1"], ["y", "2"]]).splitlines()
    assert lines == ["| a | b |", "| --- | ---: |", "| x | 1 |", "| y | 2 |"]


def test_the_sentence_names_machine_days_commits_and_load():
    text = measured(content(("2026-01-02", "aaa", 0.1), ("2026-01-03", "bbb", 2.0), ("2026-01-03", "bbb", 1.0)))
    assert text.startswith(
        "Measured 2026-01-02 to 2026-01-03 at commit aaa, bbb on Abacus, 2 cores, Linux x, with 1 thread"
    )
    assert text.endswith("load of the machine before a run 0.1 to 2.0.")
    assert "Measured 2026-01-02 at commit aaa on" in measured(content(("2026-01-02", "aaa", 0.1)))


def test_rows_text_and_pictures_are_written_beside_each_other(tmp_path):
    path = tmp_path / "t.json"
    text = publish(path, "Title", content(("2026-01-02", "aaa", 0.1)), Report([{"x": 1}], "words", Figure()))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.json", "t.md", "t.png", "t.svg"]
    assert (tmp_path / "t.md").read_text() == text
    assert text.startswith("## Title\n\nwords\n\nMeasured 2026-01-02")
    assert json.loads(path.read_text())["rows"] == [{"x": 1}]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0.1234, "0.123 ms"), (12.34, "12.3 ms"), (999, "999 ms"), (4567.0, "4.57 s"), (None, "-")],
)
def test_times_have_three_digits(milliseconds, text):
    assert time_text(milliseconds) == text


def test_errors_have_two_digits_or_a_dash():
    assert [power(1.26e-9), power(1e-13, 0), power(None)] == ["1.3e-09", "1e-13", "-"]


def test_tasks_are_timed_in_turn_and_the_median_counts():
    seconds, order = {"a": iter([9, 9, 1, 5, 2]), "b": iter([9, 9, 7, 7, 8])}, []
    now = [0.0]

    def task(name):
        order.append(name)
        now[0] += next(seconds[name])

    found = interleaved({"a": lambda: task("a"), "b": lambda: task("b")}, 3, clock=lambda: now[0])
    assert order == ["a", "b"] * 5
    assert found == {"a": 2000.0, "b": 7000.0}
