"""Exponential time differencing: the stiff linear part of an evolution exactly, the rest by a Runge-Kutta method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex

from .record import ReferenceFailed

ORDER = 4
CONTOUR_POINTS = 32
DEEPEST_LEVEL = 40
MOST_STEPS = 20_000
ROUNDING = 4e-16
"""Error of a step that no tolerance can forbid, relative to the state."""
WEIGHTS_KEPT = 32

State = Complex[np.ndarray, "unknowns modes"]

Steps = list[tuple[float, float]]
"""Where each step starts, and its length."""


class Weights(NamedTuple):
    """Factors of a step: of the state after half and all of it, and of the rest at its stages, which build the next."""

    half: State
    whole: State
    early: State
    later: State
    second: State
    third: State
    first: State
    middle: State
    last: State


@dataclass
class Etdrk4:
    """The method ETDRK4 for `dc/dt = multipliers * c + rest(t, c)`, two half steps and a whole one extrapolated.

    Attributes:
        multipliers: the diagonal linear part.
        rest: what it leaves.

    Source:
        Cox, Matthews (2002), Journal of Computational Physics 176, 430; Krogstad (2005), Journal of Computational
        Physics 203, 72 (the stages); Kassam, Trefethen (2005), SIAM Journal on Scientific Computing 26, 1214 (the
        weights).
    """

    multipliers: State
    rest: Callable[[float, State], State]
    _level: int = 0
    _steps: int = 0
    _weights: Callable[[float], Weights] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._weights = lru_cache(WEIGHTS_KEPT)(lambda h: step_weights(self.multipliers, h))

    def step(self, t: float, c: State, h: float) -> State:
        """The state one step of length `h` later."""
        w = self._weights(h)
        half, whole = w.half * c, w.whole * c
        n_0 = self.rest(t, c)
        n_a = self.rest(t + h / 2, half + w.early * n_0)
        n_b = self.rest(t + h / 2, half + (w.early - w.second) * n_0 + w.second * n_a)
        n_c = self.rest(t + h, whole + (w.later - w.third) * n_0 + w.third * n_b)
        return whole + w.first * n_0 + w.middle * (n_a + n_b) + w.last * n_c

    def double_step(self, t: float, c: State, h: float) -> tuple[State, State]:
        """The state after two steps of length `h / 2`, extrapolated, and what the extrapolation added."""
        two = self.step(t + h / 2, self.step(t, c, h / 2), h / 2)
        added = (two - self.step(t, c, h)) / (2**ORDER - 1)
        return two + added, added

    def follow(self, c: State, steps: Steps) -> State:
        """The state after the given steps."""
        for t, h in steps:
            c, _ = self.double_step(t, c, h)
        return c

    def advance(self, c: State, start: float, stop: float, tolerance: float) -> tuple[State, Steps]:
        """The state at `stop` from that at `start`, by steps that are halved and doubled.

        Args:
            tolerance: what the extrapolation of a step may add at most, relative to the state.

        Returns:
            The state and the steps that were taken.

        Raises:
            ReferenceFailed: if the steps become too short or too many.
        """
        done, level, taken = 0, self._level, []  # steps of length (stop - start) / 2**level
        while done < 2**level:
            h = (stop - start) / 2**level
            t = start + done * h
            after, added = self.double_step(t, c, h)
            error, allowed = np.linalg.norm(added), max(tolerance, ROUNDING) * np.linalg.norm(after)
            if error <= allowed:
                c, done, self._steps = after, done + 1, self._steps + 1
                taken.append((t, h))
                if error < allowed / 2 ** (ORDER + 2) and done % 2 == 0 and level:
                    done, level = done // 2, level - 1
            else:  # NaN as well
                done, level = 2 * done, level + 1
            if level > DEEPEST_LEVEL or self._steps > MOST_STEPS:
                raise ReferenceFailed(
                    f"ETDRK4 has come to {t:.4g} of {stop:.4g} in {self._steps} steps, the next one is {h:.2g}: "
                    "does the solution blow up?"
                )
        self._level = level
        return c, taken


def step_weights(multipliers: State, h: float) -> Weights:
    """The weights of a step of length `h`."""
    z = h * multipliers
    one, two, three = phi_functions(z)
    one_half, two_half, _ = phi_functions(z / 2)
    stages = one_half / 2, one, two_half, 2 * two, one - 3 * two + 4 * three, 2 * two - 4 * three, 4 * three - two
    return Weights(np.exp(z / 2), np.exp(z), *[h * factor for factor in stages])


def phi_functions(z: State) -> tuple[State, State, State]:
    """`(e^z - 1)/z`, `(e^z - 1 - z)/z^2` and `(e^z - 1 - z - z^2/2)/z^3`.

    Where digits cancel, near zero, they are the mean over a circle around z, on which none do.
    """
    near = np.abs(z) < 1
    circle = 2 * np.exp(2j * np.pi * (np.arange(CONTOUR_POINTS) + 0.5) / CONTOUR_POINTS)
    found = _quotients(np.where(near, 1.0, z))
    for phi, around in zip(found, _quotients(z[near][:, None] + circle), strict=True):
        phi[near] = around.mean(axis=1)
    return found


def _quotients(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    one = (np.exp(z) - 1) / z
    two = (one - 1) / z
    return one, two, (two - 0.5) / z
