"""Places where a term of the loss holds: they give the points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..geometry import Domain, Face, Part, PointSet, Sampler, joined

INSTANTS, NODES = 24, 512
"""At which an integral over space is held in an evolution, and the points of its rule."""


class Place(Protocol):
    """Where a term holds; a sample is one point set, or two whose values are subtracted, or a `Quadrature` to be summed."""

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
class Over:
    """All of the domain, or a part of its boundary, over which an expression is integrated; at instants, if there is time.

    Attributes:
        domain: with or without time.
        part: of the boundary; None for the inside.
        shapes: which the inside consists of, in space; the domain itself if there are none.
    """

    domain: Domain
    part: Part | None = None
    shapes: tuple[Domain, ...] = ()

    @property
    def measure(self) -> float:
        """Length, area or volume in space."""
        return self.domain.in_space.volume if self.part is None else self.part.in_space.measure

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """The rule of the place in space, at up to `INSTANTS` instants."""
        where = [self.part.in_space] if self.part else [*self.shapes] or [self.domain.in_space]
        time = self.domain.time_name
        if time is None:
            return (joined([place.quadrature() for place in where]),)
        lower, upper = self.domain.bounds[time]
        instants = lower + (upper - lower) * sampler(min(n, INSTANTS), 1)[:, 0]
        return (joined([place.quadrature(NODES) for place in where]).at_instants(time, instants),)


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


def measurements(place: Place) -> AtPoints | None:
    """The points that a user gave, where a place consists of them or of some of them; None for other places."""
    inner = getattr(place, "place", place)
    return inner if isinstance(inner, AtPoints) else None
