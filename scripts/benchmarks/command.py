"""The command line of a family of tables: which of them, how thoroughly, and where to."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from .machine import THREADS
from .report import load, publish
from .runs import Request, Table, Unavailable, chosen, complete


def run_tables(about: str | None, tables: Mapping[str, Table], folder: Path, *, data: str | None = None) -> int:
    """Measure the tables that the command line names.

    Args:
        about: what `--help` shows.
        tables: name to table.
        folder: where results go without `--out`.
        data: the table that takes files of the user's by `--data`, if there is one.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=[*tables, "all"])
    parser.add_argument("--quick", action="store_true", help="few and short runs, to see that everything works")
    parser.add_argument("--seeds", type=int, metavar="N", help="how often a training is repeated, instead of the usual")
    parser.add_argument("--only", metavar="NAME", help="the rows that have this word in their name, long ones too")
    parser.add_argument("--out", type=Path, default=folder, metavar="DIR", help="%(default)s")
    parser.set_defaults(data=[])
    if data is not None:
        about_data = f"files that {data} measures instead of its own"
        parser.add_argument("--data", type=Path, nargs="+", metavar="FILE", help=about_data)
    options = parser.parse_args()
    if options.data and options.table != data:
        parser.error(f"`--data` must go with the table {data}, got '{options.table}'.")
    if options.seeds is not None and options.seeds < 1:
        parser.error(f"`--seeds` must be at least 1, got {options.seeds}.")
    if options.table == "all" and options.only is not None:
        parser.error("`--only` must go with one table, got 'all': name it.")
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(THREADS)
    for name in tables if options.table == "all" else [options.table]:
        try:
            _measure(
                name,
                tables[name],
                Request(options.quick, options.seeds, tuple(options.data)),
                options.only,
                options.out,
            )
        except Unavailable as reason:
            print(f"{name}: {reason}")
        except ValueError as error:
            parser.exit(2, f"{parser.prog}: error: {error}\n")
        except KeyboardInterrupt:
            print(f"{name}: interrupted; the same command goes on where it stopped.", file=sys.stderr)
            return 1
    return 0


def _measure(name: str, table: Table, request: Request, only: str | None, folder: Path) -> None:
    """Complete one table and show what it comes to, also if something comes in between."""
    path = folder / f"{name}{'-quick' if request.quick else ''}.json"
    wanted = chosen(table.runs(request), request, only)
    try:
        complete(path, wanted, lambda line: print(f"{name}: {line}", file=sys.stderr, flush=True))
    finally:
        content = load(path)
        if content is not None:
            print(publish(path, table.title, content, table.report(list(content["runs"].values()))))
