"""Values and time derivatives at the first instant."""

from __future__ import annotations

from typing import Any

from ..geometry import Domain
from ..symbols import Unknown, diff
from .base import Condition, Term
from .place import AtStart


class Initial(Condition):
    """Value, or time derivative with `order=1`, at the first instant: `Initial(u=f)`, `Initial(u=g, order=1)`.

    What depends on the time is taken there, such as a manufactured solution.

    Raises:
        ValueError: for an order other than 0 to 3.
    """

    def __init__(self, *, order: int = 0, hard: bool = False, weight: float = 1.0, **values: Any):
        super().__init__(hard=hard, weight=weight, values=values)
        if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order <= 3:
            raise ValueError(f"`order` must be 0 (the value) to 3, got {order!r}: it counts time derivatives.")
        self.order = order

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """The loss terms, one per unknown that the condition names."""
        t = domain.time
        if t is None:
            raise ValueError("`Initial` needs a time: multiply the domain by Time(t=(0, 1)), or use Dirichlet.")
        label = "initial {}" + ("." + t.name * self.order if self.order else "")
        return [
            Term(label.format(name), (diff(u, t, self.order) if self.order else u) - g, AtStart(domain), self.weight)
            for name, u, g in self._named(unknowns)
        ]
