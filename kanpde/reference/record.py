"""Reference: values on a tensor grid to measure errors against, with an error of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..geometry import PointSet, tensor_points

EDGE = 1e-12
"""Distance at which a node still lies on the edge of a part."""


class ReferenceFailed(RuntimeError):
    """A reference that could be set up but not computed, such as a Newton iteration that does not converge."""


@dataclass(frozen=True)
class Reference:
    """Values of all unknowns on a tensor grid.

    Attributes:
        name: what it is, such as "exact solution" or "finite differences of order 4".
        axes: coordinate to nodes, time last.
        values: unknown to values, one dimension per axis; NaN outside of a domain that is no box.
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

    def within(self, bounds: Mapping[str, tuple[float, float]]) -> Reference:
        """The part inside the bounds: the same object if that is all of it."""
        inside = {n: (a >= bounds[n][0] - EDGE) & (a <= bounds[n][1] + EDGE) for n, a in self.axes.items()}
        if all(keep.all() for keep in inside.values()):
            return self
        axes = {n: a[inside[n]] for n, a in self.axes.items()}
        return replace(self, axes=axes, values={n: v[np.ix_(*inside.values())] for n, v in self.values.items()})

    @property
    def points(self) -> PointSet:
        """All points of the grid, the last axis running fastest."""
        return tensor_points(self.axes)
