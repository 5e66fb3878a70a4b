"""Several methods one after another on the same loss, such as Adam and then Gauss-Newton."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ..blocks import LeastSquares
from ..counts import is_count
from .contract import Optimizer, Step


class Schedule:
    """Take steps of the first method until it is stuck or has had its share, then of the next, and so on.

    Args:
        methods: at least one.
        steps: per method but the last, after how many steps the next one takes over, at least 1; one number serves all.

    Raises:
        ValueError: for no method, or numbers of steps that do not fit.
    """

    def __init__(self, methods: Sequence[Optimizer], *, steps: int | Sequence[int] = 1000):
        if not methods:
            raise ValueError("`methods` must hold at least one optimiser, got none.")
        limits = list(steps) if isinstance(steps, Sequence) else [steps] * (len(methods) - 1)
        if len(limits) != len(methods) - 1 or not all(map(is_count, limits)):
            raise ValueError(f"`steps` must be {len(methods) - 1} whole number(s) of at least 1, got {limits}.")
        self.methods, self.steps = [copy.deepcopy(m) for m in methods], [int(n) for n in limits]
        self.stage, self._taken = 0, 0

    @property
    def current(self) -> Optimizer:
        """The method whose turn it is."""
        return self.methods[self.stage]

    @property
    def name(self) -> str:
        """The names of all, in order."""
        return ",".join(m.name for m in self.methods)

    @property
    def penalty(self) -> float:
        """That of the last method: the loss stays the same throughout."""
        return self.methods[-1].penalty

    @property
    def patience(self) -> int | None:
        """That of the present method."""
        return self.current.patience

    def advance(self) -> bool:
        """Let the next method take over; False if there is none."""
        if self.stage + 1 == len(self.methods):
            return False
        self.stage, self._taken = self.stage + 1, 0
        return True

    def step(self, problem: LeastSquares) -> Step:
        """One step of the method whose turn it is."""
        if self.stage < len(self.steps) and self._taken >= self.steps[self.stage]:
            self.advance()
        found = self.current.step(problem)
        self._taken += 1
        return Step(found.loss, found.losses, found.stuck, {**found.figures, "method": float(self.stage)})

    def state(self) -> dict[str, Any]:
        """Whose turn it is, since when, and the state of each method."""
        return {"stage": self.stage, "taken": self._taken, "methods": [m.state() for m in self.methods]}

    def load(self, state: dict[str, Any], problem: LeastSquares) -> None:
        """Go on from a saved state."""
        self.stage, self._taken = int(state["stage"]), int(state["taken"])
        for method, saved in zip(self.methods, state["methods"], strict=True):
            method.load(saved, problem)
