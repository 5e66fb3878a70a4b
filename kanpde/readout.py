"""From a fitted network to a formula: edges become functions of a library, layer by layer, as long as the data agree."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
import torch
from jaxtyping import Float
from torch import Tensor

from .fitting import columns_of, fit, not_interrupted, scaled_inputs
from .nn import Network
from .nn.prune import prune
from .nn.symbolic import Match, SymbolicFunction
from .nn.symbolic.edges import Pair
from .nn.symbolic.fix import fix_symbolic, suggest_layer
from .nn.symbolic.library import chosen
from .nn.symbolic.match import PRICE
from .regularisation import Sparsity
from .snapping import snap_constants
from .solution import Solution

WORSE = 3.0
"""How many times its error a fit may grow when a layer is made of formulas."""
PRUNED = 1e-3
"""Part of the spread of the values up to which the error may grow when edges are left out."""
ALTERNATIVES = 3
"""Functions that are tried for an edge when the best one makes the fit worse."""


@dataclass(frozen=True)
class Readout:
    """What reading off came to.

    Attributes:
        solution: the network, refitted; `solution.symbolic_formula()` is the formula if it is complete.
        complete: whether every edge is a formula.
        errors: root mean square of the deviations after the first fit, after pruning, and after every layer.
        functions: per layer, edge to the name of its function.
    """

    solution: Solution
    complete: bool
    errors: list[float]
    functions: list[dict[Pair, str]]

    @property
    def formula(self) -> dict[str, sp.Expr]:
        """The outputs as expressions of the inputs.

        Raises:
            ValueError: if an edge is still learned.
        """
        return self.solution.symbolic_formula()

    def snapped(self, x: Any, y: Any) -> dict[str, sp.Expr]:
        """The formula with rationals and multiples of pi, e and roots for constants, where the data allow it.

        Args:
            x: points, shape (n, d) or (n,); those of the fit, or others.
            y: values there, shape (n, m) or (n,).

        Raises:
            ValueError: if an edge is still learned, or for shapes that do not match.
        """
        points, values = columns_of("x", x), columns_of("y", y)
        names = self.solution.field.names
        if points.shape[1] != len(names) or values.shape != (len(points), len(self.formula)):
            raise ValueError(
                f"`x` and `y` must have {len(names)} and {len(self.formula)} columns and as many rows, "
                f"got {points.shape} and {values.shape}."
            )
        columns = dict(zip(names, points.T, strict=True))
        return {
            name: snap_constants(expression, columns, values[:, i])
            for i, (name, expression) in enumerate(self.formula.items())
        }


def auto_symbolic(
    model: Network,
    x: Any,
    y: Any,
    *,
    functions: Iterable[str | SymbolicFunction] | None = None,
    price: float = PRICE,
    tolerance: float = 0.03,
    steps: int = 100,
    starts: int = 1,
    deepen: bool = False,
    grids: Sequence[int] | None = None,
    sparse: bool = False,
    seed: int = 0,
) -> Readout:
    """Fit a network to values, prune it, and make its edges formulas, one layer after the other, refitting in between.

    A layer becomes formulas if the fit is then at most three times as bad as before; where the best functions make it
    worse, the next ones are tried for the edges that they describe least. A formula that is true usually lowers the
    error by many digits at the end; one that is not leaves it where the splines were, so look at `errors`.

    Args:
        model: stays as it is.
        x: points, shape (n, d) or (n,).
        y: values, shape (n, m) or (n,).
        functions: names of the library or functions; all of the library without it.
        price: powers of ten in the deviation that a unit of complexity must gain.
        tolerance: relative change of the outputs up to which edges are pruned; see `KAN.prune`.
        steps: budget of every fit; the first may take four times as many.
        starts: of the first fit; see `fit`.
        deepen: likewise.
        grids: likewise.
        sparse: hold edges few and small before pruning, by `kanpde.regularisation.Sparsity`: where several sets of edges
            describe the values as well, such as for x y.
        seed: of restarts.

    Raises:
        KeyboardInterrupt: after Ctrl-C or SIGTERM, once the present fit has stopped.
        ValueError: for values that cannot be fitted; see `fit`.
    """
    library = None if functions is None else chosen(functions)
    inputs = scaled_inputs(x)

    def refit(network: Network) -> Solution:
        return not_interrupted(fit(copy.deepcopy(network), x, y, steps=steps, seed=seed))

    alone = starts == 1 and not deepen and grids is None
    options: dict[str, Any] = {"starts": starts, "deepen": deepen, "grids": grids, "seed": seed}
    found = not_interrupted(fit(copy.deepcopy(model), x, y, steps=4 * steps if alone else steps, **options))
    errors = [_error(found)]
    whole = found
    if sparse:
        network = copy.deepcopy(_network(found))
        whole = not_interrupted(fit(network, x, y, steps=2 * steps, regularisation=Sparsity(), seed=seed))
    pruned = refit(prune(_network(whole), inputs, tolerance=tolerance).network)
    if _error(pruned) <= max(WORSE * errors[0], PRUNED * _spread(y)):
        found = pruned
    errors.append(_error(found))
    names_of: list[dict[Pair, str]] = []
    for number in range(len(_network(found).layers)):
        candidates = _candidates(_network(found), number, inputs, library, price)
        best, names = _best(found, number, candidates, refit, WORSE * errors[-1])
        if best is None:
            return Readout(found, False, errors, names_of)
        found = best
        errors.append(_error(found))
        names_of.append(names)
    return Readout(found, True, errors, names_of)


def _candidates(
    network: Network, number: int, x: Float[Tensor, "n inputs"], library: Sequence[Any] | None, price: float
) -> dict[Pair, list[Match]]:
    """The best functions for every learned edge of a layer, those that are described least first."""
    found = suggest_layer(network, number, x, functions=library, price=price)
    best = {pair: edge[:ALTERNATIVES] for pair, edge in found.items()}
    return dict(sorted(best.items(), key=lambda item: -item[1][0].deviation if item[1] else -2.0))


def _best(
    found: Solution,
    number: int,
    candidates: dict[Pair, list[Match]],
    refit: Any,
    limit: float,
) -> tuple[Solution | None, dict[Pair, str]]:
    """The layer as formulas, with the first choice of functions whose fit is good enough; None if there is none."""
    if not all(candidates.values()):
        return None, {}
    first = {pair: edge[0] for pair, edge in candidates.items()}
    choices = [first]
    choices += [first | {pair: other} for pair, edge in candidates.items() for other in edge[1:]]
    for choice in choices:
        network = copy.deepcopy(_network(found))
        fix_symbolic(network, number, choice)
        trial = refit(network)
        if _error(trial) <= limit:
            return trial, {pair: match.function.name for pair, match in choice.items()}
    return None, {}


def _network(solution: Solution) -> Network:
    network = solution.network
    assert isinstance(network, Network)
    return network


def _error(solution: Solution) -> float:
    return float(solution.run["train_rmse"])


def _spread(y: Any) -> float:
    return float(torch.as_tensor(y, dtype=torch.float64).std(correction=0))
