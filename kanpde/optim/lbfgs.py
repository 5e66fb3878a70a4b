"""L-BFGS with strong Wolfe line search, as PyTorch has it, which says so when it cannot go on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..blocks import LeastSquares
from .contract import Step


class LBFGS:
    """Limited-memory BFGS; one step is one direction with its line search.

    Args:
        memory: number of remembered steps, at least 1.

    Raises:
        ValueError: for a memory below 1.

    Source:
        Liu, Nocedal (1989), Mathematical Programming 45, 503.
    """

    name = "lbfgs"
    patience = None

    def __init__(self, *, memory: int = 100):
        if memory < 1:
            raise ValueError(f"`memory` must be at least 1, got {memory}: 10 to 100 are usual.")
        self.memory = memory
        self._inner: torch.optim.LBFGS | None = None
        self._last: tuple[Tensor, Tensor, list[Tensor]] | None = None

    def step(self, problem: LeastSquares) -> Step:
        """One direction and its line search."""
        inner = self._for(problem)
        before = problem.theta

        def closure() -> Tensor:
            theta = problem.theta
            if self._last is not None and torch.equal(theta, self._last[0]):
                for p, g in zip(problem.parameters, self._last[2], strict=True):
                    p.grad = g.clone()
                return self._last[1]
            inner.zero_grad(set_to_none=True)
            rows = problem.rows()
            loss = rows @ rows
            loss.backward()
            gradients = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in problem.parameters]
            self._last = (theta, loss.detach(), gradients)
            return loss.detach()

        inner.step(closure)
        rows = problem.residual()
        stuck = None
        if torch.equal(problem.theta, before):
            stuck = "the line search finds no lower loss any more"
        return Step(float(rows @ rows), problem.mean_squares(rows), stuck, {})

    def state(self) -> dict[str, Any]:
        """Remembered steps, gradient and direction."""
        return {} if self._inner is None else dict(self._inner.state_dict()["state"].get(0, {}))

    def load(self, state: dict[str, Any], problem: LeastSquares) -> None:
        """Go on from a saved state."""
        self._inner, self._last = None, None
        inner = self._for(problem)
        if state:
            inner.load_state_dict({"state": {0: state}, "param_groups": inner.state_dict()["param_groups"]})

    def _for(self, problem: LeastSquares) -> torch.optim.LBFGS:
        if self._inner is None or self._inner.param_groups[0]["params"][0] is not problem.parameters[0]:
            self._last = None
            self._inner = torch.optim.LBFGS(
                problem.parameters,
                lr=1.0,
                max_iter=1,
                tolerance_grad=0.0,
                tolerance_change=0.0,
                history_size=self.memory,
                line_search_fn="strong_wolfe",
            )
        return self._inner
