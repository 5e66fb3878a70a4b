"""How many rows of a Jacobian fit in a given memory."""

from __future__ import annotations

from ...linearisation import Linearisation


def batch_rows(linear: Linearisation, memory: float) -> int:
    """Number of rows whose Jacobian takes at most `memory` bytes, at least one."""
    return max(1, int(memory / (linear.parameter_count * linear.rows.element_size())))
