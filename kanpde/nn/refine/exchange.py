"""The functions of a network in other bases: exact where the new functions contain the old ones, else fitted."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..basis import Basis, BSpline, Union
from ..network import Network
from .knots import insertion, is_nested

Refinement = Callable[[Network], tuple[Network, float]]
"""Gives a new network and how far its function is from that of the old one, which stays as it was."""

POINTS = 1000
ALIKE = 1e-13


def exchange(network: Network, bases: Sequence[Basis]) -> tuple[Network, float]:
    """Expand the edge functions of every layer in another basis.

    Args:
        network: stays as it is.
        bases: one per layer; a layer that keeps its own is left alone.

    Returns:
        The new network and its `change`.
    """
    refined = copy.deepcopy(network)
    for layer, before, new in zip(refined.layers, network.layers, bases, strict=True):
        if new is before.basis:
            continue
        old = copy.deepcopy(before.basis).to("cpu", torch.float64)
        layer.exchange(new, reexpand(old, new, layer.functions.detach().to("cpu", torch.float64)))
    return refined, change(network, refined)


def reexpand(old: Basis, new: Basis, coefficients: Float[Tensor, "old many"]) -> Float[Tensor, "new many"]:
    """Coefficients in `new` of the functions that have the given ones in `old`, both in float64 on the processor."""
    if not coefficients.shape[1]:
        return coefficients.new_zeros(new.size, 0)
    if isinstance(old, Union) and isinstance(new, Union) and len(old.members) == len(new.members):
        shares = coefficients.split([m.size for m in old.members])
        return torch.cat([reexpand(a, b, c) for a, b, c in zip(old.members, new.members, shares, strict=True)])
    if isinstance(old, BSpline) and isinstance(new, BSpline) and is_nested(old, new):
        return insertion(old, new) @ coefficients
    x = new.fit_points()
    before, after = old.table(x, 0)[0], new.table(x, 0)[0]
    if old.size <= new.size and (after[:, : old.size] - before).abs().max() <= ALIKE:
        return torch.cat([coefficients, coefficients.new_zeros(new.size - old.size, coefficients.shape[1])])
    return new.project(before @ coefficients)


def change(before: Network, after: Network, x: Float[Tensor, "n inputs"] | None = None) -> float:
    """Relative L2 difference of the outputs of two networks at inputs; at random points of the input cube without them."""
    if x is None:
        x = 2 * torch.rand(POINTS, before.width[0], generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    x = x.to(next(before.parameters()))
    with torch.no_grad():
        old, new = before(x), after(x)
    return float((new - old).norm() / old.norm().clamp_min(torch.finfo(old.dtype).tiny))


def members(basis: Basis) -> list[Basis]:
    """The bases that a basis is put together from; itself if it is none of several."""
    return [n for m in basis.members for n in members(m)] if isinstance(basis, Union) else [basis]


def remade(basis: Basis, make: Callable[[Basis], Basis]) -> Basis:
    """The basis with other members."""
    return Union(*[remade(m, make) for m in basis.members]) if isinstance(basis, Union) else make(basis)
