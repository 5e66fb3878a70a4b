"""How many rows of a Jacobian fit in a given memory."""

from __future__ import annotations

from ...linearisation import Linearisation


def batch_rows(linear: Linearisation, memory: float) -> int:
    """Number of rows whose Jacobian takes at most `memory` bytes, at least one."""
    fitting = memory / (linear.parameter_count * linear.rows.element_size())
    return max(1, int(min(fitting, linear.size)))


def check_memory(memory: float) -> None:
    """Refuse what is no number of bytes."""
    if not memory > 0:
        raise ValueError(f"`memory` must be positive, got {memory}: it is a number of bytes; math.inf is no bound.")
