"""L-BFGS with strong Wolfe line search, as PyTorch has it, which says so when it cannot go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..blocks import LeastSquares
from ..counts import is_count
from .contract import Step
from .seen import Seen

ARMIJO = 1e-4
SEARCH = 25
"""Most evaluations of a line search."""
SCRATCH = "al"
"""What PyTorch keeps from one step to the next without reading it."""
END = "end "
"""What precedes the names, in a saved state, of the point where the last step ended."""


@dataclass(frozen=True)
class _Point:
    """Loss and gradient at some parameters."""

    theta: Tensor
    loss: Tensor
    gradient: Tensor
    seen: Seen | None


class LBFGS:
    """Limited-memory BFGS; one step is one direction with its line search.

    What was learned of the curvature stays if weights or points of the loss have changed.

    Args:
        memory: number of remembered steps, at least 1.

    Raises:
        ValueError: for a memory below 1.

    Source:
        Liu, Nocedal (1989), Mathematical Programming 45, 503.
    """

    penalty = 30.0
    name = "lbfgs"
    patience = None

    def __init__(self, *, memory: int = 100):
        if not is_count(memory):
            raise ValueError(f"`memory` must be a whole number of at least 1, got {memory}: 10 to 100 are usual.")
        self.memory = int(memory)
        self._inner: torch.optim.LBFGS | None = None
        self._last: _Point | None = None

    def step(self, problem: LeastSquares) -> Step:
        """One direction and its line search; down the gradient, without memory, if that does not lower the loss."""
        inner = self._for(problem)
        before, start = self._last, self._evaluate(problem)
        _adopt(inner, before, start)
        inner.step(lambda: self._evaluate(problem).loss)
        rows = problem.residual()
        loss, stuck = float(rows @ rows), None
        if not loss < start.loss:
            self._inner = None
            rows = self._descend(problem, start)
            loss = float(rows @ rows)
            stuck = None if loss < start.loss else "no step lowers the loss any more"
        return Step(loss, problem.mean_squares(rows), stuck, {})

    def _evaluate(self, problem: LeastSquares) -> _Point:
        """Loss and gradient at the present parameters, taken from the last evaluation if that was of them."""
        theta = problem.theta
        known = self._last
        same = known is not None and known.seen is not None and known.seen.is_still(problem)
        if known is None or not same or not torch.equal(theta, known.theta):
            for p in problem.parameters:
                p.grad = None
            rows = problem.rows()
            loss = rows @ rows
            loss.backward()
            gradient = [torch.zeros_like(p) if p.grad is None else p.grad for p in problem.parameters]
            known = _Point(theta, loss.detach(), torch.cat([g.flatten() for g in gradient]), Seen(problem))
            self._last = known
        parts = known.gradient.split([p.numel() for p in problem.parameters])
        for p, part in zip(problem.parameters, parts, strict=True):
            p.grad = part.view_as(p).clone()
        return known

    def _descend(self, problem: LeastSquares, start: _Point) -> Tensor:
        """Go down the gradient, ten times shorter until the loss falls enough (Armijo); gives the new rows."""
        slope, largest = float(start.gradient @ start.gradient), float(start.gradient.abs().max())
        length = 1 / max(float(start.gradient.abs().sum()), torch.finfo(start.theta.dtype).tiny)
        while length * largest > torch.finfo(start.theta.dtype).eps * float(start.theta.abs().max()):
            problem.theta = start.theta - length * start.gradient
            rows = problem.residual()
            if float(rows @ rows) <= float(start.loss) - ARMIJO * length * slope:
                return rows
            length /= 10
        problem.theta = start.theta
        return problem.residual()

    def state(self) -> dict[str, Any]:
        """Remembered steps, gradient and direction, and where the last step ended."""
        inner = {} if self._inner is None else self._inner.state_dict()["state"].get(0, {})
        found = {name: value for name, value in inner.items() if name != SCRATCH}
        if found and self._last is not None:
            found |= {END + name: getattr(self._last, name) for name in ("theta", "loss", "gradient")}
        return found

    def load(self, state: dict[str, Any], problem: LeastSquares) -> None:
        """Go on from a saved state."""
        self._inner, self._last = None, None
        inner, like = self._for(problem), problem.parameters[0]
        if END + "theta" in state:
            theta, loss, gradient = (state[END + name].to(like) for name in ("theta", "loss", "gradient"))
            self._last = _Point(theta, loss, gradient, None)
        known = {name: value for name, value in state.items() if not name.startswith(END)}
        if known:
            inner.load_state_dict({"state": {0: known}, "param_groups": inner.state_dict()["param_groups"]})

    def _for(self, problem: LeastSquares) -> torch.optim.LBFGS:
        if self._inner is None or self._inner.param_groups[0]["params"][0] is not problem.parameters[0]:
            self._last = None
            self._inner = torch.optim.LBFGS(
                problem.parameters,
                lr=1.0,
                max_iter=1,
                max_eval=1 + SEARCH,  # left out, PyTorch allows one evaluation, which is no search
                tolerance_grad=0.0,
                tolerance_change=0.0,
                history_size=self.memory,
                line_search_fn="strong_wolfe",
            )
        return self._inner


def _adopt(inner: torch.optim.LBFGS, before: _Point | None, start: _Point) -> None:
    """Where the loss has changed since the last step, let the gradient of its start differ by that change as well.

    PyTorch takes the difference of the gradients at the starts of two steps for curvature.
    """
    if before is None or before is start or not torch.equal(before.theta, start.theta):
        return
    known = inner.state[inner.param_groups[0]["params"][0]]
    if known.get("prev_flat_grad") is not None:
        known["prev_flat_grad"] = known["prev_flat_grad"] + (start.gradient - before.gradient)
