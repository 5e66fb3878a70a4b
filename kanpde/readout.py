"""From a fitted network to a formula: edges become functions of a library, layer by layer, as long as the data agree."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
import torch
from jaxtyping import Float
from torch import Tensor

from .fitting import fit, not_interrupted, scaled_inputs
from .nn import Network
from .nn.network import held_parameters
from .nn.prune import prune
from .nn.symbolic import Match, SymbolicFunction
from .nn.symbolic.edges import Pair
from .nn.symbolic.fix import CONSTANT, fix_symbolic, suggest_layer
from .nn.symbolic.library import chosen
from .nn.symbolic.match import PRICE
from .regularisation import Sparsity
from .samples import columns_of
from .snapping import snap_constants
from .solution import Solution

WORSE = 3.0
"""How many times its error a fit may grow when a layer is made of formulas."""
PRUNED = 1e-3
"""Part of the spread of the values up to which the error may grow when edges are left out."""
ALTERNATIVES = 3
"""Functions that are tried for an edge when the best one makes the fit worse, and for all edges of a layer together."""
ALIKE = 0.1
"""Deviation up to which one function is tried on all edges of a layer together."""
EXACT = 1e-12
"""Part of the spread of the values below which an error is rounding."""
NOT_WORSE = 1.1
"""How many times its error a fit may grow with one function instead of those that the edges look like most."""


@dataclass(frozen=True)
class Readout:
    """What reading off came to.

    Attributes:
        solution: the network, refitted; `solution.symbolic_formula()` is the formula if it is complete.
        complete: whether every edge is a formula.
        errors: root mean square of the deviations after the first fit, after pruning, after every layer, and after functions
            were exchanged at the end, if any were.
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
    link: str | None = None,
    sparse: bool = False,
    seed: int = 0,
) -> Readout:
    """Fit a network to values, prune it, and make its edges formulas, one layer after the other, refitting in between.

    A layer becomes formulas if the fit is then at most three times as bad as before. First a simple function is tried on
    all of its edges, since many sums of functions may describe the values as well, such as those of x y; then the
    functions that the edges look like most; where these make the fit worse, the next ones for the edges that they
    describe least. A formula that is true usually lowers the error by many digits at the end; one that is not leaves it
    where the splines were, so look at `errors`.

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
        link: likewise.
        sparse: hold edges few and small before pruning, by `kanpde.regularisation.Sparsity`: where several sets of edges
            describe the values as well, such as for x y.
        seed: of restarts.

    Raises:
        KeyboardInterrupt: after Ctrl-C or SIGTERM, once the present fit has stopped.
        ValueError: for values that cannot be fitted, see `fit`, or a model with parameters that are held.
    """
    if held := held_parameters(model):
        raise ValueError(f"`model` must not hold parameters such as {held[0]}: its edges become formulas.")
    inputs = scaled_inputs(x)

    def refit(network: Network) -> Solution:
        return not_interrupted(fit(network, x, y, steps=steps, seed=seed))

    reading = _Reading(inputs, None if functions is None else chosen(functions), price, EXACT * _spread(y), refit)
    alone = starts == 1 and not deepen and grids is None and link is None
    options: dict[str, Any] = {"starts": starts, "deepen": deepen, "grids": grids, "link": link, "seed": seed}
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
        best, names = reading.layer(found, number, errors[-1])
        if best is None:
            return Readout(found, False, errors, names_of)
        found = best
        errors.append(_error(found))
        names_of.append(names)
    better = reading.exchanged(found, names_of)
    if better is not found:
        errors.append(_error(better))
    return Readout(better, True, errors, names_of)


@dataclass(frozen=True)
class _Reading:
    """How edges are turned into functions.

    Attributes:
        x: inputs of the network at the points.
        library: functions to choose from; all without it.
        price: of complexity.
        exact: error that is rounding.
        refit: trains a network on the values, in place.
    """

    x: Float[Tensor, "n inputs"]
    library: Sequence[SymbolicFunction] | None
    price: float
    exact: float
    refit: Callable[[Network], Solution]

    def layer(self, found: Solution, number: int, error: float) -> tuple[Solution | None, dict[Pair, str]]:
        """A layer as formulas, with the first choice of functions whose fit is good enough; None if there is none."""
        edges = suggest_layer(_network(found), number, self.x, functions=self.library, price=self.price)
        if not all(edges.values()):
            return None, {}
        edges = dict(sorted(edges.items(), key=lambda item: -item[1][0].deviation))  # those described least first
        first = {pair: edge[0] for pair, edge in edges.items()}
        choices = [(choice, NOT_WORSE) for choice in _simpler(edges, first)]
        others = [first | {pair: other} for pair, edge in edges.items() for other in edge[1:ALTERNATIVES]]
        choices += [(choice, WORSE) for choice in (first, *others)]
        for choice, factor in choices:
            trial = self._fixed(found, number, choice)
            if _error(trial) <= max(factor * error, self.exact):
                return trial, {pair: match.function.name for pair, match in choice.items()}
        return None, {}

    def exchanged(self, found: Solution, names_of: Sequence[dict[Pair, str]]) -> Solution:
        """Exchange the functions of edges, all that are alike at once or one alone, while the error halves.

        It has to fall further by what the functions are more complex. While the layers behind were splines they made up for
        a function that only looks alike, such as a part of a sine for a square; now they cannot any more.

        Args:
            found: the network as formulas.
            names_of: per layer, edge to the name of its function; kept true.
        """
        improved = True
        while improved and _error(found) > self.exact:
            improved = False
            for number, names in enumerate(names_of):
                for name in sorted(set(names.values()) - {CONSTANT}):
                    alike = [pair for pair, present in names.items() if present == name]
                    alone = [[pair] for pair in alike] if len(alike) > 1 else []
                    others = (o for pairs in (alike, *alone) for o in self._others(_network(found), number, pairs))
                    for choice, dearer in others:
                        trial = self._fixed(found, number, choice)
                        if _error(trial) * 10**dearer < _error(found) / 2:
                            found, improved = trial, True
                            names.update({pair: match.function.name for pair, match in choice.items()})
                            break
        return found

    def _fixed(self, found: Solution, number: int, choice: dict[Pair, Match]) -> Solution:
        """A copy of the network with edges of a layer as formulas, refitted."""
        network = copy.deepcopy(_network(found))
        fix_symbolic(network, number, choice)
        return self.refit(network)

    def _others(
        self, network: Network, number: int, pairs: Sequence[Pair]
    ) -> Iterator[tuple[dict[Pair, Match], float]]:
        """Other functions for edges that have the same one, and the price of the complexity that they add."""
        present = network.layers[number].formulas[pairs[0]][0]
        edges = suggest_layer(network, number, self.x, pairs=pairs, functions=self.library, price=self.price)
        names = [match.function.name for match in edges[pairs[0]] if match.function.name != present.name]
        for other in names[:ALTERNATIVES]:
            choice = {pair: match for pair, edge in edges.items() for match in edge if match.function.name == other}
            if len(choice) == len(pairs):
                yield choice, self.price * sum(m.function.complexity - present.complexity for m in choice.values())


def _simpler(edges: dict[Pair, list[Match]], first: dict[Pair, Match]) -> list[dict[Pair, Match]]:
    """Choices of one function for all edges, no more complex than what they look like most, the simplest first."""
    complexity = sum(match.function.complexity for match in first.values())
    by_name: dict[str, dict[Pair, Match]] = {}
    for pair, edge in edges.items():
        for match in edge:
            if match.deviation <= ALIKE and match.function.complexity * len(edges) <= complexity:
                by_name.setdefault(match.function.name, {})[pair] = match
    found = [c for c in by_name.values() if len(c) == len(edges) and c != first]
    return sorted(found, key=lambda choice: next(iter(choice.values())).function.complexity)[:ALTERNATIVES]


def _network(solution: Solution) -> Network:
    network = solution.network
    assert isinstance(network, Network)
    return network


def _error(solution: Solution) -> float:
    return float(solution.run["train_rmse"])


def _spread(y: Any) -> float:
    return float(torch.as_tensor(y, dtype=torch.float64).std(correction=0))
