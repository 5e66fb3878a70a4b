"""Propagation of partial derivatives through a network, exactly and to order 4.

A jet holds a function's value and its partial derivatives at each point, one row per multi-index. For a composition
f(h(x)) with f of one variable the chain rule of any order (Faa di Bruno) reads

    d^alpha f(h) = sum over set partitions pi of alpha  f^(|pi|)(h) * product over blocks beta in pi of d^beta h,

where alpha is a multiset of coordinates. The set of multi-indices is closed under taking parts, so every block is a
row of the jet; mixed partial derivatives cost no more than pure ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from itertools import combinations, count, product
from typing import Any, Protocol, TypeGuard

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

MultiIndex = tuple[int, ...]
Jet = Float[Tensor, "jets n width"]


class UnivariateFamily(Protocol):
    """Functions of one variable with derivatives of every order."""

    size: int

    def table(self, x: Tensor, order: int) -> Tensor:
        """Values and derivatives up to `order`, shape (order + 1, *x.shape, size), without gradient."""
        ...

    def derivatives(self, x: Tensor, order: int) -> Tensor:
        """The same, differentiable by `x`."""
        ...


class JetModule(Protocol):
    """A module that propagates jets itself instead of leaving it to automatic differentiation."""

    def propagate(self, jet: Jet, plan: JetPlan) -> Jet:
        """Jet of the output from the jet of the input."""
        ...


class JetPlan:
    """Which partial derivatives to carry, and how each follows from those of the layer before.

    Args:
        wanted: multi-indices, one entry per coordinate, total order at most 4.

    Attributes:
        indices: all multi-indices carried, by order; the first one is the value.
        order: the highest total order.
        rows: multi-index to its row in a jet.
    """

    def __init__(self, wanted: Iterable[MultiIndex]):
        wanted = {tuple(w) for w in wanted}
        if not wanted:
            raise ValueError("`wanted` must name at least one multi-index, such as (0, 0) for the value.")
        if max(map(sum, wanted)) > 4:
            raise ValueError(f"`wanted` has a derivative of order {max(map(sum, wanted))}, the highest is 4.")
        closure = {below for w in wanted for below in product(*[range(k + 1) for k in w])}
        self.indices = sorted(closure, key=lambda a: (sum(a), tuple(-k for k in a)))
        self.order = max(map(sum, self.indices))
        self.dimension = len(self.indices[0])
        self.rows = {index: row for row, index in enumerate(self.indices)}

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def chains(self) -> list[dict[int, list[tuple[int, tuple[int, ...]]]]]:
        """Per row: order m of the outer derivative to a list of (multiplicity, rows of the blocks)."""
        out = []
        for index in self.indices:
            by_order: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
            for blocks, multiplicity in _partitions(index).items():
                by_order.setdefault(len(blocks), []).append((multiplicity, tuple(self.rows[b] for b in blocks)))
            out.append(by_order)
        return out

    @cached_property
    def layout(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Per row: pairs of the order m of the outer derivative and the position of its factor in `bell`."""
        positions = count()
        return tuple(tuple((m, next(positions)) for m in by_order if m) for by_order in self.chains)

    def bell(self, jet: Jet) -> list[Float[Tensor, "n width"]]:
        """Factors of the outer derivatives (partial Bell polynomials): sums of products of rows of `jet`."""
        return [
            _sum([_product([jet[b] for b in blocks], multiplicity) for multiplicity, blocks in products])
            for by_order in self.chains
            for m, products in by_order.items()
            if m
        ]


@cache
def _partitions(index: MultiIndex) -> dict[tuple[MultiIndex, ...], int]:
    """Set partitions of the multiset `index` into blocks (as multi-indices), with multiplicities."""
    letters = [axis for axis, count in enumerate(index) for _ in range(count)]
    found: Counter[tuple[MultiIndex, ...]] = Counter()
    for blocks in _set_partitions(tuple(range(len(letters)))):
        as_indices = [tuple(sum(letters[i] == axis for i in b) for axis in range(len(index))) for b in blocks]
        found[tuple(sorted(as_indices))] += 1
    return dict(found)


def _set_partitions(items: tuple[int, ...]) -> Iterable[list[tuple[int, ...]]]:
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for size in range(len(rest) + 1):
        for others in combinations(rest, size):
            remaining = tuple(i for i in rest if i not in others)
            for partition in _set_partitions(remaining):
                yield [(first, *others), *partition]


def _product(factors: Sequence[Tensor], multiplicity: int) -> Tensor:
    out = factors[0]
    for factor in factors[1:]:
        out = out * factor
    return out if multiplicity == 1 else out * multiplicity


def _sum(terms: Sequence[Tensor]) -> Tensor:
    out = terms[0]
    for term in terms[1:]:
        out = out + term
    return out


def coordinate_jet(x: Float[Tensor, "n d"], plan: JetPlan) -> Jet:
    """The jet of the coordinates themselves: value x, derivative 1 of each along itself, all others 0."""
    jet = x.new_zeros(len(plan), *x.shape)
    jet[0] = x
    for index, row in plan.rows.items():
        if sum(index) == 1:
            jet[row, :, index.index(1)] = 1.0
    return jet


def expand(family: UnivariateFamily, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n width size"]:
    """Jet of every function of `family` of every entry of a jet; differentiable any number of times."""
    table, factors = family.derivatives(jet[0], plan.order), plan.bell(jet)
    rows = [_sum([table[m] * factors[i][..., None] for m, i in terms]) for terms in plan.layout[1:]]
    return torch.stack([table[0], *rows])


def expand_and_mix(
    family: UnivariateFamily, coefficients: Float[Tensor, "features n_out"], jet: Jet, plan: JetPlan
) -> Float[Tensor, "jets n n_out"]:
    """`expand(...).flatten(2) @ coefficients`, one row after the other, so that no row but the present one is stored.

    Differentiable once, which is what training needs: derivatives by the coordinates are rows of the jet.
    """
    outputs, _ = _ExpandAndMix.apply(family, plan.layout, False, coefficients, jet[0], *plan.bell(jet))
    return outputs


def expand_and_mix_keeping_features(
    family: UnivariateFamily, coefficients: Float[Tensor, "features n_out"], jet: Jet, plan: JetPlan
) -> tuple[Float[Tensor, "jets n n_out"], Float[Tensor, "jets n features"]]:
    """The same, together with the expanded jet, which carries no gradient."""
    return _ExpandAndMix.apply(family, plan.layout, True, coefficients, jet[0], *plan.bell(jet))


class _ExpandAndMix(torch.autograd.Function):
    """Row alpha of the expanded jet is `sum_m factor[alpha, m] * f^(m)(h)`; it is multiplied by the coefficients."""

    @staticmethod
    def forward(
        ctx: Any, family: UnivariateFamily, layout: Any, keep: bool, coefficients: Tensor, h: Tensor, *factors: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        needs_gradient = any(ctx.needs_input_grad)
        table = family.table(h, max((m for terms in layout for m, _ in terms), default=0) + needs_gradient)
        outputs = table.new_empty(len(layout), len(h), coefficients.shape[1])
        features = table.new_empty(len(layout) if keep else 1, *table.shape[1:])
        columns = column_major(coefficients)
        for row, terms in enumerate(layout):
            expanded = _expanded_row(table, factors, terms, out=features[row if keep else 0])
            torch.mm(expanded.flatten(1), columns, out=outputs[row])
        if needs_gradient:
            ctx.layout = layout
            ctx.save_for_backward(table, coefficients, *factors)
        if not keep:
            return outputs, None
        kept = features.flatten(2)
        ctx.mark_non_differentiable(kept)
        return outputs, kept

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:
        table, coefficients, *factors = ctx.saved_tensors
        needs_coefficients, needs_values = ctx.needs_input_grad[3:5]
        by_coefficients = torch.zeros_like(coefficients.T, memory_format=torch.contiguous_format)
        by_value = torch.zeros_like(table[0, ..., 0])
        by_factor = [torch.zeros_like(f) for f in factors]
        by_features, products = torch.empty_like(table[0]), torch.empty_like(table[0])
        ones = table.new_ones(table.shape[-1])  # a product with ones is quicker than a sum over short rows
        for gradient, terms in zip(gradients[0], ctx.layout, strict=True):
            if not gradient.any():
                continue
            if needs_values:
                torch.mm(gradient, coefficients.T, out=by_features.flatten(1))
                orders = {m + k for m, _ in terms for k in (0, 1)} or {1}
                slopes = {m: torch.mul(by_features, table[m], out=products) @ ones for m in orders}
                for m, i in terms:
                    by_factor[i] = slopes[m]
                    by_value.addcmul_(factors[i], slopes[m + 1])
                if not terms:
                    by_value += slopes[1]
            if needs_coefficients:
                by_coefficients.addmm_(gradient.T, _expanded_row(table, factors, terms, out=products).flatten(1))
        return (None, None, None, by_coefficients.T, by_value, *by_factor)


def _expanded_row(
    table: Tensor, factors: Sequence[Tensor], terms: Sequence[tuple[int, int]], *, out: Tensor
) -> Float[Tensor, "n width size"]:
    """One row of the expanded jet, written into `out`."""
    if not terms:
        return out.copy_(table[0])
    for k, (m, i) in enumerate(terms):
        if k == 0:
            torch.mul(table[m], factors[i][..., None], out=out)
        else:
            out.addcmul_(table[m], factors[i][..., None])
    return out


def column_major(matrix: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
    """The same matrix, stored by columns: products of a tall matrix with it, and their gradient, take half the time."""
    return matrix.T.contiguous().T


def derivatives(
    module: nn.Module, x: Float[Tensor, "n d"], wanted: Sequence[MultiIndex], *, autograd: bool = False
) -> dict[MultiIndex, Float[Tensor, "n outputs"]]:
    """Partial derivatives of a module's outputs by its inputs.

    Args:
        module: maps (n, d) to (n, outputs), each row for itself. Modules of `kanpde.nn` propagate jets; any other
            module is differentiated by nested automatic differentiation.
        x: the points.
        wanted: multi-indices such as (2, 0) for the second derivative in the first input; total order at most 4.
        autograd: use nested automatic differentiation in any case.

    Returns:
        Each wanted multi-index with its values, shape (n, outputs).

    Raises:
        ValueError: for an order above 4.
    """
    plan = JetPlan(wanted)
    if autograd or not propagates(module):
        jet = nested_autograd(module, x, plan)
    else:
        jet = module.propagate(coordinate_jet(x, plan), plan)
    return {tuple(w): jet[plan.rows[tuple(w)]] for w in wanted}


def propagates(module: nn.Module) -> TypeGuard[JetModule]:
    """Whether a module propagates jets itself."""
    return hasattr(module, "propagate")


def nested_autograd(module: nn.Module, x: Float[Tensor, "n d"], plan: JetPlan) -> Jet:
    """The jet of a module's output by differentiating again and again; slow, but right for every smooth module."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        value = module(x)
        columns = []
        for output in value.unbind(dim=1):
            known: dict[MultiIndex, Tensor] = {plan.indices[0]: output}
            for index in plan.indices[1:]:
                axis = next(a for a, k in enumerate(index) if k)
                below = tuple(k - (a == axis) for a, k in enumerate(index))
                known[index] = _slope(known[below], x)[:, axis]
            columns.append(torch.stack([known[index] for index in plan.indices]))
        return torch.stack(columns, dim=2)


def _slope(values: Tensor, x: Tensor) -> Tensor:
    if not values.requires_grad:
        return torch.zeros_like(x)
    (gradient,) = torch.autograd.grad(values.sum(), x, create_graph=True, allow_unused=True)
    return torch.zeros_like(x) if gradient is None else gradient
