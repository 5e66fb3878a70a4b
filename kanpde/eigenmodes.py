"""Eigenvalue problems: the lowest modes, found among random functions and then trained one by one.

The functions that the last layer of a wide random network combines are a basis. Least squares in it, shifted and
inverted, has the lowest eigenvalues to some digits. Each of these combinations is first fitted by a network of usual size,
which is then trained on the equations, with the eigenvalue as an unknown number and the integral of its product with the
combination given: it cannot turn into another mode. The wide networks themselves have large coefficients that cancel,
and hardly move.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Float
from torch import nn

from .cancellation import evaluated
from .conditions import Condition, Data, Integral
from .expression import Expression
from .geometry import PointSet
from .plan import Plan
from .problem import Problem
from .random_modes import Start, kan_of_size, lowest_modes, norm, scale
from .sampling import Sobol
from .settings import Points
from .slabs import field_function
from .solution import Solution
from .solver import limited_threads, ready_ansatz, solve
from .symbols import Parameter
from .training import Report

USUAL = (10, (16, 6))
"""Nodes and Chebyshev degrees of the network that is trained."""
SECONDS, TO_FIT = 30.0, 0.25
"""For each mode, without a budget; and the part of the time that the fit may take."""
PER_PARAMETER = 4
"""Points that a combination is fitted at."""
ASTRAY = 0.1
"""Relative change of an eigenvalue in the training that is worth a doubt, and relative residual."""
CLUSTER = 2e-2
"""Relative distance of eigenvalues up to which their functions are kept orthogonal."""
ALIKE = 0.5
"""Cosine of the angle above which two functions are taken for the same one."""


@dataclass(frozen=True)
class Modes(Sequence[Solution]):
    """The lowest modes of a problem, ascending; `modes[0]` is the `Solution` of the lowest.

    Attributes:
        eigenvalue: its name.
        values: the eigenvalues.
        starts: what they were before the training, to see whether it has gone astray.
        residuals: root of the integral of the squared residual of the equations, with functions of norm 1. Where all
            conditions are built in and the operator is self-adjoint, an eigenvalue lies within this distance.
        solutions: with functions of norm 1 (integral of the sum of squares of the unknowns).
        overlap: integrals of the products of any two.
        known: the eigenvalues that the problem says, or None.
    """

    eigenvalue: str
    values: Float[np.ndarray, " count"]
    starts: Float[np.ndarray, " count"]
    residuals: Float[np.ndarray, " count"]
    solutions: tuple[Solution, ...]
    overlap: Float[np.ndarray, "count count"]
    known: Float[np.ndarray, " count"] | None = None

    @property
    def errors(self) -> Float[np.ndarray, " count"] | None:
        """Relative errors of the eigenvalues, absolute where they are 0; None if they are not known."""
        if self.known is None:
            return None
        return np.abs(self.values - self.known) / np.where(self.known == 0, 1.0, np.abs(self.known))

    def __len__(self) -> int:
        return len(self.solutions)

    def __getitem__(self, index: int) -> Solution:  # type: ignore[override]
        return self.solutions[index]

    @property
    def doubts(self) -> list[str]:
        """Why some of the modes may not be what they seem, in words."""
        off = np.abs(self.overlap - np.diag(np.diag(self.overlap)))
        same = [
            f"modes {i + 1} and {j + 1} overlap by {off[i, j]:.2g}: they may be one and the same"
            for j in range(len(self))
            for i in range(j)
            if off[i, j] > ALIKE
        ]
        moved = np.abs(self.values - self.starts)
        far = [
            f"mode {i + 1} started from {self.starts[i]:.6g} and ended at {self.values[i]:.6g}: others may be missing"
            for i in np.flatnonzero(moved > ASTRAY * np.maximum(np.abs(self.starts), self._spacing))
        ]
        rough = [
            f"mode {i + 1} has the residual {self.residuals[i]:.1e} beside the eigenvalue {self.values[i]:.4g}: it takes "
            "more time, or another `model`"
            for i in np.flatnonzero(self.residuals > ASTRAY * np.maximum(np.abs(self.values), self._spacing))
        ]
        return [*same, *far, *rough]

    @property
    def _spacing(self) -> float:
        return float(np.ptp(self.values)) / max(1, len(self) - 1)

    def __str__(self) -> str:
        off = [""] * len(self) if self.errors is None else [f", error {e:.1e}" for e in self.errors]
        rows = [
            f"{self.eigenvalue} {i + 1} = {value:.15g}   (residual {self.residuals[i]:.1e}{off[i]})"
            for i, value in enumerate(self.values)
        ]
        return "\n".join([*rows, *(f"doubt: {d}" for d in self.doubts)])


class Mode(Problem):
    """One mode of an eigenvalue problem: its equations, its size, and what it is orthogonal to.

    Args:
        whole: the eigenvalue problem.
        number: of the mode, from 1.
        start: what its training begins with.
        near: earlier modes with about the same eigenvalue.
    """

    def __init__(self, whole: Problem, number: int, start: Start, near: Sequence[Solution]):
        self._whole, self._number, self._start = whole, number, start
        self._take_over(whole)
        self.declared, self.singularities = whole.declared, start.singular  # type: ignore[misc]
        fields = [start.field, *(solution.field.parts[-1] for solution in near)]
        self._known = [
            {u: field_function(field, u, i)(*self.domain.coordinates) for u in self.unknowns}
            for i, field in enumerate(fields)
        ]
        super().__init__()

    @property
    def name(self) -> str:
        """Name of the problem and number of the mode."""
        return f"{self._whole.name} mode {self._number}"

    @property
    def eigenvalue(self) -> None:
        """A number to be found like others."""
        return None

    @cached_property
    def inverse_parameters(self) -> tuple[Parameter, ...]:
        """The eigenvalue, with its start."""
        return (Parameter(self._start.value, str(self._whole.eigenvalue)),)

    @property
    def given(self) -> list[Condition]:
        """The conditions of the whole problem."""
        return self._whole.condition_list

    def residual(self) -> dict[str, sp.Expr]:
        """That of the whole problem."""
        return self._whole.declared

    def conditions(self) -> list[Condition]:
        """Those of the whole problem, and the products with the start and with modes nearby."""
        products = [sp.Add(*[self.unknown[n] * f for n, f in known.items()]) for known in self._known]
        return [*self.given, *(Integral(of=e, value=int(not i)) for i, e in enumerate(products))]


class Likeness(Problem):
    """A problem without equation: the conditions of a mode, and the values that its training begins with.

    Args:
        mode: which mode.
        start: its start.
        points: where.
    """

    declared = {}

    def __init__(self, mode: Mode, start: Start, points: PointSet):
        self._mode, self._points = mode, points
        self._values: dict[str, Any] = {name: start.field.values(points, name) for name in mode.unknown}
        self._take_over(mode)
        self.singularities = mode.singularities  # type: ignore[misc]
        super().__init__()

    @property
    def name(self) -> str:
        """Name of the mode."""
        return self._mode.name

    @property
    def eigenvalue(self) -> None:
        """Conditions have it no more."""
        return None

    @cached_property
    def inverse_parameters(self) -> tuple[Parameter, ...]:
        """Those of the mode, which conditions may have."""
        return self._mode.inverse_parameters

    def residual(self) -> dict[str, sp.Expr]:
        """Nothing must vanish."""
        return {}

    def conditions(self) -> list[Condition]:
        """Those of the whole problem, and values."""
        return [*self._mode.given, Data(self._points.columns, **self._values)]


def modes(
    problem: Problem,
    count: int = 1,
    model: nn.Module | None = None,
    *,
    seconds: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    points: int | Points | None = None,
    hard: bool = False,
    threads: int | None = None,
    on_step: Callable[[Report], None] | None = None,
) -> Modes:
    """Find the lowest eigenvalues of a problem and their functions.

    The equations, and conditions, must be linear and homogeneous in the unknowns and linear in the `Eigenvalue`.

    Args:
        problem: with one `Eigenvalue` among its attributes.
        count: how many modes, at least 1.
        model: the network of each mode, a copy for each; a Chebyshev KAN with one hidden layer of 10 nodes without it.
        seconds: wall-clock budget of all trainings together, without the search before, which takes seconds to a minute;
            30 for each mode if neither this nor `steps` is given.
        steps: budget in optimiser steps, of the fit and of the training of each mode.
        seed: of points and start values.
        points: number of interior points, or `Points`.
        hard: build all Dirichlet and Periodic conditions in.
        threads: of PyTorch while this runs; see `solve`.
        on_step: called with a `Report` after every step.

    Returns:
        The modes, by ascending eigenvalue.

    Raises:
        ValueError: for a problem without eigenvalue, or that is not linear; if fewer modes are seen than asked for.
    """
    if problem.eigenvalue is None:
        raise ValueError(f"`problem` {problem.name} has no eigenvalue: make a number of it an Eigenvalue().")
    if problem.domain.time_name is not None:
        raise ValueError(f"`domain` of an eigenvalue problem must have no time, got {problem.domain}: leave it out.")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"`count` must be a whole number of at least 1, got {count!r}.")
    ansatz = ready_ansatz(problem, hard)
    _check_linear(problem)
    network = kan_of_size(ansatz, USUAL, seed) if model is None else model
    if seconds is None and steps is None:
        seconds = SECONDS * count
    with limited_threads(threads or 1):
        starts = lowest_modes(ansatz, hard, seed, count)
    places = problem.domain.sample(PER_PARAMETER * sum(p.numel() for p in network.parameters()), Sobol(seed))
    begun = time.perf_counter()
    found: list[Solution] = []
    for i, start in enumerate(starts):
        near = [
            s
            for s, other in zip(found, starts, strict=False)
            if abs(other.value - start.value) <= CLUSTER * abs(start.value)
        ]
        mode, trained = Mode(problem, i + 1, start, near), copy.deepcopy(network)
        ends = None if seconds is None else begun + seconds * (i + 1) / count

        def train(what: Problem, share: float, ends: float | None = ends, trained: nn.Module = trained) -> Solution:
            left = None if ends is None else max(1e-3, share * (ends - time.perf_counter()))
            return solve(
                what, trained, seconds=left, steps=steps, seed=seed, points=points, hard=hard, plan=Plan(restarts=0),
                threads=threads, on_step=on_step,
            )  # fmt: skip

        train(Likeness(mode, start, places), TO_FIT)
        solution = train(mode, 1.0)
        scale(solution.field.parts[-1], 1 / norm(problem.domain, solution.field.parts[-1]))
        found.append(solution)
    values = np.array([s.numbers[str(problem.eigenvalue)] for s in found])
    order = np.argsort(values)
    solutions = tuple(found[i] for i in order)
    overlap, residuals = _measured(problem, solutions)
    begins = np.array([s.value for s in starts])
    known = np.array(problem.eigenvalues(count), float) if hasattr(problem, "eigenvalues") else None
    return Modes(str(problem.eigenvalue), values[order], begins[order], residuals, solutions, overlap, known)


def _check_linear(problem: Problem) -> None:
    """Refuse what has no modes.

    Raises:
        ValueError: naming the equation or condition.
    """
    unknowns, number = list(problem.unknown.values()), problem.eigenvalue
    for term in problem.terms:
        nothing = problem.substitute(dict.fromkeys(problem.unknown, sp.S.Zero), term.expression)
        if sp.simplify(nothing) != 0:
            raise ValueError(
                f"`{term.name}` must vanish for u = 0 in an eigenvalue problem, got {nothing}: take it out."
            )
        at_one = term.expression.xreplace({number: sp.S.One})
        if not Expression(at_one, unknowns).is_linear or sp.diff(term.expression, number, 2) != 0:
            raise ValueError(f"`{term.name}` must be linear in the unknowns and in {number}: {term.expression}.")


def _measured(
    problem: Problem, solutions: Sequence[Solution]
) -> tuple[Float[np.ndarray, "count count"], Float[np.ndarray, " count"]]:
    """Integrals of products of the functions, and roots of those of the squared residuals."""
    rule = problem.domain.quadrature()
    functions = [[s.field.values(rule, name) for name in problem.unknown] for s in solutions]
    overlap = np.array(
        [[sum(float(rule.integral(f * g)[0]) for f, g in zip(a, b, strict=True)) for b in functions] for a in functions]
    )
    residuals = [
        sum(float(rule.integral(evaluated(problem, s, e, rule) ** 2)[0]) for e in problem.equations.values()) ** 0.5
        for s in solutions
    ]
    return overlap, np.array(residuals)
