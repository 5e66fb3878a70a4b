"""Quasi-Newton methods: they learn the curvature of the loss from its gradients; one step is one line search.

What is minimised is a growing function of the loss. Its root has the curvature of a cone where the residual can be
brought to zero, which keeps gradients from fading away with the residual.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from ..blocks import LeastSquares
from .contract import Step
from .line_search import Probe, strong_wolfe
from .seen import Seen

OBJECTIVES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "square": (lambda loss: loss, lambda loss: 1.0),
    "root": (math.sqrt, lambda loss: 0.5 / math.sqrt(loss)),
    "log": (math.log, lambda loss: 1 / loss),
}
"""Functions of the loss, and their derivatives."""


@dataclass(frozen=True)
class Point:
    """The loss at some parameters.

    Attributes:
        theta: the parameters.
        rows: of the least-squares problem.
        loss: sum of their squares.
        value: of the objective.
        gradient: of the objective, by the parameters in which a unit step is a function of about unit size.
    """

    theta: Float[Tensor, " p"]
    rows: Float[Tensor, " n"]
    loss: float
    value: float
    gradient: Float[Tensor, " p"]


@dataclass(frozen=True)
class Move:
    """What a step has shown of the curvature.

    Attributes:
        step: s, the change of the parameters.
        change: y, the change of the gradient.
        curvature: s^T y, above 0.
        expected: s^T B s, the same by the Hessian B that the step was computed with.
    """

    step: Float[Tensor, " p"]
    change: Float[Tensor, " p"]
    curvature: float
    expected: float


class InverseHessian(Protocol):
    """An approximation H of the inverse Hessian that learns from every step: H y = s after it."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing learned yet."""
        ...

    def times(self, gradient: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """H times a gradient."""
        ...

    def learn(self, move: Move) -> None:
        """Take in what a step has shown."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Tensors that `load` restores it from."""
        ...

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over a saved state."""
        ...


class QuasiNewton:
    """What these methods have in common; they differ in how they hold the inverse Hessian.

    What was learned is dropped if the parameters are no longer those that the last step ended with, and kept if weights
    or points of the loss have changed.

    Args:
        objective: what is minimised: the loss ("square"), its "root" or its "log".

    Raises:
        ValueError: for another objective.

    Source:
        Root and log of the loss: Urban, Stefanou, Pons (2025), J. Comput. Phys. 523, 113656, sec. 2.
    """

    penalty = 30.0
    patience = None
    name: str

    def __init__(self, objective: str):
        if objective not in OBJECTIVES:
            raise ValueError(f"`objective` must be one of {', '.join(OBJECTIVES)}, got {objective!r}.")
        self.objective = objective
        self._inverse = self._unlearned()
        self._theta: Tensor | None = None
        self._end: Point | None = None
        self._seen: Seen | None = None
        self._evaluations = 0

    def _unlearned(self) -> InverseHessian:
        """An inverse Hessian that knows nothing."""
        raise NotImplementedError

    def step(self, problem: LeastSquares) -> Step:
        """One direction and its line search; down the gradient, all else forgotten, if that does not lower the loss."""
        self._evaluations, resets = 0, 0
        start = self._start(problem)
        if not (math.isfinite(start.value) and bool(start.gradient.isfinite().all())):
            return Step(start.loss, problem.mean_squares(start.rows), "the loss or its gradient is not finite")
        found = self._advance(problem, start)
        if found is None and not self._inverse.empty:
            self._inverse, resets = self._unlearned(), 1
            found = self._advance(problem, start)
        end, rate = (start, 0.0) if found is None else (found.place, found.length)
        stuck = "no step lowers the loss any more, not even down the gradient" if found is None else None
        problem.theta = self._theta = end.theta
        self._end, self._seen = end, Seen(problem)
        figures = {"rate": rate, "evaluations": float(self._evaluations), "resets": float(resets)}
        return Step(end.loss, problem.mean_squares(end.rows), stuck, figures)

    def _start(self, problem: LeastSquares) -> Point:
        """The loss at the present parameters, known from the last step unless something has changed since."""
        theta = problem.theta
        if self._theta is None or not torch.equal(theta, self._theta):
            self._inverse, self._end = self._unlearned(), None
        if self._end is None or self._seen is None or not self._seen.is_still(problem):
            return self._evaluate(problem, theta)
        return self._end

    def _evaluate(self, problem: LeastSquares, theta: Tensor) -> Point:
        self._evaluations += 1
        problem.theta = theta
        rows = problem.rows()
        loss = rows @ rows
        gradient = problem.whiten_gradient(problem.gradient(loss))
        above_zero = max(loss.item(), sys.float_info.min)
        value, slope = (f(above_zero) for f in OBJECTIVES[self.objective])
        return Point(theta, rows.detach(), loss.item(), value, slope * gradient)

    def _advance(self, problem: LeastSquares, start: Point) -> Probe[Point] | None:
        """Search along the direction that the inverse Hessian gives, and learn from what is found.

        While there is nothing learned yet, the first length to try would bring the loss to zero if the residual were
        linear and all of it fell alike.
        """
        if self._inverse.empty:
            reach = 2 * start.loss * OBJECTIVES[self.objective][1](max(start.loss, sys.float_info.min))
            direction = start.gradient * (-reach / start.gradient.square().sum())
        else:
            direction = -self._inverse.times(start.gradient)
        step = problem.unwhiten(direction)

        def at(length: float) -> Probe[Point]:
            point = self._evaluate(problem, start.theta + length * step)
            return Probe(length, point.value, float(point.gradient @ direction), point)

        found = strong_wolfe(at, Probe(0.0, start.value, float(start.gradient @ direction), start))
        if found is not None:
            s, y = found.length * direction, found.place.gradient - start.gradient
            curvature = float(s @ y)
            if curvature > 0:
                self._inverse.learn(Move(s, y, curvature, -found.length * float(s @ start.gradient)))
        return found

    def state(self) -> dict[str, Any]:
        """Where the last step ended, and what was learned."""
        return {} if self._theta is None else {"theta": self._theta, "inverse": self._inverse.state()}

    def load(self, state: dict[str, Any], problem: LeastSquares) -> None:
        """Go on from a saved state."""
        self._inverse, self._theta, self._end = self._unlearned(), None, None
        if state:
            like = problem.parameters[0]
            self._theta = state["theta"].to(like)
            self._inverse.load({name: value.to(like) for name, value in state["inverse"].items()})
