"""Train one problem with one library: `python -m benchmarks.trainings LIBRARY PROBLEM SEED LIMIT GOAL`.

Each evaluation of the error is a line `[processor seconds, wall-clock seconds, error]` on standard output.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
import tempfile
from contextlib import redirect_stdout, suppress

import torch

from kanpde.catalog import problem_class
from kanpde.reference import exact_reference

from .watch import Finished, Watch

NODES = {"poisson": (101, 101), "burgers": (401, 51)}


def main(library: str, name: str, seed: int, limit: float, goal: float) -> None:
    """Train, and say what the errors are."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    problem, lines = problem_class(name)(), sys.stdout
    reference = exact_reference(problem, axes=problem.domain.grid(NODES[name]))
    assert reference is not None
    training = importlib.import_module(f"benchmarks.trainings.with_{library}")

    def tell(cpu: float, wall: float, error: float) -> None:
        print(json.dumps([cpu, wall, error if math.isfinite(error) else None]), file=lines, flush=True)

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr), suppress(Finished):
        os.chdir(folder)  # some libraries write files where they stand
        training.train(name, Watch(reference, limit=limit, goal=goal, tell=tell), seed)
        os.chdir("/")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
