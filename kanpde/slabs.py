"""Time slabs: an evolution solved piece by piece in time, each piece starting from the one before.

A slab is the same problem on a shorter time, whose initial values are the previous slab's network at its last instant:
a known function with exact derivatives. Built into the trial solution, the hand-over is continuous to rounding.

Source:
    Wight, Zhao (2021), Communications in Computational Physics 29, 930 (adaptive time marching for such networks).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp
import torch
from jaxtyping import Bool, Float

from .coefficient import known_function
from .conditions import Condition, Initial
from .field import Evaluable, Field
from .geometry import PointSet
from .problem import Problem

MEMORY = 12
"""Evaluations of a known field that are remembered: the same points come again for every derivative."""


def field_function(field: Field, unknown: str, index: int) -> type[sp.Function]:
    """An unknown of a trained field as a known function of all coordinates, with exact derivatives.

    Args:
        field: which is not trained any more.
        unknown: one of its unknowns.
        index: of the field among those that a solution consists of; a record names it by this number.
    """
    memory: OrderedDict[tuple[tuple[int, ...], bytes], torch.Tensor] = OrderedDict()

    def evaluate(orders: Sequence[int], *arguments: torch.Tensor) -> torch.Tensor:
        columns = np.stack([a.detach().cpu().numpy().astype(float).ravel() for a in arguments], axis=1)
        key = (tuple(orders), columns.tobytes())
        if key not in memory:
            distinct, back = np.unique(columns, axis=0, return_inverse=True)
            points = PointSet(dict(zip(field.names, distinct.T, strict=True)))
            found = field.values(points, unknown, tuple(orders))[back.ravel()]
            memory[key] = torch.as_tensor(found).reshape(arguments[0].shape)
            if len(memory) > MEMORY:
                memory.popitem(last=False)
        return memory[key].to(arguments[0])

    facts = {"ranges": (), "fingerprint": "", "known_field": (index, unknown)}
    return known_function(f"{unknown}_{index}", evaluate, facts)


class Slab(Problem):
    """A problem on a part of its time.

    Args:
        whole: without unknown numbers.
        start: first instant.
        stop: last instant.
        before: the fields of the slab before as known functions, by unknown; None for the first slab.

    Raises:
        ValueError: for a problem without time or with unknown numbers.
    """

    def __init__(self, whole: Problem, start: float, stop: float, before: Mapping[str, type[sp.Function]] | None):
        check_slabs(whole)
        self.whole, self.before = whole, before
        time = str(whole.domain.time_name)
        lower, upper = whole.domain.exact_bounds[time]
        ends = (
            lower if start == float(lower) else sp.Float(start, 17),
            upper if stop == float(upper) else sp.Float(stop, 17),
        )
        self._take_over(whole)
        self.domain, self.declared = whole.domain.with_time(ends), whole.declared
        self.given_lift = whole.given_lift
        super().__init__()

    @property
    def lengths(self) -> list[float]:
        """Those of the whole problem: its terms are measured alike in all slabs."""
        return self.whole.lengths

    def residual(self) -> dict[str, sp.Expr]:
        """That of the whole problem."""
        return self.whole.declared

    def conditions(self) -> list[Condition]:
        """Those of the whole problem; initial values come from the slab before."""
        time = self.domain.time
        assert time is not None
        lower, _ = self.domain.exact_bounds[time.name]
        found: list[Condition] = []
        for c in self.whole.condition_list:
            if isinstance(c, Initial) and self.before is not None:
                values = {u: sp.diff(self.before[u](*self.domain.coordinates), time, c.order) for u in c.values}
                found.append(Initial(order=c.order, hard=True, **{u: v.subs(time, lower) for u, v in values.items()}))
            else:
                found.append(c)
        return found


def check_slabs(problem: Problem, ends: Sequence[float] = ()) -> None:
    """Refuse problems that cannot be cut in time, or not at these instants.

    Args:
        problem: what is to be cut.
        ends: the last instants of all slabs, ascending; none for slabs of other lengths.

    Raises:
        ValueError: for a steady problem, or one with unknown numbers, measurements or materials; for instants that start
            before the time does, or do not end with it.
    """
    if problem.domain.time_name is None:
        raise ValueError(f"`slabs` must be 1 for {problem.name}, which has no time: take slabs out.")
    if problem.inverse_parameters:
        names = ", ".join(s.name for s in problem.inverse_parameters)
        raise ValueError(f"`slabs` must be 1 for {problem.name}, whose unknown numbers ({names}) belong to all times.")
    if problem.has_data:
        raise ValueError(f"`slabs` must be 1 for {problem.name}, whose measurements belong to all times.")
    if problem.materials:
        raise ValueError(
            f"`slabs` must be 1 for {problem.name}: between its materials ({', '.join(problem.materials)}) the slopes that a "
            "slab would start from jump."
        )
    start, end = problem.domain.bounds[str(problem.domain.time_name)]
    if ends and not (ends[0] > start and math.isclose(ends[-1], end, rel_tol=1e-12)):
        raise ValueError(
            f"`slabs` must be instants after {start:g}, the last of them {end:g}, got {ends[0]:g} to {ends[-1]:g}: they are "
            "the ends of the slabs."
        )


@dataclass(frozen=True)
class SlabField(Evaluable):
    """Fields one after another in time.

    Attributes:
        parts: all fields that the solution consists of, those that others build on included.
        slabs: per slab its last instant and the index of its field.
        time: name of the time; None if there is one slab, whose field builds on others.
    """

    parts: tuple[Field, ...]
    slabs: tuple[tuple[float, int], ...]
    time: str | None

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the coordinates, in order."""
        return self.parts[0].names

    @property
    def unknowns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the unknown functions."""
        return self.parts[0].unknowns

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:  # type: ignore[override]
        """Coordinate name to (lower, upper)."""
        first = self.parts[0].bounds
        if self.time is None:
            return first
        return {**first, self.time: (first[self.time][0], self.slabs[-1][0])}

    @property
    def periodic(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the coordinates that go round."""
        return self.parts[0].periodic

    def contains(self, points: PointSet) -> Bool[np.ndarray, " n"]:
        """Which points lie in the domain in space, up to rounding."""
        return self.parts[0].contains(points)

    def values(self, points: PointSet, name: str, derivative: str | tuple[int, ...] = "") -> Float[np.ndarray, " n"]:
        """An unknown, or one of its partial derivatives; at an instant between two slabs that of the earlier one."""
        if self.time is None:
            return self.parts[self.slabs[-1][1]].values(points, name, derivative)
        t = points.columns[self.time]
        which = np.searchsorted([stop for stop, _ in self.slabs[:-1]], t, side="left")
        out = np.empty(len(points))
        for k in np.unique(which):
            mask = which == k
            chosen = points.at(mask)
            out[mask] = self.parts[self.slabs[k][1]].values(chosen, name, derivative)
        return out
