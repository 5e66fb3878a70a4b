"""From equations that vanish at points to forms that vanish when tested: integration by parts, done symbolically."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import sympy as sp

from .conditions import AtPoints, AtStart, Dirichlet, Interface, OnBoundary, Over, Periodic, Term, normal
from .geometry import Face, Piece
from .materials import cases_of
from .pairing import owners_of
from .problem import Problem
from .symbols import Coordinate, orders_of

Place = Face | Piece
"""A side of a box or a piece of the boundary of a shape."""

ZERO = 1e-9
"""Below which a number is a rounding error."""
PROBE = sp.Rational(5, 7)
"""Where it is seen that two expressions differ; nothing is special about it."""


@dataclass(frozen=True)
class WeakForm:
    """What a solution satisfies for all test functions v: `sum_k int inside[k] v_k + flux[k] . grad v_k + boundary = 0`.

    Attributes:
        inside: unknown to what is multiplied by its test function; has first derivatives at most.
        flux: unknown to the vector that is multiplied by the gradient of its test function.
        essential: unknown to its values on pieces of the boundary, where its test function vanishes.
        natural: unknown to what is multiplied by its test function on other pieces; has tangential derivatives at most.
        pressures: unknowns without second derivatives, whose equation is that of mass.
        loose: unknowns of which only derivatives occur, fixed up to a constant.
        between: unknown to what is multiplied by its test function where materials meet.
    """

    inside: dict[str, sp.Expr]
    flux: dict[str, list[sp.Expr]]
    essential: dict[str, dict[Place, sp.Expr]]
    natural: dict[str, dict[Place, sp.Expr]]
    pressures: tuple[str, ...]
    loose: tuple[str, ...]
    between: dict[str, sp.Expr]

    @property
    def expressions(self) -> list[sp.Expr]:
        """All that is integrated, and the values that are given."""
        fluxes = [p for vector in self.flux.values() for p in vector]
        around = [e for part in (self.natural, self.essential) for places in part.values() for e in places.values()]
        return [*self.inside.values(), *fluxes, *around, *self.between.values()]


@dataclass(frozen=True)
class _Split:
    """An equation `div P + rest = 0`, P linear in the gradients: its weak form and what is left on the boundary."""

    flux: list[sp.Expr]
    rest: sp.Expr


def weak_form(problem: Problem) -> WeakForm:
    """Integrate the second derivatives of a problem by parts and sort its boundary conditions.

    With the coefficients A of the second derivatives, an equation is `e = d_j (A_ij,k d_i u_k) + rest`, where rest has
    the derivatives of A and all that is of lower order. Integration by parts leaves `n . A grad u` on the boundary, from
    which a multiple of the condition there is taken, so that no normal derivative is left of it.

    Raises:
        ValueError: for an equation or a condition that does not fit.
    """
    owners = owners_of(problem)
    pressures = tuple(name for name, equation in owners.items() if not _seconds(problem, equation))
    split = {name: _split(problem, equation) for name, equation in owners.items()}
    between: dict[str, sp.Expr] = {}
    if problem.materials:
        split, between = _with_interfaces(problem, split, pressures)
    essential: dict[str, dict[Place, sp.Expr]] = {name: {} for name in problem.unknown}
    given: dict[Place, list[tuple[str, sp.Expr]]] = {}
    for condition in problem.condition_list:
        if isinstance(condition, Periodic):
            raise ValueError(f"`{condition!r}` cannot be held by finite elements here: give an exact solution.")
        for term in problem.terms_of(condition):
            if isinstance(term.place, (AtStart, AtPoints)) or is_mean(problem, term):
                continue
            if not isinstance(term.place, OnBoundary):
                raise ValueError(f"`{term.name}` does not hold on the boundary: finite elements cannot take it.")
            for place in term.place.part.faces:
                if isinstance(condition, Dirichlet):
                    name = next(n for n, u in problem.unknown.items() if term.expression.has(u))
                    if place in essential[name]:
                        raise ValueError(
                            f"`{term.name}` gives a value where another condition has given one: name the parts with `on=`."
                        )
                    essential[name][place] = problem.unknown[name] - term.expression
                else:
                    given.setdefault(place, []).append((term.name, term.expression))
    natural = _natural(problem, split, essential, given, pressures)
    loose = _loose(problem, owners, [e for listed in given.values() for _, e in listed], essential)
    for term in problem.terms:
        fixed = [n for n, u in problem.unknown.items() if n not in loose and term.expression.has(u)]
        if is_mean(problem, term) and fixed:
            raise ValueError(
                f"`{term.name}` gives the mean of {fixed[0]}, which the other conditions fix: finite elements cannot take it."
            )
    return WeakForm(
        {name: s.rest for name, s in split.items()},
        {name: [-p for p in s.flux] for name, s in split.items()},
        essential,
        natural,
        pressures,
        loose,
        between,
    )


def is_mean(problem: Problem, term: Term) -> bool:
    """Whether a term gives the mean of an unknown over the domain, which fixes its constant."""
    unknowns = problem.unknown.values()
    return (
        isinstance(term.place, Over)
        and term.place.part is None
        and any(not (term.expression - u).free_symbols for u in unknowns)
    )


def _space(problem: Problem) -> list[Coordinate]:
    return [c for c in problem.domain.coordinates if c.kind == "space"]


def _seconds(problem: Problem, equation: sp.Expr) -> dict[sp.Derivative, tuple[str, tuple[int, ...]]]:
    """Second derivatives in space that occur, with the unknown and the two coordinates, by number."""
    found = {}
    for d in sorted(equation.atoms(sp.Derivative), key=str):
        if str(d.expr.func) not in problem.unknown:
            continue
        *orders, last = orders_of(d, problem.domain.coordinates)
        in_time = last if problem.domain.time_name else 0
        orders = orders if problem.domain.time_name else [*orders, last]
        if sum(orders) > 2 or (in_time and sum(orders)) or in_time > 1:
            raise ValueError(
                f"`{d}` cannot be held by finite elements, which take second derivatives in space and a first one in time: "
                "introduce an unknown for a lower derivative."
            )
        if sum(orders) == 2:
            found[d] = (str(d.expr.func), tuple(i for i, k in enumerate(orders) for _ in range(k)))
    return found


def _split(problem: Problem, equation: sp.Expr) -> _Split:
    """The part in divergence form and the rest."""
    space, seconds = _space(problem), _seconds(problem, equation)
    tokens = {d: sp.Dummy(f"d{i}", real=True) for i, d in enumerate(seconds)}
    plain = equation.xreplace(tokens)
    rest = plain.xreplace(dict.fromkeys(tokens.values(), sp.S.Zero))
    flux: list[sp.Expr] = [sp.S.Zero for _ in space]
    for d, (name, (i, j)) in seconds.items():
        a, u = sp.diff(plain, tokens[d]), problem.unknown[name]
        if a.free_symbols & set(tokens.values()):
            raise ValueError(f"`{d}` does not occur linearly: finite elements need an equation in divergence form.")
        if any(str(f.expr.func) in problem.unknown for f in a.atoms(sp.Derivative)):
            raise ValueError(
                f"`{d}` has the coefficient {a}, which depends on derivatives of the solution: "
                "finite elements take coefficients of coordinates and unknowns."
            )
        for p, q in ((i, j), (j, i)):
            flux[q] += a / 2 * sp.diff(u, space[p])
            rest -= sp.diff(a / 2, space[q]) * sp.diff(u, space[p])
    return _Split(flux, rest)


def _natural(
    problem: Problem,
    split: Mapping[str, _Split],
    essential: Mapping[str, Mapping[Place, sp.Expr]],
    given: Mapping[Place, list[tuple[str, sp.Expr]]],
    pressures: tuple[str, ...],
) -> dict[str, dict[Place, sp.Expr]]:
    """What stands on the boundary in place of `n . P`, for every unknown without a value there."""
    found: dict[str, dict[Place, sp.Expr]] = {name: {} for name in problem.unknown}
    for place in problem.domain.faces:
        free = [n for n in problem.unknown if n not in pressures and place not in essential[n]]
        conditions = given.get(place, [])
        where = problem.domain.face_name(place)
        if len(conditions) != len(free):
            raise ValueError(
                f"`conditions` gives {len(conditions)} conditions with derivatives on {where}, where "
                f"{', '.join(free) or 'no unknown'} has no Dirichlet value: finite elements need one for each of these."
            )
        if not free:
            continue
        fluxes = sp.Matrix([_along(problem, split[name].flux) for name in free])
        terms = sp.Matrix([expression for _, expression in conditions])
        factor = _factor(problem, fluxes, terms, [name for name, _ in conditions], where)
        left = fluxes - factor * terms
        for name, expression in zip(free, left, strict=True):
            found[name][place] = expression
    return found


def _with_interfaces(
    problem: Problem, split: Mapping[str, _Split], pressures: tuple[str, ...]
) -> tuple[dict[str, _Split], dict[str, sp.Expr]]:
    """The equations divided by the fluxes that `Interface` gives, and what stands where materials meet for their jumps.

    An equation can be divided in several ways: the forces in an elastic body are the divergence of its stress, and also of
    what has the mixed derivatives in halves. The one that is continuous is the one that the condition names.
    """
    if pressures:
        raise ValueError(
            f"`{pressures[0]}` is a pressure, which jumps where materials meet: finite elements do not take it."
        )
    conditions = [c for c in problem.condition_list if isinstance(c, Interface)]
    for name in problem.unknown:
        if not any(c.values.get(name) == 0 for c in conditions):
            raise ValueError(
                f"`{name}` must be continuous where materials meet, as Interface({name}=0, ...) says: finite elements are."
            )
    given = [c for c in conditions if c.flux]
    if len(given) != len(split):
        raise ValueError(
            f"`conditions` gives {len(given)} fluxes between materials for {len(split)} unknowns: finite elements need "
            "as many, as in Interface(u=0, flux=k * grad(u))."
        )
    vectors = sp.Matrix([[problem.with_cases(f) for f in c.flux] for c in given])
    along = vectors * sp.Matrix(normal(problem.domain))
    fluxes = sp.Matrix([_along(problem, s.flux) for s in split.values()])
    names = [repr(c) for c in given]
    factors = [
        _factor(problem, fluxes.xreplace(case), along.xreplace(case), names, "the lines between materials")
        for case in _by_material(problem)
    ]
    factor = factors[0]
    if factor.free_symbols or not all(_vanishes(e) for other in factors for e in other - factor):
        raise ValueError(
            f"`{names[0]}` must have what the divergence in the equation is taken of, or a multiple that is the same in all "
            "materials: finite elements hold no other flux."
        )
    rows = (factor * vectors).tolist()
    moved = {name: _moved(problem, s, row, names[0]) for (name, s), row in zip(split.items(), rows, strict=True)}
    jumps = factor * sp.Matrix([c.flux_jump for c in given])
    return moved, {name: -jump for name, jump in zip(split, jumps, strict=True)}


def _moved(problem: Problem, split: _Split, flux: list[sp.Expr], condition: str) -> _Split:
    """An equation divided by another flux, whose divergence has the same second derivatives."""
    changes = zip(split.flux, flux, _space(problem), strict=True)
    rest = split.rest + sp.Add(*[sp.diff(before - after, c) for before, after, c in changes])
    for case in _by_material(problem):
        here = sp.expand(rest.xreplace(case))
        if not all(_vanishes(here.coeff(d)) for d in _seconds(problem, here)):
            raise ValueError(
                f"`{condition}` must have what the divergence in the equation is taken of: finite elements hold no other flux."
            )
    return _Split(flux, rest.xreplace(dict.fromkeys(_seconds(problem, rest), sp.S.Zero)))


def _vanishes(e: sp.Expr) -> bool:
    """Whether an expression is zero up to the rounding of its coefficients."""
    return all(abs(c) < ZERO for c in sp.expand(e).as_coefficients_dict().values())


def _by_material(problem: Problem) -> list[dict[sp.Basic, sp.Basic]]:
    """For every material, which cases hold in it."""
    cases = cases_of(problem.materials, problem.domain)
    return [{c: sp.true if m == name else sp.false for m, c in cases.items()} for name in problem.materials]


def _along(problem: Problem, vector: list[sp.Expr]) -> sp.Expr:
    return sp.Add(*[n * p for n, p in zip(normal(problem.domain), vector, strict=True)])


def _factor(problem: Problem, fluxes: sp.Matrix, terms: sp.Matrix, names: list[str], where: str) -> sp.Matrix:
    """The matrix by which the conditions are multiplied to have the normal derivatives of the fluxes."""
    wanted, there = _across(problem, fluxes), _across(problem, terms)
    count = len(names)
    numbers = there.subs(_probe(problem, there))
    for columns in _choices(there.cols, count):
        size = sp.Abs(numbers[:, columns].det()).evalf()
        if not size.is_number or size.has(sp.Function):
            raise ValueError(f"`{names[0]}` has a coefficient without a formula: finite elements need one there.")
        if size < ZERO:
            continue
        factor = (wanted[:, columns] * there[:, columns].inv()).applyfunc(sp.cancel)
        miss = factor * there - wanted
        if all(abs(v) < ZERO for v in miss.subs(_probe(problem, miss)).evalf()):
            return factor
    raise ValueError(
        f"`{names[0]}` does not fix what the equation leaves on {where}, n . A grad u with the coefficients A of its "
        "second derivatives: give that by Neumann, Robin or Flux, or the value by Dirichlet."
    )


def _across(problem: Problem, rows: sp.Matrix) -> sp.Matrix:
    """Coefficients of the normal derivatives: entry (b, k) is that of unknown k in row b."""
    across = {name: sp.Dummy(f"across_{name}", real=True) for name in problem.unknown}
    directions = normal(problem.domain)
    slopes = {
        sp.diff(u, x): n * across[name]
        for name, u in problem.unknown.items()
        for x, n in zip(_space(problem), directions, strict=True)
    }
    for row in rows:
        other = {d for d in row.atoms(sp.Derivative) if str(d.expr.func) in problem.unknown} - set(slopes)
        if other:
            raise ValueError(
                f"`{min(other, key=str)}` stands in a condition: finite elements take first derivatives there."
            )
    matrix = sp.Matrix([[sp.diff(row.xreplace(slopes), d) for d in across.values()] for row in rows])
    if matrix.free_symbols & set(across.values()):
        raise ValueError("`conditions` has one that is not linear in the derivatives: finite elements need that.")
    return matrix.applyfunc(sp.expand)


def _choices(total: int, count: int) -> list[list[int]]:
    """All ascending ways to choose columns."""
    return [list(c) for c in permutations(range(total), count) if list(c) == sorted(c)]


def _probe(problem: Problem, matrix: sp.Matrix) -> dict[sp.Basic, sp.Expr]:
    """Numbers for all symbols and unknowns in a matrix; the normal has length one."""
    directions = normal(problem.domain)
    d = len(directions)
    legs = {1: [1], 2: [sp.Rational(3, 5), sp.Rational(4, 5)]}.get(d, [sp.Rational(k, 7) for k in (2, 3, 6)])
    values: dict[sp.Basic, sp.Expr] = dict.fromkeys(problem.unknown.values(), PROBE)
    for i, c in enumerate(problem.domain.coordinates):
        lo, hi = problem.domain.exact_bounds[c.name]
        values[c] = lo + (hi - lo) * PROBE ** (i + 1)
    return values | dict(zip(directions, legs, strict=True))


def _loose(
    problem: Problem,
    owners: Mapping[str, sp.Expr],
    conditions: list[sp.Expr],
    essential: Mapping[str, Mapping[Place, sp.Expr]],
) -> tuple[str, ...]:
    expressions = [*owners.values(), *conditions]
    hidden = {d: sp.Dummy() for e in expressions for d in e.atoms(sp.Derivative)}
    plain = [e.xreplace(hidden) for e in expressions]
    steady = {
        n: not any(
            problem.domain.time and sp.diff(u, problem.domain.time) in e.atoms(sp.Derivative) for e in expressions
        )
        for n, u in problem.unknown.items()
    }
    return tuple(
        n for n, u in problem.unknown.items() if steady[n] and not essential[n] and not any(e.has(u) for e in plain)
    )
