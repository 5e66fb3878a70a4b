"""Solutions that are even or odd about the middle of a coordinate: half of what a network would have to learn.

Where an equation and its data stay the same when they are mirrored, so does their solution, if there is only one. A
network that sees the square of the distance from the middle is even whatever its weights are; its product with that
distance is odd. Polynomials of the square have twice the degree: Burgers' equation ends one to three digits lower.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from itertools import product
from typing import TYPE_CHECKING, Any, NoReturn
from zlib import crc32

import numpy as np
import sympy as sp

from .conditions import AtPoints, Interior, Over, Seam, Term
from .expression import numeric
from .geometry import Domain, Face, Piece, PointSet
from .sampling import Uniform
from .symbols import Parameter, orders_of

if TYPE_CHECKING:
    from .problem import Problem

PARITIES = {"even": 1, "odd": -1}
POINTS = 64
"""At which mirror images are compared."""
TOLERANCE, ROUNDING = 1e-9, 1e-13
"""What may be missing, and how much more per size of the middle of a coordinate beside its half length."""
SEED = 3
MOST_TRIED = 3
"""Unknowns of which all combinations of parities are tried."""

Parities = dict[str, dict[str, int]]
"""Coordinate to unknown to 1 where it is even and -1 where it is odd."""


def parities_of(problem: Problem) -> Parities:
    """What `problem.symmetric` says, read and checked against the names of the problem.

    Raises:
        ValueError: for anything but coordinates of space with "even" or "odd", for all unknowns or for each of them, and
            for coordinates on a logarithmic scale.
    """
    given, space, unknowns = problem.symmetric, problem.domain.space_names, list(problem.unknown)
    if not isinstance(given, Mapping):
        raise ValueError(f"`symmetric` must be a dict such as {{'{space[0]}': 'odd'}}, got {given!r}.")
    found: Parities = {}
    for axis, words in given.items():
        if axis not in space:
            raise ValueError(f"`symmetric` must name coordinates of space ({', '.join(space)}), got {axis!r}.")
        if axis in problem.logarithmic:
            raise ValueError(
                f"`symmetric` must not name {axis!r}, which `logarithmic` names: a logarithm has no middle."
            )
        by_name = dict(words) if isinstance(words, Mapping) else dict.fromkeys(unknowns, words)
        if set(by_name) != set(unknowns) or any(word not in list(PARITIES) for word in by_name.values()):
            raise ValueError(
                f"`symmetric` must say 'even' or 'odd' of all unknowns ({', '.join(unknowns)}) in {axis}, got {words!r}."
            )
        found[axis] = {name: PARITIES[by_name[name]] for name in unknowns}
    return found


def check_symmetry(problem: Problem) -> None:
    """Refuse what `problem.symmetric` says if an equation or a condition is none any more when it is mirrored.

    Measurements are not looked at.

    Raises:
        ValueError: with what changes and by how much.
    """
    for axis in problem.parities:
        if problem.materials or problem.eigenvalue:
            what = "materials" if problem.materials else "an eigenvalue, whose functions differ in their symmetry"
            raise ValueError(f"`symmetric` must be empty for a problem with {what}: take '{axis}' out.")
        for term in problem.terms:
            if not isinstance(term.place, (AtPoints, Seam)):
                for points, partners in _opposite(problem, axis, term):
                    _check_term(problem, axis, term, points, partners)
        for name, e in (problem.exact_solution or {}).items():
            if not e.atoms(Parameter):
                _check_function(problem, axis, name, e, f"`exact` of {name}")


def found_symmetries(problem: Problem) -> dict[str, str | dict[str, str]]:
    """What `problem.symmetric` could say beside what it says, for boxes of one material without measurements.

    One parity per coordinate, as the attribute takes it: the solution is symmetric if it is the only one.
    """
    unknowns = list(problem.unknown)
    left_out = not problem.domain.is_box or problem.materials or problem.eigenvalue or problem.has_data
    if left_out or len(unknowns) > MOST_TRIED:
        return {}
    found: dict[str, str | dict[str, str]] = {}
    for axis in problem.domain.space_names:
        if axis in problem.parities or axis in problem.logarithmic:
            continue
        for words in product(PARITIES, repeat=len(unknowns)):
            tried: Any = copy(problem)
            tried.symmetric = {axis: dict(zip(unknowns, words, strict=True))}
            try:
                check_symmetry(tried)
            except ValueError:
                continue
            found[axis] = words[0] if len(set(words)) == 1 else tried.symmetric[axis]
            break
    return found


def parity_factor(problem: Problem, name: str, periodic: tuple[str, ...]) -> sp.Expr:
    """What the even output of the network is multiplied by for an unknown that is odd in some coordinates."""
    odd = [axis for axis, parities in problem.parities.items() if parities[name] < 0]
    return sp.Mul(*[_from_middle(problem.domain, axis, ring=axis in periodic) for axis in odd])


def check_trial(problem: Problem, name: str, form: sp.Expr) -> None:
    """Refuse a trial solution that is not symmetric although the network's part is: its lift or its mask is not.

    Args:
        problem: whose symmetry counts.
        name: of the unknown.
        form: with a symmetric stand-in for the network.

    Raises:
        ValueError: with the coordinate and the difference.
    """
    for axis in problem.parities:
        _check_function(problem, axis, name, form, f"what is built in for {name} (with hard=False less is)")


def _from_middle(domain: Domain, axis: str, *, ring: bool) -> sp.Expr:
    """An odd function about the middle of a coordinate, from -1 to 1: linear, or a sine where the coordinate goes round."""
    x, (lo, hi) = domain.coordinate(axis), domain.exact_bounds[axis]
    scaled = (2 * x - lo - hi) / (hi - lo)
    return sp.sin(sp.pi * scaled) if ring else scaled


# -------------------------------------------------------------------- what holds at the mirrored points


def _opposite(problem: Problem, axis: str, term: Term) -> Iterator[tuple[PointSet, list[Term]]]:
    """Points at which a term holds, and the terms of its kind that hold at their mirror images."""
    domain, like = problem.domain, [t for t in problem.terms if type(t.place) is type(term.place)]
    if not _faces(term):
        place = Interior(domain) if isinstance(term.place, Over) else term.place
        yield place.sample(POINTS, Uniform(SEED))[0], [t for t in like if not _faces(t)]
        return
    for face in _faces(term):
        points = domain.sample_face(face, POINTS, Uniform(SEED))
        for there, chosen in _faces_of_images(problem, axis, face, points):
            yield points.at(chosen), [t for t in like if there in _faces(t)]


def _faces(term: Term) -> Sequence[Face | Piece]:
    """The sides or pieces that a term holds on; none if it holds inside or at the start."""
    part = getattr(term.place, "part", None)
    return [] if part is None else part.faces


def _faces_of_images(
    problem: Problem, axis: str, face: Face | Piece, points: PointSet
) -> Iterator[tuple[Face | Piece, np.ndarray]]:
    """The sides or pieces on which the mirror images of points lie, and which of them do."""
    domain = problem.domain
    if isinstance(face, Face):
        yield Face(axis, upper=not face.upper) if face.axis == axis else face, np.ones(len(points), bool)
        return
    assert domain.shape is not None
    images = _image(domain, axis, points)
    x = np.stack([images.columns[name] for name in domain.shape.names], axis=1)
    distances = np.stack([piece.distance(x) for piece in domain.shape.pieces])
    if distances.min(axis=0).max() > TOLERANCE * domain.shape.size:
        _refuse(problem, f"the domain, whose '{face.name}' has no mirror image")
    nearest = distances.argmin(axis=0)
    for number in np.unique(nearest):
        yield domain.shape.pieces[number], nearest == number


def _check_term(problem: Problem, axis: str, term: Term, points: PointSet, partners: Sequence[Term]) -> None:
    """A mirrored term must be one of those that hold there or its negative, whatever values the unknowns have."""
    images = _image(problem.domain, axis, points)
    mirrored = [_value(problem, term, points, axis, scale) for scale in (1.0, 0.0)]
    gaps = []
    for partner in partners:
        there = [_value(problem, partner, images, None, scale) for scale in (1.0, 0.0)]
        for sign in (1, -1):
            pairs = [(a, sign * b) for a, b in zip(mirrored, there, strict=True) if a is not None and b is not None]
            gaps.append(max((_difference(a, b) for a, b in pairs), default=np.inf))
    if not min(gaps, default=np.inf) <= _tolerance(problem.domain, axis):
        found = f", which differs by {min(gaps):.2g} when it is mirrored" if gaps else ", which has no mirror image"
        _refuse(problem, f"'{term.name}'{found}")


def _value(problem: Problem, term: Term, points: PointSet, axis: str | None, scale: float) -> np.ndarray | None:
    """A term with random values for the unknowns, their derivatives and unknown numbers; None where it is not finite.

    Args:
        problem: what the term belongs to.
        term: what is evaluated.
        points: where.
        axis: of the mirror; None for the values themselves.
        scale: factor on the unknowns and their derivatives; with 0 the data are left.
    """
    domain, columns, tokens = problem.domain, dict(points.known), dict[sp.Expr, sp.Expr]()
    halves = [(hi - lo) / 2 for lo, hi in domain.bounds.values()]
    for atom in _jet(problem, term.expression):
        name, orders = str((atom.expr if isinstance(atom, sp.Derivative) else atom).func), _orders(domain, atom)
        sign = 1 if axis is None else problem.parities[axis][name] * (-1) ** orders[domain.names.index(axis)]
        size = scale * sign / np.prod([half**k for half, k in zip(halves, orders, strict=True)])
        tokens[atom] = token = sp.Symbol(f"token_{len(tokens)}", real=True)
        columns[token.name] = size * _numbers(f"{name}{orders}")[: len(points)]
    numbers = {s: sp.Float(_numbers(s.name)[0]) for s in term.expression.atoms(Parameter)}
    try:
        return numeric(term.expression.xreplace(tokens).xreplace(numbers), columns)
    except ValueError:
        return None


def _jet(problem: Problem, expression: sp.Expr) -> list[sp.Expr]:
    """The unknowns and their derivatives that occur."""
    unknowns = list(problem.unknown.values())
    derivatives = [d for d in expression.atoms(sp.Derivative) if d.expr in unknowns]
    return [*derivatives, *(u for u in unknowns if expression.has(u))]


def _orders(domain: Domain, atom: sp.Expr) -> tuple[int, ...]:
    return orders_of(atom, domain.coordinates) if isinstance(atom, sp.Derivative) else (0,) * domain.dimension


def _numbers(key: str) -> np.ndarray:
    """The same positive numbers whenever they are asked for by the same name, one per point."""
    return np.random.default_rng(crc32(key.encode())).uniform(0.5, 1.5, POINTS)


def _check_function(problem: Problem, axis: str, name: str, expression: sp.Expr, what: str) -> None:
    """A function of the coordinates must have the parity of an unknown."""
    points = problem.domain.sample(POINTS, Uniform(SEED))
    value = numeric(expression, points.known)
    image = numeric(expression, _image(problem.domain, axis, points).known)
    gap = _difference(problem.parities[axis][name] * image, value)
    if not gap <= _tolerance(problem.domain, axis):
        _refuse(problem, f"{what}, which differs by {gap:.2g} when it is mirrored")


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference beside the larger size."""
    size = max(float(np.abs(a).max()), float(np.abs(b).max()))
    return float(np.abs(a - b).max()) / size if size else 0.0


def _tolerance(domain: Domain, axis: str) -> float:
    """Coordinates far from 0 have fewer digits left for where they are in their range."""
    lo, hi = domain.bounds[axis]
    return TOLERANCE + ROUNDING * abs(lo + hi) / (hi - lo)


def _image(domain: Domain, axis: str, points: PointSet) -> PointSet:
    """The mirrored points, with the mirrored normals."""
    lo, hi = domain.bounds[axis]
    normal = f"n_{axis}"
    extras = {name: -values if name == normal else values for name, values in points.extras.items()}
    return PointSet({**points.columns, axis: lo + hi - points.columns[axis]}, extras)


def _refuse(problem: Problem, what: str) -> NoReturn:
    raise ValueError(f"`symmetric` = {dict(problem.symmetric)} does not fit {what}: correct one of the two.")
