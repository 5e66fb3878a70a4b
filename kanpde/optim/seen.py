"""Which loss something was computed from: its parts are remembered, but not kept alive."""

from __future__ import annotations

import weakref

from ..blocks import LeastSquares


class Seen:
    """The parts of a loss as they were, for what is only true of them: other weights or points make other blocks.

    Args:
        problem: the loss.
    """

    def __init__(self, problem: LeastSquares):
        self._parts = [weakref.ref(p) for p in problem.parts]

    def is_still(self, problem: LeastSquares) -> bool:
        """Whether the loss has the same parts."""
        return len(self._parts) == len(problem.parts) and all(
            known() is p for known, p in zip(self._parts, problem.parts, strict=True)
        )
