"""Fourier spectral solutions of evolution problems on a periodic interval, with an error from two resolutions."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ..conditions import Data, Initial, Periodic
from ..problem import Problem
from .exponential import Etdrk4, Steps
from .fourier import fourier_system, initial_coefficients, initial_values
from .record import Reference, ReferenceFailed

FEWEST_MODES = 32
MOST_MODES = 2048
"""Of the coarser solution."""
KEPT_NODES = 201
SHARE_OF_MODES = 0.25
SHARE_OF_STEPS = 0.1
"""Of the tolerance, what the modes left out may hold, and what a step may miss."""
ATTEMPTS = 3
"""So often steps in time are shortened to meet the tolerance."""
ROUGH_STEPS = 1e-5
"""What a step may miss where only the number of modes is sought."""
ROUNDING = 1e-14


def spectral(
    problem: Problem,
    *,
    modes: int | None = None,
    tolerance: float = 1e-9,
    instants: int = 101,
    axes: dict[str, np.ndarray] | None = None,
) -> Reference:
    """Solve an evolution problem of first order in time on a periodic interval, at two resolutions that tell the error.

    The linear part with constant coefficients is exact in Fourier space, the rest is evaluated on a grid that is fine
    enough for products of three factors, and ETDRK4 integrates in time. The finer solution has twice the modes and half
    the steps of the coarser one. It is returned; its error is the relative L2 difference of the two on the axes, which
    is larger than that of the finer one. Measurements (`Data`) are left out.

    Args:
        problem: on an interval with `Periodic` and time, every equation of first order in time, the highest space
            derivatives linear with constant coefficients.
        modes: of the coarser solution, the constant among them, at least 4; as many as the tolerance needs without it.
        tolerance: relative L2 error that is sought; with `modes` it governs the steps in time alone.
        instants: equidistant instants of the result, both ends included.
        axes: the nodes and instants themselves, coordinate to ascending values, in place of 201 nodes and `instants`.

    Raises:
        ValueError: for a problem that the method cannot take, naming what is in the way, or axes outside the domain.
        ReferenceFailed: if 4096 modes do not resolve the solution, as behind a shock, or steps in time become too short or
            too many, as for a solution that blows up.

    Source:
        Kassam, Trefethen (2005), SIAM Journal on Scientific Computing 26, 1214; Orszag (1971), Journal of the
        Atmospheric Sciences 28, 1074 (aliasing).
    """
    start = time.perf_counter()
    check_periodic(problem)
    x, t = _checked_axes(problem, axes or problem.domain.grid([KEPT_NODES, instants]))
    _check_numbers(modes, tolerance)
    count = modes or _resolving_modes(problem, t, SHARE_OF_MODES * tolerance)
    step_error = SHARE_OF_STEPS * tolerance
    for _ in range(1 if modes else ATTEMPTS):
        coarse = _solve(problem, x, t, count, step_error)
        fine = _solve(problem, x, t, 2 * count, [_halved(steps) for steps in coarse.schedule])
        error = relative_difference(coarse.values, fine.values) + ROUNDING
        if error <= tolerance:
            break
        step_error *= SHARE_OF_STEPS * tolerance / error
    details = {
        "coarse modes": count,
        "fine modes": 2 * count,
        "method": "ETDRK4",
        "steps": sum(map(len, fine.schedule)),
    }
    axes = dict(zip(problem.domain.names, (x, t), strict=True))
    name = f"Fourier spectral, ETDRK4, {2 * count} modes"
    return Reference(name, axes, fine.values, error, time.perf_counter() - start, details)


@dataclass(frozen=True)
class _Run:
    """One solution: its values on the axes, its steps from instant to instant, and what the upper half of modes holds."""

    values: dict[str, np.ndarray]
    schedule: list[Steps]
    tail: float


def _solve(problem: Problem, x: np.ndarray, t: np.ndarray, modes: int, steps: float | list[Steps]) -> _Run:
    """Integrate from instant to instant, by the given steps or by steps that miss as much as is given."""
    system = fourier_system(problem, modes)
    method = Etdrk4(system.multipliers, system.rest)
    first = problem.domain.bounds[problem.domain.names[1]][0]
    state, schedule, found = system.start(), [], []
    with np.errstate(all="ignore"):
        for i, (before, instant) in enumerate(zip([first, *t[:-1]], t, strict=True)):
            if isinstance(steps, list):
                state, taken = method.follow(state, steps[i]), steps[i]
            elif instant > before:
                state, taken = method.advance(state, before, instant, steps)
            else:
                taken = []
            schedule.append(taken)
            found.append(state)
    history = np.stack(found, axis=-1)
    if not np.isfinite(history).all():
        raise ReferenceFailed(
            f"Fourier series of {modes} modes are not finite at {t[-1]:.4g}: does the solution blow up?"
        )
    values = system.values(history, x)
    if t[0] == first:
        for name, v in values.items():
            v[:, 0] = initial_values(problem, name, x)
    evolved = history[..., t > first]
    tail = np.linalg.norm(evolved[:, modes // 2 :]) / (np.linalg.norm(evolved) or 1.0)
    return _Run(values, schedule, float(tail))


def _halved(steps: Steps) -> Steps:
    return [half for t, h in steps for half in ((t, h / 2), (t + h / 2, h / 2))]


def _resolving_modes(problem: Problem, t: np.ndarray, tolerance: float) -> int:
    """So many modes that the initial values are exact and later ones have no more, to within a tolerance."""
    modes, nowhere = FEWEST_MODES, np.zeros(1)
    while modes <= MOST_MODES:
        begin, finer = (initial_coefficients(problem, count)[:, :modes] for count in (modes, 2 * modes))
        if np.linalg.norm(finer - begin) <= tolerance * np.linalg.norm(finer):
            try:
                if _solve(problem, nowhere, t, 2 * modes, ROUGH_STEPS).tail <= tolerance:
                    return modes
            except ReferenceFailed:  # too few modes may blow up where enough do not
                pass
        modes *= 2
    raise ReferenceFailed(
        f"{2 * MOST_MODES} Fourier modes do not resolve the solution to {tolerance:.1g}: raise the tolerance, or give "
        "`modes` and take the error that they reach."
    )


def relative_difference(coarse: dict[str, np.ndarray], fine: dict[str, np.ndarray]) -> float:
    """Relative L2 difference over all unknowns on the same nodes; the absolute one if the finer values are zero."""
    miss = sum(float(np.sum((coarse[name] - v) ** 2)) for name, v in fine.items())
    size = sum(float(np.sum(v**2)) for v in fine.values())
    return float(np.sqrt(miss / size if size else miss))


def check_periodic(problem: Problem) -> None:
    """Refuse a problem that is no evolution of first order on a periodic interval.

    Raises:
        ValueError: naming what is missing or too much.
    """
    domain = problem.domain
    if not domain.is_box or len(domain.space_names) != 1 or domain.time_name is None:
        raise ValueError(f"`domain` must be an interval times a time for Fourier series, got {domain!r}.")
    axis, t = domain.names
    if problem.inverse_parameters:
        names = ", ".join(p.name for p in problem.inverse_parameters)
        raise ValueError(f"`{names}` is unknown: Fourier series need a number; replace the Parameter by one.")
    if not any(isinstance(c, Periodic) for c in problem.condition_list):
        raise ValueError(f'`conditions` must have Periodic("{axis}") for Fourier series.')
    for condition in problem.condition_list:
        if not isinstance(condition, (Periodic, Initial, Data)):
            raise ValueError(f"`{condition!r}` holds at an end of {axis}, which is periodic: take it out.")
    for name in problem.unknown:
        if problem.orders[name, t] != 1:
            raise ValueError(
                f"`{name}` has order {problem.orders[name, t]} in {t}, Fourier series here take order 1: "
                "use finite_difference(problem)."
            )


def _checked_axes(problem: Problem, axes: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    names = problem.domain.names
    if set(axes) != set(names):
        raise ValueError(f"`axes` must name {', '.join(names)}, got {', '.join(axes) or 'none'}.")
    x, t = (np.asarray(axes[name], float) for name in names)
    for name, values in zip(names, (x, t), strict=True):
        lo, hi = problem.domain.bounds[name]
        if values.ndim != 1 or not len(values) or not (np.diff(values) > 0).all():
            raise ValueError(f"`axes` must hold ascending values of {name}, got {values}.")
        if values[0] < lo or values[-1] > hi:
            raise ValueError(f"`axes` must have {name} in [{lo:g}, {hi:g}], got {values[0]:g} to {values[-1]:g}.")
    return x, t


def _check_numbers(modes: int | None, tolerance: float) -> None:
    if modes is not None and modes < 4:
        raise ValueError(f"`modes` must be at least 4, got {modes}: the constant and some waves.")
    if not tolerance > 0:
        raise ValueError(f"`tolerance` must be above 0, got {tolerance}: it bounds a relative error.")
