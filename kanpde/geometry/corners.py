"""Corners of plane shapes: where two pieces of the boundary meet at an angle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .curves import Curve, Remains
from .region import Piece, Region

STRAIGHT = 1e-6
"""Openings this close to half a turn are no corners."""


@dataclass(frozen=True)
class Corner:
    """A corner of a plane shape.

    Attributes:
        point: its two coordinates.
        opening: the angle inside, in radians; above pi it is re-entrant.
        bisector: direction that halves it, in radians from the first coordinate axis.
        right: the piece that the shape is turned to from, counterclockwise: the angle from it grows into the shape.
        left: the piece at the other side.
    """

    point: tuple[float, float]
    opening: float
    bisector: float
    right: Piece
    left: Piece


def corners_of(region: Region) -> list[Corner]:
    """The corners of a plane shape, in the order of its pieces."""
    leaving = [end for piece in region.pieces if isinstance(piece, Curve) for end in _ends(piece, last=False)]
    arriving = [end for piece in region.pieces if isinstance(piece, Curve) for end in _ends(piece, last=True)]
    found = []
    for point, after, right in leaving:
        for other, before, left in arriving:
            if np.linalg.norm(point - other) > 1e-7 * region.size:
                continue
            turn = np.arctan2(before[0] * after[1] - before[1] * after[0], before @ after)
            opening = float(np.pi - turn)
            if abs(opening - np.pi) > STRAIGHT:
                direction = float(np.arctan2(after[1], after[0])) + opening / 2
                found.append(Corner((float(point[0]), float(point[1])), opening, direction, right, left))
    return found


def _ends(piece: Curve, *, last: bool) -> Iterator[tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"], Piece]]:
    """First or last points of a curve, with the shape to its left, and the directions in which it goes on there."""
    intervals, whole, flip = np.array([[0.0, 1.0]]), piece, False
    if isinstance(piece, Remains):
        intervals, whole, flip = piece.intervals, piece.curve, piece.flip
    for interval in intervals:
        s = np.array([interval[int(last != flip)]])
        points, normals = whole.at(s)
        normal = -normals[0] if flip else normals[0]
        yield points[0], np.array([-normal[1], normal[0]]), piece
