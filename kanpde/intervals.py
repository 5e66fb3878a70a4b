"""How far off numbers and fields may be that were found from measurements, from the Jacobian at the solution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy import stats

from .ansatz import Ansatz, build_ansatz
from .assembly import assemble, draw_points
from .blocks import Block, LeastSquares
from .cancellation import relative_residual
from .conditions import measurements
from .field import Field
from .geometry import PointSet
from .problem import Problem
from .sampling import Sobol
from .singularity import SINGULAR
from .solution import Solution

CUTOFF = 1e-13
"""Directions in which the rows change less than this, relative to the largest, are not told by anything: in these the numbers
are as uncertain as if the rows changed by so much."""
UNTOLD = 1e-6
"""Share of a combination of the numbers in such directions, squared, below which it is rounding."""
UNSOLVED = 0.1
"""Relative residual above which the equations are not solved, and no interval means anything."""
TOGETHER = 0.99
"""Correlation above which two numbers are told apart badly."""
SIGMA = "Say how closely was measured (Data(..., sigma=...)), so that measurements give way to the equations, or train longer"
SETTLED = 0.3
"""Standard deviations that one more step may move a number by: intervals of 95 % off by so much hold in 94 %."""


class Estimate(NamedTuple):
    """A number that was found, its standard deviation, and an interval around it."""

    value: float
    deviation: float
    lower: float
    upper: float

    def written(self, number: float) -> str:
        """A number like this one with as many digits as are known of it, 6 at least."""
        known = math.log10(abs(self.value) / self.deviation) if self.value and self.deviation > 0 else 0.0
        return f"{number:.{min(16, max(6, math.ceil(known) + 2))}g}"


@dataclass(frozen=True)
class Uncertainty:
    """What measurements say of the numbers and fields of an inverse problem.

    Attributes:
        names: of the unknown numbers; factors of singular terms are none.
        level: probability of the intervals.
        misfit: mean square of the deviations from the measurements, in units of their standard deviation; far above 1
            the solution does not fit them, and the intervals mean nothing.
        noise: standard deviation of the measurements beside the `sigma` that was given, 1 if one was given.
        free: degrees of freedom that the noise was estimated from; infinite if it was given.
        field: the solution.
        covariance: of all numbers of the trial solution.
        step: what one more Gauss-Newton step adds to these: how far they still are from those that fit best.
        residual: how far the terms of the equations cancel; near 1 they are not solved.
    """

    names: tuple[str, ...]
    level: float
    misfit: float
    noise: float
    free: float
    field: Field
    covariance: Float[np.ndarray, "p p"]
    step: Float[np.ndarray, " p"]
    residual: float

    @property
    def numbers(self) -> dict[str, Estimate]:
        """The unknown numbers with their intervals."""
        values = {name: self.field.trial.numbers[name].item() for name in self.names}
        reach = self._reach
        spread = np.sqrt(np.diag(self._of_numbers))
        return {
            n: Estimate(values[n], float(s), values[n] - reach * float(s), values[n] + reach * float(s))
            for n, s in zip(self.names, spread, strict=True)
        }

    @property
    def intervals(self) -> dict[str, list[float]]:
        """Lower and upper end by number."""
        return {name: [e.lower, e.upper] for name, e in self.numbers.items()}

    @property
    def correlation(self) -> Float[np.ndarray, "numbers numbers"]:
        """Of the unknown numbers, between -1 and 1."""
        spread = np.sqrt(np.diag(self._of_numbers))
        return self._of_numbers / np.outer(spread, spread)

    def band(self, unknown: str, **coordinates: Any) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of the interval of an unknown at points: `band("k", x=[0, 0.5])`.

        Raises:
            ValueError: for an unknown, or coordinates, that there are not.
        """
        if unknown not in self.field.unknowns:
            raise ValueError(f"`unknown` must be one of {', '.join(self.field.unknowns)}, got '{unknown}'.")
        found = self.field(**coordinates)
        value = np.asarray(found[unknown] if isinstance(found, dict) else found)
        arrays = np.broadcast_arrays(*[np.asarray(coordinates[n], float) for n in self.field.names])
        points = PointSet({n: a.ravel() for n, a in zip(self.field.names, arrays, strict=True)})
        block = Block("band", float(len(points)), (self.field.side(unknown, points),))
        slopes = LeastSquares(self.field.trial, [block]).jacobian()[1].cpu().numpy()
        variance = np.einsum("ni,ij,nj->n", slopes, self.covariance, slopes)  # rounding may make a zero negative
        spread = np.sqrt(np.maximum(variance, 0)).reshape(value.shape)
        return value - self._reach * spread, value + self._reach * spread

    @property
    def doubts(self) -> tuple[str, ...]:
        """What the measurements cannot tell, in sentences."""
        found = []
        if not self.residual <= UNSOLVED:
            found.append(
                f"anything as yet: the terms of the equations cancel to {self.residual:.2g} only. "
                + (SIGMA if math.isfinite(self.free) else "Train longer, or a smaller network")
            )
        for (name, estimate), move in zip(self.numbers.items(), self.step[self._places], strict=True):
            if abs(move) > SETTLED * estimate.deviation:
                found.append(
                    f"{name} as yet: another step would move it by {move:.2g}, beside a standard deviation of "
                    f"{estimate.deviation:.2g}. Train longer"
                )
            if estimate.deviation > abs(estimate.value):
                found.append(
                    f"{name}: its standard deviation {estimate.deviation:.2g} is above its value {estimate.value:.2g}"
                )
        for i, first in enumerate(self.names):
            for j, second in enumerate(self.names[:i]):
                if abs(self.correlation[i, j]) > TOGETHER:
                    found.append(f"{second} and {first} one by one: their correlation is {self.correlation[i, j]:.4f}")
        if self.misfit > 2:
            found.append(
                f"whether the equation holds: deviations are {np.sqrt(self.misfit):.2g} times their standard deviation (sigma)"
            )
        return tuple(found)

    def __str__(self) -> str:
        lines = [
            f"{n} = {e.written(e.value)} +- {e.deviation:.2g} "
            f"({100 * self.level:g} %: {e.written(e.lower)} to {e.written(e.upper)})"
            for n, e in self.numbers.items()
        ]
        return "\n".join([*lines, *(f"the measurements cannot tell {d}" for d in self.doubts)])

    @cached_property
    def _of_numbers(self) -> Float[np.ndarray, "numbers numbers"]:
        return self.covariance[np.ix_(self._places, self._places)]

    @property
    def _places(self) -> list[int]:
        return _places(self.field, self.names, len(self.covariance))

    @property
    def _reach(self) -> float:
        return float(stats.t.ppf(0.5 + self.level / 2, self.free))


def uncertainty(problem: Problem, solution: Solution, *, level: float = 0.95) -> Uncertainty:
    """Standard deviations, correlations and intervals from Gauss-Newton's J^T J at the solution.

    To first order the numbers are those that fit best, and noise moves them by H^-1 J^T e, where H has the rows of
    the measurements in units of their noise, and those of equations and conditions as they were weighed beside them.

    Args:
        problem: what was solved.
        solution: of one network, trained until the loss fell no more.
        level: probability of the intervals, between 0 and 1.

    Raises:
        ValueError: for a problem without measurements, a level outside its range, or several slabs or stages.

    Source:
        Seber, Wild (1989), Nonlinear Regression, sec. 2.1; Kaipio, Somersalo (2005), Statistical and Computational
        Inverse Problems, sec. 3.4.
    """
    if not 0 < level < 1:
        raise ValueError(f"`level` must be between 0 and 1, got {level}: it is a probability.")
    if not isinstance(solution.field, Field):
        raise ValueError(
            f"`solution` must be one network, got {len(solution.field.parts)}: solve without slabs and stages."
        )
    if not problem.has_data:
        raise ValueError(f"`{problem.name}` has no measurements: nothing says how far off the solution is.")
    field = solution.field
    ansatz = build_ansatz(problem, hard=bool(solution.run["hard"]))
    loss = _loss(ansatz, solution, field)
    with torch.no_grad():
        rows, jacobian = (v.double().cpu().numpy() for v in loss.jacobian())
    given = {t.name: place for t in ansatz.terms if (place := measurements(t.place))}
    places = {n: place for n, place in given.items() if place.noisy} or given  # exact ones beside these are conditions
    measured = {b.name: part for b, part in zip(loss.blocks, loss.slices, strict=True) if b.name in places}
    factor = min(solution.weights[name] / (part.stop - part.start) for name, part in measured.items()) ** 0.5
    for block, part in zip(loss.blocks, loss.slices, strict=True):
        unit = (solution.weights[block.name] / block.size) ** 0.5 if block.name in measured else factor
        rows[part], jacobian[part] = rows[part] / unit, jacobian[part] / unit
    names = tuple(name for name in field.trial.numbers if not name.startswith(SINGULAR))
    of_numbers = _places(field, names, jacobian.shape[1])
    values = np.abs([field.trial.numbers[name].item() for name in names])
    units = np.ones(jacobian.shape[1])
    units[of_numbers] = np.where(values > 0, values, 1.0)
    left, singular, turn = np.linalg.svd(jacobian * units, full_matrices=False)
    told = singular > CUTOFF * singular[0]
    root = units[:, None] * turn[told].T / singular[told]
    step = -root @ (left[:, told].T @ rows)
    deviations = np.concatenate([rows[part] for part in measured.values()])
    leverage = np.concatenate([jacobian[part] for part in measured.values()]) @ root
    misfit = float(np.mean(deviations**2))
    noise, free = 1.0, math.inf
    if not any(place.noisy for place in places.values()):
        free = max(1.0, len(deviations) - float((leverage**2).sum()))
        noise = float(np.sqrt((deviations**2).sum() / free))
        misfit = misfit / noise**2 if noise else misfit
    covariance = noise**2 * root @ root.T
    untold = _untold(turn[told][:, of_numbers]) * units[of_numbers, None] / (CUTOFF * singular[0])
    covariance[np.ix_(of_numbers, of_numbers)] += noise**2 * untold @ untold.T
    shares = [s for s in relative_residual(problem, solution).values() if not np.isnan(s)]
    return Uncertainty(names, level, misfit, noise, free, field, covariance, step, max(shares, default=0.0))


def _places(field: Field, names: tuple[str, ...], parameters: int) -> list[int]:
    """Where these numbers are among all parameters, the last of which are numbers."""
    numbers = list(field.trial.numbers)
    return [parameters - len(numbers) + numbers.index(name) for name in names]


def _untold(turn: Float[np.ndarray, "told numbers"]) -> Float[np.ndarray, "numbers untold"]:
    """Combinations of the numbers that no row tells, as columns as long as their share in what is not told."""
    missing, combinations = np.linalg.eigh(np.eye(turn.shape[1]) - turn.T @ turn)
    return combinations[:, missing > UNTOLD] * np.sqrt(missing[missing > UNTOLD])


def _loss(ansatz: Ansatz, solution: Solution, field: Field) -> LeastSquares:
    """The loss of the run at points like its own, with its weights."""
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    counts: Mapping[str, int] = {k: int(solution.run[k]) for k in ("interior", "boundary")}
    points = draw_points(ansatz, field.trial.input_map, samplers, **counts)
    loss = assemble(ansatz, field.trial, points, penalty=1.0)
    loss.reweigh(solution.weights)
    return loss
