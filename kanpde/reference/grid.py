"""A tensor grid in space: its nodes, the faces of the box, and sparse matrices for partial derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
from scipy import sparse

from ..geometry import Face, tensor_points
from .stencil import difference_matrix

Matrix = Any
"""A sparse matrix or array of SciPy."""


@dataclass(frozen=True)
class TensorGrid:
    """Equidistant nodes in a box; a periodic axis is solved without its last node, which is the first one again.

    Attributes:
        axes: coordinate to nodes, both ends included.
        periodic: names of the periodic axes.
        order: order of accuracy of the differences: 2, 4 or 6.
        closure: order of accuracy of the one-sided differences near the ends.
    """

    axes: dict[str, np.ndarray]
    periodic: frozenset[str]
    order: int
    closure: int

    @cached_property
    def solved(self) -> dict[str, np.ndarray]:
        """The axes without repeated nodes."""
        return {name: a[:-1] if name in self.periodic else a for name, a in self.axes.items()}

    @property
    def shape(self) -> tuple[int, ...]:
        """Nodes per axis without repeated ones."""
        return tuple(len(a) for a in self.solved.values())

    @property
    def size(self) -> int:
        """Number of nodes without repeated ones."""
        return int(np.prod(self.shape))

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """Coordinates of all nodes, each of shape (size,)."""
        return tensor_points(self.solved).columns

    def operator(self, orders: Sequence[int], *, full: bool = False) -> Matrix:
        """Matrix of the partial derivative with the given order per axis.

        Args:
            full: close the ends with the order of the inside, as boundary conditions need it.
        """
        key = (tuple(orders), full or self.closure == self.order)
        if key not in self._operators:
            closure = self.order if full else self.closure
            factors = [
                difference_matrix(len(a), a[1] - a[0], k, self.order, periodic=name in self.periodic, closure=closure)
                for (name, a), k in zip(self.solved.items(), orders, strict=True)
            ]
            self._operators[key] = sparse.csr_array(reduce(lambda a, b: sparse.kron(a, b, format="csr"), factors))
        return self._operators[key]

    @cached_property
    def _operators(self) -> dict[tuple[tuple[int, ...], bool], Matrix]:
        return {}

    def face_nodes(self, face: Face, layer: int = 0) -> np.ndarray:
        """Indices of the nodes on a face, or of their neighbours `layer` steps inside, in the same order."""
        axis = list(self.axes).index(face.axis)
        indices = np.arange(self.size).reshape(self.shape)
        return np.take(indices, self.shape[axis] - 1 - layer if face.upper else layer, axis=axis).ravel()

    def unfold(self, values: np.ndarray) -> np.ndarray:
        """Values of shape (size, ...) as an array over the axes, with the repeated nodes of periodic ones."""
        out = values.reshape(*self.shape, *values.shape[1:])
        for i, name in enumerate(self.axes):
            if name in self.periodic:
                out = np.concatenate([out, np.take(out, [0], axis=i)], axis=i)
        return out
