"""Conditions on the boundary: values, normal derivatives, and components of vectors along the normal."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..geometry import Domain, Where
from ..symbols import Unknown, as_expression
from .base import Condition, Term, normal, normal_derivative
from .place import OnBoundary


class Dirichlet(Condition):
    """Value on the boundary: `Dirichlet(u=0, on="x=0")`."""

    def __init__(self, *, on: Where = None, hard: bool = False, weight: float = 1.0, **values: Any):
        super().__init__(on=on, hard=hard, weight=weight, values=values)

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """`u - g`."""
        return u - value


class Neumann(Condition):
    """Outward normal derivative on the boundary: `Neumann(u=0, on="x=1")`."""

    def __init__(self, *, on: Where = None, hard: bool = False, weight: float = 1.0, **values: Any):
        super().__init__(on=on, hard=hard, weight=weight, values=values)

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """`du/dn - g`."""
        return normal_derivative(u, domain) - value


class Robin(Condition):
    """Combination of value and outward normal derivative, `a u + b du/dn = g`: `Robin(u=g, a=1, b=2, on="y=1")`.

    Raises:
        ValueError: if `b` is zero, which is a Dirichlet condition.
    """

    def __init__(
        self,
        *,
        a: Any = 1,
        b: Any = 1,
        on: Where = None,
        hard: bool = False,
        weight: float = 1.0,
        **values: Any,
    ):
        super().__init__(on=on, hard=hard, weight=weight, values=values)
        self.a, self.b = as_expression("a", a), as_expression("b", b)
        if self.b.is_zero:
            raise ValueError(f"`b` must not be 0 in a Robin condition, got {b}: that is Dirichlet(u=g/a).")

    def residual(self, u: Unknown, domain: Domain, value: sp.Expr) -> sp.Expr:
        """`a u + b du/dn - g`."""
        return self.a * u + self.b * normal_derivative(u, domain) - value

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, a={self.a}, b={self.b})"


class Flux(Condition):
    """Component of a vector along the outward normal: `Flux(u=k * grad(u), on="x=1")` says n . k grad u = 0.

    Such are tractions, `Flux(u=[s_xx, s_xy], v=[s_xy, s_yy], on="hole 1")`, and all that the divergence in an equation
    leaves on the boundary.

    Args:
        value: what the component is, a number or an expression in the coordinates; or a dict by unknown.
        on: boundary part by name or object; None for the whole boundary.
        weight: factor on the mean square of its residual in the loss, above 0.
        values: one keyword per unknown that the condition belongs to, a vector with one component per space coordinate,
            or a scalar in one dimension.

    Raises:
        TypeError: for a component that is neither number nor expression.
    """

    def __init__(self, *, value: Any = 0, on: Where = None, weight: float = 1.0, **values: Any):
        super().__init__(on=on, weight=weight, values=values)
        given = value if isinstance(value, dict) else dict.fromkeys(values, value)
        if set(given) != set(values):
            raise ValueError(f"`value` must name {', '.join(values)}, got {', '.join(map(str, given))}.")
        self.value = {name: as_expression("value", v) for name, v in given.items()}

    @property
    def expressions(self) -> list[sp.Expr]:
        """All that was given as an expression."""
        return [*self.value.values(), *(e for vector in self.values.values() for e in vector)]

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """The loss terms, one per unknown that the condition names."""
        part = domain.boundary(self.on)
        found = []
        for name, _, vector in self._named(unknowns):
            if len(vector) != len(domain.space_names):
                raise ValueError(f"`{name}` of Flux must have {len(domain.space_names)} components, got {len(vector)}.")
            along = sp.Add(*[n * f for n, f in zip(normal(domain), vector, strict=True)])
            found.append(Term(f"flux {name} on {part.name}", along - self.value[name], OnBoundary(part), self.weight))
        return found

    def _read(self, name: str, value: Any) -> Any:
        components = value if isinstance(value, (list, tuple, sp.MatrixBase)) else [value]
        return tuple(as_expression(name, component) for component in components)
