"""L-BFGS: the inverse Hessian as the last steps and their changes of the gradient."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from .quasi_newton import Move, QuasiNewton


class LimitedInverse:
    """The inverse Hessian of BFGS after the last steps, starting from a multiple of the identity.

    Args:
        memory: number of remembered steps.

    Source:
        Nocedal, Wright (2006), "Numerical Optimization", algorithm 7.4 and eq. 7.20.
    """

    def __init__(self, memory: int):
        self.memory = memory
        self.moves: list[tuple[Tensor, Tensor]] = []

    @property
    def empty(self) -> bool:
        """Whether no step is remembered."""
        return not self.moves

    def times(self, gradient: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """H times a gradient, by two passes over the remembered steps."""
        out, parts = gradient.clone(), []
        for s, y in reversed(self.moves):
            parts.append(float(s @ out))
            out.sub_(y, alpha=parts[-1])
        s, y = self.moves[-1]
        out *= 1 / (y @ y)
        for (s, y), part in zip(self.moves, reversed(parts), strict=True):
            out.add_(s, alpha=part - float(y @ out))
        return out

    def learn(self, move: Move) -> None:
        """Remember a step, and forget the oldest one if there are too many."""
        scale = move.curvature**-0.5
        self.moves = [*self.moves, (scale * move.step, scale * move.change)][-self.memory :]

    def state(self) -> dict[str, Tensor]:
        """Steps and changes of the gradient, oldest first."""
        if self.empty:
            return {}
        steps, changes = zip(*self.moves, strict=True)
        return {"steps": torch.stack(steps), "changes": torch.stack(changes)}

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over saved steps."""
        self.moves = list(zip(state["steps"], state["changes"], strict=True)) if state else []


class LBFGS(QuasiNewton):
    """Limited-memory BFGS.

    Unlike PyTorch's it does not depend on the unit of the loss: that one learns nothing from steps with s^T y below
    1e-10.

    Args:
        memory: number of remembered steps, at least 1.
        objective: what is minimised: the loss ("square"), its "root" or its "log".

    Raises:
        ValueError: for a memory below 1, or another objective.

    Source:
        Liu, Nocedal (1989), Mathematical Programming 45, 503.
    """

    name = "lbfgs"

    def __init__(self, *, memory: int = 100, objective: str = "square"):
        if memory < 1:
            raise ValueError(f"`memory` must be at least 1, got {memory}: 10 to 100 are usual.")
        self.memory = memory
        super().__init__(objective)

    def _unlearned(self) -> LimitedInverse:
        return LimitedInverse(self.memory)
