"""The march through slabs and stages: which leg comes next, on which part of the time, and from which network."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import sympy as sp
from torch import nn

from .ansatz import Ansatz, build_ansatz
from .field import Field
from .geometry import PointSet
from .leg import Leg, layers_of, scales_of, successor
from .nn.input_map import InputMap
from .nn.stretch import Scale
from .plan import AdaptiveSlabs
from .problem import Problem
from .reference import Reference
from .scales import measure
from .seeds import Seeds
from .settings import Settings
from .slabs import Slab, SlabField, check_slabs, field_function

SMALLEST = 1e-300
COLD = 4.0
"""How many times what is due to its length the first slab may use, beside what later ones may."""

STRAGGLER = 10.0
"""How far above that of the slab before the root of a slab's loss may be when its time is up."""


class March:
    """Where a run is on its way through time.

    Args:
        problem: the whole one.
        settings: with a plan in them.
        ansatz: the trial solution of the whole problem, which is built without it.

    Attributes:
        fields: those of finished legs, all of which later ones may build on.
        slabs: per finished slab its last instant and the index of its field.
        stage: of the present leg.
        redone: number of slabs that were done again at half the length.
        warm: whether the present leg starts from the weights of the slab before.
        root: of the loss of the last finished leg.

    Raises:
        ValueError: for slabs on a problem that has no time.
    """

    def __init__(self, problem: Problem, settings: Settings, ansatz: Ansatz | None = None):
        self.problem, self.settings, self.plan, self.whole = problem, settings, settings.plan, ansatz
        self.fields: list[Field] = []
        self.slabs: list[tuple[float, int]] = []
        self.stage, self.scale, self.redone, self.warm, self.root = 0, 1.0, 0, False, 0.0
        self.marches = self.plan.slabs != 1
        if self.marches:
            check_slabs(problem, self.plan.ends)
            lo, hi = problem.domain.bounds[str(problem.domain.time_name)]
            self.start, self.end = lo, hi
            slabs = self.plan.slabs
            first = slabs.first if isinstance(slabs, AdaptiveSlabs) else 1 / (len(self.plan.ends) or cast("int", slabs))
            self.length = first * (hi - lo)

    # ---------------------------------------------------------------- the present leg

    @property
    def stop(self) -> float:
        """Last instant of the present slab; a rest that is too short for a slab of its own is added."""
        if self.plan.ends:
            return (*self.plan.ends[:-1], self.end)[len(self.slabs)]
        if self.start + 1.001 * self.length >= self.end:
            return self.end
        return self.start + self.length

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after the present leg."""
        return self.stage + 1 >= self.plan.stages and (not self.marches or self.stop == self.end)

    @property
    def missing(self) -> str:
        """What a run lacks that ends with the present leg, though that is not the last."""
        ends = not self.marches or self.stop == self.end
        return "the last stage was not reached" if ends else "the end of the time was not reached"

    @property
    def slab_count(self) -> int:
        """Number of slabs so far, the present one included."""
        return len(self.slabs) + 1

    @property
    def seeds(self) -> Seeds:
        """Those of the present leg."""
        return Seeds(self.settings.seed, len(self.fields) + self.redone)

    def share(self) -> float:
        """Part of what is left of the budget that the present leg may use.

        A slab gets what is due to its length, or the same as any other where the plan says their ends; what it does not
        use is left to later ones. The first one starts cold and gets more; so does the second after a first one whose
        initial value was a penalty, because its network is then the rate of change and no longer the value.
        """
        part = (self.stop - self.start) / (self.end - self.start) if self.marches else 1.0
        if self.plan.ends:
            part = 1 / (len(self.plan.ends) - len(self.slabs))
        cold = not self.slabs or (self.plan.warm and not self.warm and not self.stage)
        if self.marches and cold:
            part = COLD * part / (1 + (COLD - 1) * part)
        return part / (self.plan.stages - self.stage)

    def leg(self, model: nn.Module) -> Leg:
        """The leg that the present state asks for."""
        ansatz = self._ansatz()
        stretches = self._stretches(ansatz)
        if self.stage:
            ansatz = self._staged(ansatz)
        return Leg.of(ansatz, model, stretches, self.settings, self.seeds)

    def _ansatz(self) -> Ansatz:
        """The trial solution of the present slab.

        Its points are dense towards the first and the last instant: the next slab starts from the values there, and
        polynomials are least certain where there is nothing beyond. Nor do boundary values hold them at the ends of a
        coordinate without derivatives: Burgers' equation with nu as a coordinate lost its solution there in 18 slabs,
        first of all at the largest nu, with points that were evenly dense in nu. (There were 1,800 points in 24 slabs then;
        with dense ends, 2,400 points and 20 slabs it did not. Which of the three it takes was not measured.)
        """
        if self.whole is not None and not self.marches:
            return self.whole
        trusted = bool(self.slabs) or self.stage > 0
        ansatz = build_ansatz(self._slab(), hard=self.settings.hard, trusted=trusted)
        if not self.marches:
            return ansatz
        domain = self.problem.domain
        parameters = [name for name in domain.space_names if name not in self.problem.differentiated]
        return replace(ansatz, dense_ends=(str(domain.time_name), *parameters))

    def _slab(self) -> Problem:
        if not self.marches:
            return self.problem
        before = None
        if self.slabs:
            index = self.slabs[-1][1]
            before = {u: field_function(self.fields[index], u, index) for u in self.problem.unknown}
        return Slab(self.problem, self.start, self.stop, before)

    def _staged(self, ansatz: Ansatz) -> Ansatz:
        """U = (what earlier stages found) + scale * mask * N: the network corrects what is left."""
        index, coordinates = len(self.fields) - 1, self.problem.domain.coordinates
        forms = {}
        for name, form in ansatz.forms.items():
            output = ansatz.outputs[name]
            mask = sp.diff(form, output)
            forms[name] = field_function(self.fields[index], name, index)(*coordinates) + self.scale * mask * output
        problem = ansatz.problem
        hidden, unknowns = [t.name for t in ansatz.terms], list(problem.unknown.values())
        left = [measure(problem, t, unknowns) for t in problem.terms if t.name in hidden]
        terms = tuple(replace(t, expression=problem.substitute(forms, t.expression)) for t in left)
        return replace(ansatz, forms=forms, terms=terms)

    # ---------------------------------------------------------------- the next one

    def advance(self, leg: Leg, root: float, *, stalled: bool) -> nn.Module:
        """Finish a leg, or decide to do its slab again at half the length.

        Args:
            leg: as trained.
            root: of its loss.
            stalled: whether it would not have come further with more time.

        Returns:
            The network for the next leg.
        """
        network, self.root = leg.trial.network, root
        adaptive = self.plan.slabs if isinstance(self.plan.slabs, AdaptiveSlabs) else None
        missed = adaptive is not None and not root <= adaptive.tolerance
        if adaptive is not None and missed and stalled and self.stage == 0 and self._divisible(adaptive):
            self.length, again = (self.stop - self.start) / 2, str(self.problem.domain.time_name)
            self.redone, self.warm = self.redone + 1, True
            output = 0.5**self.problem.time_order if self._built_in(leg) else 1.0
            return successor(network, leg.trial.input_map, self._input_map(), again=again, output=output)
        self.fields.append(leg.field)
        self.warm = False
        if self.stage + 1 < self.plan.stages:
            self.stage += 1
            self.scale = max(root, SMALLEST)
            return self._fresh(network)
        stop, length = self.stop, self.stop - self.start
        self.slabs.append((stop, len(self.fields) - 1))
        self.start, self.stage, self.scale = stop, 0, 1.0
        if adaptive is not None:
            self.length = min(length if missed else adaptive.growth * length, self.end - self.start)
        if not self.plan.warm or not self._built_in(leg):
            return self._fresh(network)
        self.warm = True
        output = ((self.stop - self.start) / length) ** self.problem.time_order
        first = self.fields[-self.plan.stages].trial
        return successor(first.network, first.input_map, self._input_map(), output=output)

    def straggles(self, root: float) -> bool:
        """Whether the present slab is far behind the one before, so that later ones would inherit its error."""
        return self.warm and not isinstance(self.plan.slabs, AdaptiveSlabs) and root > STRAGGLER * self.root

    def _divisible(self, adaptive: AdaptiveSlabs) -> bool:
        lo, hi = self.problem.domain.bounds[str(self.problem.domain.time_name)]
        return (self.stop - self.start) / 2 >= adaptive.shortest * (hi - lo)

    def _built_in(self, leg: Leg) -> bool:
        """Whether the network of a leg is the rate of change since its start, as in all slabs but a soft first one."""
        return not any(t.name.startswith("initial") for t in leg.ansatz.terms)

    def _input_map(self) -> InputMap:
        """That of the present slab."""
        ansatz = self._ansatz()
        return InputMap(ansatz.problem.domain.bounds, ansatz.periodic, self._stretches(ansatz), ansatz.even)

    def _stretches(self, ansatz: Ansatz) -> dict[str, Scale]:
        """The scales of the problem, and the maps for thin layers if the plan has any."""
        scales = scales_of(ansatz.problem)
        if not self.plan.stretch:
            return scales
        before = self.fields[self.slabs[-1][1]].trial.input_map.stretches if self.slabs else {}
        return {**scales, **layers_of(ansatz, before)}

    def _fresh(self, network: nn.Module) -> nn.Module:
        """The same structure with new weights."""
        fresh: Any = copy.deepcopy(network)
        if hasattr(fresh, "reset"):
            fresh.reset(self.seeds.network(0))
        return fresh

    # ---------------------------------------------------------------- what there is so far

    def field(self, present: Field) -> Field | SlabField:
        """All there is, the present leg included."""
        if not self.fields:
            return present
        parts = (*self.fields, present)
        if not self.marches:
            return SlabField(parts, ((math.inf, len(parts) - 1),), None)
        return SlabField(parts, (*self.slabs, (self.stop, len(parts) - 1)), str(self.problem.domain.time_name))

    def covered(self, reference: Reference) -> tuple[dict[str, np.ndarray], PointSet]:
        """Reference values up to the end of the present slab, and their points, all of them in the domain."""
        bounds = dict(self.problem.domain.bounds)
        if self.marches:
            time = str(self.problem.domain.time_name)
            bounds[time] = (bounds[time][0], self.stop)
        part = reference.within(bounds)
        values, points = {n: v.ravel() for n, v in part.values.items()}, part.points
        known = ~np.isnan(next(iter(values.values())))
        if known.all():
            return values, points
        return {n: v[known] for n, v in values.items()}, points.at(known)

    def in_slab(self, points: PointSet) -> np.ndarray:
        """Which points belong to the present slab."""
        if not self.marches or not self.slabs:
            return np.ones(len(points), bool)
        return points.columns[str(self.problem.domain.time_name)] > self.start

    def finished_values(self, points: PointSet, fresh: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Values at the points of finished slabs; zeros elsewhere."""
        found = {name: np.zeros(len(points)) for name in names}
        if not fresh.all():
            done = SlabField(tuple(self.fields), tuple(self.slabs), str(self.problem.domain.time_name))
            chosen = points.at(~fresh)
            for name in names:
                found[name][~fresh] = done.values(chosen, name)
        return found

    def state(self) -> dict[str, Any]:
        """Plain numbers that `load` goes on from."""
        keys = ("stage", "scale", "redone", "warm", "root", *(("start", "length") if self.marches else ()))
        return {**{k: getattr(self, k) for k in keys}, "slabs": [[stop, index] for stop, index in self.slabs]}

    def load(self, state: dict[str, Any], fields: Sequence[Field]) -> None:
        """Go on from a saved state and the finished fields."""
        self.fields = list(fields)
        self.stage, self.scale, self.redone = int(state["stage"]), float(state["scale"]), int(state["redone"])
        self.warm, self.root = bool(state["warm"]), float(state["root"])
        self.slabs = [(float(stop), int(index)) for stop, index in state["slabs"]]
        if self.marches:
            self.start, self.length = float(state["start"]), float(state["length"])
