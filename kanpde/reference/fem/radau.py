"""Evolutions of first order in time: Radau's method of order five on the finite element system."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ...conditions import AtStart
from ...problem import Problem
from .coefficients import translated
from .discretisation import Discretisation
from .library import ngsolve
from .points import Places

ROOT = np.sqrt(6.0)
NODES = np.array([(4 - ROOT) / 10, (4 + ROOT) / 10, 1.0])
"""Where the stages of a step are, in steps.

Source:
    Hairer, Wanner (1996), Solving Ordinary Differential Equations II, sec. IV.5.
"""


def rate_matrix() -> Float[np.ndarray, "3 4"]:
    """Derivatives at the stages, times the step, of the cubic through the value before and those of the stages."""
    nodes = np.array([0.0, *NODES])
    powers = np.vander(nodes, increasing=True)
    slopes = np.array([[k * c ** (k - 1) if k else 0.0 for k in range(4)] for c in NODES])
    return slopes @ np.linalg.inv(powers)


def initial_values(problem: Problem) -> dict[str, Any]:
    """Unknown to its value at the first instant, for all whose time derivative occurs.

    Raises:
        ValueError: if one is missing.
    """
    given = {}
    for condition in problem.condition_list:
        for term in problem.terms_of(condition):
            if isinstance(term.place, AtStart):
                name = next(n for n, u in problem.unknown.items() if term.expression.has(u))
                given[name] = problem.unknown[name] - term.expression
    time = problem.domain.time_name
    for name in problem.unknown:
        if problem.orders[name, str(time)] and name not in given:
            raise ValueError(f"`conditions` has no Initial({name}=...): the evolution needs a start.")
    return given


def integrated(
    problem: Problem, system: Discretisation, places: Places, steps: int, every: int
) -> tuple[dict[str, Float[np.ndarray, "n m"]], int]:
    """Values at places, at the start and after every so many steps.

    Returns:
        Unknown to values of shape (places, instants), and the number of Newton steps.
    """
    ng, time = ngsolve(), str(problem.domain.time_name)
    lower, upper = problem.domain.bounds[time]
    step = (upper - lower) / steps
    now = [ng.Parameter(lower) for _ in NODES]
    start = ng.Parameter(lower)
    before = {name: ng.GridFunction(system.component(0, name).space) for name in system.names}
    for name, value in initial_values(problem).items():
        before[name].Set(translated(value, system.coordinates(start)))
    trial, count = system.space.TrialFunction(), len(system.names)
    for i, row in enumerate(rate_matrix() / step):
        rates = {
            name: sum((row[j + 1] * trial[j * count + k] for j in range(len(NODES))), row[0] * before[name])
            for k, name in enumerate(system.names)
        }
        system.add(i, now[i], rates)
    kept = {name: [places.values(before[name])] for name in system.names}
    for i in range(len(NODES)):
        for name in system.names:
            system.component(i, name).vec.data = before[name].vec
    newton = 0
    for k in range(steps):
        for i, node in enumerate(NODES):
            now[i].Set(lower + (k + node) * step)
            system.set_essential(i, now[i])
        newton += system.solve()
        for name in system.names:
            before[name].vec.data = system.component(len(NODES) - 1, name).vec
        if (k + 1) % every == 0:
            for name, listed in kept.items():
                listed.append(places.values(before[name]))
    return {name: np.stack(listed, axis=1) for name, listed in kept.items()}, newton
