"""What counts as a count: whole numbers of Python and of NumPy, but no booleans."""

from __future__ import annotations

from numbers import Integral


def is_count(value: object, least: int = 1) -> bool:
    """Whether a value is a whole number of at least `least`."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
