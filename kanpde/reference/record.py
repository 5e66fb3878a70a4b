"""Reference: values on a tensor grid to measure errors against, with an error of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..geometry import PointSet, tensor_points


class ReferenceFailed(RuntimeError):
    """A reference that could be set up but not computed, such as a Newton iteration that does not converge."""


@dataclass(frozen=True)
class Reference:
    """Values of all unknowns on a tensor grid.

    Attributes:
        name: what it is, such as "exact solution" or "finite differences of order 4".
        axes: coordinate to nodes, time last.
        values: unknown to values, one dimension per axis.
        error: its own relative L2 error; no claim below it means anything.
        seconds: wall-clock time that it took.
        details: further figures, such as the numbers of nodes.
    """

    name: str
    axes: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    error: float
    seconds: float
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def points(self) -> PointSet:
        """All points of the grid, the last axis running fastest."""
        return tensor_points(self.axes)
