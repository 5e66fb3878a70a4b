"""kanpde, with everything that `solve` chooses by itself."""

from __future__ import annotations

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

BUDGETS = 7


def train(name: str, watch: Watch, seed: int) -> None:
    """Gauss-Newton on the recommended KAN; an evolution, which has time slabs, once for every budget from the beginning.

    The other libraries do not know that a solution is odd, so this one is not told either.
    """
    problem = type(name, (problem_class(name),), {"symmetric": {}})()
    if problem.domain.time_name is None:
        _step_by_step(problem, watch, seed)
        return
    for i in reversed(range(BUDGETS)):
        watch.restart()
        _for_a_budget(problem, watch, seed, watch.limit / 2**i)


def _step_by_step(problem: Problem, watch: Watch, seed: int) -> None:
    """One network: the error is looked at after every step."""
    ansatz = build_ansatz(problem)
    model = recommended_kan(ansatz, seed=seed)
    trial = Trial(model, InputMap(problem.domain.bounds, ansatz.periodic))
    (unknown,) = problem.unknown
    side = Field.of(ansatz, trial).side(unknown, watch.reference.points)

    def predict(_: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(side.values())

    solve(
        problem, model, seed=seed, seconds=watch.limit, threads=1, reference=watch.reference,
        on_step=lambda _: watch.look(predict),
    )  # fmt: skip
    watch.look(predict, last=True)


def _for_a_budget(problem: Problem, watch: Watch, seed: int, seconds: float) -> None:
    """Several networks in time slabs: the whole solution is there at the end only."""
    solution = solve(problem, seed=seed, seconds=seconds, threads=1, reference=watch.reference)
    (unknown,) = problem.unknown
    if solution.compared is solution.reference:  # else the budget ended before the time did
        watch.look(lambda _: solution.field.values(watch.reference.points, unknown), last=True)
