"""What a benchmark leaves behind: a JSON file, a Markdown table and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from kanpde.plot import save_figures


@dataclass(frozen=True)
class Report:
    """What the results of a table come to.

    Attributes:
        rows: the figures that the text shows, as data.
        text: Markdown tables, with a sentence on how they were measured.
        figure: the picture.
    """

    rows: list[dict[str, Any]]
    text: str
    figure: Figure


def load(path: Path) -> dict[str, Any] | None:
    """The content of a JSON file; None if there is no file.

    Raises:
        ValueError: for a file that is not what `save` wrote.
    """
    if not path.exists():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        return {**content, "machine": dict(content["machine"]), "runs": dict(content["runs"])}
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"`{path}` is no result of a benchmark: move it away or choose another --out.") from None


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a JSON file in one step, so that it is whole at every moment."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")
    part.replace(path)


def publish(path: Path, title: str, content: dict[str, Any], report: Report) -> str:
    """Write rows, Markdown and picture beside each other.

    Args:
        path: of the JSON file; the others have its name with endings of their own.
        title: heading of the Markdown.
        content: of the JSON file.
        report: what the runs come to.

    Returns:
        The Markdown.
    """
    save(path, {**content, "rows": report.rows})
    text = f"## {title}\n\n{report.text}\n\n{measured(content)}\n"
    path.with_suffix(".md").write_text(text)
    save_figures({f"{path.stem}.{kind}": report.figure for kind in ("png", "svg")}, path.parent)
    return text


def measured(content: Mapping[str, Any]) -> str:
    """One sentence on where and when the runs were measured."""
    about, runs = content["machine"], list(content["runs"].values())
    commits = ", ".join(dict.fromkeys(run["commit"] for run in runs))
    dates, loads = ([run[name] for run in runs] for name in ("date", "load"))
    when = dates[0] if min(dates) == max(dates) else f"{min(dates)} to {max(dates)}"
    return (
        f"Measured {when} at commit {commits} on {about['processor']}, {about['cores']} cores, {about['system']}, "
        f"with {about['threads']} thread, Python {about['python']}, torch {about['torch']}; "
        f"load of the machine before a run {min(loads):.1f} to {max(loads):.1f}."
    )


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; columns of figures are aligned to the right, the first one to the left."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def alternatives(results: Sequence[Mapping[str, Any]], figure: str) -> str:
    """All values that a figure has in the results, in words: "3 or 9"."""
    return " or ".join(f"{value:g}" for value in sorted({r[figure] for r in results}))


def power(value: float | None, digits: int = 1) -> str:
    """An error such as 1.3e-09; a dash for None."""
    return "-" if value is None else f"{value:.{digits}e}"


def time_text(milliseconds: float | None) -> str:
    """A time with three digits and its unit; a dash for None."""
    if milliseconds is None:
        return "-"
    return f"{milliseconds:.3g} ms" if milliseconds < 999.5 else f"{milliseconds / 1e3:.3g} s"
