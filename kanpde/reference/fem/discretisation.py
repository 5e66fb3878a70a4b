"""Finite element spaces and the nonlinear system that a weak form becomes on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from ...geometry import Face
from ...materials import cases_of
from ...problem import Problem
from ...weak_form import WeakForm
from ..record import ReferenceFailed
from .coefficients import translated
from .library import ngsolve
from .mesh import BETWEEN, Mesh

NEWTON_STEPS = 40
SHORTEST_STEP = 2.0**-12
CONVERGED = 1e-10
"""Relative length of a Newton step after which the next one is below rounding."""
QUICK = 1e-3
"""Factor by which a step must shrink the residual for its matrix to serve again."""
RESIDUAL = 1e-13
"""Residual below which Newton's method ends as soon as a step does not halve it, in those that it has begun with."""
STAGNANT = 1e-6
"""Relative length of a step that shrinks the residual no more because of rounding."""
MORE_POINTS = 4
"""By how much the order of integration is raised for coefficients that are no polynomials."""


class Discretisation:
    """Continuous piecewise polynomials for all unknowns, once per stage of a step in time.

    Args:
        problem: what is solved.
        weak: its weak form.
        mesh: of its domain, with elements curved by `order`.
        order: degree of the polynomials; one less for a pressure.
        stages: how many copies of the unknowns are solved for together.

    Source:
        Taylor, Hood (1973), Computers & Fluids 1, 73, for the pressure.
    """

    def __init__(self, problem: Problem, weak: WeakForm, mesh: Mesh, order: int, stages: int = 1):
        ng = ngsolve()
        self.problem, self.weak, self.mesh, self.stages = problem, weak, mesh, stages
        self.names = list(problem.unknown)
        mesh.mesh.Curve(order)
        spaces = [
            ng.H1(
                mesh.mesh,
                order=order - 1 if name in weak.pressures else order,
                dirichlet="|".join(mesh.names[place] for place in weak.essential[name]),
            )
            for name in self.names
        ]
        self.space = ng.FESpace(spaces * stages)
        self.form = ng.BilinearForm(self.space, check_unused=False)
        self.solution = ng.GridFunction(self.space)
        self.free = self.space.FreeDofs()
        for i, name in enumerate(self.names * stages):
            if name in weak.loose:
                self.free.Clear(self.space.Range(i).start)
        self.inverse: Any = None
        self.largest = 0.0

    @property
    def unknowns(self) -> int:
        """Number of degrees of freedom of one stage."""
        return int(self.space.ndof) // self.stages

    def component(self, stage: int, name: str) -> Any:
        """The grid function of an unknown in a stage."""
        return self.solution.components[stage * len(self.names) + self.names.index(name)]

    def add(self, stage: int, moment: Any = None, rates: Mapping[str, Any] | None = None) -> None:
        """Put the equations of a stage into the form.

        Args:
            stage: from 0.
            moment: the time, as a coefficient function.
            rates: unknown to its derivative in time.
        """
        ng, first = ngsolve(), stage * len(self.names)
        trial, test = (f[first : first + len(self.names)] for f in self.space.TnT())
        slopes = [ng.grad(u) for u in trial]
        known = self._known(trial, slopes, moment, rates)
        for name, v in zip(self.names, test, strict=True):
            inside = translated(self.weak.inside[name], known) * v
            for i, component in enumerate(self.weak.flux[name]):
                if component != 0:
                    inside += translated(component, known) * ng.grad(v)[i]
            self.form += inside.Compile() * ng.dx(bonus_intorder=MORE_POINTS)
        line = len(self.problem.domain.space_names) == 1
        traces = [[ng.CoefficientFunction(0)] if line else ng.grad(u).Trace() for u in trial]
        known = self._known(trial, traces, moment, rates, boundary=True)
        for name, v in zip(self.names, test, strict=True):
            for place, expression in self.weak.natural[name].items():
                if expression != 0:
                    there = translated(expression, known | self._normal(place))
                    part = self.mesh.mesh.Boundaries(self.mesh.names[place])
                    self.form += (there * v).Compile() * ng.ds(definedon=part, bonus_intorder=MORE_POINTS)
            if self.weak.between.get(name, 0) != 0:
                jump = translated(self.weak.between[name], self.coordinates(moment))
                part = self.mesh.mesh.Boundaries(BETWEEN)
                self.form += (jump * v).Compile() * ng.ds(definedon=part, bonus_intorder=MORE_POINTS)

    def _known(
        self,
        values: Sequence[Any],
        slopes: Sequence[Any],
        moment: Any,
        rates: Mapping[str, Any] | None,
        *,
        boundary: bool = False,
    ) -> dict[sp.Basic, Any]:
        known = self.coordinates(moment, boundary=boundary)
        space = [c for c in self.problem.domain.coordinates if c.kind == "space"]
        for (name, u), value, slope in zip(self.problem.unknown.items(), values, slopes, strict=True):
            known[u] = value
            known |= {sp.diff(u, c): slope[i] for i, c in enumerate(space)}
            if rates is not None:
                known[sp.diff(u, self.problem.domain.time)] = rates[name]
        return known

    def coordinates(self, moment: Any = None, *, boundary: bool = False) -> dict[sp.Basic, Any]:
        """What the coordinates are in NGSolve, and inside which material a point lies."""
        ng = ngsolve()
        space = [c for c in self.problem.domain.coordinates if c.kind == "space"]
        known: dict[sp.Basic, Any] = dict(zip(space, (ng.x, ng.y, ng.z), strict=False))
        if self.problem.materials:
            inside = self.mesh.indicators(boundary=boundary)
            known |= {case: inside[m] for m, case in cases_of(self.problem.materials, self.problem.domain).items()}
        return known if moment is None else known | {self.problem.domain.time: moment}

    def _normal(self, place: Any) -> dict[sp.Basic, Any]:
        ng, names = ngsolve(), self.problem.domain.space_names
        symbols = [sp.Symbol(f"n_{name}", real=True) for name in names]
        if isinstance(place, Face):
            return {
                s: ng.CoefficientFunction(place.outward * (n == place.axis))
                for s, n in zip(symbols, names, strict=True)
            }
        return dict(zip(symbols, self.mesh.outward, strict=True))

    def set_essential(self, stage: int, moment: Any = None) -> None:
        """Give a stage its values on the boundary; inside it keeps what it has."""
        ng, known = ngsolve(), self.coordinates(moment, boundary=True)
        for name in self.names:
            values = {self.mesh.names[p]: translated(g, known) for p, g in self.weak.essential[name].items()}
            if not values:
                continue
            component = self.component(stage, name)
            given = ng.GridFunction(component.space)
            given.Set(
                self.mesh.mesh.BoundaryCF(values, default=0), definedon=self.mesh.mesh.Boundaries("|".join(values))
            )
            fixed = ~np.array(list(component.space.FreeDofs()), bool)
            component.vec.FV().NumPy()[fixed] = given.vec.FV().NumPy()[fixed]

    def solve(self) -> int:
        """Newton's method from where the solution is, its step halved until the residual shrinks.

        Returns:
            The number of steps.

        Raises:
            ReferenceFailed: if it does not converge.
        """
        mask = np.array(list(self.free), bool)
        vector, residual = self.solution.vec, self.solution.vec.CreateVector()
        step, before = self.solution.vec.CreateVector(), self.solution.vec.CreateVector()

        def miss() -> float:
            self.form.Apply(vector, residual)
            return float(np.linalg.norm(residual.FV().NumPy()[mask]))

        size = miss()
        self.largest = max(self.largest, size)
        for count in range(1, NEWTON_STEPS + 1):
            fresh = self.inverse is None
            if fresh:
                self.form.AssembleLinearization(vector)
                self.inverse = self.form.mat.Inverse(self.free, inverse="umfpack")
            step.data = self.inverse * residual
            length, old, part = step.Norm(), size, 1.0
            if not np.isfinite(length):
                raise ReferenceFailed("Newton's method met a singular matrix: do the conditions fix the solution?")
            before.data = vector
            vector.data -= step
            size, scale = miss(), vector.Norm()
            if length <= CONVERGED * scale or (old <= RESIDUAL * self.largest and size > old / 2):
                return count
            while not size < old and fresh and part > SHORTEST_STEP:
                part /= 2
                vector.data = before - part * step
                size = miss()
            if not size < old:
                vector.data = before
                size = miss()
                if length <= STAGNANT * scale or size <= STAGNANT**2 * self.largest:
                    return count
                if fresh:
                    raise ReferenceFailed("Newton's method found no step that shrinks the residual.")
            if size > QUICK * old:
                self.inverse = None
        raise ReferenceFailed(f"Newton's method did not converge in {NEWTON_STEPS} steps.")
