"""The network and the plan that a problem gets if the user names none, and an MLP of about the same size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import sympy as sp

from .ansatz import Ansatz
from .balance import NoiseLevel
from .budget import Budget
from .conditions import Interior
from .expression import Expression
from .nn import KAN, MLP
from .nn.initialisation import DECAY, SMOOTH_DECAY
from .optim import OPTIMIZERS, GaussNewton, Optimizer
from .plan import Plan
from .problem import Problem
from .scales import coefficients, sizes

HIDDEN, HIDDEN_ON_SHAPES = 6, 12
GRIDS = {"gaussian": (16, 2)}
USUAL_GRID = (14, 2)
DEGREES = {"chebyshev": (30, 4), "bspline": (12, 4), "fourier": (12, 4)}
ON_SHAPES = (30, 8)
"""Chebyshev degrees where the domain is no box: what goes on around holes and corners takes more of them."""
DEEP, DEEP_THIN = (12, 5, 5), (18, 6, 6)
"""Chebyshev degrees with two hidden layers; with the lower ones slabs of Burgers' equation end 20 to 60 times as high."""
THIN = 0.02
"""Number of diffusion (or the like of higher order) below which the solution of an evolution may get thin layers."""
FOURTH = 4
BENT, BENT_LINE = (16, 4), (12, 4)
"""Chebyshev degrees for derivatives of order 4 in space, in one dimension the second: rounding grows with the eighth power of the
degree in them. A beam ended at 1.7e-6, 1.4e-7 and 2.8e-7 with 30 and 4, and ends at 4.1e-9 and below from five seeds; the clamped
plate at 4e-7 and 1e-9, now at 2e-11 and 1e-12."""
IN_TIME = (40,)
"""Chebyshev degree for ordinary differential equations, without a hidden layer."""
FEWEST_SLABS, MOST_SLABS = 4, 32
SLAB_SECONDS, SLAB_STEPS = 8.0, 50
"""What a slab takes on one core."""
MOST_IN_TIME, IN_TIME_SECONDS, IN_TIME_STEPS = 40, 1.0, 10
"""The like for ordinary differential equations."""


def is_nonlinear_evolution(problem: Problem) -> bool:
    """Whether the solution changes in time by an equation that is not linear in it: fronts may form."""
    unknowns = list(problem.unknown.values())
    return problem.time_order > 0 and not all(Expression(e, unknowns).is_linear for e in problem.equations.values())


def may_get_thin_layers(problem: Problem) -> bool:
    """Whether the solution of a nonlinear evolution in space is smoothed little over the time and the size of the domain.

    Diffusion of 0.1 on a unit square smooths much, Burgers' equation with nu = 0.01 on a length of 2 little.
    """
    return (
        is_nonlinear_evolution(problem)
        and bool(problem.domain.space_names)
        and not max(map(partial(_smoothing, problem), problem.equations.values())) >= THIN
    )


def _is_deep(problem: Problem) -> bool:
    return is_nonlinear_evolution(problem) and bool(problem.domain.space_names)


def _smoothing(problem: Problem, equation: sp.Expr) -> float:
    """The number of diffusion, |c| T^k / L^m for a term c d^m u / dx^m, m > 1, beside d^k u / dt^k.

    Coefficients are medians over points of the domain and values of the unknowns drawn at random; 0 without such a term.
    """
    time = problem.domain.names.index(str(problem.domain.time_name))
    in_time, in_space = [0.0], [0.0]
    found = coefficients(equation, list(problem.unknown.values()), Interior(problem.domain))
    for p, size in sizes(problem, found).items():
        if p.orders[time]:
            in_time.append(size)
        elif sum(p.orders) > 1:
            in_space.append(size)
    return max(in_space) / max(in_time) if max(in_time) else 0.0


def recommended_plan(problem: Problem, budget: Budget, *, slabs: bool = True) -> Plan:
    """Slabs for ordinary equations in time and for evolutions that may get thin layers, stretched at fronts; else one network.

    Measurements with a `sigma` of their own are weighed down to their noise, without restarts: such a loss has a floor.

    There are as many slabs as the budget has time for. Burgers' equation with nu = 0.01/pi ends at 1e-2 as one network
    and at 1.5e-9 in 32 slabs. A reaction with diffusion 0.1 ends at 3e-6 as one network after 100 steps (7 s), and in
    4 slabs of as many steps together at 8e-3 (medians of three seeds).

    Args:
        problem: what is solved.
        budget: in seconds or steps.
        slabs: whether the network may be a slab's.
    """
    if problem.has_noise:
        return Plan(balance=NoiseLevel(), restarts=0)
    if slabs and is_in_time_alone(problem) and not (problem.inverse_parameters or problem.has_data):
        return Plan(slabs=_affordable(budget, MOST_IN_TIME, IN_TIME_SECONDS, IN_TIME_STEPS))
    whole = problem.inverse_parameters or problem.has_data or problem.materials
    if not slabs or whole or not may_get_thin_layers(problem):
        return Plan()
    count = _affordable(budget, MOST_SLABS, SLAB_SECONDS, SLAB_STEPS)
    return Plan(slabs=count, stretch=len(problem.differentiated) == 1)


def _affordable(budget: Budget, most: int, seconds: float, steps: int) -> int:
    """As many slabs as the budget has time for, if each takes so long."""
    limits = [float(most)]
    limits += [budget.seconds / seconds] if budget.seconds else []
    limits += [budget.steps / steps] if budget.steps else []
    return max(FEWEST_SLABS, int(min(limits)))


def is_in_time_alone(problem: Problem) -> bool:
    """Whether the equations are ordinary ones in time."""
    return problem.domain.time_name is not None and not problem.domain.space_names


def recommended_optimizer(name: str, plan: Plan) -> Optimizer:
    """The method of that name, set for one network or for time slabs.

    A slab starts near its solution, and bent Gauss-Newton steps get to its floor in half as many: Burgers' equation in
    some 35 steps a slab instead of 75. The boldest damping is too bold there: with 0, 1, 2 and 3 bisections a slab of the
    Kuramoto-Sivashinsky equation takes 12, 18, 25 and 30 steps of 2, 3, 4 and 5 probes to its floor. Single networks
    want three (Helmholtz' equation ends at 4e-6 without, at 1e-12 with them), and slabs with penalties at least one.
    There is little to wait for: 20 steps of patience instead of 40; with 6 one of the first two runs of the Allen-Cahn
    equation left a slab too early, at 7e-5 instead of 1e-8.

    Args:
        name: one of `OPTIMIZERS`.
        plan: of the run.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"`optimizer` must be one of {', '.join(OPTIMIZERS)}, got '{name}'.")
    if name == GaussNewton.name and plan.slabs != 1:
        return GaussNewton(bisections=1, geodesic=2, patience=20)
    return OPTIMIZERS[name]()


def recommended_kan(ansatz: Ansatz, *, seed: int = 0) -> KAN:
    """A Chebyshev KAN, edges without base function.

    One hidden layer of 6 nodes, degrees 30 and 4: with Gauss-Newton it reaches 1e-10 and below on smooth solutions that
    are sums of a few products. With derivatives of order 4 in space degrees 16 and 4, on a line 12 and 4; on shapes that are
    no boxes 12 nodes, degrees 30 and 8. For nonlinear evolutions two hidden layers of 6 nodes, which follow other shapes
    more closely; degrees 18, 6 and 6 where thin layers may form, else 12, 5 and 5. For equations in time alone none at all,
    but degree 40: in 40 slabs the equations of Lorenz, Lotka and Volterra, and a pendulum end at 6e-14, 6e-14 and 7e-16, van der
    Pol's with mu = 10 at 2e-7; one network with a hidden layer of 6 ends at 1.0, 1e-12 and 1e-2 on the first three.
    """
    return kan_from(ansatz, seed=seed)


def kan_from(
    ansatz: Ansatz,
    *,
    basis: str | None = None,
    width: Sequence[int] | None = None,
    grid: Sequence[int] | None = None,
    degree: Sequence[int] | None = None,
    seed: int = 0,
) -> KAN:
    """A KAN with the given sizes; what is None is recommended. Evolutions above the second order get smooth start values.

    Args:
        ansatz: says how many inputs and outputs there are.
        basis: "chebyshev", "bspline", "fourier" or "gaussian".
        width: nodes per layer.
        grid: grid intervals of B-splines, one number or one per layer.
        degree: polynomial degree, one number or one per layer.
        seed: of the start values.

    Raises:
        ValueError: for sizes that cannot be, or an unknown basis.
    """
    basis = basis or "chebyshev"
    deep = basis == "chebyshev" and (len(width) > 3 if width is not None else _is_deep(ansatz.problem))
    if width is None:
        hidden = HIDDEN if ansatz.problem.domain.is_box else HIDDEN_ON_SHAPES
        layers_inside = 0 if is_in_time_alone(ansatz.problem) else 1 + deep
        width = [ansatz.n_inputs, *[hidden] * layers_inside, len(ansatz.outputs)]
    width, layers = list(width), len(width) - 1
    if deep:
        usual: Sequence[int] = DEEP_THIN if may_get_thin_layers(ansatz.problem) else DEEP
    else:
        usual = _usual_degrees(ansatz.problem, len(width)) if basis == "chebyshev" else DEGREES.get(basis, (3,))
    degrees = _per_layer(degree, usual, layers)
    grids = _per_layer(grid, GRIDS.get(basis, USUAL_GRID), layers)
    steep = ansatz.problem.time_order > 0 and max(ansatz.problem.orders.values()) > 2
    decay = SMOOTH_DECAY if steep else DECAY
    return KAN(width, grid=grids, k=degrees, basis=basis, base=False, seed=seed, decay=decay)


def _usual_degrees(problem: Problem, layers: int) -> Sequence[int]:
    """Of a Chebyshev KAN with up to one hidden layer."""
    if is_in_time_alone(problem) and layers == 2:
        return IN_TIME
    orders = [problem.orders[name, axis] for name in problem.unknown for axis in problem.domain.space_names]
    if max(orders, default=0) >= FOURTH:
        return BENT_LINE if problem.domain.dimension == 1 else BENT
    return DEGREES["chebyshev"] if problem.domain.is_box else ON_SHAPES


def matching_mlp(ansatz: Ansatz, parameters: int, *, seed: int = 0) -> MLP:
    """The tanh MLP with two hidden layers whose number of parameters is closest to the given one."""
    n, m = ansatz.n_inputs, len(ansatz.outputs)
    first, second = min(
        ((a, b) for a in range(1, 400) for b in range(max(1, a // 2), a + 1)),
        key=lambda ab: (abs((n + 1) * ab[0] + (ab[0] + 1) * ab[1] + (ab[1] + 1) * m - parameters), ab[0] - ab[1]),
    )
    return MLP([n, first, second, m], seed=seed)


def _per_layer(given: Sequence[int] | None, recommended: Sequence[int], layers: int) -> int | list[int]:
    """What the user gave, as it is; else the recommendation, whose last value serves all deeper layers."""
    if given is not None:
        return given[0] if len(given) == 1 else list(given)
    return [*recommended, *[recommended[-1]] * layers][:layers]
