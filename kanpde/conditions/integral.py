"""Integrals that are given: a mean, a norm, a flux through a part of the boundary."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..geometry import Domain, Where
from ..symbols import Unknown, as_expression
from .base import Condition, Term, normal, shown
from .place import Over


class Integral(Condition):
    """Integral over the domain or over a part of its boundary: `Integral(p=0)`, `Integral(of=u**2, value=1)`.

    With `on`, a vector stands for its component along the outward normal, so that `Integral(of=[u, v], value=1, on="x=0")`
    is the flux through that part. In an evolution the integral is one over space, and given at every instant.

    Args:
        of: an expression, or a vector with one component per space coordinate; an unknown by keyword instead.
        value: of the integral of `of`, a number or an expression in the time.
        on: boundary part by name or object; None for the inside of the domain.
        weight: factor on the square of the deviation of the mean, above 0.
        values: one keyword per unknown, the value of its integral.

    Raises:
        ValueError: for neither `of` nor an unknown, or both.
    """

    def __init__(
        self,
        *,
        of: Any = None,
        value: Any = 0,
        on: Where = None,
        weight: float = 1.0,
        **values: Any,
    ):
        super().__init__(on=on, weight=weight, values=values or None)
        if (of is None) == (not values):
            raise ValueError("`Integral` needs an unknown or `of`, as in Integral(p=0) or Integral(of=u**2, value=1).")
        if of is None and value != 0:
            raise ValueError(
                f"`value` belongs to `of`, got {value} without it: write Integral({next(iter(values))}={value})."
            )
        self.is_flux = isinstance(of, (list, tuple, sp.MatrixBase))
        self.of = [as_expression("of", e) for e in (of if self.is_flux else [] if of is None else [of])]
        self.value = as_expression("value", value)

    @property
    def expressions(self) -> list[sp.Expr]:
        """All that was given as an expression."""
        return [*super().expressions, *self.of, self.value]

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """A loss term per integral: its integrand less the mean that is wanted.

        Raises:
            ValueError: for a vector inside or with other components than the space has, or a value that depends on space.
        """
        if not domain.space_names:
            raise ValueError("`Integral` is over space, of which this domain has none: take a further unknown instead.")
        part = None if self.on is None else domain.boundary(self.on)
        place = Over(domain, part)
        on = f" on {part.name}" if part else ""
        wanted = [(f"integral {name}{on}", u, value) for name, u, value in self._named(unknowns)]
        if self.of:
            wanted = [(f"integral{on}", self._integrand(domain), self.value)]
        for name, _, value in wanted:
            if value.free_symbols & {c for c in domain.coordinates if c.kind == "space"}:
                raise ValueError(
                    f"`value` of '{name}' must not depend on space, got {value}: it is that of an integral."
                )
        return [Term(name, e - value / place.measure, place, self.weight) for name, e, value in wanted]

    def _integrand(self, domain: Domain) -> sp.Expr:
        if not self.is_flux:
            return self.of[0]
        if self.on is None:
            raise ValueError("`of` is a vector, whose flux goes through a part of the boundary: add on='...'.")
        if len(self.of) != len(domain.space_names):
            raise ValueError(f"`of` must have {len(domain.space_names)} components, got {len(self.of)}.")
        return sp.Add(*[n * f for n, f in zip(normal(domain), self.of, strict=True)])

    def __repr__(self) -> str:
        if not self.of:
            return super().__repr__()
        on = "" if self.on is None else f", on={shown(self.on)}"
        return f"Integral(of={self.of if self.is_flux else self.of[0]}, value={self.value}{on})"
