"""Places where a term of the loss holds: they give the points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..geometry import Domain, Face, Part, PointSet, Sampler


class Place(Protocol):
    """Where a term holds; a sample is one point set, or two whose values are subtracted."""

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """About `n` points per set."""
        ...


@dataclass(frozen=True)
class Interior:
    """All of the domain."""

    domain: Domain

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """`n` points inside."""
        return (self.domain.sample(n, sampler),)


@dataclass(frozen=True)
class OnBoundary:
    """A part of the boundary."""

    part: Part

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """About `n` points with outward normals."""
        return (self.part.sample(n, sampler),)


@dataclass(frozen=True)
class AtStart:
    """The first instant."""

    domain: Domain

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """`n` points at the first instant."""
        return (self.domain.sample_start(n, sampler),)


@dataclass(frozen=True)
class Seam:
    """Both ends of a periodic coordinate: the second set is the first one, moved to the other end."""

    domain: Domain
    axis: str

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """`n` pairs of points."""
        lower = self.domain.sample_face(Face(self.axis, upper=False), n, sampler)
        moved = np.full(len(lower), self.domain.bounds[self.axis][1])
        return lower, PointSet({**lower.columns, self.axis: moved}, lower.extras)


@dataclass(frozen=True)
class AtPoints:
    """Points that the user gave, whatever number is asked for.

    Attributes:
        noisy: whether what was measured there has a standard deviation.
    """

    points: PointSet
    noisy: bool = False

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """The given points."""
        return (self.points,)
