"""Holes of plane shapes: a point in each, and how far the shape stays away from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..sampling import Grid
from .domain import Domain
from .points import PointSet

SAMPLES, DIGITS = 400, 12
BITE = np.pi / 2
"""A boundary that leaves a wider angle open, seen from the middle, goes around no hole."""


class Hole(NamedTuple):
    """A hole of a plane shape.

    Attributes:
        place: a point outside the shape, the mean of the hole's boundary.
        radius: distance of the shape from there.
    """

    place: tuple[float, float]
    radius: float


def holes_of(domain: Domain) -> Iterator[Hole]:
    """The holes that were cut out of a plane shape and that it surrounds, as long as their middle lies in them."""
    for label in dict.fromkeys(label for piece in domain.region.pieces for label in piece.labels):
        if not (label.startswith("hole ") and label.split()[-1].isdigit()):
            continue
        x = domain.boundary(label).sample(SAMPLES, Grid()).array
        place = x.mean(axis=0).round(DIGITS) + 0.0  # no -0
        if domain.contains(PointSet(dict(zip(domain.names, place[:, None], strict=True))))[0]:
            continue
        angles = np.sort(np.arctan2(*(x - place).T[::-1]))
        if np.diff(angles, append=angles[0] + 2 * np.pi).max() <= BITE:
            yield Hole((float(place[0]), float(place[1])), float(np.linalg.norm(x - place, axis=1).min()))
