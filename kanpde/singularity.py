"""What solutions are known to do at corners and in holes: functions that a smooth network cannot follow, or is slow to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from .conditions import Dirichlet, Neumann, Robin
from .geometry import Piece
from .geometry.corners import Corner, corners_of
from .poles import Pole, poles_of
from .symbols import Coordinate, Parameter

if TYPE_CHECKING:
    from .problem import Problem

SINGULAR = "singular_"
"""What the names of factors begin with."""
SMOOTH = 5.0
"""Exponents from here on are left to the network."""
NEARLY_STRAIGHT = np.radians(15)
"""Corners this close to half a turn, as outlines of many vertices have them, get no terms by themselves."""
MOST = 24
"""Terms that are found by themselves, those of the lowest exponents: each costs set-up and a column of the Jacobian."""
WHOLE = 1e-9
TINY = 1e-150
"""Keeps the logarithm finite at the corner, where its factor vanishes."""


@dataclass(frozen=True)
class Singular:
    """A term c r^exponent f(exponent theta) of the solution with an unknown factor c: `Singular(at=(0, 0), exponent=2/3)`.

    theta is measured from the right side of the corner, where the shape begins counterclockwise; f is the sine if the
    value is given there and the cosine if the slope is.

    Attributes:
        at: the point; a corner of the domain.
        exponent: power of the distance from it, above 0.
        logarithmic: r^exponent (log r f + theta f') instead, with a whole exponent, which solutions have where
            r^exponent f is smooth; less a polynomial, so that it vanishes on the sides where values are given.
        unknown: of which unknown; the first one without it.
        start: what the training of c begins with.

    Source:
        Grisvard (1985), Elliptic Problems in Nonsmooth Domains; Strang, Fix (1973), An Analysis of the Finite Element
        Method, ch. 8 (corner functions among trial functions).
    """

    at: tuple[float, float]
    exponent: float
    logarithmic: bool = False
    unknown: str | None = None
    start: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.exponent < np.inf:
            raise ValueError(f"`exponent` must be above 0 and finite, got {self.exponent}: the solution is bounded.")

    def corner(self, problem: Problem) -> Corner:
        """The corner that it belongs to.

        Raises:
            ValueError: for a point that is no corner of the domain.
        """
        return _corner_at(problem, self.at)

    def expression(self, problem: Problem) -> sp.Expr:
        """The function, without its factor.

        Raises:
            ValueError: for a point that is no corner of the domain.
        """
        corner, name = self.corner(problem), self.unknown or next(iter(problem.unknown))
        odd = _gives_value(problem, corner.right, name)
        found = corner_function(
            corner, problem.domain.coordinates, self.exponent, odd=odd, logarithmic=self.logarithmic
        )
        turn = self.exponent * corner.opening
        rise = corner.opening * (np.cos(turn) if odd else -np.sin(turn))
        if not self.logarithmic or abs(rise) < WHOLE or abs(np.sin(corner.opening)) < WHOLE:
            return found
        x, y = _offsets(corner, problem.domain.coordinates)
        start = corner.bisector - corner.opening / 2
        height = (_exact(np.cos(start)) * y - _exact(np.sin(start)) * x) / _exact(np.sin(corner.opening))
        return found - sp.Float(rise) * height ** round(self.exponent)


def corner_function(
    corner: Corner, coordinates: Sequence[Coordinate], exponent: float, *, odd: bool = True, logarithmic: bool = False
) -> sp.Expr:
    """A harmonic function of r and theta at a corner.

    Args:
        corner: theta is measured from its right side.
        coordinates: of the plane, first.
        exponent: power of r.
        odd: r^exponent sin(exponent theta); with the cosine otherwise.
        logarithmic: what that becomes next to, r^exponent (log r sin + theta cos), with a whole exponent.
    """
    x, y = _offsets(corner, coordinates)
    cos, sin = _exact(np.cos(corner.bisector)), _exact(np.sin(corner.bisector))
    r = sp.sqrt(x**2 + y**2)
    theta = sp.atan2(cos * y - sin * x, cos * x + sin * y) + sp.Float(corner.opening / 2)
    value, slope, sign = (sp.sin, sp.cos, 1) if odd else (sp.cos, sp.sin, -1)
    power = sp.Float(exponent)
    if not logarithmic:
        return r**power * value(power * theta)
    return r**power * (sp.log(r + TINY) * value(power * theta) + sign * theta * slope(power * theta))


def _offsets(corner: Corner, coordinates: Sequence[Coordinate]) -> tuple[sp.Expr, sp.Expr]:
    x, y = (c - sp.Float(p) for c, p in zip(coordinates[:2], corner.point, strict=True))
    return x, y


def singular_terms(problem: Problem) -> dict[str, list[tuple[Parameter, sp.Expr, Singular | Pole]]]:
    """Unknown to the singular terms of its solution: a factor to be found, and the function.

    They are those that the problem names, or else those of a plane shape that is no box, if the equations are steady and
    begin with the Laplacian of their unknowns: at corners with straight sides, the strongest where there are many, and
    in holes, unless the solution is symmetric.
    """
    listed = _found(problem) if problem.singularities is None else problem.singularities
    terms: dict[str, list[tuple[Parameter, sp.Expr, Singular | Pole]]] = {}
    for term in listed:
        name = term.unknown or next(iter(problem.unknown))
        if name not in problem.unknown:
            raise ValueError(f"`unknown` of {term} must be one of {', '.join(problem.unknown)}.")
        own = terms.setdefault(name, [])
        own.append((Parameter(term.start, f"{SINGULAR}{name}_{len(own) + 1}"), term.expression(problem), term))
    return terms


def _found(problem: Problem) -> list[Singular | Pole]:
    domain = problem.domain
    if domain.is_box or domain.time_name or len(domain.space_names) != 2:
        return []
    names = [name for name in problem.unknown if _begins_with_laplacian(problem, name)]
    bent = [
        corner
        for corner in corners_of(domain.region)
        if abs(corner.opening - np.pi) > NEARLY_STRAIGHT and is_straight(corner.right) and is_straight(corner.left)
    ]
    at_corners = [s for name in names for corner in bent for s in _of_corner(problem, corner, name)]
    in_holes = [] if problem.parities else [pole for name in names for pole in poles_of(problem, name)]
    return [*sorted(at_corners, key=lambda s: s.exponent)[:MOST], *in_holes]


def _of_corner(problem: Problem, corner: Corner, name: str) -> Iterator[Singular]:
    """K pi / opening, or (k - 1/2) pi / opening where a value and a slope meet; with a logarithm where that is whole."""
    kinds = [_gives_value(problem, piece, name) for piece in (corner.right, corner.left)]
    shift = 0.0 if kinds[0] == kinds[1] else 0.5
    step = np.pi / corner.opening
    for k in range(1, int(SMOOTH / step) + 2):
        exponent = (k - shift) * step
        whole = abs(exponent - round(exponent)) < WHOLE
        if exponent < SMOOTH and not (whole and exponent < 1.5):
            yield Singular(corner.point, round(exponent) if whole else exponent, whole, name)


def is_straight(piece: Piece) -> bool:
    """Whether a piece of a boundary lies on a line."""
    level = piece.level
    return level is not None and bool(level.is_polynomial()) and sp.total_degree(level) == 1


def _gives_value(problem: Problem, piece: object, name: str) -> bool:
    """Whether the value is given on a piece, and not the slope."""
    for condition in problem.condition_list:
        local = isinstance(condition, (Dirichlet, Neumann, Robin)) and name in condition.values
        if local and piece in problem.domain.boundary(condition.on).faces:
            return isinstance(condition, Dirichlet)
    return True


def _begins_with_laplacian(problem: Problem, name: str) -> bool:
    """Whether the highest derivatives of an unknown form a multiple of its Laplacian, in one equation alone."""
    u = problem.unknown[name]
    holding = [e for e in problem.equations.values() if any(d.expr == u for d in e.atoms(sp.Derivative))]
    orders = {k: v for k, v in problem.orders.items() if k[0] == name}
    if len(holding) != 1 or max(orders.values()) != 2:
        return False
    x, y = problem.domain.coordinates[:2]
    pure = [holding[0].expand().coeff(sp.diff(u, c, 2)) for c in (x, y)]
    return pure[0] != 0 and sp.simplify(pure[0] - pure[1]) == 0 and not holding[0].has(sp.diff(u, x, y))


def _corner_at(problem: Problem, at: tuple[float, float]) -> Corner:
    corners = corners_of(problem.domain.region)
    for corner in corners:
        if np.allclose(corner.point, at, atol=1e-7 * problem.domain.region.size):
            return corner
    places = ", ".join(f"({c.point[0]:g}, {c.point[1]:g})" for c in corners) or "none"
    raise ValueError(f"`at` must be a corner of the domain, got {at}: its corners are {places}.")


def _exact(number: float) -> sp.Expr:
    """Sines and cosines of simple angles without their rounding."""
    root = sp.sqrt(2) / 2
    simple = {0.0: sp.Integer(0), 1.0: sp.Integer(1), -1.0: sp.Integer(-1), float(root): root, -float(root): -root}
    return next((v for k, v in simple.items() if abs(number - k) < 1e-12), sp.Float(number))
