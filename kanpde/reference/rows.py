"""Rows of a discrete system: an expression at nodes, whose partial derivatives are affine in the solved values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from ..expression import Expression
from .grid import Matrix

Instant = Mapping[str, float]
"""Name of the time to its value; empty for a steady problem."""

Offsets = Sequence[np.ndarray] | None
"""The b_i, one per partial derivative; None if they vanish."""

NO_INSTANT: Instant = {}


@dataclass
class Rows:
    """Residual `r(A_1 y + b_1, A_2 y + b_2, ...)` with one matrix per partial derivative of the expression.

    Attributes:
        expression: what is evaluated.
        matrices: one per partial derivative, in the order of the expression.
        columns: coordinates and normals at the nodes, each of shape (n,).
        shifts: matrices that take boundary data to the b_i, one per partial derivative; none if the b_i vanish.
    """

    expression: Expression
    matrices: list[Matrix]
    columns: dict[str, np.ndarray]
    shifts: list[Matrix] = field(default_factory=list)
    _known: list[Any] | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values())))

    def known(self, instant: Instant) -> list[Any]:
        """The parts of the expression that depend on coordinates alone; kept if time is not among them."""
        if any(s.name in instant for s in self.expression.columns):
            moment = {name: np.full(self.size, value) for name, value in instant.items()}
            return self.expression.known(self.columns | moment)
        if self._known is None:
            self._known = self.expression.known(self.columns)
        return self._known

    def value(self, y: np.ndarray, instant: Instant = NO_INSTANT, offsets: Offsets = None) -> np.ndarray:
        """Residual of shape (n,)."""
        return self._wide(self.expression.value(self.known(instant), self._partials(y, offsets)))

    def jacobian(self, y: np.ndarray, instant: Instant = NO_INSTANT, offsets: Offsets = None) -> Matrix:
        """Sparse derivative of the residual by `y`."""
        _, slopes = self.expression.value_and_slopes(self.known(instant), self._partials(y, offsets))
        scaled = [sparse.diags_array(self._wide(s)) @ m for s, m in zip(slopes, self.matrices, strict=True)]
        total = scaled[0] if scaled else sparse.csr_array((self.size, len(y)))
        for more in scaled[1:]:
            total = total + more
        return total

    def _partials(self, y: np.ndarray, offsets: Offsets) -> list[np.ndarray]:
        if offsets is None:
            return [m @ y for m in self.matrices]
        return [m @ y + b for m, b in zip(self.matrices, offsets, strict=True)]

    def _wide(self, values: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(values, float), (self.size,))
