"""What counts as a count: whole numbers of Python and of NumPy, but no booleans."""

from __future__ import annotations

from numbers import Integral


def is_count(value: object, least: int = 1) -> bool:
    """Whether a value is a whole number of at least `least`."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def checked_interval(every: int, what: str) -> int:
    """`every`, if it is a number of steps between two of what is done.

    Raises:
        ValueError: for any other value.
    """
    if not is_count(every):
        raise ValueError(
            f"`every` must be a whole number of at least 1, got {every}: it is a number of steps between two {what}."
        )
    return int(every)
