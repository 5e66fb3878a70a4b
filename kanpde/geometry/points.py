"""Points in a domain together with what is known of each one: coordinates, outward normal, measured data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

Sampler = Callable[[int, int], Float[np.ndarray, "n d"]]
"""Draws `n` points of the unit cube in `d` dimensions."""


@dataclass(frozen=True)
class PointSet:
    """A named column per coordinate, in the order of the domain, and named extra columns.

    Args:
        columns: coordinate name to values of shape (n,).
        extras: further known values at the points, such as `n_x`, the x-component of the outward normal.
    """

    columns: dict[str, Float[np.ndarray, " n"]]
    extras: dict[str, Float[np.ndarray, " n"]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @property
    def known(self) -> dict[str, Float[np.ndarray, " n"]]:
        """Coordinates and extras together."""
        return {**self.columns, **self.extras}

    def at(self, picks: Int[np.ndarray, " m"] | Bool[np.ndarray, " n"] | slice) -> PointSet:
        """The points of these indices, in their order, or those where a mask is true."""
        return PointSet(
            {name: values[picks] for name, values in self.columns.items()},
            {name: values[picks] for name, values in self.extras.items()},
        )

    @property
    def array(self) -> Float[np.ndarray, "n d"]:
        """The coordinates as the columns of one matrix."""
        return np.stack(list(self.columns.values()), axis=1)


def stack(sets: Sequence[PointSet]) -> PointSet:
    """One point set out of several that have the same columns."""
    first = sets[0]
    return PointSet(
        {name: np.concatenate([s.columns[name] for s in sets]) for name in first.columns},
        {name: np.concatenate([s.extras[name] for s in sets]) for name in first.extras},
    )
