"""Coordinates that go round."""

from __future__ import annotations

from ..geometry import Domain
from ..symbols import Coordinate, Unknown, diff
from .base import Condition, Term
from .place import Seam


class Periodic(Condition):
    """Equal values and derivatives at both ends of the named coordinates: `Periodic("x")`.

    Every unknown is matched with as many derivatives as the order of the equation in that coordinate needs.

    Raises:
        ValueError: for no coordinate, or the same one twice.
    """

    def __init__(self, *axes: str | Coordinate, hard: bool = False, weight: float = 1.0):
        super().__init__(hard=hard, weight=weight, values=None)
        self.axes = tuple(str(axis) for axis in axes)
        if not axes or len(set(self.axes)) < len(axes):
            raise ValueError(f'`Periodic` takes different coordinates, got {axes}: write Periodic("x", "y").')

    def periodic_terms(
        self, domain: Domain, unknowns: dict[str, Unknown], orders: dict[tuple[str, str], int]
    ) -> list[Term]:
        """One term per axis, unknown and derivative below the order of the equation."""
        out = []
        for axis in self.axes:
            x = domain.coordinate(axis)
            if x.kind == "time":
                raise ValueError(
                    f"`Periodic({axis!r})` is in time, which has a start: give Initial conditions instead."
                )
            for name, u in unknowns.items():
                for k in range(max(1, orders.get((name, axis), 1))):
                    label = f"periodic {name}{'.' + axis * k if k else ''} in {axis}"
                    out.append(Term(label, diff(u, x, k) if k else u, Seam(domain, axis), self.weight))
        return out

    def __repr__(self) -> str:
        return f"Periodic({', '.join(map(repr, self.axes))}{', hard=True' if self.hard else ''})"
