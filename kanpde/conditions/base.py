"""What all conditions share, and the terms of the loss that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..geometry import Domain, Where
from ..symbols import Unknown, as_expression
from .place import Interior, OnBoundary, Place

RESERVED = ("a", "b", "flux", "flux_jump", "hard", "of", "on", "order", "points", "sigma", "value", "weight")
"""Keywords of conditions, which therefore cannot name an unknown."""


@dataclass(frozen=True)
class Term:
    """An expression that must vanish at a place; with two point sets, its values on both must agree."""

    name: str
    expression: sp.Expr
    place: Place
    weight: float = 1.0

    @property
    def is_equation(self) -> bool:
        """Whether it holds inside, and is no condition."""
        return isinstance(self.place, Interior)


class Condition:
    """Base of all conditions.

    Args:
        on: boundary part by name or object, or a list of parts; None for the whole boundary.
        hard: build the condition into the trial solution instead of penalising its violation.
        weight: factor on the mean square of its residual in the loss, above 0.
        values: one keyword per unknown, a number or an expression in the coordinates; None for all unknowns alike.

    Raises:
        TypeError: for a value that is neither number nor expression, or a keyword that the condition does not have.
        ValueError: for a weight that is not positive or a condition without unknown.
    """

    def __init__(
        self,
        *,
        on: Where = None,
        hard: bool = False,
        weight: float = 1.0,
        values: dict[str, Any] | None,
    ):
        name = type(self).__name__
        if values is not None and not values:
            raise ValueError(f"`{name}` needs a value for an unknown, as in {name}(u=0).")
        for key, value in (values or {}).items():
            if key in RESERVED:
                raise TypeError(f"`{key}` is no argument of {name}, got {value!r}: take it out.")
        self.values = {key: self._read(key, value) for key, value in (values or {}).items()}
        self.on, self.hard = on, bool(hard)
        self.weight = positive("weight", weight, "leave the condition out to drop it")

    @property
    def kind(self) -> str:
        """Lower-case name of the condition."""
        return type(self).__name__.lower()

    @property
    def expressions(self) -> list[sp.Expr]:
        """All that was given as an expression."""
        return [v for v in self.values.values() if isinstance(v, sp.Expr)]

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """The loss terms, one per unknown that the condition names."""
        part = domain.boundary(self.on)
        return [
            Term(f"{self.kind} {name} on {part.name}", self.residual(u, domain, value), OnBoundary(part), self.weight)
            for name, u, value in self._named(unknowns)
        ]

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """What vanishes where the condition holds."""
        raise NotImplementedError

    def _read(self, name: str, value: Any) -> Any:
        return as_expression(name, value)

    def _named(self, unknowns: dict[str, Unknown]) -> list[tuple[str, Unknown, Any]]:
        for name in self.values:
            if name not in unknowns:
                raise ValueError(
                    f"`{type(self).__name__}({name}=...)` names no unknown: this problem has {', '.join(unknowns)}."
                )
        return [(name, unknowns[name], value) for name, value in self.values.items()]

    def __repr__(self) -> str:
        inside = [f"{k}={v}" for k, v in self.values.items()]
        if self.on is not None:
            inside.append(f"on={shown(self.on)}")
        inside += ["hard=True"] if self.hard else []
        return f"{type(self).__name__}({', '.join(inside)})"


def shown(on: Where) -> str:
    """How a part of a boundary is written in the call that made a condition."""
    if isinstance(on, (list, tuple)):
        return f"[{', '.join(map(shown, on))}]"
    return f"'{getattr(on, 'name', on)}'"


def positive(name: str, value: Any, remedy: str) -> float:
    """A number above 0 that was given for the argument `name`.

    Raises:
        ValueError: for any other number or expression, with the remedy.
    """
    number = as_expression(name, value)
    if not number.is_positive or number.free_symbols:
        raise ValueError(f"`{name}` must be a positive number, got {value}: {remedy}.")
    return float(number)


def normal_derivative(u: Unknown, domain: Domain) -> sp.Expr:
    """Derivative along the outward normal, whose components are the known columns `n_x`, `n_y`, ..."""
    space = [c for c in domain.coordinates if c.kind == "space"]
    return sp.Add(*[n * sp.diff(u, c) for n, c in zip(normal(domain), space, strict=True)])


def normal(domain: Domain) -> list[sp.Symbol]:
    """Components of the outward normal, known columns at points of a boundary."""
    return [sp.Symbol(f"n_{name}", real=True) for name in domain.space_names]
