"""Ordinary differential equations by the methods of Runge and Kutta, with an error from two tolerances."""

from __future__ import annotations

import time

import numpy as np
from jaxtyping import Float
from scipy.integrate import solve_ivp

from ..conditions import Data, Initial
from ..expression import Expression, numeric
from ..problem import Problem
from .record import Reference, ReferenceFailed

NODES = 1001
TOLERANCES = {"DOP853": (1e-10, 1e-13), "Radau": (1e-8, 1e-11)}
"""Relative ones of the two solutions."""
SPACINGS = {"DOP853": (20.0, 10.0), "Radau": (2.0, 1.0)}
"""Longest steps of the two, in distances of the result's instants: between its steps a method is of lower order."""
SMALLEST = 0.1
"""Absolute tolerance in units of the relative one times the first values, or 1."""
MOST = 200_000
"""Evaluations of the slope after which a problem is called stiff."""
ROUNDING = 1e-14


class _Stiff(Exception):
    """The explicit method takes more steps than it may."""


def initial_value(problem: Problem, *, nodes: int = NODES) -> Reference:
    """Integrate ordinary differential equations from their initial values, twice, which tells the error.

    The method is the one of order 8 of Dormand and Prince, or the implicit one of order 5 of Radau where that takes too many
    steps. The second solution, which is returned, has a thousandth of the tolerance; its error is the relative L2 difference of
    both, which is larger than the error of the second one. Measurements (`Data`) are left out.

    Args:
        problem: on a domain that is `Time` alone, with all initial values and as many equations as unknowns.
        nodes: equidistant instants of the result, both ends included, at least 2.

    Raises:
        ValueError: for another kind of problem, or fewer than 2 nodes.
        ReferenceFailed: if a step shrinks to nothing, as where a solution becomes infinite.

    Source:
        Hairer, Norsett, Wanner (1993), Solving Ordinary Differential Equations I, sec. II.5; Hairer, Wanner (1996), the same II,
        sec. IV.8.
    """
    begin = time.perf_counter()
    if nodes < 2:
        raise ValueError(f"`nodes` must be at least 2, got {nodes}: both ends belong to the result.")
    system = _System(problem)
    ((name, ends),) = problem.domain.bounds.items()
    instants = np.linspace(*ends, nodes)
    try:
        method = "DOP853"
        first, second = system.twice(method, instants)
    except _Stiff:
        method = "Radau"
        first, second = system.twice(method, instants)
    miss, size = np.linalg.norm(first - second), np.linalg.norm(second)
    error = float(miss / size if size else miss) + ROUNDING
    values = dict(zip(problem.unknown, second, strict=True))
    details = {"method": method, "evaluations": system.evaluations}
    return Reference(f"Runge-Kutta, {method}", {name: instants}, values, error, time.perf_counter() - begin, details)


class _System:
    """Equations of any order as slopes of a state: all unknowns, each with its derivatives below the highest one."""

    def __init__(self, problem: Problem):
        self.problem, self.evaluations = problem, 0
        _check(problem)
        (self.time,) = problem.domain.names
        self.orders = [problem.orders[name, self.time] for name in problem.unknown]
        self.offsets = np.concatenate([[0], np.cumsum(self.orders)]).tolist()
        self.start = self._initial()
        unknowns = list(problem.unknown.values())
        self.equations = [Expression(e, unknowns) for e in problem.equations.values()]
        names = list(problem.unknown)
        self.places = [[(names.index(p.unknown), p.orders[0]) for p in e.partials] for e in self.equations]

    def twice(self, method: str, instants: Float[np.ndarray, " n"]) -> list[Float[np.ndarray, "m n"]]:
        """The unknowns at the instants, with both tolerances."""
        steps = [(instants[1] - instants[0]) * longest for longest in SPACINGS[method]]
        return [self._once(method, instants, *both) for both in zip(TOLERANCES[method], steps, strict=True)]

    def _once(
        self, method: str, instants: Float[np.ndarray, " n"], tolerance: float, longest: float
    ) -> Float[np.ndarray, "m n"]:
        self.evaluations = 0
        scale = np.maximum(np.abs(self.start), 1.0)
        limit = MOST if method == "DOP853" else np.inf

        def slope(t: float, state: np.ndarray) -> np.ndarray:
            self.evaluations += 1
            if self.evaluations > limit:
                raise _Stiff
            return self.slope(t, state)

        found = solve_ivp(
            slope, (instants[0], instants[-1]), self.start, method, instants,
            rtol=tolerance, atol=SMALLEST * tolerance * scale, max_step=longest,
        )  # fmt: skip
        if not found.success:
            raise ReferenceFailed(f"the integration stopped at {self.time}={found.t[-1]:.6g}: {found.message}")
        return np.asarray(found.y)[self.offsets[:-1]]

    def slope(self, t: float, state: Float[np.ndarray, " s"]) -> Float[np.ndarray, " s"]:
        """The state's derivative: the highest ones by the equations, in which they are linear."""
        count = len(self.orders)
        matrix, rest = np.zeros((count, count)), np.zeros(count)
        column = {self.time: np.array([t])}
        for row, (equation, places) in enumerate(zip(self.equations, self.places, strict=True)):
            given = [np.float64(0.0 if k == self.orders[i] else state[self.offsets[i] + k]) for i, k in places]
            known = [np.float64(np.ravel(v)[0]) for v in equation.known(column)]
            value, slopes = equation.value_and_slopes(known, given)
            rest[row] = value
            for (i, k), s in zip(places, slopes, strict=True):
                if k == self.orders[i]:
                    matrix[row, i] = s
        out = np.empty_like(state)
        highest = np.linalg.solve(matrix, -rest)
        for i, (a, b) in enumerate(zip(self.offsets, self.offsets[1:], strict=False)):
            out[a : b - 1], out[b - 1] = state[a + 1 : b], highest[i]
        return out

    def _initial(self) -> Float[np.ndarray, " s"]:
        start = np.full(self.offsets[-1], np.nan)
        names, at = list(self.problem.unknown), {self.time: np.array([self.problem.domain.bounds[self.time][0]])}
        for c in (c for c in self.problem.condition_list if isinstance(c, Initial)):
            for name, value in c.values.items():
                i = names.index(name)
                if c.order < self.orders[i]:
                    start[self.offsets[i] + c.order] = float(np.ravel(numeric(value, at))[0])
        if np.isnan(start).any():
            i = int(np.searchsorted(self.offsets, int(np.isnan(start).argmax()), side="right")) - 1
            raise ValueError(
                f"`{names[i]}` needs {self.orders[i]} initial values, as its highest derivative says: add Initial({names[i]}=...)."
            )
        return start


def _check(problem: Problem) -> None:
    """Refuse what is no initial-value problem of ordinary differential equations."""
    if problem.domain.space_names or problem.domain.time_name is None:
        raise ValueError(f"`domain` must be Time alone for an initial-value problem, got {problem.domain!r}.")
    (time_name,) = problem.domain.names
    if problem.inverse_parameters:
        raise ValueError(f"`{problem.inverse_parameters[0].name}` is unknown: replace the Parameter by a number.")
    if len(problem.equations) != len(problem.unknown):
        raise ValueError(f"`residual` gives {len(problem.equations)} equations for {len(problem.unknown)} unknowns.")
    others = [c for c in problem.condition_list if not isinstance(c, (Initial, Data))]
    if others:
        raise ValueError(f"`{others[0]!r}` is no initial value, from which a solution could be integrated.")
    orders = {name: problem.orders[name, time_name] for name in problem.unknown}
    algebraic = next((name for name, order in orders.items() if order == 0), None)
    if algebraic is not None:
        raise ValueError(f"`{algebraic}` has no derivative in {time_name}: express it by the other unknowns.")
    highest = [u.diff(problem.domain.time, orders[name]) for name, u in problem.unknown.items()]
    for equation, e in problem.equations.items():
        if any(e.diff(h).has(*highest) for h in highest):
            raise ValueError(
                f"'{equation}' must be linear in the highest derivatives of the unknowns: solve it for them."
            )
