"""A region times a box in other coordinates, such as a cylinder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from .region import Piece, Region


class Product(Region):
    """All pairs of a point of one region and one of another, in other coordinates.

    Args:
        first: a region.
        second: another one.
    """

    def __init__(self, first: Region, second: Region):
        self.first, self.second = first, second
        self.names = (*first.names, *second.names)
        self.bounds = {**first.bounds, **second.bounds}
        self.factors = (*first.factors, *second.factors)
        self.pieces = (
            *(Wall(p, second, len(first.names), piece_first=True) for p in first.pieces),
            *(Wall(p, first, len(first.names), piece_first=False) for p in second.pieces),
        )

    @property
    def volume(self) -> float:
        """Product of both."""
        return self.first.volume * self.second.volume

    def gap(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """A function that vanishes on the boundary, negative inside."""
        split = len(self.first.names)
        return np.maximum(self.first.gap(x[:, :split]), self.second.gap(x[:, split:]))

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        """Whether both parts of points lie in their regions, up to `slack` of `gap`."""
        split = len(self.first.names)
        return self.first.contains(x[:, :split], slack) & self.second.contains(x[:, split:], slack)

    def __repr__(self) -> str:
        return f"({self.first}) x ({self.second})"


class Wall(Piece):
    """A piece of the boundary of one factor times all of the other factor.

    Args:
        piece: of one factor.
        across: the other factor.
        split: how many coordinates the first factor has.
        piece_first: whether the piece belongs to the first factor.
    """

    def __init__(self, piece: Piece, across: Region, split: int, *, piece_first: bool):
        super().__init__(piece.labels, piece.level, piece.trim)
        self.piece, self.across, self.split, self.piece_first = piece, across, split, piece_first
        self._lower, self._upper = across.box

    @property
    def measure(self) -> float:
        """Product of both."""
        return self.piece.measure * self.across.volume

    @property
    def share(self) -> float:
        """That of the piece, times the part of its bounding box that the other factor fills."""
        return self.piece.share * self.across.volume / float(np.prod(self._upper - self._lower))

    def place(self, unit: Float[np.ndarray, "n d-1"]) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d"]]:
        """Points and outward normals; NaN where a point lies beside the other factor."""
        own = unit.shape[1] - len(self._lower)
        rest = self._lower + (self._upper - self._lower) * unit[:, own:]
        rest[~self.across.contains(rest)] = np.nan
        x, normals = self.piece.place(unit[:, :own])
        return self._joined(x, rest), self._joined(normals, 0.0 * rest)

    def distance(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Distance of points from the wall."""
        parts = x[:, : self.split], x[:, self.split :]
        own, other = parts if self.piece_first else parts[::-1]
        return np.hypot(self.piece.distance(own), np.maximum(self.across.distance(other), 0.0))

    def _joined(self, own: np.ndarray, other: np.ndarray) -> np.ndarray:
        pair: Sequence[np.ndarray] = (own, other) if self.piece_first else (other, own)
        return np.concatenate(pair, axis=1)
