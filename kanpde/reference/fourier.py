"""Evolution on a periodic interval in Fourier coefficients, from the symbolic form of a problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp
from jaxtyping import Complex, Float

from ..conditions import Initial
from ..expression import Expression, numeric
from ..problem import Problem
from ..symbols import Unknown
from .normal_form import time_derivatives
from .rows import Rows

PADDING = 4
"""Grid points per wave number: products of up to three factors are then free of aliasing."""
OVERSAMPLING = 256
"""As many times finer is the grid that initial values are read from: what aliases at a kink falls with its square."""
WORST_CONDITION = 1e6
"""Eigenvectors of a linear part that are closer to dependent than this lose too many digits."""
NODES_AT_ONCE = 256


@dataclass(frozen=True)
class FourierSystem:
    """`dc/dt = multipliers * c + rest(t, c)` for the coefficients of `e^(i w (x - lower))`, in a basis of the unknowns.

    The basis makes the linear part diagonal for each wave; with one unknown it is the unknown itself.

    Attributes:
        problem: whose equations these are.
        waves: w = 2 pi k / length for k = 0, 1, ..., shape (modes,).
        multipliers: the linear part with constant coefficients, shape (unknowns, modes).
        basis: from the coefficients in that basis to those of the unknowns, shape (modes, unknowns, unknowns).
        inverse: the way back.
        others: unknown to the rest of its equation on a grid, where there is a rest.
    """

    problem: Problem
    waves: Float[np.ndarray, " modes"]
    multipliers: Complex[np.ndarray, "unknowns modes"]
    basis: Complex[np.ndarray, "modes unknowns unknowns"]
    inverse: Complex[np.ndarray, "modes unknowns unknowns"]
    others: dict[str, Rows]

    def start(self) -> Complex[np.ndarray, "unknowns modes"]:
        """The state at the first instant."""
        return _turned(self.inverse, initial_coefficients(self.problem, len(self.waves)))

    def rest(self, t: float, c: Complex[np.ndarray, "unknowns modes"]) -> Complex[np.ndarray, "unknowns modes"]:
        """What the linear part leaves, its products formed on a grid."""
        names, points = list(self.problem.unknown), PADDING * len(self.waves)
        plain, out = _turned(self.basis, c), np.zeros_like(c)
        for name, rows in self.others.items():
            fields = []
            for unknown, (order, *_) in rows.expression.partials:
                slope = (1j * self.waves) ** order * plain[names.index(unknown)]
                fields.append(np.fft.irfft(slope, points) * points)
            known = rows.known({str(self.problem.domain.time_name): t})
            values = np.asarray(rows.expression.value(known, fields), float)
            out[names.index(name)] = _transform(np.broadcast_to(values, points), len(self.waves))
        return _turned(self.inverse, out)

    def values(
        self, c: Complex[np.ndarray, "unknowns modes instants"], x: Float[np.ndarray, " nodes"]
    ) -> dict[str, Float[np.ndarray, "nodes instants"]]:
        """Unknown to the sum of its series, anywhere."""
        twice = np.einsum("kij,jkt->ikt", self.basis, c) * np.where(self.waves > 0, 2.0, 1.0)[:, None]
        from_lower = x - self.problem.domain.bounds[self.problem.domain.space_names[0]][0]
        parts = [
            (np.exp(1j * np.outer(some, self.waves)) @ twice).real
            for some in np.split(from_lower, range(NODES_AT_ONCE, len(x), NODES_AT_ONCE))
        ]
        return dict(zip(self.problem.unknown, np.concatenate(parts, axis=1), strict=True))


def fourier_system(problem: Problem, modes: int) -> FourierSystem:
    """The equations in Fourier coefficients.

    Args:
        modes: number of waves, the constant among them.

    Raises:
        ValueError: for equations that cannot be solved for the time derivatives, whose highest derivatives have
            coefficients that are not constant, or whose linear part is not diagonalisable.
    """
    lower, upper = problem.domain.bounds[problem.domain.space_names[0]]
    waves = 2 * np.pi / (upper - lower) * np.arange(modes)
    grid = {problem.domain.space_names[0]: grid_of(problem, PADDING * modes)}
    names, linear, others = list(problem.unknown), np.zeros((modes, *2 * [len(problem.unknown)]), complex), {}
    for name, formula in time_derivatives(problem).items():
        slopes = _constant_slopes(problem, formula)
        for (u, order), slope in slopes.items():
            linear[:, names.index(name), names.index(str(u.func))] += float(slope) * (1j * waves) ** order
        other = sp.expand_mul(formula - sp.Add(*[s * _derivative(problem, u, k) for (u, k), s in slopes.items()]))
        if other != 0:
            expression = Expression(other, list(problem.unknown.values()))
            _check_mild(problem, expression, max((k for _, k in slopes), default=0))
            others[name] = Rows(expression, [], grid)
    multipliers, basis = np.linalg.eig(linear)
    if np.linalg.cond(basis).max() > WORST_CONDITION:
        raise ValueError(
            "`residual` has a linear part that is not diagonalisable: exponential integrators cannot take it; "
            "use finite_difference(problem)."
        )
    return FourierSystem(problem, waves, multipliers.T, basis, np.linalg.inv(basis), others)


def initial_coefficients(problem: Problem, modes: int) -> Complex[np.ndarray, "unknowns modes"]:
    """Fourier coefficients of the initial values, read from a grid so fine that kinks hardly alias."""
    x = grid_of(problem, OVERSAMPLING * PADDING * modes)
    return np.stack([_transform(initial_values(problem, name, x), modes) for name in problem.unknown])


def initial_values(problem: Problem, name: str, x: Float[np.ndarray, " nodes"]) -> Float[np.ndarray, " nodes"]:
    """Values of an unknown at the first instant.

    Raises:
        ValueError: if no condition gives them.
    """
    axis, time = problem.domain.names
    for condition in problem.condition_list:
        if isinstance(condition, Initial) and condition.order == 0 and name in condition.values:
            return numeric(condition.values[name], {axis: x, time: np.full(len(x), problem.domain.bounds[time][0])})
    raise ValueError(f"`conditions` gives no initial value of {name}: add Initial({name}=...).")


def grid_of(problem: Problem, points: int) -> Float[np.ndarray, " points"]:
    """Equidistant points from the lower end on, the upper one left out."""
    lower, upper = problem.domain.bounds[problem.domain.space_names[0]]
    return lower + (upper - lower) / points * np.arange(points)


def _transform(values: Float[np.ndarray, " points"], modes: int) -> Complex[np.ndarray, " modes"]:
    return np.fft.rfft(values)[:modes] / len(values)


def _turned(matrices: Complex[np.ndarray, "modes n n"], c: Complex[np.ndarray, "n modes"]) -> np.ndarray:
    return matrices[:, 0].T * c if len(c) == 1 else np.einsum("kij,jk->ik", matrices, c)


def _derivative(problem: Problem, u: Unknown, order: int) -> sp.Expr:
    x = problem.domain.coordinate(problem.domain.space_names[0])
    return sp.diff(u, x, order) if order else u


def _constant_slopes(problem: Problem, formula: sp.Expr) -> dict[tuple[Unknown, int], sp.Expr]:
    """(unknown, order) to the slope of a formula by that space derivative at zero, where it is a number but not 0."""
    unknowns = list(problem.unknown.values())
    tokens = {d: sp.Dummy() for d in [*formula.atoms(sp.Derivative), *unknowns]}
    plain, zero = formula.xreplace(tokens), dict.fromkeys(tokens.values(), sp.S.Zero)
    found = {}
    for unknown, (order, *_) in Expression(formula, unknowns).partials:
        u = problem.unknown[unknown]
        slope = sp.diff(plain, tokens[_derivative(problem, u, order)]).xreplace(zero)
        if slope.is_number and slope.is_real and slope.is_finite and slope != 0:
            found[u, order] = slope
    return found


def _check_mild(problem: Problem, other: Expression, linear_order: int) -> None:
    """Refuse a rest that is as stiff as the linear part."""
    axis = problem.domain.space_names[0]
    for unknown, (order, *_) in other.partials:
        if order > max(1, linear_order - 1):
            raise ValueError(
                f"`{unknown}.{axis * order}` has a coefficient that is not constant: exponential integrators take the highest "
                "derivatives linear and with constant coefficients; use finite_difference(problem)."
            )
