"""What every balance offers: new weights for the blocks of a loss between two steps, and a memory that can be saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..blocks import LeastSquares


class Balance(Protocol):
    """One way to weigh the terms of a loss against each other, or the points of a term.

    Weights change between steps alone, so each step still sees a plain sum of squares. A balance holds no reference to
    the problem; the weights themselves live in its blocks.

    Attributes:
        name: as on the command line.
        every: number of steps between two updates, at least 1.
    """

    @property
    def name(self) -> str: ...  # noqa: D102  (described above)

    @property
    def every(self) -> int: ...  # noqa: D102

    def update(self, problem: LeastSquares, conditions: Sequence[str]) -> None:
        """Reweigh `problem`; `conditions` names the blocks that are conditions, all others being equations."""
        ...

    def state(self) -> dict[str, Any]:
        """Numbers, tensors, lists and dicts that `load` restores this memory from."""
        ...

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved memory."""
        ...
