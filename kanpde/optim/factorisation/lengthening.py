"""By what factor linear maps make a vector longer: the power method, with the vector brought to size between its steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from torch import Tensor, finfo


def lengthening(maps: Sequence[Callable[[Tensor], Tensor]], vector: Tensor) -> float:
    """By what factor the last of some linear maps makes longer what those before it have made of a vector.

    Args:
        maps: applied one after another, at least one.
        vector: which they begin with.

    Returns:
        At most the norm of the last map; 0 for a vector that has become zero.

    Source:
        Golub, Van Loan (2013), Matrix Computations, sec. 7.3.1.
    """
    for one in maps:
        vector, _ = _scaled(vector)
        before, vector = vector, one(vector)
    after, size = _scaled(vector)
    return size * float(after.norm()) / max(float(before.norm()), finfo(before.dtype).tiny)


def _scaled(vector: Tensor) -> tuple[Tensor, float]:
    """The vector divided by a power of 2 of about its size, which costs no digit, and that power."""
    _, least = math.frexp(finfo(vector.dtype).tiny)
    _, exponent = math.frexp(float(vector.abs().max()))
    size = 2.0 ** max(exponent, least)
    return vector / size, size
