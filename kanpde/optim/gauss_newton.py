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
from typing import Any, NamedTuple

from torch import Tensor

from ..blocks import LeastSquares
from ..counts import is_count
from ..linearisation import Linearisation
from .contract import Step
from .factorisation import Automatic, Factor, Factorisation

BOLDER = 6
"""Most reductions of the damping in one step."""


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
        geodesic: add half the second-order correction of a step where that lowers the loss and the correction is at most
            so many times as long as the step, such as 2; 0 for never. It costs a further evaluation per probe. On the
            first slab of Burgers' equation the root of the loss falls from 6e-3 to 1e-5 after 60 steps (median of 3
            seeds); but runs end higher: Helmholtz at 2e-9 in place of 1e-12, the KAN paper's Poisson equation with
            penalties at 6e-12 in place of 5e-15 (one seed each).

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
        geodesic: float = 0.0,
    ):
        if not 0 < ratio < 1:
            raise ValueError(f"`ratio` must be between 0 and 1, got {ratio}: 0.075 is bold, 0.5 is careful.")
        if not factor > 1:
            raise ValueError(f"`factor` must be above 1, got {factor}: the search multiplies and divides by it.")
        if not is_count(bisections, 0):
            raise ValueError(
                f"`bisections` must be a whole number of at least 0, got {bisections}: it is a number of halvings."
            )
        if not damping > 0:
            raise ValueError(f"`damping` must be positive, got {damping}: a tiny value is an undamped step.")
        if not is_count(patience):
            raise ValueError(
                f"`patience` must be a whole number of at least 1, got {patience}: it is a number of steps."
            )
        if not geodesic >= 0:
            raise ValueError(f"`geodesic` must be 0 or above, got {geodesic}: it is a length beside that of the step.")
        self.ratio, self.factor, self.bisections = ratio, factor, int(bisections)
        self.damping, self.patience, self.geodesic = damping, int(patience), geodesic
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
        relative = self.damping / self._largest if self._largest else 0.0
        factor = self.factorisation(linear, problem, relative=relative, turn=self._turn)
        self._largest, self._turn = factor.largest, self._turn + 1
        clock.lap("factorisation")
        search = _Search(problem, linear, factor, largest=self._largest, ratio=self.ratio, geodesic=self.geodesic)
        best = self._boldest(search)
        clock.lap("probes")
        if best is None:
            problem.theta = search.theta
            return Step(
                loss,
                problem.mean_squares(linear.rows),
                "no step lowers the loss any more: to rounding it is at a minimum",
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
    """One linearisation and its factor: every damping costs small solutions and evaluations of the residual."""

    def __init__(
        self,
        problem: LeastSquares,
        linear: Linearisation,
        factor: Factor,
        *,
        largest: float,
        ratio: float,
        geodesic: float,
    ):
        self.problem, self.linear, self.factor, self.theta = problem, linear, factor, problem.theta
        self.loss, self.ratio, self.geodesic = float(linear.rows @ linear.rows), ratio, geodesic
        self.probes = 0
        self.floor, self.ceiling = factor.relative_floor * largest, 1e4 * max(largest, self.loss)

    def probe(self, damping: float) -> _Accepted | None:
        """The step with this damping, or None if it does not lower the loss as predicted."""
        self.probes += 1
        found = self.factor.step(damping)
        if found is None or not found.predicted > 0:
            return None
        best = self._moved(found.step)
        if self.geodesic and math.isfinite(best.loss):
            bend = self._bend(found.step, best.rows, damping)
            best = best if bend is None else min(best, self._moved(found.step + bend), key=lambda m: m.order)
        ratio = (self.loss - best.loss) / found.predicted
        if not ratio >= self.ratio:
            return None
        return _Accepted(damping, best.loss, best.theta, best.rows, ratio)

    def _moved(self, step: Tensor) -> _Moved:
        theta = self.theta + self.problem.without_drift(self.problem.unwhiten(step))
        self.problem.theta = theta
        rows = self.problem.residual()
        return _Moved(theta, rows, float(rows @ rows))

    def _bend(self, step: Tensor, rows: Tensor, damping: float) -> Tensor | None:
        """Half the second-order correction; the second derivative along the step is what the linear model missed."""
        missed = rows - self.linear.rows - self.linear.product(self.problem.unwhiten(step))
        bend = self.factor.correction(missed, damping)
        if bend is None or not float(bend.norm()) <= self.geodesic / 2 * float(step.norm()):
            return None
        return bend


class _Moved(NamedTuple):
    """Residual after a step."""

    theta: Tensor
    rows: Tensor
    loss: float

    @property
    def order(self) -> float:
        """The loss, or infinity if it is no number."""
        return self.loss if math.isfinite(self.loss) else math.inf
