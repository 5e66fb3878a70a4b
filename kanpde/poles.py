"""What steady solutions have inside of holes: a logarithm and poles, which a smooth network is slow to follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from .geometry.holes import holes_of

if TYPE_CHECKING:
    from .problem import Problem

ORDER = 8
"""Highest order of the poles that are found by themselves: around a round hole they fall like that power of the distance."""
MOST = 96
"""Terms of an unknown that are found by themselves: each costs set-up and a column of the Jacobian."""
EDGE = 1e-9
"""Points this close to a shape, relative to its size, lie on its edge."""


@dataclass(frozen=True)
class Pole:
    """A term c log(r / R), or c (R / r)^order cos(order theta), with an unknown factor c: `Pole(at=(0, 0), order=2)`.

    A harmonic function around holes is one that goes on smoothly over them and such terms in each of them. Those of other
    equations that begin with the Laplacian are close to these.

    Attributes:
        at: the point; outside the domain.
        order: of the pole, 0 for the logarithm.
        odd: with the sine instead of the cosine.
        radius: R, the distance at which the term is of size 1, or the logarithm 0.
        unknown: of which unknown; the first one without it.
        start: what the training of c begins with.

    Source:
        Axler (1986), American Mathematical Monthly 93, 246 (logarithmic conjugation theorem).
    """

    at: tuple[float, float]
    order: int = 0
    odd: bool = False
    radius: float = 1.0
    unknown: str | None = None
    start: float = 0.0

    def __post_init__(self) -> None:
        if np.shape(self.at) != (2,) or not np.isfinite(np.asarray(self.at, float)).all():
            raise ValueError(f"`at` must be a point (x, y) of two finite numbers, got {self.at!r}.")
        if self.order != int(self.order) or self.order < 0:
            raise ValueError(f"`order` must be a whole number, 0 (the logarithm) or above, got {self.order!r}.")
        if self.odd and not self.order:
            raise ValueError("`odd` must be False with order 0: a logarithm has no angle. Give an order of 1 or above.")
        if not 0 < self.radius < np.inf:
            raise ValueError(f"`radius` must be above 0 and finite, got {self.radius}: it is a length.")

    def expression(self, problem: Problem) -> sp.Expr:
        """The function, without its factor.

        Raises:
            ValueError: for a domain that is no plane shape, or a point in it.
        """
        domain = problem.domain
        if domain.time_name or len(domain.space_names) != 2:
            raise ValueError(f"`singularities` must be empty on {domain!r}: poles belong to plane shapes without time.")
        if domain.region.contains(np.array([self.at], float), EDGE * domain.region.size)[0]:
            raise ValueError(
                f"`at` must lie outside of the domain, as in a hole, got {self.at}: the term is infinite there."
            )
        x, y = ((c - sp.Float(p)) / sp.Float(self.radius) for c, p in zip(domain.coordinates, self.at, strict=False))
        square = x**2 + y**2
        if not self.order:
            return sp.log(square) / 2
        angle = self.order * sp.atan2(y, x)
        return square ** sp.Rational(-self.order, 2) * (sp.sin(angle) if self.odd else sp.cos(angle))


def poles_of(problem: Problem, name: str) -> Iterator[Pole]:
    """The logarithm and the lowest poles in the holes of a plane shape, fewer where there are many holes."""
    holes = list(holes_of(problem.domain))
    order = min(ORDER, (MOST // len(holes) - 1) // 2) if holes else 0
    for place, radius in holes[:MOST]:
        yield Pole(place, radius=radius, unknown=name)
        for n in range(1, order + 1):
            yield from (Pole(place, n, odd, radius, name) for odd in (False, True))
