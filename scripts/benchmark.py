"""Measure the figures that kanpde states; one command per table, `all` for one after another.

    python scripts/benchmark.py accuracy                   every problem: KAN and MLP from 5 seeds, hours on one core
    python scripts/benchmark.py accuracy --only poisson    the rows that have the word in their name
    python scripts/benchmark.py bases                      which edge functions suit which kind of problem
    python scripts/benchmark.py peers                      time to an error, beside other libraries (extra `peers`)
    python scripts/benchmark.py layers                     time of KAN layers, beside other libraries (extra `peers`)
    python scripts/benchmark.py scaling                    what a step costs as points, parameters, ... grow
    python scripts/benchmark.py gpu                        speed and accuracy on CUDA, if there is any
    python scripts/benchmark.py --quick all                a short pass through all of them, about two minutes

Each table leaves NAME.json, NAME.md, NAME.png and NAME.svg in the folder of --out. Every run is written as soon as it
is measured: after an interruption the same command goes on where it stopped. Delete the JSON file to start afresh.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from benchmarks import accuracy, bases, gpu, layers, peers, scaling
from benchmarks.machine import THREADS
from benchmarks.report import load, publish
from benchmarks.runs import Effort, Table, Unavailable, chosen, complete

TABLES: dict[str, Table] = {
    "accuracy": accuracy.TABLE,
    "bases": bases.TABLE,
    "peers": peers.TABLE,
    "layers": layers.TABLE,
    "scaling": scaling.TABLE,
    "gpu": gpu.TABLE,
}


def measure(name: str, effort: Effort, only: str | None, folder: Path) -> None:
    """Complete one table and show what it comes to, also if something comes in between."""
    table = TABLES[name]
    path = folder / f"{name}{'-quick' if effort.quick else ''}.json"
    wanted = chosen(table.runs(effort), effort, only)
    try:
        complete(path, wanted, lambda line: print(f"{name}: {line}", file=sys.stderr, flush=True))
    finally:
        content = load(path)
        if content is not None:
            print(publish(path, table.title, content, table.report(list(content["runs"].values()))))


def main() -> int:
    """Measure the tables that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=[*TABLES, "all"])
    parser.add_argument("--quick", action="store_true", help="few and short runs, to see that everything works")
    parser.add_argument("--seeds", type=int, metavar="N", help="of accuracy (5 without it), bases and peers (3)")
    parser.add_argument("--only", metavar="NAME", help="the rows that have this word in their name, long ones too")
    parser.add_argument("--out", type=Path, default=Path("results/benchmark"), metavar="DIR", help="%(default)s")
    options = parser.parse_args()
    if options.seeds is not None and options.seeds < 1:
        parser.error(f"`--seeds` must be at least 1, got {options.seeds}.")
    if options.table == "all" and options.only is not None:
        parser.error("`--only` must go with one table, got 'all': name it.")
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(THREADS)
    for name in TABLES if options.table == "all" else [options.table]:
        try:
            measure(name, Effort(options.quick, options.seeds), options.only, options.out)
        except Unavailable as reason:
            print(f"{name}: {reason}")
        except ValueError as error:
            parser.exit(2, f"{parser.prog}: error: {error}\n")
        except KeyboardInterrupt:
            print(f"{name}: interrupted; the same command goes on where it stopped.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
