"""The tables of the README show what was measured: the files of the runs lie beside the benchmark."""

import re
from pathlib import Path

from benchmarks import accuracy, inverse, real
from benchmarks.report import load

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT / "scripts" / "benchmarks" / "measured"
ACCURACY = "| problem | parameters | asked | within | runs |"
REAL, INVERSE = "| problem | asked | within | KAN |", "| looked for | network | within |"


def shown(head):
    """The rows of the README's table that begins so."""
    lines = (ROOT / "README.md").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(head)) + 2
    last = next(i for i in range(first, len(lines)) if not lines[i].startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[first:last]]


def measured(*tables):
    """The lines of the tables as the files have them."""
    contents = [(table, load(MEASURED / f"{name}.json")) for name, table in tables]
    return [line for table, content in contents for line in table.report(list(content["runs"].values())).rows]


def says(cell, value):
    """Whether a cell such as 1.3e-9, or "below 1e-11", says a number to the digits that it has."""
    if cell.startswith("below "):
        return value < float(cell.removeprefix("below "))
    digits = len(cell.partition("e")[0].replace(".", "").lstrip("0")) - 1
    return float(cell) == float(f"{value:.{digits}e}")


def numbers(words):
    """The whole numbers in a text."""
    return [int(n) for n in re.findall(r"\d+", words)]


def test_cells_say_numbers_to_their_digits():
    assert says("1.3e-9", 1.349e-9)
    assert says("0.11", 0.1149)
    assert not says("1.3e-9", 1.351e-9)
    assert says("below 1e-11", 9e-12)
    assert not says("below 1e-11", 1.1e-11)


def test_real_problems_are_shown_as_measured():
    lines = measured(("real", real.TABLE))
    rows = shown(REAL)
    for kind, columns in (("KAN", slice(4, 6)), ("MLP", slice(7, 9))):
        found = {line["row"]: line for line in lines if line["kind"] == kind}
        for row in rows:
            name = max((n for n in found if row[0].startswith(n)), key=len)
            line = found.pop(name)
            for cell, figure in zip(row[columns], ("median", "worst"), strict=True):
                assert says(cell, line[figure]), (row[0], kind, figure, line[figure])
            if kind == "KAN":
                assert row[3] == line["model"].removeprefix("KAN ").partition(" x ")[0]
                assert row[6] == f"{line['above']} of {line['runs']}"
        assert not found


def test_accuracy_is_shown_as_measured():
    """Rows that were measured one by one before are not in the file."""
    rows = {row[0]: row for row in shown(ACCURACY)}
    lines = {(line["row"], line["kind"]): line for line in measured(("accuracy", accuracy.TABLE))}
    for (name, kind), line in lines.items():
        if kind == "KAN":
            parameters, asked, _, runs, median, worst, above, restarts, seconds, _ = rows[name][1:]
            assert (int(parameters.replace(",", "")), float(asked), int(runs)) == (
                line["parameters"],
                line["asked"],
                line["runs"],
            )
            assert above == f"{line['above']} of {line['runs']}"
            assert (int(restarts), int(seconds)) == (line["restarts"], round(line["seconds"]))
        else:
            median, worst = rows[name][-1].partition(" (")[0].split(", ")
        assert says(median, line["median"]), (name, kind, line["median"])
        assert says(worst, line["worst"]), (name, kind, line["worst"])


def test_what_was_found_from_measurements_is_shown_as_measured():
    lines = {(line["model"], line["parameters"]): line for line in measured(("inverse", inverse.TABLE))}
    for row in shown(INVERSE):
        model, parameters = row[1].rsplit(", ", 1)[0].split(", degree")[0], int(row[1].rsplit(", ", 1)[1].split()[0])
        line = lines.pop((model, parameters))
        assert says(row[4], line["median"]), (row[0], line["median"])
        assert says(row[5], line["worst"]), (row[0], line["worst"])
        assert row[6] == f"{line['above']} of {line['runs']}"
        assert numbers(row[7]) == numbers(inverse._cells(line)[-1]), (row[0], line["held"])
    assert not lines
