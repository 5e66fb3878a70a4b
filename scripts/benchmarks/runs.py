"""Runs that are measured one by one and kept at once, so that an interrupted benchmark goes on where it stopped."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .machine import machine, moment
from .report import Report, load, save

Result = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """The smallest thing that is measured at a time.

    Attributes:
        key: its name, different from that of every other run of the table.
        measure: takes the measurement; what it returns goes into the JSON file.
        quick: whether the quick pass has it.
    """

    key: str
    measure: Callable[[], Result]
    quick: bool = False


@dataclass(frozen=True)
class Request:
    """What the command line asks of a benchmark.

    Attributes:
        quick: only some runs, and short ones: to see that everything works, not to publish.
        seeds: how often a training is repeated; None for the table's own number.
        data: the user's files, for tables that take some; their own data without any.
    """

    quick: bool = False
    seeds: int | None = None
    data: tuple[Path, ...] = ()

    def trials(self, usual: int) -> range:
        """The seeds of a training that is usually repeated so many times; of a quick pass it is the first one."""
        return range(self.seeds or (1 if self.quick else usual))


@dataclass(frozen=True)
class Table:
    """One benchmark.

    Attributes:
        title: heading of its Markdown.
        runs: what there is to measure.
        report: the rows, the text and the picture of the results so far.
    """

    title: str
    runs: Callable[[Request], Sequence[Run]]
    report: Callable[[Sequence[Result]], Report]


class Unavailable(Exception):
    """What a table needs is not on this machine; the sentence says what."""


def chosen(runs: Sequence[Run], request: Request, only: str | None) -> list[Run]:
    """The runs that have `only` as a whole word in their key; without it all, or those of the quick pass.

    Raises:
        ValueError: if there is no such run, or two runs have the same key.
    """
    twice = [key for key, count in Counter(run.key for run in runs).items() if count > 1]
    if twice:
        raise ValueError(
            f"`runs` must have different keys, got '{twice[0]}' twice: the second would never be measured."
        )
    if only is None:
        return [run for run in runs if run.quick or not request.quick]
    word = re.compile(rf"(?<!\w){re.escape(only)}(?!\w)", re.IGNORECASE)
    found = [run for run in runs if word.search(run.key)]
    if not found:
        raise ValueError(f"`--only` must be a word in the name of a run, got '{only}': they are {names(runs)}.")
    return found


def names(runs: Sequence[Run]) -> str:
    """The rows that the runs belong to, in words."""
    return "; ".join(dict.fromkeys(run.key.partition(" | ")[0] for run in runs))


def complete(path: Path, runs: Sequence[Run], tell: Callable[[str], None]) -> None:
    """Measure what the file does not hold yet; it is written after every run.

    Args:
        path: of the JSON file, which holds the machine, and key to result with date, commit and load.
        runs: in the order in which they are measured.
        tell: called with a line before each run.

    Raises:
        ValueError: if the file holds runs of another machine.
    """
    here = machine()
    content = load(path) or {"machine": here, "runs": {}}
    if content["machine"] != here:
        raise ValueError(
            f"`{path}` holds runs of another machine or version, {content['machine']}: choose another --out."
        )
    for run in runs:
        if run.key not in content["runs"]:
            tell(run.key)
            content["runs"][run.key] = {**moment(), **plain(run.measure())}
            save(path, content)


def plain(value: Any) -> Any:
    """The value as strict JSON has it: what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def grouped(results: Sequence[Result], *names: str) -> dict[tuple[Any, ...], list[Result]]:
    """The results that have the same values of these figures together, in the order in which they came."""
    groups: dict[tuple[Any, ...], list[Result]] = {}
    for result in results:
        groups.setdefault(tuple(result[name] for name in names), []).append(result)
    return groups
