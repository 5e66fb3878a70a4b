"""Do the experiments of the KAN paper again; one command per table, `all` for one after another.

    python scripts/reproduce special            15 special functions
    python scripts/reproduce feynman            27 equations of Feynman's lectures
    python scripts/reproduce scaling            error against the number of grid intervals, on five toys
    python scripts/reproduce continual          five bumps, shown one after another
    python scripts/reproduce poisson            Poisson's equation: error against the number of parameters
    python scripts/reproduce symbolic           formulas read off the network, by itself
    python scripts/reproduce knots              the signature of knots; --data FILE ... takes other tables than ours
    python scripts/reproduce --quick all        a short pass through all of them, some minutes

Each table leaves NAME.json, NAME.md, NAME.png and NAME.svg in the folder of --out. Every run is written as soon as it
is measured: after an interruption the same command goes on where it stopped. Delete the JSON file to start afresh.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder that holds `benchmarks` and this package

from benchmarks.command import run_tables
from benchmarks.runs import Table

from reproduce import continual, feynman, knots, poisson, scaling, special, symbolic

TABLES: dict[str, Table] = {
    "special": special.TABLE,
    "feynman": feynman.TABLE,
    "scaling": scaling.TABLE,
    "continual": continual.TABLE,
    "poisson": poisson.TABLE,
    "symbolic": symbolic.TABLE,
    "knots": knots.TABLE,
}

if __name__ == "__main__":
    sys.exit(run_tables(__doc__, TABLES, Path("results/reproduce"), data="knots"))
