"""Adam, as PyTorch has it, in the contract of this package."""

from __future__ import annotations

from typing import Any

import torch

from ..blocks import LeastSquares
from .contract import Step


class Adam:
    """Adam on the full set of points; the loss that a step reports is that before it.

    Args:
        rate: learning rate, above 0.

    Raises:
        ValueError: for a rate that is not positive.

    Source:
        Kingma, Ba (2015), ICLR, "Adam: a method for stochastic optimization".
    """

    penalty = 30.0
    name = "adam"
    patience = None

    def __init__(self, *, rate: float = 1e-3):
        if not rate > 0:
            raise ValueError(f"`rate` must be positive, got {rate}: 1e-3 is usual.")
        self.rate = rate
        self._inner: torch.optim.Adam | None = None

    def step(self, problem: LeastSquares) -> Step:
        """One step; loss and blocks are those before it, which the gradient comes from."""
        inner = self._for(problem)
        inner.zero_grad(set_to_none=True)
        rows = problem.rows()
        loss = rows @ rows
        loss.backward()
        inner.step()
        return Step(loss.item(), problem.mean_squares(rows.detach()), None, {"rate": self.rate})

    def state(self) -> dict[str, Any]:
        """Moments and step count of every parameter."""
        return {} if self._inner is None else {str(i): dict(s) for i, s in self._inner.state_dict()["state"].items()}

    def load(self, state: dict[str, Any], problem: LeastSquares) -> None:
        """Go on from a saved state."""
        self._inner = None
        inner = self._for(problem)
        moments = {int(i): s for i, s in state.items()}
        inner.load_state_dict({"state": moments, "param_groups": inner.state_dict()["param_groups"]})

    def _for(self, problem: LeastSquares) -> torch.optim.Adam:
        if self._inner is None or self._inner.param_groups[0]["params"][0] is not problem.parameters[0]:
            self._inner = torch.optim.Adam(problem.parameters, lr=self.rate)
        return self._inner
