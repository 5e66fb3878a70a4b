"""The residual near the present parameters: its rows and its derivative, which need not be formed to be used.

A layer's output is linear in its coefficients and samples are independent, so with a layer's feature jets Phi and the
slopes a = d(sum_n r_n)/d(output jet) of one reverse pass,

    d r_n / d coefficients = sum_j Phi[j, n, :] a[j, n, :]^T.

From the pairs (Phi, a) follow the dense Jacobian, any part of its rows, and its products with vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor

ADDED = 4096
"""Rows whose products are formed before they are added, which takes memory for them."""


class Slopes(Protocol):
    """The derivative of some rows by some parameters that stand side by side in `theta`.

    Attributes:
        count: number of parameters.
    """

    @property
    def count(self) -> int: ...  # noqa: D102  (described above)

    def add_to(self, jacobian: Float[Tensor, "rows count"], rows: slice) -> None:
        """Add the given rows of the matrix."""
        ...

    def product(self, step: Float[Tensor, " count"]) -> Float[Tensor, " n"]:
        """Matrix times vector."""
        ...

    def transposed(self, rows: Float[Tensor, " n"]) -> Float[Tensor, " count"]:
        """Transposed matrix times vector."""
        ...

    def summed(self, size: int) -> Slopes:
        """The derivative of the sums over groups of so many successive rows."""
        ...


@dataclass(frozen=True)
class LayerSlopes:
    """The derivative by the coefficients and the biases of one layer.

    Attributes:
        features: what the layer's outputs are linear in.
        adjoints: slopes of the rows by the layer's outputs.
        bias: whether the layer has biases.
        values: how many of the jets, the first ones, are values, to which biases are added.
    """

    features: Float[Tensor, "jets n features"]
    adjoints: Float[Tensor, "jets n n_out"]
    bias: bool = False
    values: int = 1

    @property
    def count(self) -> int:
        """Number of coefficients and biases."""
        return (self.features.shape[2] + self.bias) * self.adjoints.shape[2]

    def add_to(self, jacobian: Float[Tensor, "rows count"], rows: slice) -> None:
        """Add the given rows of the matrix."""
        features, adjoints = self.features[:, rows], self.adjoints[:, rows]
        n_out = adjoints.shape[2]
        weights = jacobian[:, : features.shape[2] * n_out].split(ADDED)
        for out, phi, a in zip(weights, features.split(ADDED, dim=1), adjoints.split(ADDED, dim=1), strict=True):
            out += torch.bmm(phi.permute(1, 2, 0), a.transpose(0, 1)).flatten(1)  # twice as quick as `baddbmm`
        if self.bias:
            jacobian[:, -n_out:] += adjoints[: self.values].sum(0)

    def product(self, step: Float[Tensor, " count"]) -> Float[Tensor, " n"]:
        """Matrix times vector: the change of the outputs, weighted by the slopes."""
        n_out = self.adjoints.shape[2]
        changes = self.features @ step[: self.features.shape[2] * n_out].view(-1, n_out)
        if self.bias:
            changes[: self.values] += step[-n_out:]
        return torch.einsum("jno,jno->n", changes, self.adjoints)

    def transposed(self, rows: Float[Tensor, " n"]) -> Float[Tensor, " count"]:
        """Transposed matrix times vector."""
        weighted = self.adjoints * rows[:, None]
        parts = [(self.features.flatten(0, 1).T @ weighted.flatten(0, 1)).flatten()]
        return torch.cat([*parts, weighted[: self.values].sum((0, 1))] if self.bias else parts)

    def summed(self, size: int) -> LayerSlopes:
        """Rows are sums over jets: the points of a group become further jets."""

        def jets(x: Float[Tensor, "jets n k"]) -> Float[Tensor, "more groups k"]:
            return x.unflatten(1, (-1, size)).transpose(1, 2).flatten(0, 1)

        return LayerSlopes(jets(self.features), jets(self.adjoints), self.bias, self.values * size)


@dataclass(frozen=True)
class ChosenSlopes:
    """Some columns of the derivative by the coefficients of a layer: those of the edges that it has.

    Attributes:
        all: by every coefficient, biases excluded.
        columns: which of them are parameters.
    """

    all: LayerSlopes
    columns: Int[Tensor, " count"]

    @property
    def count(self) -> int:
        """Number of parameters."""
        return len(self.columns)

    def add_to(self, jacobian: Float[Tensor, "rows count"], rows: slice) -> None:
        """Add the given rows of the matrix."""
        full = jacobian.new_zeros(len(jacobian), self.all.count)
        self.all.add_to(full, rows)
        jacobian += full[:, self.columns]

    def product(self, step: Float[Tensor, " count"]) -> Float[Tensor, " n"]:
        """Matrix times vector."""
        return self.all.product(step.new_zeros(self.all.count).index_copy(0, self.columns, step))

    def transposed(self, rows: Float[Tensor, " n"]) -> Float[Tensor, " count"]:
        """Transposed matrix times vector."""
        return self.all.transposed(rows)[self.columns]

    def summed(self, size: int) -> ChosenSlopes:
        """The same columns of the sums over groups."""
        return ChosenSlopes(self.all.summed(size), self.columns)


@dataclass(frozen=True)
class DenseSlopes:
    """The derivative as a matrix: by the unknown numbers of an inverse problem, or of modules of other make."""

    matrix: Float[Tensor, "n count"]

    @property
    def count(self) -> int:
        """Number of columns."""
        return self.matrix.shape[1]

    def add_to(self, jacobian: Float[Tensor, "rows count"], rows: slice) -> None:
        """Add the given rows of the matrix."""
        jacobian += self.matrix[rows]

    def product(self, step: Float[Tensor, " count"]) -> Float[Tensor, " n"]:
        """Matrix times vector."""
        return self.matrix @ step

    def transposed(self, rows: Float[Tensor, " n"]) -> Float[Tensor, " count"]:
        """Transposed matrix times vector."""
        return self.matrix.T @ rows

    def summed(self, size: int) -> DenseSlopes:
        """The matrix of the sums over groups."""
        return DenseSlopes(self.matrix.unflatten(0, (-1, size)).sum(1))


@dataclass(frozen=True)
class NoSlopes:
    """The derivative by parameters that the rows do not depend on."""

    rows: int
    count: int

    def add_to(self, jacobian: Float[Tensor, "rows count"], rows: slice) -> None:
        """Nothing to add."""

    def product(self, step: Float[Tensor, " count"]) -> Float[Tensor, " n"]:
        """No change."""
        return step.new_zeros(self.rows)

    def transposed(self, rows: Float[Tensor, " n"]) -> Float[Tensor, " count"]:
        """No gradient."""
        return rows.new_zeros(self.count)

    def summed(self, size: int) -> NoSlopes:
        """Fewer rows."""
        return NoSlopes(self.rows // size, self.count)


@dataclass(frozen=True)
class BlockLinearisation:
    """Rows of one block, and all contributions to their derivative; several contributions add up.

    Attributes:
        rows: scaled residuals.
        sides: per point set, the slopes by all parameters, in the order of `theta`.
        free: 1 for parameters that are trained and 0 for those that are held, whose columns are 0; None if all are trained.
    """

    rows: Float[Tensor, " n"]
    sides: Sequence[Sequence[Slopes]]
    free: Float[Tensor, " p"] | None = None

    def fill(self, jacobian: Float[Tensor, "rows p"], rows: slice) -> None:
        """Write the given rows of the Jacobian."""
        jacobian.zero_()
        for slopes in self.sides:
            for part, columns in zip(slopes, jacobian.split([s.count for s in slopes], dim=1), strict=True):
                part.add_to(columns, rows)
        if self.free is not None:
            jacobian *= self.free

    def product(self, step: Float[Tensor, " p"]) -> Float[Tensor, " n"]:
        """Jacobian times vector."""
        out = torch.zeros_like(self.rows)
        step = step if self.free is None else step * self.free
        for slopes in self.sides:
            for part, piece in zip(slopes, step.split([s.count for s in slopes]), strict=True):
                out += part.product(piece)
        return out

    def transposed(self, rows: Float[Tensor, " n"]) -> Float[Tensor, " p"]:
        """Transposed Jacobian times vector."""
        out = torch.stack([torch.cat([s.transposed(rows) for s in slopes]) for slopes in self.sides]).sum(0)
        return out if self.free is None else out * self.free


class Linearisation:
    """All rows of a loss and their derivative by `theta`.

    Args:
        blocks: one per named block.
        scratch: space for the Jacobian, shape (n, p), overwritten whenever it is asked for; new space each time without it.
    """

    def __init__(self, blocks: Sequence[BlockLinearisation], scratch: Float[Tensor, "n p"] | None = None):
        self.blocks, self._scratch = tuple(blocks), scratch
        self.rows = torch.cat([b.rows for b in self.blocks])
        self.parameter_count = sum(s.count for s in self.blocks[0].sides[0])

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def dense(self) -> Float[Tensor, "n p"]:
        """The Jacobian; it lives in `scratch` if that was given."""
        jacobian = self.rows.new_empty(self.size, self.parameter_count) if self._scratch is None else self._scratch
        for block, out in zip(self.blocks, jacobian.split([len(b.rows) for b in self.blocks]), strict=True):
            block.fill(out, slice(None))
        return jacobian

    def batches(self, most: int) -> Iterator[tuple[Float[Tensor, " rows"], Float[Tensor, "rows p"]]]:
        """Rows and their part of the Jacobian, at most so many at a time; each part is overwritten by the next."""
        if most >= self.size:
            yield self.rows, self.dense()
            return
        space = self.rows.new_empty(min(most, self.size), self.parameter_count)
        for block in self.blocks:
            for start in range(0, len(block.rows), most):
                rows = slice(start, min(start + most, len(block.rows)))
                part = space[: rows.stop - rows.start]
                block.fill(part, rows)
                yield block.rows[rows], part

    def product(self, step: Float[Tensor, " p"]) -> Float[Tensor, " n"]:
        """Jacobian times vector, without forming it."""
        return torch.cat([b.product(step) for b in self.blocks])

    def transposed(self, rows: Float[Tensor, " n"]) -> Float[Tensor, " p"]:
        """Transposed Jacobian times vector, without forming it."""
        parts = rows.split([len(b.rows) for b in self.blocks])
        return torch.stack([b.transposed(part) for b, part in zip(self.blocks, parts, strict=True)]).sum(0)

    @cached_property
    def gradient(self) -> Float[Tensor, " p"]:
        """Half the gradient of the sum of squares."""
        return self.transposed(self.rows)

    @property
    def finite(self) -> bool:
        """Whether rows and slopes are numbers throughout."""
        return bool(self.rows.isfinite().all()) and bool(self.gradient.isfinite().all())
