"""The clock of a training: it stands still while the error is evaluated."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from kanpde.field import relative_error
from kanpde.reference import Reference

Predict = Callable[[np.ndarray], np.ndarray]
"""Values at points of shape (n, d), coordinates in the order of the domain, as (n,)."""

SHORTEST, SHARE = 0.02, 0.03
"""Between two evaluations lie 0.02 processor seconds, or 3 % of what has been used."""


class Finished(Exception):
    """The goal or the limit is reached: raised out of the training loop of whatever library it is."""


class Watch:
    """Evaluates the error now and then, and ends a training.

    Args:
        reference: one unknown on a grid.
        limit: processor seconds.
        goal: relative L2 error.
        tell: called with processor seconds, wall-clock seconds and error.
    """

    def __init__(self, reference: Reference, *, limit: float, goal: float, tell: Callable[[float, float, float], None]):
        self.reference, self.limit, self.goal, self.tell = reference, limit, goal, tell
        self.points = reference.points.array
        (self._wanted,) = reference.values.values()
        self.restart()

    def restart(self) -> None:
        """Set the time to zero, for another training from the beginning."""
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        self._due = 0.0

    def look(self, predict: Predict, *, last: bool = False) -> None:
        """Evaluate the error if it is time to.

        Args:
            predict: the present solution.
            last: evaluate it anyway.

        Raises:
            Finished: if the goal or the limit is reached.
        """
        cpu, wall = self.elapsed()
        if cpu < min(self._due, self.limit) and not last:
            return
        error = relative_error([np.asarray(predict(self.points), float)], [self._wanted.ravel()])
        self.tell(cpu, wall, error)
        now = self.elapsed()
        self._cpu += now[0] - cpu
        self._wall += now[1] - wall
        self._due = cpu + max(SHORTEST, SHARE * cpu)
        if error <= self.goal or cpu >= self.limit:
            raise Finished

    def elapsed(self) -> tuple[float, float]:
        """Processor and wall-clock seconds of the training alone."""
        return time.process_time() - self._cpu, time.perf_counter() - self._wall
