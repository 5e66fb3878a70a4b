"""A size of a basis that can grow, such as its number of grid intervals or its degree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..basis import Basis
from ..network import Network
from .exchange import exchange, members, remade


@dataclass(frozen=True)
class Size:
    """What a kind of refinement counts.

    Attributes:
        name: for messages.
        of: the size of a basis, None if it has none of this kind.
        resized: a basis of the same family with another size.
    """

    name: str
    of: Callable[[Basis], int | None]
    resized: Callable[[Basis, int], Basis]

    def present(self, network: Network) -> list[int | None]:
        """The size of every layer, None where it has none."""
        sizes = [[self.of(m) for m in members(layer.basis)] for layer in network.layers]
        return [next((n for n in layer if n is not None), None) for layer in sizes]

    def grow(self, network: Network, wanted: int | Sequence[int | None]) -> tuple[Network, float]:
        """Exchange the bases of a network for larger ones.

        Args:
            network: stays as it is.
            wanted: for all layers that have such a size, or one per layer, None where it stays.

        Returns:
            The new network, and the relative L2 difference of its outputs on the input cube.

        Raises:
            ValueError: where nothing can grow, or the wanted size is below the present one.
        """
        bases = [layer.basis for layer in network.layers]
        sizes = self._checked(wanted, self.present(network))
        return exchange(network, [b if n is None else self._grown(b, n) for b, n in zip(bases, sizes, strict=True)])

    def _grown(self, basis: Basis, size: int) -> Basis:
        return remade(basis, lambda m: self.resized(m, size) if (self.of(m) or size) < size else m)

    def _checked(self, wanted: int | Sequence[int | None], present: Sequence[int | None]) -> list[int | None]:
        name = self.name
        if all(p is None for p in present):
            raise ValueError(f"`network` must have a layer with `{name}`, got none: it cannot be refined like this.")
        values = list(wanted) if isinstance(wanted, Sequence) else [None if p is None else wanted for p in present]
        if len(values) != len(present):
            raise ValueError(f"`{name}` must be one number or one per layer, {len(present)}, got {len(values)}.")
        for i, (value, old) in enumerate(zip(values, present, strict=True)):
            if value is None:
                continue
            if old is None:
                raise ValueError(f"`{name}` must be None for layer {i}, got {value}: its edges have no such number.")
            if value < old or value != int(value):
                raise ValueError(f"`{name}` must be at least {old} for layer {i}, got {value}: it has {old} already.")
        return values
