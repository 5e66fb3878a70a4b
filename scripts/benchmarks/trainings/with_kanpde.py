"""kanpde, with everything that `solve` chooses by itself but what `OPTIONS` says."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from kanpde import Problem, solve
from kanpde.ansatz import build_ansatz
from kanpde.blocks import Trial
from kanpde.catalog import problem_class
from kanpde.field import Field
from kanpde.nn.input_map import InputMap
from kanpde.recommend import recommended_kan

from .watch import Watch

OPTIONS: dict[str, dict[str, Any]] = {"poisson": {}, "burgers": {}}
"""Further arguments of `solve`, such as a plan."""
BUDGETS = 7


def train(name: str, watch: Watch, seed: int) -> None:
    """Gauss-Newton on the recommended KAN; with a plan once for every budget, each time from the beginning.

    The other libraries do not know that a solution is odd, so this one is not told either.
    """
    problem, options = type(name, (problem_class(name),), {"symmetric": {}})(), OPTIONS[name]
    if "plan" not in options:
        _step_by_step(problem, watch, seed, options)
        return
    for i in reversed(range(BUDGETS)):
        watch.restart()
        _for_a_budget(problem, watch, seed, {**options, "seconds": watch.limit / 2**i})


def _step_by_step(problem: Problem, watch: Watch, seed: int, options: dict[str, Any]) -> None:
    """One network: the error is looked at after every step."""
    ansatz = build_ansatz(problem, hard=options.get("hard", False))
    model = recommended_kan(ansatz, seed=seed)
    trial = Trial(model, InputMap(problem.domain.bounds, ansatz.periodic))
    (unknown,) = problem.unknown
    side = Field.of(ansatz, trial).side(unknown, watch.reference.points)

    def predict(_: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(side.values())

    solve(
        problem, model, seed=seed, seconds=watch.limit, threads=1, reference=watch.reference,
        on_step=lambda _: watch.look(predict), **options,
    )  # fmt: skip
    watch.look(predict, last=True)


def _for_a_budget(problem: Problem, watch: Watch, seed: int, options: dict[str, Any]) -> None:
    """Several networks, in time slabs or stages: the whole solution is there at the end only."""
    solution = solve(problem, seed=seed, threads=1, reference=watch.reference, **options)
    (unknown,) = problem.unknown
    watch.look(lambda _: solution.field.values(watch.reference.points, unknown), last=True)
