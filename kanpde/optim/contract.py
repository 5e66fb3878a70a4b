"""What every optimiser offers: one step on a least-squares loss, a state that can be saved, a word when it is stuck."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from ..blocks import LeastSquares


@dataclass(frozen=True)
class Step:
    """What one step did.

    Attributes:
        loss: sum of squares at the parameters after the step; with Adam at those before it, which its gradient is taken
            at: another evaluation would cost half as much as the step.
        losses: mean square of every block, by name, at the same parameters as `loss`.
        stuck: a sentence if no further step is possible.
        figures: further numbers worth recording, such as `damping`.
    """

    loss: float
    losses: dict[str, float]
    stuck: str | None = None
    figures: dict[str, float] = field(default_factory=dict)


class Optimizer(Protocol):
    """One way to lower a loss. It holds no reference to the problem, so its state can be saved and put back.

    Attributes:
        name: as on the command line.
        penalty: weight of a condition's residual beside the equation's that suits the method: Gauss-Newton does not
            mind a large one (30, 1000 and 10000 train equally well on Poisson; the wave equation needs 1000),
            gradient methods do.
        patience: number of steps over which the loss must fall by 3 %, or None if plateaus are normal.
    """

    @property
    def name(self) -> str: ...  # noqa: D102  (described above)

    @property
    def penalty(self) -> float: ...  # noqa: D102

    @property
    def patience(self) -> int | None: ...  # noqa: D102

    def step(self, problem: LeastSquares) -> Step:
        """Change the parameters of `problem` once."""
        ...

    def state(self) -> dict[str, Any]:
        """Numbers, tensors, lists and dicts that `load` restores this state from."""
        ...

    def load(self, state: dict[str, Any], problem: LeastSquares) -> None:
        """Go on from a saved state."""
        ...
