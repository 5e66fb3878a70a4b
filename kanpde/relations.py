"""Relations between the columns of a table, found without saying which one is to be explained by the others."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from .fitting import scaled_inputs
from .nn import KAN
from .nn.basis import Basis, BSpline
from .samples import columns_of

INTERVALS = 8
"""Of the cubic splines that the functions are made of without a given basis."""
FLAT = 1e-8
"""Share of the largest singular value of a column's functions below which a combination of them counts as constant."""
FEWEST = 5
"""Rows per function, in each of the two halves."""
MOST = 2000
"""Sets of columns in which a relation is looked for: there are as many as subsets where everything depends on everything."""

Matrix = Float[np.ndarray, "features features"]


@dataclass(frozen=True)
class Relation:
    """Columns of which a sum of functions hardly varies, while no function of it is constant by itself.

    Attributes:
        columns: their numbers, ascending.
        unexplained: variance of the sum beside the sum of the variances, at rows that the functions were not fitted to: 0 for
            a relation that holds exactly, about 1 for independent columns.
        network: KAN of width [len(columns), 1] whose output is that sum; its inputs are the columns, each moved to [-1, 1] as
            `kanpde.fitting.scaled_inputs` does.
    """

    columns: tuple[int, ...]
    unexplained: float
    network: KAN


def find_relations(x: Any, *, tolerance: float = 1e-2, basis: Basis | None = None, seed: int = 0) -> list[Relation]:
    """All smallest sets of columns that determine each other through a sum of functions of one variable.

    Half of the rows, drawn at random, is searched: there the least eigenvalue of the correlations between functions of the
    columns says how constant a sum of them can be. Columns are left out as long as that stays below the tolerance; what
    remains is a relation, and others are searched among what is left when one of its columns is taken away. The other half
    judges what was found.

    Args:
        x: table, shape (rows, columns), at least 2 columns. Functions of far and rare values are made from few rows: take
            logarithms or ranks of such columns first.
        tolerance: share of the variance that a relation may leave unexplained, above 0 and below 1. A part of it is explained
            by chance alone, about twice the root of functions per row.
        basis: functions of one variable on [-1, 1]; cubic splines on 8 intervals without it.
        seed: of the draw of rows.

    Returns:
        The relations that hold in both halves, the sharpest first.

    Raises:
        TypeError: for a basis of another kind.
        ValueError: for a tolerance outside its range, a column that is constant, or too few rows for that many functions.

    Source:
        Donnell, Buja, Stuetzle (1994), "Analysis of additive dependencies and concurvities using smallest additive principal
        components", The Annals of Statistics 22(4).
    """
    table = columns_of("x", x)
    basis = basis or BSpline(INTERVALS, 3)
    if not isinstance(basis, Basis):
        raise TypeError(f"`basis` must be a Basis such as BSpline(8, 3), got {basis!r}.")
    if not 0 < tolerance < 1:
        raise ValueError(f"`tolerance` must be above 0 and below 1, got {tolerance}: it is a share of the variance.")
    if table.shape[1] < 2:
        raise ValueError(f"`x` must have at least 2 columns, got {table.shape[1]}: one column has no relations.")
    inputs = scaled_inputs(table)
    needed = 2 * FEWEST * table.shape[1] * basis.size
    if len(table) < needed:
        raise ValueError(
            f"`x` must have at least {needed} rows for {basis.size} functions of {table.shape[1]} columns, got "
            f"{len(table)}: a smaller `basis` needs fewer."
        )
    with torch.no_grad():
        features = basis.to(inputs).table(inputs, 0)[0].numpy()
    order = np.random.default_rng(seed).permutation(len(table))
    here, there = np.array_split(order, 2)
    functions = [_independent(features[here, i]) for i in range(table.shape[1])]
    search = _Search([(features[here, i] - features[here, i].mean(0)) @ f for i, f in enumerate(functions)], tolerance)
    search.among(range(table.shape[1]))
    if search.is_cut_short:
        warnings.warn(
            f"The columns have so many relations that the search ended after {MOST} sets of them: leave out columns that "
            "others determine.",
            RuntimeWarning,
            stacklevel=2,
        )
    found = []
    for columns in search.found:
        weights = search.weights(columns)
        edges = [functions[i] @ w for i, w in zip(columns, weights, strict=True)]
        parts = np.stack([features[:, i] @ edge for i, edge in zip(columns, edges, strict=True)], 1)
        unexplained = float(parts[there].sum(1).var() / parts[there].var(0).sum())
        if unexplained <= tolerance:
            network = _network(edges, basis, float(parts[here].sum(1).mean()))
            found.append(Relation(columns, unexplained, network))
    return sorted(found, key=lambda r: r.unexplained)


class _Search:
    """Smallest dependent sets of columns, as in a matroid, with a tolerance.

    Args:
        features: per column, orthonormal functions at the rows.
        tolerance: least eigenvalue up to which a set counts as dependent.
    """

    def __init__(self, features: Sequence[Float[np.ndarray, "rows features"]], tolerance: float):
        everything = np.hstack(features)
        self.correlations: Matrix = everything.T @ everything
        ends = np.cumsum([0, *(f.shape[1] for f in features)])
        self.places = [np.arange(a, b) for a, b in pairwise(ends)]
        self.tolerance = tolerance
        self.found: set[tuple[int, ...]] = set()
        self._searched: set[tuple[int, ...]] = set()

    def among(self, pool: Sequence[int]) -> None:
        """Find the relations between these columns: one, and those without one of its columns, for each of them."""
        left = list(pool)
        if tuple(left) in self._searched or len(self._searched) == MOST:
            return
        self._searched.add(tuple(left))
        if len(left) < 2 or self._least(left) > self.tolerance:
            return
        while len(left) > 2:
            without = [[k for k in left if k != column] for column in left]
            best = min(without, key=self._least)
            if self._least(best) > self.tolerance:
                break
            left = best
        columns = tuple(left)
        self.found.add(columns)
        for column in columns:
            self.among([k for k in pool if k != column])

    @property
    def is_cut_short(self) -> bool:
        """Whether there may be more relations."""
        return len(self._searched) == MOST

    def weights(self, columns: Sequence[int]) -> list[Float[np.ndarray, " features"]]:
        """Of the functions of every column in the sum that varies least."""
        vector = np.linalg.eigh(self._block(columns))[1][:, 0]
        return np.split(vector, np.cumsum([len(self.places[i]) for i in columns])[:-1])

    def _least(self, columns: Sequence[int]) -> float:
        return float(np.linalg.eigvalsh(self._block(columns))[0])

    def _block(self, columns: Sequence[int]) -> Matrix:
        places = np.concatenate([self.places[i] for i in columns])
        return self.correlations[np.ix_(places, places)]


def _independent(features: Float[np.ndarray, "rows size"]) -> Float[np.ndarray, "size independent"]:
    """Combinations of functions whose deviations from their means are orthonormal at the rows."""
    _, sizes, right = np.linalg.svd(features - features.mean(0), full_matrices=False)
    kept = sizes > FLAT * sizes[0]
    return right[kept].T / sizes[kept]


def _network(edges: Sequence[Float[np.ndarray, " size"]], basis: Basis, mean: float) -> KAN:
    """The sum of functions as a network, without its mean where the basis has constants."""
    network = KAN([len(edges), 1], basis=[basis], base=False)
    one = basis.one()
    with torch.no_grad():
        coefficients = torch.as_tensor(np.concatenate(edges))[:, None]
        if one is not None:
            coefficients[: basis.size, 0] -= mean * one
        network.layers[0].coefficients.copy_(coefficients)
    return network
