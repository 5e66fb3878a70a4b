"""Solutions that are even or odd about the middle of a coordinate: half of what a network would have to learn.

Where an equation and its data stay the same when they are mirrored, so does their solution, if there is only one. A
network that sees the square of the distance from the middle is even whatever its weights are; its product with that
distance is odd. Polynomials of the square have twice the degree, and Gauss-Newton comes two to three digits lower.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from .conditions import Condition, Dirichlet, Initial, Neumann, Robin
from .expression import numeric
from .geometry import Domain, Face, PointSet
from .sampling import Uniform
from .symbols import Parameter, orders_of

if TYPE_CHECKING:
    from .problem import Problem

PARITIES = {"even": 1, "odd": -1}
POINTS, INSIDE, TOLERANCE = 64, 4096, 1e-9
"""At which values are compared, and which must not leave a shape when they are mirrored; what counts as rounding."""

Parities = dict[str, dict[str, int]]
"""Coordinate to unknown to 1 where it is even and -1 where it is odd."""


def parities_of(problem: Problem) -> Parities:
    """What `problem.symmetric` says, read and checked against the names of the problem.

    Raises:
        ValueError: for anything but coordinates of space with "even" or "odd", for all unknowns or for each of them.
    """
    given, space, unknowns = problem.symmetric, problem.domain.space_names, list(problem.unknown)
    if not isinstance(given, Mapping):
        raise ValueError(f"`symmetric` must be a dict such as {{'{space[0]}': 'odd'}}, got {given!r}.")
    found: Parities = {}
    for axis, words in given.items():
        if axis not in space:
            raise ValueError(f"`symmetric` must name coordinates of space ({', '.join(space)}), got {axis!r}.")
        by_name = dict(words) if isinstance(words, Mapping) else dict.fromkeys(unknowns, words)
        if set(by_name) != set(unknowns) or not set(by_name.values()) <= set(PARITIES):
            raise ValueError(
                f"`symmetric` must say 'even' or 'odd' of all unknowns ({', '.join(unknowns)}) in {axis}, got {words!r}."
            )
        found[axis] = {name: PARITIES[by_name[name]] for name in unknowns}
    return found


def check_symmetry(problem: Problem) -> None:
    """Refuse what `problem.symmetric` says if the equations or the data do not stay the same when mirrored.

    Values on the boundary of a shape that is no box are left to the check of the trial solution.

    Raises:
        ValueError: with what changes and by how much.
    """
    for axis, parities in problem.parities.items():
        if problem.materials or problem.eigenvalue:
            what = "materials" if problem.materials else "an eigenvalue, whose functions differ in their symmetry"
            raise ValueError(f"`symmetric` must be empty for a problem with {what}: take '{axis}' out.")
        _check_shape(problem.domain, axis)
        for name, expression in problem.equations.items():
            _check_equation(problem, axis, parities, name, expression)
        for condition in problem.condition_list:
            if isinstance(condition, Initial):
                _check_values(
                    problem, axis, parities, condition, condition, problem.domain.sample_start(POINTS, Uniform(3))
                )
            elif isinstance(condition, (Dirichlet, Neumann, Robin)) and problem.domain.is_box:
                _check_faces(problem, axis, parities, condition)
        for name, e in (problem.exact_solution or {}).items():
            if not e.atoms(Parameter):
                gap = _gap(problem.domain, axis, e, e, parities[name], problem.domain.sample(POINTS, Uniform(3)))
                _refuse(axis, gap, f"`exact` of {name}")


def from_middle(domain: Domain, axis: str, *, ring: bool) -> sp.Expr:
    """An odd function about the middle of a coordinate, from -1 to 1: linear, or a sine where the coordinate goes round."""
    x, (lo, hi) = domain.coordinate(axis), domain.exact_bounds[axis]
    scaled = (2 * x - lo - hi) / (hi - lo)
    return sp.sin(sp.pi * scaled) if ring else scaled


def parity_factor(problem: Problem, name: str, periodic: tuple[str, ...]) -> sp.Expr:
    """What the even output of the network is multiplied by for an unknown that is odd in some coordinates."""
    odd = [axis for axis, parities in problem.parities.items() if parities[name] < 0]
    return sp.Mul(*[from_middle(problem.domain, axis, ring=axis in periodic) for axis in odd])


def check_trial(problem: Problem, name: str, form: sp.Expr) -> None:
    """Refuse a trial solution that is not symmetric although the network's part is: its lift is not.

    Args:
        problem: whose symmetry counts.
        name: of the unknown.
        form: with a symmetric stand-in for the network.

    Raises:
        ValueError: with the coordinate and the difference.
    """
    for axis, parities in problem.parities.items():
        gap = _gap(problem.domain, axis, form, form, parities[name], problem.domain.sample(POINTS, Uniform(3)))
        _refuse(axis, gap, f"what is built in for {name}")


def _check_shape(domain: Domain, axis: str) -> None:
    if domain.formula is None:
        return
    points = _mirrored(domain, axis, domain.sample(INSIDE, Uniform(3)))
    inside = numeric(domain.formula, points.known)
    if inside.min() < -TOLERANCE * np.abs(inside).max():
        raise ValueError(
            f"`symmetric` must name coordinates that the domain is symmetric in, got '{axis}': take it out."
        )


def _check_equation(problem: Problem, axis: str, parities: dict[str, int], name: str, expression: sp.Expr) -> None:
    """An equation must become itself or its negative, whatever values its unknowns and their derivatives have."""
    original, mirrored = {}, {}
    rng = np.random.default_rng(4)
    columns = dict(problem.domain.sample(POINTS, Uniform(3)).known)
    place = problem.domain.names.index(axis)
    atoms = [d for d in expression.atoms(sp.Derivative) if d.expr in problem.unknown.values()]
    for number, atom in enumerate([*atoms, *problem.unknown.values()]):
        base = atom.expr if isinstance(atom, sp.Derivative) else atom
        order = orders_of(atom, problem.domain.coordinates)[place] if isinstance(atom, sp.Derivative) else 0
        token = sp.Symbol(f"token_{number}", real=True)
        columns[token.name] = rng.normal(size=POINTS)
        original[atom], mirrored[atom] = token, parities[str(base.func)] * (-1) ** order * token
    starts = {s: sp.Float(s.initial) for s in expression.atoms(Parameter)}
    x = problem.domain.coordinate(axis)
    before = numeric(expression.xreplace(original).xreplace(starts), columns)
    after = numeric(expression.xreplace(mirrored).xreplace({**starts, x: _image(problem.domain, axis)}), columns)
    gap = min(float(np.abs(after - sign * before).max()) for sign in (1, -1))
    _refuse(axis, gap / max(1.0, float(np.abs(before).max())), f"the equation '{name}'")


def _check_faces(problem: Problem, axis: str, parities: dict[str, int], condition: Condition) -> None:
    """On the side opposite to that of a condition, the same kind of condition must give the mirrored values."""
    domain = problem.domain
    for face in domain.boundary(condition.on).faces:
        assert isinstance(face, Face)
        opposite = Face(axis, upper=not face.upper) if face.axis == axis else face
        there = [
            c for c in problem.condition_list if type(c) is type(condition) and opposite in domain.boundary(c.on).faces
        ]
        partner = next((c for c in there if set(condition.values) <= set(c.values)), None)
        if partner is None:
            raise ValueError(
                f"`symmetric` in {axis} does not fit {condition!r}: there is no such condition on the opposite side."
            )
        _check_values(problem, axis, parities, condition, partner, domain.sample_face(face, POINTS, Uniform(3)))


def _check_values(
    problem: Problem,
    axis: str,
    parities: dict[str, int],
    condition: Condition,
    partner: Condition,
    points: PointSet,
) -> None:
    for name, value in condition.values.items():
        pair = value, partner.values[name]
        if all(isinstance(v, sp.Expr) and not v.atoms(Parameter, *map(type, problem.unknown.values())) for v in pair):
            gap = _gap(problem.domain, axis, *pair, parities[name], points)
            _refuse(axis, gap, repr(condition))


def _gap(domain: Domain, axis: str, here: sp.Expr, there: sp.Expr, sign: int, points: PointSet) -> float:
    """By how much values differ from those at the mirrored points, beside the larger of their size and 1."""
    value = numeric(here, points.known)
    image = numeric(there, _mirrored(domain, axis, points).known)
    return float(np.abs(image - sign * value).max()) / max(1.0, float(np.abs(value).max()))


def _mirrored(domain: Domain, axis: str, points: PointSet) -> PointSet:
    lo, hi = domain.bounds[axis]
    return PointSet({**points.columns, axis: lo + hi - points.columns[axis]}, points.extras)


def _image(domain: Domain, axis: str) -> sp.Expr:
    lo, hi = domain.exact_bounds[axis]
    return lo + hi - domain.coordinate(axis)


def _refuse(axis: str, gap: float, what: str) -> None:
    if not gap <= TOLERANCE:
        raise ValueError(
            f"`symmetric` in {axis} does not fit {what}, which differs from its mirror image by {gap:.2g}."
        )
