"""Boundary conditions on a tensor grid: which condition takes the place of the equation at which node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp

from ..conditions import AtPoints, AtStart, OnBoundary, Periodic, Term
from ..expression import Expression
from ..geometry import Face
from ..problem import Problem
from .grid import TensorGrid


@dataclass(frozen=True)
class Claim:
    """A condition on a face, standing in the rows of an unknown.

    Attributes:
        name: of the condition.
        formula: what vanishes on the face.
        owner: the unknown whose rows it takes.
        face: where it holds.
        nodes: indices of the nodes on the face.
        rows: indices of the nodes whose equation it replaces; those of `nodes` or neighbours of theirs.
    """

    name: str
    formula: sp.Expr
    owner: str
    face: Face
    nodes: np.ndarray
    rows: np.ndarray

    def columns(self, grid: TensorGrid) -> dict[str, np.ndarray]:
        """Coordinates and outward normals at the nodes."""
        found = {name: c[self.nodes] for name, c in grid.columns.items()}
        normal = {f"n_{s}": self.face.outward if s == self.face.axis else 0.0 for s in grid.axes}
        return found | {name: np.full(len(self.nodes), value) for name, value in normal.items()}


def periodic_axes(problem: Problem) -> frozenset[str]:
    """Names of the coordinates that a `Periodic` condition closes to a ring."""
    return frozenset(axis for c in problem.condition_list if isinstance(c, Periodic) for axis in c.axes)


def boundary_claims(problem: Problem, grid: TensorGrid) -> list[Claim]:
    """Every boundary condition with the rows that it takes, none of which is taken twice.

    The first condition of a face takes the rows of its nodes, the second one those of the neighbours inside, as an
    equation of fourth order needs it. Where faces meet one condition holds, the one of lower order first.

    Raises:
        ValueError: for too few or too many conditions, or one that a grid cannot hold.
    """
    waiting: dict[tuple[str, Face], list[tuple[int, Term]]] = {}
    for owner, face, order, term in _on_faces(problem):
        waiting.setdefault((owner, face), []).append((order, term))
    _check_number(problem, {key: len(listed) for key, listed in waiting.items()})
    ranked = [
        (layer, order, term, owner, face)
        for (owner, face), listed in waiting.items()
        for layer, (order, term) in enumerate(sorted(listed, key=lambda pair: pair[0]))
    ]
    free = {name: np.ones(grid.size, bool) for name in problem.unknown}
    claims = []
    for layer, _, term, owner, face in sorted(ranked, key=lambda item: item[:2]):
        nodes, rows = grid.face_nodes(face), grid.face_nodes(face, layer)
        keep = free[owner][rows]
        free[owner][rows] = False
        if keep.any():
            claims.append(Claim(term.name, term.expression, owner, face, nodes[keep], rows[keep]))
    return claims


def free_nodes(problem: Problem, grid: TensorGrid, claims: list[Claim]) -> dict[str, np.ndarray]:
    """Unknown to the indices of the nodes where its equation holds."""
    free = {name: np.ones(grid.size, bool) for name in problem.unknown}
    for claim in claims:
        free[claim.owner][claim.rows] = False
    return {name: np.flatnonzero(mask) for name, mask in free.items()}


def _on_faces(problem: Problem) -> list[tuple[str, Face, int, Term]]:
    """Owner, face, order of the highest derivative and term of each boundary condition."""
    periodic, found = periodic_axes(problem), []
    for condition in problem.condition_list:
        for term in [] if isinstance(condition, Periodic) else problem.terms_of(condition):
            if isinstance(term.place, (AtStart, AtPoints)):
                continue
            if not isinstance(term.place, OnBoundary):
                raise ValueError(f"`{term.name}` does not hold on a face of a box: finite differences cannot take it.")
            partials = Expression(term.expression, list(problem.unknown.values())).partials
            if problem.domain.time_name and any(p.orders[-1] for p in partials):
                raise ValueError(
                    f"`{term.name}` has a time derivative: finite differences take space derivatives there."
                )
            highest = max(partials, key=lambda p: sum(p.orders))
            for face in term.place.part.faces:
                assert isinstance(face, Face)  # shapes are refused before
                if face.axis in periodic:
                    raise ValueError(
                        f"`{term.name}` holds at an end of {face.axis}, which is periodic: name the faces with `on=`."
                    )
                found.append((highest.unknown, face, sum(highest.orders), term))
    return found


def _check_number(problem: Problem, given: dict[tuple[str, Face], int]) -> None:
    periodic, single = periodic_axes(problem), len(problem.unknown) == 1
    for axis in problem.domain.space_names:
        wanted = sum(problem.orders[name, axis] for name in problem.unknown)
        found = sum(count for (_, face), count in given.items() if face.axis == axis)
        if found > wanted:
            raise ValueError(
                f"`conditions` gives {found} on the two ends of {axis}, the equations of order {wanted} hold {wanted}: "
                "remove the surplus, problem.check() names it."
            )
        if single and axis not in periodic and wanted > 1 and found < wanted:
            raise ValueError(
                f"`conditions` gives {found} on the two ends of {axis}, the equation of order {wanted} needs {wanted}: "
                f'add Dirichlet, Neumann, Robin or Periodic("{axis}").'
            )
