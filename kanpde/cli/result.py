"""What a command gives back: an exit status, an object for `--json`, and text."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np


class Result(NamedTuple):
    """Outcome of a command.

    Attributes:
        status: exit status, 0 or 1.
        content: the object for `--json`.
        text: what is printed without it.
    """

    status: int
    content: dict[str, Any]
    text: str


def plain(value: Any) -> Any:
    """The same for JSON, which has no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
