"""Which loss something was computed from: its blocks are remembered, but not kept alive."""

from __future__ import annotations

import weakref

from ..blocks import LeastSquares


class Seen:
    """The blocks of a loss as they were, for what is only true of them: other weights or points make other blocks.

    Args:
        problem: the loss.
    """

    def __init__(self, problem: LeastSquares):
        self._blocks = [weakref.ref(b) for b in problem.blocks]

    def is_still(self, problem: LeastSquares) -> bool:
        """Whether the loss has the same blocks."""
        return len(self._blocks) == len(problem.blocks) and all(
            known() is b for known, b in zip(self._blocks, problem.blocks, strict=True)
        )
