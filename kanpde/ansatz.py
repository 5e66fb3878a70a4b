"""Trial solutions that satisfy conditions exactly: u = G + M N with a lift G, a mask M and a network N.

On boxes the lift is a transfinite (Boolean sum) interpolation of the data on the faces and at the first instant, on
other shapes their mean weighted by the distances from the parts that they hold on; the mask vanishes there.
Derivatives along the normal are set right by a further term, a smooth distance times what is missing. Periodicity is
built into the inputs of the network instead, as two cosines, and so is symmetry.

Source:
    Gordon, Hall (1973), Numerische Mathematik 21, 109 (transfinite interpolation);
    Rvachev, Sheiko, Shapiro, Tsukanov (2001), Computer Aided Geometric Design 18, 195 (on other shapes);
    Lagaris, Likas, Fotiadis (1998), IEEE Transactions on Neural Networks 9, 987 (trial solutions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import sympy as sp

from .conditions import Condition, Dirichlet, Initial, Interface, Interior, Neumann, Over, Periodic, Place, Robin, Term
from .expression import Expression, numeric
from .geometry import Domain, Face, Piece
from .interfaces import interface_terms
from .masks import depth, mask
from .materials import Beside, as_piecewise, by_material, timed, within
from .nn.input_map import LAG
from .poles import Pole
from .problem import Problem
from .sampling import Uniform
from .scales import measure
from .singularity import Singular, singular_terms
from .symbols import Parameter, Unknown, unknown
from .symmetry import check_symmetry, check_trial, parity_factor

USUAL = (Dirichlet, Initial, Periodic)
"""What `hard=True` for a whole run builds in."""
BUILDABLE = (*USUAL, Neumann, Robin)
EXACTNESS, ROUNDING = 1e-12, 1e-14


@dataclass(frozen=True)
class Ansatz:
    """How the unknowns follow from the outputs of the network.

    Attributes:
        problem: what is solved.
        outputs: the network's outputs as functions of the coordinates, one per unknown.
        forms: unknown to its expression in coordinates and outputs.
        periodic: coordinates that enter the network as two cosines.
        terms: the loss terms that remain, in terms of the outputs.
        numbers: to be found beside the network: those of an inverse problem, and the factors of singular terms.
        dense_ends: coordinates whose points lie closer towards both ends.
    """

    problem: Problem
    outputs: dict[str, Unknown]
    forms: dict[str, sp.Expr]
    periodic: tuple[str, ...]
    terms: tuple[Term, ...]
    numbers: tuple[Parameter, ...] = ()
    dense_ends: tuple[str, ...] = ()

    @property
    def n_inputs(self) -> int:
        """Number of inputs of the network."""
        return len(self.input_names)

    @property
    def even(self) -> tuple[str, ...]:
        """Coordinates about whose middle the network is even."""
        return tuple(self.problem.parities)

    @cached_property
    def expressions(self) -> dict[str, Expression]:
        """The terms made numeric, by name: that takes seconds for some shapes, and is done once for all points."""
        outputs = list(self.outputs.values())
        return {t.name: Expression(t.expression, outputs) for t in self.terms}

    @property
    def input_names(self) -> tuple[str, ...]:
        """What each input of the network is."""
        return input_names(self.problem.domain.names, self.periodic, self.even)


def input_names(coordinates: tuple[str, ...], periodic: tuple[str, ...], even: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Names of the network's inputs: a periodic coordinate stands for two cosines of its angle, or one if it is even."""
    names: list[str] = []
    for c in coordinates:
        if c in periodic:
            names += [f"cos {c}"] if c in even else [f"cos {c}", f"cos({c} - {LAG:.2f})"]
        else:
            names.append(f"{c}^2" if c in even else c)
    return tuple(names)


def build_ansatz(problem: Problem, *, hard: bool = False, trusted: bool = False) -> Ansatz:
    """The trial solution for a problem.

    Args:
        problem: its conditions with `hard=True` are built in.
        hard: build in every Dirichlet, Initial and Periodic condition; Neumann and Robin are built in where they say so
            themselves, since that takes one more derivative of the network, and Data stay penalties.
        trusted: the data of the conditions agree where they meet, as those of a slab do, and are not compared.

    Raises:
        ValueError: for a hard condition that cannot be built, with the reason.
    """
    built = [c for c in problem.condition_list if c.hard or (hard and isinstance(c, USUAL))]
    for condition in built:
        if not isinstance(condition, BUILDABLE):
            raise ValueError(
                f"`hard=True` cannot be built for {condition!r}: only conditions on the boundary and at the start can. "
                "Use a penalty."
            )
    periodic = tuple(axis for c in built if isinstance(c, Periodic) for axis in c.axes)
    if not trusted:
        check_symmetry(problem)
    if problem.materials:
        if problem.singularities:
            raise ValueError(
                "`singularities` must be empty where there are `materials`: every material has a function of its own."
            )
        return _of_materials(problem, built, periodic)
    outputs = {name: unknown(f"N_{name}", problem.domain.coordinates) for name in problem.unknown}
    singular = singular_terms(problem)
    if singular and problem.parities:
        raise ValueError(
            "`symmetric` must be empty where terms are added at corners and in holes: take it or those out, by `singularities = ()`."
        )
    forms = {}
    for name, output in outputs.items():
        lift, factor = _lift_and_mask(problem, name, built)
        factor *= parity_factor(problem, name, periodic)
        own = singular.get(name, [])
        poles = sp.Add(*[c * f for c, f, s in own if isinstance(s, Pole)])
        corners = [c * f * _cutoff(problem, name, s, built) for c, f, s in own if isinstance(s, Singular)]
        inner = factor * (output + poles) + sp.Add(*corners)
        forms[name] = _with_slopes(problem, name, lift, inner, built)
        if not trusted:
            stand_ins: dict[sp.Expr, sp.Expr] = {output: _probe(problem, periodic)}
            stand_ins |= {c: sp.Integer(1) for c, _, _ in own}
            tried = forms[name].xreplace(stand_ins).doit(simplify=False)
            _verify(problem, name, lift, tried, built, periodic)
            check_trial(problem, name, tried)
    soft = [t for c in problem.condition_list if c not in built for t in problem.terms_of(c)]
    inside = problem.terms[: len(problem.equations)]
    unknowns = list(problem.unknown.values())
    measured = [measure(problem, t, unknowns) for t in [*inside, *soft]]
    terms = tuple(replace(t, expression=problem.substitute(forms, t.expression)) for t in measured)
    factors = [c for terms_of in singular.values() for c, _, _ in terms_of]
    return Ansatz(problem, outputs, forms, periodic, terms, (*problem.inverse_parameters, *factors))


def _of_materials(problem: Problem, built: list[Condition], periodic: tuple[str, ...]) -> Ansatz:
    """A network output per unknown and material; every equation holds in each of them, interfaces between them."""
    outputs: dict[str, Unknown] = {}
    forms: dict[str, dict[str, sp.Expr]] = {}
    for name in problem.unknown:
        lift, factor = _lift_and_mask(problem, name, built)
        own = {m: unknown(f"N_{name}_{m}", problem.domain.coordinates) for m in problem.materials}
        if set(own.values()) & set(outputs.values()):
            raise ValueError(
                f"`materials` must have names that differ from the ends of unknowns such as {name}: rename one."
            )
        outputs |= {f"{name} in {m}": output for m, output in own.items()}
        forms[name] = {m: within(_with_slopes(problem, name, lift, factor * n, built), m) for m, n in own.items()}

    def inside(expression: sp.Expr, material: str) -> sp.Expr:
        chosen = {name: by_name[material] for name, by_name in forms.items()}
        return problem.substitute(chosen, within(expression, material))

    cases = {
        name: as_piecewise(by_material(**by_name), problem.materials, problem.domain) for name, by_name in forms.items()
    }
    terms = [
        Term(f"{name} in {m}", inside(e, m), Interior(timed(shape, problem.domain)))
        for name, e in problem.declared.items()
        for m, shape in problem.materials.items()
    ]
    for condition in problem.condition_list:
        if isinstance(condition, Interface):
            terms += interface_terms(problem, condition, inside)
        elif condition not in built:
            for t in problem.declared_terms(condition):
                if isinstance(t.place, Over):
                    e = as_piecewise(t.expression, problem.materials, problem.domain)
                    place: Place = replace(t.place, shapes=tuple(problem.materials.values()))
                    terms.append(replace(t, expression=problem.substitute(cases, e), place=place))
                    continue
                places = {m: Beside(t.place, shape) for m, shape in problem.materials.items()}
                there = {m: place for m, place in places.items() if place.exists}
                terms += [Term(f"{t.name} in {m}", inside(t.expression, m), p, t.weight) for m, p in there.items()]
    measured = tuple(measure(problem, t, list(outputs.values())) for t in terms)
    return Ansatz(problem, outputs, cases, periodic, measured, problem.inverse_parameters)


def _cutoff(problem: Problem, name: str, singular: Singular, built: list[Condition]) -> sp.Expr:
    """Zero where values are built in on other pieces than the two of a corner, and 1 at the corner to third order."""
    corner = singular.corner(problem)
    others = [f for f in _valued(problem, name, built) if f is not corner.left and f is not corner.right]
    if not others:
        return sp.Integer(1)
    factor = mask(problem.domain, others)
    there = factor.subs(dict(zip(problem.domain.coordinates, corner.point, strict=False)))
    return 1 - (1 - factor / there) ** 4


def _valued(problem: Problem, name: str, built: list[Condition]) -> list[Face | Piece]:
    """Where the value of an unknown is built in."""
    values = [c for c in built if isinstance(c, Dirichlet) and name in c.values]
    return [face for c in values for face in problem.domain.boundary(c.on).faces]


def _lift_and_mask(problem: Problem, name: str, built: list[Condition]) -> tuple[sp.Expr, sp.Expr]:
    domain = problem.domain
    values = [c for c in built if isinstance(c, Dirichlet) and name in c.values]
    known = sp.Integer(0) if problem.given_lift is None else problem.given_lift[name]
    lift, factor = (_on_box if domain.is_box else _on_shape)(problem, name, values, known)
    initial = {c.order: c.values[name] for c in built if isinstance(c, Initial) and name in c.values}
    if initial:
        if sorted(initial) != list(range(len(initial))):
            raise ValueError(
                f"`hard=True` needs the initial value of {name} and every time derivative below the highest, "
                f"got order {', '.join(map(str, sorted(initial)))}: add the missing Initial condition."
            )
        t = domain.time
        assert t is not None
        t0, t1 = domain.exact_bounds[t.name]
        for order in sorted(initial):
            gap = _gap(problem, initial[order].subs(t, t0), sp.diff(lift, t, order).subs(t, t0))
            lift += gap * (t - t0) ** order / sp.factorial(order)
        factor *= ((t - t0) / (t1 - t0)) ** len(initial)
    return lift, factor


def _on_box(problem: Problem, name: str, conditions: list[Dirichlet], known: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """What is known, and what it lacks of the values on the sides of a box, interpolated coordinate by coordinate."""
    domain = problem.domain
    faces: dict[Face, sp.Expr] = {}
    for condition in conditions:
        value, part = condition.values[name], domain.boundary(condition.on)
        faces |= {face: _restricted(problem, value, face) for face in part.faces if isinstance(face, Face)}
    lift, factor = known, sp.Integer(1)
    for axis in domain.space_names:
        x, (lo, hi) = domain.coordinate(axis), domain.exact_bounds[axis]
        wanted = {upper: faces.get(Face(axis, upper)) for upper in (False, True)}
        if wanted[False] is None and wanted[True] is None:
            continue
        share = {False: (hi - x) / (hi - lo), True: (x - lo) / (hi - lo)}
        gaps = {up: _gap(problem, g, lift.subs(x, hi if up else lo)) for up, g in wanted.items() if g is not None}
        lift += sp.Add(*[gap * (share[up] if len(gaps) == 2 else 1) for up, gap in gaps.items()])
        factor *= sp.Mul(*[share[not up] for up in gaps]) * 4 ** (len(gaps) - 1)
    return lift, factor


def _on_shape(problem: Problem, name: str, conditions: list[Dirichlet], known: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """What is known, and what it lacks of the values on pieces of a boundary, weighted by how far other pieces are."""
    groups: dict[sp.Expr, list[Face | Piece]] = {}
    for condition in conditions:
        groups.setdefault(_gap(problem, condition.values[name], known), []).extend(
            problem.domain.boundary(condition.on).faces
        )
    factor = mask(problem.domain, [piece for group in groups.values() for piece in group])
    if len(groups) < 2:
        return known + next(iter(groups), sp.Integer(0)), factor
    masks = {value: mask(problem.domain, pieces) for value, pieces in groups.items()}
    # squares, because a sum of linear masks would be added up anew and lose its digits in corners
    weights = {value: sp.Mul(*[m**2 for other, m in masks.items() if other != value]) for value in masks}
    total = sp.Add(*weights.values())
    mean = sp.Add(*[value * weight for value, weight in weights.items()]) / total
    *first, last = masks.items()
    corner = sp.Piecewise(*[(value, m <= 0) for value, m in first], (last[0], True))
    return known + sp.Piecewise((mean, total > 0), (corner, True)), factor


def _gap(problem: Problem, wanted: sp.Expr, known: sp.Expr) -> sp.Expr:
    """What is known lacks this; nothing, if it meets the data to rounding at all points tried."""
    difference = wanted - known
    if problem.given_lift is None:
        return difference
    met = _size(difference, problem.domain) <= ROUNDING * max(1.0, _size(wanted, problem.domain))
    return sp.Integer(0) if met else difference


def _with_slopes(problem: Problem, name: str, lift: sp.Expr, inner: sp.Expr, built: list[Condition]) -> sp.Expr:
    """The trial solution v = lift + inner, and what Neumann and Robin conditions ask of its slope at the boundary.

    With a depth d of slope 1 on their part, v + d w [(a v - g) / b - grad d . grad v] satisfies a u + b du/dn = g there,
    if the weight w is 1 on the part. It vanishes where other conditions hold, and the bracket loses what it has at the
    start, where it must vanish on the part by itself. Where the value is built in as well, the network is multiplied by
    the mask once more, and the bracket is that of the lift.
    """
    slopes = [c for c in built if isinstance(c, (Neumann, Robin)) and name in c.values]
    if not slopes:
        return lift + inner
    domain = problem.domain
    values = _valued(problem, name, built)
    places = [domain.boundary(c.on).faces for c in slopes]
    depths = [depth(domain, faces) for faces in places]
    clamped = [f for f in dict.fromkeys(f for faces in places for f in faces) if f in values]
    inner = inner * mask(domain, clamped)
    space = [c for c in domain.coordinates if c.kind == "space"]
    starts = sum(isinstance(c, Initial) and name in c.values for c in built)
    form = lift + inner
    for condition, faces, d in zip(slopes, places, depths, strict=True):
        if any(f in clamped for f in faces) and not all(f in clamped for f in faces):
            raise ValueError(
                f"`hard=True` cannot be built for {condition!r}, where the value is built in on a part of its boundary: "
                "give one condition for each part."
            )
        a, b = (condition.a, condition.b) if isinstance(condition, Robin) else (sp.Integer(0), sp.Integer(1))
        elsewhere = mask(domain, [f for f in values if f not in faces]) * sp.Mul(
            *[other**2 for other in depths if other is not d]
        )
        weight = _share(elsewhere, d) if elsewhere != 1 else sp.Integer(1)

        def missing(v: sp.Expr, a: sp.Expr = a, b: sp.Expr = b, d: sp.Expr = d, c: Condition = condition) -> sp.Expr:
            return (a * v - c.values[name]) / b - sp.Add(*[sp.diff(d, x) * sp.diff(v, x) for x in space])

        wanted, known = missing(lift if faces[0] in clamped else lift + inner), missing(lift)
        for order in range(starts):
            t = domain.time
            assert t is not None
            t0, _ = domain.exact_bounds[t.name]
            wanted -= sp.diff(known, t, order).subs(t, t0) * (t - t0) ** order / sp.factorial(order)
        form += d * weight * wanted
    return form


def _share(elsewhere: sp.Expr, d: sp.Expr) -> sp.Expr:
    """1 where d vanishes, 0 where the other function does; in corners, where both do, 0 with all derivatives."""
    return sp.Piecewise((1 / (1 + d / elsewhere), elsewhere > 0), (0, True))


def _restricted(problem: Problem, value: sp.Expr, face: Face) -> sp.Expr:
    """Boundary data as a function on the face alone: what they say elsewhere must not reach the lift."""
    bound = problem.domain.exact_bounds[face.axis][face.upper]
    return value.subs(problem.domain.coordinate(face.axis), bound)


def _probe(problem: Problem, periodic: tuple[str, ...]) -> sp.Expr:
    """Stands in for the network where a trial solution is tried out."""
    return (
        sp.Integer(1)
        if periodic
        else sp.Add(1, *[c for c in problem.domain.coordinates if c.name not in problem.parities])
    )


def _verify(
    problem: Problem, name: str, lift: sp.Expr, form: sp.Expr, built: list[Condition], periodic: tuple[str, ...]
) -> None:
    """Refuse data that contradict each other where they meet, and lifts that are not periodic."""
    u, domain = problem.unknown[name], problem.domain
    for condition in built:
        if name not in condition.values and not isinstance(condition, Periodic):
            continue
        for term in problem.terms_of(condition):
            if not term.expression.has(u):
                continue
            residual = problem.substitute({name: form}, term.expression)
            try:
                sides = [numeric(residual, p.known) for p in term.place.sample(64, Uniform(1))]
            except ValueError:
                reason = (
                    "what it gives depends on the unknown"
                    if residual.has(*problem.unknown.values())
                    else "the trial solution has no value or slope there, as where the distance from another edge has a kink"
                )
                raise ValueError(
                    f"`hard=True` cannot be built for {condition!r}: {reason}. Leave it a penalty (hard=False)."
                ) from None
            miss = float(np.abs(sides[0] - (sides[1] if len(sides) == 2 else 0.0)).max())
            if not miss <= EXACTNESS * max(1.0, _size(residual if len(sides) == 2 else lift, domain)):
                reason = (
                    "the values of the hard conditions do not continue each other periodically"
                    if isinstance(condition, Periodic)
                    else "it contradicts another hard condition where the two meet"
                )
                raise ValueError(
                    f"`hard=True` cannot be built for {condition!r}: {reason} (by {miss:.2g}). "
                    "Leave one of them a penalty (hard=False)."
                )


def _size(expression: sp.Expr, domain: Domain) -> float:
    return float(np.abs(numeric(expression, domain.sample(64, Uniform(2)).known)).max())
