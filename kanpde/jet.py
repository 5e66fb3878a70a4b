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
from functools import cached_property, lru_cache
from itertools import combinations, product
from typing import Any, Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn

MultiIndex = tuple[int, ...]
Jet = Float[Tensor, "jets n width"]


class UnivariateFamily(Protocol):
    """Functions of one variable with derivatives of every order."""

    size: int

    def derivatives(self, x: Tensor, order: int) -> Tensor:
        """Values and derivatives up to `order`, shape (order + 1, *x.shape, size)."""
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

    def bell(self, jet: Jet) -> list[dict[int, Tensor]]:
        """Per row: order m of the outer derivative to its factor, a sum of products of rows of `jet`, shape (n, width)."""
        factors: list[dict[int, Tensor]] = []
        for by_order in self.chains:
            row = {}
            for m, products in by_order.items():
                if m:
                    row[m] = _sum([_product([jet[b] for b in blocks], c) for c, blocks in products])
            factors.append(row)
        return factors


@lru_cache(maxsize=None)
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
    """Jet of every function of `family` of every entry of a jet."""
    factors = plan.bell(jet)
    flat, layout = [], []
    for row, by_order in enumerate(factors):
        for m, factor in by_order.items():
            flat.append(factor)
            layout.append((row, m))
    return _Expand.apply(family, len(plan), tuple(layout), jet[0], *flat)


class _Expand(torch.autograd.Function):
    """Row alpha of the output is `sum_m factor[alpha, m] * f^(m)(h)`; the backward pass contracts before it scales.

    Differentiable once, which is what training needs: derivatives by the coordinates are rows of the jet.
    """

    @staticmethod
    def forward(ctx: Any, family: Any, jets: int, layout: Any, h: Tensor, *factors: Tensor) -> Tensor:
        highest = max((m for _, m in layout), default=0)
        needs_gradient = any(ctx.needs_input_grad)
        table = family.table(h, highest + needs_gradient)
        out = table.new_empty(jets, *table.shape[1:])
        out[0] = table[0]
        started = {0}
        for (row, m), factor in zip(layout, factors, strict=True):
            if row in started:
                out[row].addcmul_(table[m], factor[..., None])
            else:
                torch.mul(table[m], factor[..., None], out=out[row])
                started.add(row)
        if needs_gradient:
            ctx.layout = layout
            ctx.save_for_backward(table, *factors)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (gradient,) = gradients
        table, *factors = ctx.saved_tensors
        by_value = torch.linalg.vecdot(gradient[0], table[1])
        by_factor = []
        for (row, m), factor in zip(ctx.layout, factors, strict=True):
            by_factor.append(torch.linalg.vecdot(gradient[row], table[m]))
            by_value = by_value + factor * torch.linalg.vecdot(gradient[row], table[m + 1])
        return (None, None, None, by_value, *by_factor)


def derivatives(
    module: nn.Module | JetModule, x: Float[Tensor, "n d"], wanted: Sequence[MultiIndex], *, autograd: bool = False
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
    jet = nested_autograd(module, x, plan) if autograd or not propagates(module) else module.propagate(coordinate_jet(x, plan), plan)
    return {tuple(w): jet[plan.rows[tuple(w)]] for w in wanted}


def propagates(module: Any) -> bool:
    """Whether a module propagates jets itself."""
    return hasattr(module, "propagate")


def nested_autograd(module: Any, x: Float[Tensor, "n d"], plan: JetPlan) -> Jet:
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
