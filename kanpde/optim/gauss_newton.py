"""Damped Gauss-Newton (Levenberg-Marquardt) with the bold ratio rule, found closely by bisection.

Each step solves (J^T J + lambda) d = -J^T r. Among all damping values lambda the SMALLEST is taken whose actual
reduction of the loss is still at least 0.075 of the predicted one: the boldest step that the model still explains,
not the one of lowest loss. One factorisation serves all values of lambda. The step's length is measured in the norm
of the functions on the edges, not of their coefficients: for B-splines of degree 8 that is worth six digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..blocks import LeastSquares
from .contract import Step


@dataclass(frozen=True)
class _Accepted:
    """Outcome of one damping value that was accepted."""

    damping: float
    loss: float
    theta: Tensor
    rows: Tensor
    ratio: float


class GaussNewton:
    """Gauss-Newton on the full Jacobian.

    Args:
        ratio: smallest accepted quotient of actual and predicted reduction, between 0 and 1.
        factor: bracket of the damping search, above 1.
        bisections: how often the bracket between an accepted and a refused damping is halved (in its logarithm).
        damping: start value of lambda, in the unit of the squared Jacobian.
        patience: number of steps over which the loss must fall by 3 %.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        Levenberg (1944), Marquardt (1963); ratio rule: Webb, Jerad, Cartis (2026), arXiv:2607.02194.
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
        self.damping, self.patience = damping, patience

    def step(self, problem: LeastSquares) -> Step:
        """One step; the parameters are left as they were if no damping is accepted."""
        rows, jacobian = problem.jacobian()
        loss = float(rows @ rows)
        if not math.isfinite(loss):
            return Step(loss, problem.mean_squares(rows), "the residual is not finite")
        if not bool(jacobian.isfinite().all()):
            return Step(loss, problem.mean_squares(rows), "the Jacobian is not finite")
        search = _Search(problem, jacobian, rows, loss, self.ratio)
        best = self._boldest(search)
        if best is None:
            problem.theta = search.theta
            return Step(loss, problem.mean_squares(rows), "no step lowers the loss any more: rounding is reached")
        problem.theta, self.damping = best.theta, best.damping
        figures = {"damping": best.damping, "ratio": best.ratio, "probes": float(search.probes)}
        return Step(best.loss, problem.mean_squares(best.rows), None, figures)

    def _boldest(self, search: _Search) -> _Accepted | None:
        damping, refused = max(self.damping, search.floor), None
        best = search.probe(damping)
        if best is not None:
            for _ in range(6):
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
        """The damping is all that is carried from step to step."""
        return {"damping": self.damping}

    def load(self, state: dict[str, Any], problem: LeastSquares) -> None:
        """Go on from a saved state."""
        self.damping = float(state["damping"])


class _Search:
    """One linearisation, factored so that every damping costs a product and one evaluation of the residual.

    The factor R of a QR decomposition of [J r] is decomposed further by SVD, which keeps the digits that forming
    J^T J would lose.
    """

    def __init__(self, problem: LeastSquares, jacobian: Tensor, rows: Tensor, loss: float, ratio: float):
        self.problem, self.theta, self.loss, self.ratio = problem, problem.theta, loss, ratio
        self.probes = 0
        triangle = torch.linalg.qr(torch.cat([problem.whiten(jacobian), rows[:, None]], dim=1), mode="r").R
        count = jacobian.shape[1]
        u, s, self.vh = torch.linalg.svd(triangle[:count, :count], full_matrices=False)
        self.squared = s.square()
        self.gradient = s * (u.T @ triangle[:count, -1][: u.shape[0]])
        self.floor = 1e-30 * float(self.squared[0])
        self.ceiling = 1e4 * float(self.squared[0])

    def probe(self, damping: float) -> _Accepted | None:
        """The step with this damping, or None if it does not lower the loss as predicted."""
        self.probes += 1
        q = self.gradient / (self.squared + damping)
        theta = self.theta - self.problem.unwhiten(self.vh.T @ q)
        self.problem.theta = theta
        rows = self.problem.residual()
        loss = float(rows @ rows)
        predicted = float(2 * (self.gradient @ q) - (self.squared * q) @ q)
        if not math.isfinite(loss) or predicted <= 0:
            return None
        ratio = (self.loss - loss) / predicted
        return _Accepted(damping, loss, theta, rows, ratio) if ratio >= self.ratio else None
