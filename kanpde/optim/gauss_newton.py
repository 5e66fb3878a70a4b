"""Damped Gauss-Newton (Levenberg-Marquardt) with the bold ratio rule, found closely by bisection.

Each step solves (J^T J + lambda) d = -J^T r. Among all damping values lambda the SMALLEST is taken whose actual
reduction of the loss is still at least 0.075 of the predicted one: the boldest step that the model still explains,
not the one of lowest loss. One factorisation serves all values of lambda. The step's length is measured in the norm
of the functions on the edges, not of their coefficients: for B-splines of degree 8 that is worth six digits.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..blocks import LeastSquares
from .contract import Step
from .factorisation import Automatic, Factor, Factorisation

BOLDER = 6
"""Most reductions of the damping in one step."""
PROBE = 0.1
"""Length of the difference that the second derivative along a step is taken with, as a part of the step."""


@dataclass(frozen=True)
class _Accepted:
    """Outcome of one damping value that was accepted."""

    damping: float
    loss: float
    theta: Tensor
    rows: Tensor
    ratio: float


class GaussNewton:
    """Gauss-Newton with a full linearisation at every step.

    Args:
        ratio: smallest accepted quotient of actual and predicted reduction, between 0 and 1.
        factor: bracket of the damping search, above 1.
        bisections: how often the bracket between an accepted and a refused damping is halved (in its logarithm).
        damping: start value of lambda, in the unit of the squared Jacobian.
        patience: number of steps over which the loss must fall by 3 %.
        factorisation: how the linear problem is solved; `Automatic` chooses by size and damping.
        geodesic: add the second-order correction along the step where it is at most 0.75 of the step.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        Levenberg (1944), Marquardt (1963); ratio rule: Webb, Jerad, Cartis (2026), arXiv:2607.02194;
        geodesic acceleration: Transtrum, Sethna (2012), arXiv:1201.5885.
    """

    penalty = 1000.0
    name = "gauss-newton"

    def __init__(
        self,
        *,
        ratio: float = 0.075,
        factor: float = 4.0,
        bisections: int = 3,
        damping: float = 1.0,
        patience: int = 40,
        factorisation: Factorisation | None = None,
        geodesic: bool = False,
    ):
        if not 0 < ratio < 1:
            raise ValueError(f"`ratio` must be between 0 and 1, got {ratio}: 0.075 is bold, 0.5 is careful.")
        if not factor > 1:
            raise ValueError(f"`factor` must be above 1, got {factor}: the search multiplies and divides by it.")
        if bisections < 0:
            raise ValueError(f"`bisections` must be 0 or above, got {bisections}: it is a number of halvings.")
        if not damping > 0:
            raise ValueError(f"`damping` must be positive, got {damping}: a tiny value is an undamped step.")
        if patience < 1:
            raise ValueError(f"`patience` must be at least 1, got {patience}: it is a number of steps.")
        self.ratio, self.factor, self.bisections = ratio, factor, bisections
        self.damping, self.patience, self.geodesic = damping, patience, geodesic
        self.factorisation: Factorisation = Automatic() if factorisation is None else factorisation
        self._largest, self._turn = math.inf, 0

    def step(self, problem: LeastSquares) -> Step:
        """One step; the parameters are left as they were if no damping is accepted."""
        clock = _Clock()
        linear = problem.linearise()
        loss = float(linear.rows @ linear.rows)
        if not math.isfinite(loss):
            return Step(loss, problem.mean_squares(linear.rows), "the residual is not finite")
        if not linear.finite:
            return Step(loss, problem.mean_squares(linear.rows), "the Jacobian is not finite")
        clock.lap("jacobian")
        factor = self.factorisation(linear, problem, relative=self.damping / self._largest, turn=self._turn)
        self._largest, self._turn = factor.largest, self._turn + 1
        clock.lap("factorisation")
        search = _Search(problem, factor, self._largest, linear.rows, self.ratio, self.geodesic)
        best = self._boldest(search)
        clock.lap("probes")
        if best is None:
            problem.theta = search.theta
            return Step(
                loss, problem.mean_squares(linear.rows), "no step lowers the loss any more: rounding is reached"
            )
        problem.theta, self.damping = best.theta, best.damping
        figures = {"damping": best.damping, "ratio": best.ratio, "probes": float(search.probes), **clock.laps}
        return Step(best.loss, problem.mean_squares(best.rows), None, figures)

    def _boldest(self, search: _Search) -> _Accepted | None:
        damping, refused = max(self.damping, search.floor), None
        best = search.probe(damping)
        if best is not None:
            for _ in range(BOLDER):
                if damping / self.factor < search.floor:
                    break
                bolder = search.probe(damping / self.factor)
                if bolder is None:
                    refused = damping / self.factor
                    break
                best, damping = bolder, damping / self.factor
        else:
            growth = self.factor
            while best is None and damping < search.ceiling:
                refused, damping, growth = damping, damping * growth, 2 * growth
                best = search.probe(damping)
        if best is None or refused is None:
            return best
        for _ in range(self.bisections):
            middle = math.sqrt(damping * refused)
            between = search.probe(middle)
            if between is None:
                refused = middle
            else:
                best, damping = between, middle
        return best

    def state(self) -> dict[str, Any]:
        """Damping, the largest eigenvalue of the last linearisation, and the number of linearisations."""
        return {"damping": self.damping, "largest": self._largest, "turn": self._turn}

    def load(self, state: dict[str, Any], problem: LeastSquares) -> None:
        """Go on from a saved state."""
        self.damping, self._largest, self._turn = float(state["damping"]), float(state["largest"]), int(state["turn"])


class _Clock:
    """Seconds spent in the parts of a step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[f"seconds_{name}"], self._last = now - self._last, now


class _Search:
    """One linearisation and its factor: every damping costs a small solution and one evaluation of the residual."""

    def __init__(
        self, problem: LeastSquares, factor: Factor, largest: float, rows: Tensor, ratio: float, geodesic: bool
    ):
        self.problem, self.factor, self.theta, self.rows = problem, factor, problem.theta, rows
        self.loss, self.ratio, self.geodesic = float(rows @ rows), ratio, geodesic
        self.probes = 0
        self.floor, self.ceiling = factor.relative_floor * largest, 1e4 * largest

    def probe(self, damping: float) -> _Accepted | None:
        """The step with this damping, or None if it does not lower the loss as predicted."""
        self.probes += 1
        found = self.factor.step(damping)
        if found is None or not found.predicted > 0:
            return None
        step = found.step
        if self.geodesic:
            step = step + self._curvature(step, damping)
        theta = self.theta + self.problem.unwhiten(step)
        rows = self._rows_at(theta)
        loss = float(rows @ rows)
        if not math.isfinite(loss):
            return None
        ratio = (self.loss - loss) / found.predicted
        return _Accepted(damping, loss, theta, rows, ratio) if ratio >= self.ratio else None

    def _rows_at(self, theta: Tensor) -> Tensor:
        self.problem.theta = theta
        return self.problem.residual()

    def _curvature(self, step: Tensor, damping: float) -> Tensor:
        """Half the second-order correction a, or nothing if |a| is above 0.75 |d|."""
        ahead = self._rows_at(self.theta + PROBE * self.problem.unwhiten(step))
        behind = self._rows_at(self.theta - PROBE * self.problem.unwhiten(step))
        second = (ahead - 2 * self.rows + behind) / PROBE**2
        bend = self.factor.correction(second, damping)
        if bend is None or not float(bend.norm()) <= 0.75 * float(step.norm()):
            return torch.zeros_like(step)
        return bend / 2
