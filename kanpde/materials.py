"""Problems on several materials: coefficients that jump, a function of its own for each, and what holds between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import sympy as sp

from .geometry import Domain, PointSet, Sampler
from .symbols import as_expression

PROBES = 512
NEAR = 1e-7
"""Distance, in sizes of the domain, at which a point lies on a boundary."""
ROUNDING = 1e-12
"""Distance, in sizes of a shape, by which a point of its boundary may lie outside."""
FEWEST = 0.02
"""Part of a boundary that is taken for shared, at least, when more points are drawn for it."""
COVERED = 1e-3
"""By how much the volumes of all materials may differ from that of the domain."""


class ByMaterial(sp.Function):
    """One expression per material; see `by_material`."""

    materials: tuple[str, ...] = ()
    is_commutative = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """By one of the expressions: 1 in its material and 0 in the others."""
        return self.func(*[sp.Integer(i + 1 == argindex) for i in range(len(self.args))])

    def _eval_is_extended_real(self) -> bool:
        return True

    def _latex(self, printer: Any, *_: Any) -> str:
        rows = [f"{printer._print(e)} & \\text{{in {m}}}" for m, e in zip(self.materials, self.args, strict=True)]
        return "\\begin{cases}" + " \\\\ ".join(rows) + "\\end{cases}"


def by_material(**values: Any) -> sp.Expr:
    """Give a value or expression per material.

    `k = by_material(steel=50, copper=400)` may stand in the equation, in conditions and in the exact solution.

    Raises:
        TypeError: for a value that is neither number nor expression.
        ValueError: for fewer than two materials.
    """
    if len(values) < 2:
        raise ValueError(
            f"`by_material` takes a value for each of several materials, got {', '.join(values) or 'none'}."
        )
    kind = type("ByMaterial", (ByMaterial,), {"materials": tuple(values)})
    return kind(*[as_expression(name, value) for name, value in values.items()])


def within(expression: sp.Expr, material: str) -> sp.Expr:
    """What an expression is in one material."""
    return expression.replace(lambda e: isinstance(e, ByMaterial), lambda e: e.args[e.materials.index(material)]).doit()


def as_piecewise(expression: sp.Expr, materials: Mapping[str, Domain], domain: Domain) -> sp.Expr:
    """An expression with cases instead of materials; on a boundary between two the first of them counts."""
    if not expression.has(ByMaterial):
        return expression
    inside = {name: inside_of(shape, domain) for name, shape in materials.items()}
    return expression.replace(
        lambda e: isinstance(e, ByMaterial), lambda e: _cases(inside, dict(zip(e.materials, e.args, strict=True)))
    )


def cases_of(materials: Mapping[str, Domain], domain: Domain) -> dict[str, sp.Basic]:
    """All materials but the last, with the conditions that their cases have in `as_piecewise`."""
    inside = {name: inside_of(shape, domain) for name, shape in materials.items()}
    cases = _cases(inside, {name: sp.Dummy() for name in materials})
    return {name: case.cond for name, case in zip(list(materials)[:-1], cases.args, strict=False)}


def _cases(inside: Mapping[str, sp.Basic], values: Mapping[str, sp.Expr]) -> sp.Expr:
    *first, last = inside
    return sp.Piecewise(*[(values[m], inside[m]) for m in first], (values[last], True))


def inside_of(shape: Domain, domain: Domain) -> sp.Expr:
    """Whether a point lies in a shape or beside it by rounding, as a condition on the coordinates of a domain."""
    region = shape.region
    known = {s: domain.coordinate(s.name) for s in region.symbols}
    return sp.And(*[f.xreplace(known) >= -sp.Float(ROUNDING * region.size) for f in region.factors])


def check_materials(materials: Mapping[str, Domain], domain: Domain, expressions: Iterable[sp.Expr]) -> None:
    """Refuse materials that do not make up the domain, and values for other materials than there are.

    Raises:
        TypeError: for a material that is no domain.
        ValueError: for other coordinates, names that are no identifiers, gaps, overlaps, or values for other names.
    """
    for name, shape in materials.items():
        if not isinstance(shape, Domain):
            raise TypeError(f"`materials` must map names to domains, got {shape!r} for {name}.")
        if not name.isidentifier():
            raise ValueError(f"`materials` must have names such as 'steel' or 'layer_2', got '{name}'.")
        if shape.names != domain.space_names:
            raise ValueError(
                f"`{name}` must be a shape in {', '.join(domain.space_names)}, got {', '.join(shape.names)}."
            )
    whole = domain.volume / (1.0 if domain.time_name is None else float(np.ptp(domain.bounds[domain.time_name])))
    total = sum(shape.volume for shape in materials.values())
    if materials and abs(total - whole) > COVERED * whole:
        raise ValueError(
            f"`materials` must fill the domain and not overlap: their volumes add up to {total:.6g}, it has {whole:.6g}."
        )
    _check_places(materials, domain)
    for e in expressions:
        for found in e.atoms(ByMaterial):
            if set(found.materials) != set(materials):
                there = ", ".join(materials) or "none"
                raise ValueError(
                    f"`by_material` must give a value for each of the materials ({there}), got {', '.join(found.materials)}."
                )


def _check_places(materials: Mapping[str, Domain], domain: Domain) -> None:
    """Every point lies in one material, and the boundary of each on that of the domain or of another one."""
    if not materials:
        return
    inside = domain if domain.time_name is None else domain.in_space
    near = NEAR * max(hi - lo for lo, hi in inside.bounds.values())
    rng = np.random.default_rng(0)

    def distances(points: PointSet, shapes: Iterable[Domain]) -> np.ndarray:
        columns = {axis: points.columns[axis] for axis in inside.names}
        return np.stack([shape.distance(**columns) for shape in shapes])

    def refuse(name: str, points: PointSet, i: int, what: str) -> None:
        where = ", ".join(f"{axis}={points.columns[axis][i]:.6g}" for axis in inside.names)
        raise ValueError(f"`materials` must fill the domain and not overlap: {name} at {where} {what}.")

    points = inside.sample(PROBES, lambda n, d: rng.random((n, d)))
    found = distances(points, materials.values())
    for i in np.flatnonzero((found > near).all(axis=0))[:1]:
        refuse("the point", points, i, "is in none of them")
    for i in np.flatnonzero((found < -near).sum(axis=0) > 1)[:1]:
        refuse("the point", points, i, "is in several")
    for name, shape in materials.items():
        points = shape.boundary().sample(PROBES, lambda n, d: rng.random((n, d)))
        others = [inside, *(other for key, other in materials.items() if key != name)]
        away = np.abs(distances(points, others)).min(axis=0)
        if not away.max() < near:
            refuse(f"the boundary of '{name}'", points, int(away.argmax()), f"is {away.max():.1e} away from any other")


@dataclass(frozen=True)
class Between:
    """Where two materials meet, with the normal out of the first of them."""

    first: Domain
    second: Domain
    domain: Domain

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """About `n` points."""
        boundary = timed(self.first, self.domain).boundary()
        return _kept(lambda m, s: (boundary.sample(m, s),), self._shared, n, sampler)

    @property
    def exists(self) -> bool:
        """Whether they meet at all."""
        rng = np.random.default_rng(0)
        points = self.first.boundary().sample(PROBES, lambda n, d: rng.random((n, d)))
        return bool(self._shared(points).any())

    def _shared(self, points: PointSet) -> np.ndarray:
        space = {name: points.columns[name] for name in self.domain.space_names}
        reach = NEAR * max(hi - lo for name, (lo, hi) in self.domain.bounds.items() if name in space)
        own = self.domain if self.domain.time_name is None else self.domain.in_space
        return (np.abs(self.second.distance(**space)) < reach) & (own.distance(**space) < -reach)


@dataclass(frozen=True)
class Beside:
    """The points of another place that lie in one material; of pairs of points, those that both do."""

    place: Any
    shape: Domain

    def sample(self, n: int, sampler: Sampler) -> tuple[PointSet, ...]:
        """About `n` points."""
        return _kept(self.place.sample, self._here, n, sampler)

    @property
    def exists(self) -> bool:
        """Whether there are any."""
        rng = np.random.default_rng(0)
        return bool(_all(self._here, self.place.sample(PROBES, lambda n, d: rng.random((n, d)))).any())

    def _here(self, points: PointSet) -> np.ndarray:
        return self.shape.contains(PointSet({name: points.columns[name] for name in self.shape.names}))


def meeting(materials: Mapping[str, Domain], domain: Domain) -> list[tuple[str, str, Between]]:
    """All pairs of materials that meet, in the order in which they are listed, and where."""
    pairs = [(a, b, Between(materials[a], materials[b], domain)) for a, b in combinations(materials, 2)]
    return [(a, b, between) for a, b, between in pairs if between.exists]


def timed(shape: Domain, domain: Domain) -> Domain:
    """A shape in space, at all times of a domain."""
    if domain.time_name is None:
        return shape
    return shape * domain.only_time


def _all(keep: Callable[[PointSet], np.ndarray], sets: tuple[PointSet, ...]) -> np.ndarray:
    return np.all([keep(points) for points in sets], axis=0)


def _kept(
    draw: Callable[[int, Sampler], tuple[PointSet, ...]],
    keep: Callable[[PointSet], np.ndarray],
    n: int,
    sampler: Sampler,
) -> tuple[PointSet, ...]:
    """About `n` of the points that `draw` gives, those that are kept."""
    sets = draw(n, sampler)
    share = float(_all(keep, sets).mean())
    if share < 1:
        sets = draw(int(n / max(share, FEWEST)) + 1, sampler)
    kept = _all(keep, sets)
    return tuple(points.at(kept) for points in sets)
