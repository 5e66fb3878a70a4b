"""Measure the figures that kanpde states; one command per table, `all` for one after another.

    python scripts/benchmark.py accuracy                   every problem: KAN and MLP from 5 seeds, hours on one core
    python scripts/benchmark.py accuracy --only poisson    the rows that have the word in their name
    python scripts/benchmark.py real                       shapes, corners, flows, solids, materials, ODEs
    python scripts/benchmark.py inverse                    numbers and fields from measurements, with their 95 % limits
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

import sys
from pathlib import Path

from benchmarks import accuracy, bases, gpu, inverse, layers, peers, real, scaling
from benchmarks.command import run_tables
from benchmarks.runs import Table

TABLES: dict[str, Table] = {
    "accuracy": accuracy.TABLE,
    "real": real.TABLE,
    "inverse": inverse.TABLE,
    "bases": bases.TABLE,
    "peers": peers.TABLE,
    "layers": layers.TABLE,
    "scaling": scaling.TABLE,
    "gpu": gpu.TABLE,
}


if __name__ == "__main__":
    sys.exit(run_tables(__doc__, TABLES, Path("results/benchmark")))
