"""What a Jacobian and a Gauss-Newton step cost as points, parameters, dimension and order grow.

The problem is the sum of all pure derivatives of one order on a cube: what is solved does not matter for the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from kanpde import KAN, Box, Problem, diff
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import LeastSquares, Trial
from kanpde.geometry import Sampler
from kanpde.nn.input_map import InputMap
from kanpde.optim import GaussNewton
from kanpde.optim.factorisation import Factorisation, Gram, Orthogonal
from kanpde.recommend import DEGREES
from kanpde.sampling import Sobol

from .contained import contained_in
from .report import Report, alternatives, markdown, time_text
from .runs import Request, Result, Run, Table
from .timing import interleaved

ROUNDS, FEW_ROUNDS = 9, 3
"""The few are for the quick pass, and for the large matrices."""
POINTS_PER_PARAMETER = 5


@dataclass(frozen=True)
class Setting:
    """One size of the least-squares problem.

    Attributes:
        points: rows of the Jacobian.
        hidden: nodes of the hidden layer; it decides the number of parameters.
        dimension: number of coordinates.
        order: of the derivatives.
    """

    points: int = 2000
    hidden: int = 6
    dimension: int = 2
    order: int = 2

    def make(self, device: str = "cpu", dtype: torch.dtype = torch.float64) -> LeastSquares:
        """The loss at random weights."""
        ansatz = build_ansatz(pure_derivatives(self.dimension, self.order))
        width, degrees = [self.dimension, self.hidden, 1], list(DEGREES["chebyshev"])
        network = KAN(width, k=degrees, basis="chebyshev", base=False).to(device, dtype)
        trial = Trial(network, InputMap(ansatz.problem.domain.bounds))
        samplers: dict[str, Sampler] = {term.name: Sobol() for term in ansatz.terms}
        return build_blocks(ansatz, trial, samplers, interior=self.points, boundary=1, penalty=1.0)

    @classmethod
    def of_size(cls, hidden: int) -> Setting:
        """A setting with five times as many points as parameters."""
        return cls(POINTS_PER_PARAMETER * cls(points=1, hidden=hidden).make().parameter_count, hidden)


SERIES: dict[str, tuple[Setting, ...]] = {
    "points": tuple(Setting(points=n) for n in (500, 1000, 2000, 4000, 8000)),
    "parameters": tuple(Setting(points=4000, hidden=w) for w in (2, 4, 8, 16)),
    "dimension": tuple(Setting(dimension=d) for d in range(1, 7)),
    "order": tuple(Setting(order=k) for k in range(1, 5)),
}
SIZES = (5, 15, 45)
"""Hidden nodes for 335, 1,005 and 3,015 parameters."""
FACTORISATIONS: dict[str, Factorisation] = {"normal equations": Gram(), "triangles": Orthogonal()}


def pure_derivatives(dimension: int, order: int) -> Problem:
    """The equation: the sum over all coordinates of the derivative of that order, plus the unknown, is zero."""

    class PureDerivatives(Problem):
        """See `pure_derivatives`."""

        domain = Box(**{f"x{i + 1}": (-1, 1) for i in range(dimension)})

        def residual(self, u: Any) -> Any:
            """The left-hand side."""
            return u + sum(diff(u, c, order) for c in self.domain.coordinates)

    return PureDerivatives()


def runs(request: Request) -> list[Run]:
    """One run per series, its sizes in turn; then one per size beside the matrix products that a step contains."""
    rounds = FEW_ROUNDS if request.quick else ROUNDS
    found = [Run(f"against {name}", partial(series, name, SERIES[name], rounds), quick=True) for name in SERIES]
    found += [
        Run(f"beside matrix products, {hidden} hidden nodes", partial(products, hidden, FEW_ROUNDS), hidden == SIZES[0])
        for hidden in SIZES
    ]
    return found


def series(name: str, settings: Sequence[Setting], rounds: int) -> Result:
    """Times of the Jacobian and of a step along a series of sizes."""
    losses = [setting.make() for setting in settings]
    parameters = [loss.parameter_count for loss in losses]
    sizes = parameters if name == "parameters" else [getattr(setting, name) for setting in settings]
    tasks: dict[str, Callable[[], object]] = {}
    for size, loss in zip(sizes, losses, strict=True):
        tasks[f"Jacobian {size}"], tasks[f"step {size}"] = loss.jacobian, step_of(loss)
    times = list(interleaved(tasks, rounds).values())
    return {
        "series": name,
        "size": sizes,
        "points": [loss.size for loss in losses],
        "parameters": parameters,
        "jacobian": times[::2],
        "step": times[1::2],
        "exponents": {"jacobian": exponent(sizes, times[::2]), "step": exponent(sizes, times[1::2])},
        "rounds": rounds,
    }


def products(hidden: int, rounds: int) -> Result:
    """Steps by both dense factorisations, each beside the products that it contains; and J^T J with Cholesky."""
    loss = Setting.of_size(hidden).make()
    jacobian = torch.randn(
        loss.size, loss.parameter_count, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    gram = jacobian.T @ jacobian
    tasks: dict[str, Callable[[], object]] = {
        "Jacobian": loss.jacobian,
        "J^T J": lambda: torch.mm(jacobian.T, jacobian),
        "Cholesky": lambda: torch.linalg.cholesky(gram),
    }
    for name, factorisation in FACTORISATIONS.items():
        tasks[name] = step_of(loss, factorisation)
        tasks[f"{name}, contained"] = contained_in(tasks[name])
    return {
        "products": hidden,
        "points": loss.size,
        "parameters": loss.parameter_count,
        "milliseconds": interleaved(tasks, rounds),
        "rounds": rounds,
    }


def step_of(loss: LeastSquares, factorisation: Factorisation | None = None) -> Callable[[], object]:
    """A step of a new optimiser from the present weights, always the same one."""
    start = loss.theta

    def step() -> None:
        loss.theta = start
        GaussNewton(factorisation=factorisation).step(loss)

    return step


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """The slope of a line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def report(results: Sequence[Result]) -> Report:
    """Exponents, all times, and the quotients over matrix products."""
    found = [r for r in results if "series" in r]
    against = [r for r in results if "products" in r]
    rounds = alternatives(results, "rounds")
    text = (
        "Processor time on one thread, float64, Chebyshev KAN [d, w, 1] of degrees 30 and 4; unless it is the size that "
        "grows there are 2,000 points, two coordinates, derivatives of order 2 and six hidden nodes (4,000 points where "
        "parameters grow). A step is one of Gauss-Newton from random weights: Jacobian, factorisation and the search for "
        f"the damping. Medians of {rounds} rounds, all sizes in turn. The exponent is the slope of a line through the "
        "logarithms; the number of parameters grows with the dimension too. In brackets: the time of a step over that of "
        "the matrix products and factorisations that it contains, done once more on their own; and over that of one "
        "J^T J and one Cholesky factorisation.\n\n"
    )
    parts = [
        markdown(
            ["against", "sizes", "Jacobian", "exponent", "step", "exponent"],
            [_series_cells(r) for r in found],
        )
        if found
        else "",
        markdown(
            ["parameters", "points", "Jacobian", "J^T J", "Cholesky", *(f"step by {n}" for n in FACTORISATIONS)],
            [_product_cells(r["parameters"], r["points"], r["milliseconds"]) for r in against],
        )
        if against
        else "",
    ]
    return Report([*found, *against], text + "\n\n".join(filter(None, parts)), _figure(found))


def _series_cells(result: Mapping[str, Any]) -> list[str]:
    def listed(times: Sequence[float]) -> str:
        return ", ".join(time_text(t) for t in times)

    return [
        result["series"],
        ", ".join(f"{s:,}" for s in result["size"]),
        listed(result["jacobian"]),
        f"{result['exponents']['jacobian']:.2f}",
        listed(result["step"]),
        f"{result['exponents']['step']:.2f}",
    ]


def _product_cells(parameters: int, points: int, times: Mapping[str, float]) -> list[str]:
    small = times["J^T J"] + times["Cholesky"]
    cells = [time_text(times[name]) for name in ("Jacobian", "J^T J", "Cholesky")]
    for name in FACTORISATIONS:
        step = times[name]
        cells.append(f"{time_text(step)} ({step / times[f'{name}, contained']:.1f}; {step / small:.1f})")
    return [f"{parameters:,}", f"{points:,}", *cells]


def _figure(results: Sequence[Mapping[str, Any]]) -> Figure:
    """A panel per series, with logarithmic axes."""
    figure = Figure(figsize=(3.0 * max(1, len(results)) + 0.6, 3.0), layout="constrained")
    panels = figure.subplots(1, max(1, len(results)), sharey=True, squeeze=False)[0]
    for axis, result in zip(panels, results, strict=False):
        for name, marker in (("jacobian", "o"), ("step", "s")):
            label = f"{name}, exponent {result['exponents'][name]:.2f}"
            axis.plot(result["size"], result[name], marker=marker, label=label)
        axis.set(xscale="log", yscale="log", xlabel=result["series"])
        axis.set_xticks(result["size"], [f"{size:,}" for size in result["size"]], fontsize=8)
        axis.set_xticks([], minor=True)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    panels[0].set_ylabel("milliseconds")
    return figure


TABLE = Table("Cost of a step", runs, report)
