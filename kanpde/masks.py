"""Functions of the coordinates that vanish on chosen parts of a boundary and nowhere else in the domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp

from .expression import numeric
from .geometry import Depth, Domain, Face, Piece, conjunction, trimmed
from .sampling import Sobol, Uniform

LOOKS = 65
"""Points of a piece at which a function is seen to vanish there."""
INSIDE = 256
ZERO = 1e-9
"""Of a function that vanishes, in sizes of the domain."""


def mask(domain: Domain, faces: Sequence[Face | Piece]) -> sp.Expr:
    """Zero on the given sides or pieces, positive elsewhere, about 1 at most; 1 if there are none.

    A product of as few and as smooth functions as there are: of those that bound the domain where that suffices, else
    of one per piece that is singular at the ends of the piece.

    Raises:
        ValueError: for a piece without a formula, such as one of a triangulated surface.
    """
    found = [_scaled(f, domain) for f in _functions(domain, faces)]
    return sp.Mul(*found)


def depth(domain: Domain, faces: Sequence[Face | Piece]) -> sp.Expr:
    """Zero on the given sides or pieces with slope 1 along the inner normal, positive elsewhere: a smooth distance.

    Raises:
        ValueError: as `mask`.

    Source:
        Rvachev, Sheiko (1995), Applied Mechanics Reviews 48, 151.
    """
    return conjunction(*_functions(domain, faces))


def _functions(domain: Domain, faces: Sequence[Face | Piece]) -> list[sp.Expr]:
    """Normalised functions that together vanish on the faces alone."""
    if domain.shape is None:
        return [_side(domain, face) for face in faces if isinstance(face, Face)]
    symbols = {s: domain.coordinate(s.name) for s in domain.shape.symbols}
    columns = {id(p): _columns(domain, p) for p in domain.shape.pieces}
    wanted, covered = {id(f) for f in faces}, set[int]()
    found: list[sp.Expr] = []

    def zero_on(function: sp.Expr) -> set[int]:
        reach = ZERO * domain.shape.size  # type: ignore[union-attr]
        return {key for key, points in columns.items() if np.abs(numeric(function, points)).max() < reach}

    for factor in domain.shape.factors:
        if factor.has(Depth):
            continue
        function = factor.xreplace(symbols)
        there = zero_on(function)
        if there and there <= wanted and not there <= covered:
            found.append(function)
            covered |= there
    for piece in faces:
        if isinstance(piece, Piece) and id(piece) not in covered:
            found.append(_own(domain, piece, symbols, zero_on))
            covered.add(id(piece))
    return found


def _side(domain: Domain, face: Face) -> sp.Expr:
    x, (lo, hi) = domain.coordinate(face.axis), domain.exact_bounds[face.axis]
    return hi - x if face.upper else x - lo


def _own(
    domain: Domain, piece: Piece, symbols: dict[sp.Symbol, sp.Symbol], zero_on: Callable[[sp.Expr], set[int]]
) -> sp.Expr:
    """A function of one piece: its line or surface where that does not meet the domain again, else only its part."""
    if piece.level is None:
        raise ValueError(
            f"`hard=True` cannot be built on '{piece.name}', which has no formula: make the condition a penalty."
        )
    level = piece.level.xreplace(symbols)
    inside = numeric(level, domain.sample(INSIDE, Sobol(1)).columns)
    if inside.min() > 0 and zero_on(level) == {id(piece)}:
        return level
    if piece.trim is None:
        raise ValueError(
            f"`hard=True` cannot be built on '{piece.name}' alone, which meets other parts smoothly: "
            "give those a condition of the same kind, or make this one a penalty."
        )
    if piece.trim.has(Depth):
        raise ValueError(
            f"`hard=True` cannot be built on '{piece.name}', which a shape without a formula cuts: "
            "make the condition a penalty."
        )
    return trimmed(level, piece.trim.xreplace(symbols))


def _columns(domain: Domain, piece: Piece) -> dict[str, np.ndarray]:
    """Points of a piece, at any time: what bounds a shape does not depend on it."""
    points = domain.sample_face(piece, LOOKS, Uniform(3))
    return {name: points.columns[name] for name in domain.space_names}


def _scaled(function: sp.Expr, domain: Domain) -> sp.Expr:
    if domain.shape is None:
        return function
    largest = float(numeric(function, domain.sample(INSIDE, Sobol(1)).columns).max())
    return function / sp.Float(largest, 3)
