"""The bases of the layers of a KAN, from their names, grids and degrees."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch

from .basis import Basis, BSpline, Chebyshev, Fourier, Gaussian, SiLU, Union

BASES: dict[str, Callable[[int, int], Basis]] = {
    "bspline": lambda grid, k: BSpline(grid, k),
    "chebyshev": lambda grid, k: Chebyshev(k),
    "fourier": lambda grid, k: Fourier(k),
    "gaussian": lambda grid, k: Gaussian(grid),
}


def bases_of_layers(
    count: int, grid: int | Sequence[int], k: int | Sequence[int], basis: str | Sequence[str | Basis], base: bool | None
) -> list[Basis]:
    """One basis per layer, as the arguments of `KAN` of the same names say.

    Raises:
        TypeError: for a basis that is neither a name nor a `Basis`.
        ValueError: for a name that there is not, another number of them, or numbers below 1.
    """
    chosen = [basis] * count if isinstance(basis, str) else basis
    if not isinstance(chosen, Sequence):
        raise TypeError(f"`basis` must be one of {', '.join(BASES)} or a list with one per layer, got {chosen!r}.")
    if len(chosen) != count:
        raise ValueError(f"`basis` must hold one basis per layer, {count}, got {len(chosen)}.")
    grids = _per_layer("grid", grid, count, "a spline needs one interval")
    degrees = _per_layer("k", k, count, "a constant cannot see its input")
    found = []
    for name, g, degree in zip(chosen, grids, degrees, strict=True):
        edges = copy.deepcopy(name).to(torch.float64) if isinstance(name, Basis) else _named(name)(g, degree)
        with_base = base if base is not None else name == "bspline"
        found.append(Union(edges, SiLU()) if with_base else edges)
    return found


def _named(name: str) -> Callable[[int, int], Basis]:
    if not isinstance(name, str):
        raise TypeError(f"`basis` must hold names ({', '.join(BASES)}) or bases, got {name!r}.")
    if name not in BASES:
        raise ValueError(f"`basis` must be one of {', '.join(BASES)}, got '{name}'.")
    return BASES[name]


def _per_layer(name: str, value: int | Sequence[int], count: int, reason: str) -> list[int]:
    """One whole number of at least 1 per layer.

    Raises:
        ValueError: for a list of another length or other numbers; `reason` ends the message.
    """
    values = list(value) if isinstance(value, Sequence) else [value] * count
    if len(values) != count:
        raise ValueError(f"`{name}` must be one number or one per layer, {count}, got {len(values)}.")
    for v in values:
        if v < 1 or v != int(v):
            raise ValueError(f"`{name}` must be at least 1, got {v}: {reason}.")
    return [int(v) for v in values]
