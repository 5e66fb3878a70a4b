"""What holds where two materials meet."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..geometry import Domain
from ..materials import ByMaterial
from ..symbols import Unknown, as_expression
from .base import Condition, Term


class Interface(Condition):
    """What holds where two materials meet: `Interface(u=0, flux=k * grad(u))`.

    Every unknown has one function per material; the value of the later material less that of the one before it in
    `materials` is given, and the like for the flux through the surface, along the normal out of the earlier one.

    Args:
        flux: a vector expression with one component per space coordinate, or a scalar in one dimension; None for none.
        flux_jump: by how much it is larger in the later material.
        weight: factor on the mean squares of the residuals in the loss, above 0.
        values: one keyword per unknown, by how much it is larger in the later material.

    Raises:
        ValueError: for neither a value nor a flux.
    """

    def __init__(self, *, flux: Any = None, flux_jump: Any = 0, weight: float = 1.0, **values: Any):
        super().__init__(weight=weight, values=values or None)
        if not values and flux is None:
            raise ValueError("`Interface` needs a value or a flux, as in Interface(u=0, flux=k * grad(u)).")
        components = list(flux) if isinstance(flux, (list, tuple, sp.MatrixBase)) else [] if flux is None else [flux]
        self.flux = [as_expression("flux", component) for component in components]
        self.flux_jump = as_expression("flux_jump", flux_jump)

    @property
    def expressions(self) -> list[sp.Expr]:
        """All that was given as an expression."""
        return [*super().expressions, *self.flux, self.flux_jump]

    def __repr__(self) -> str:
        flux = [f"flux={self.flux if len(self.flux) > 1 else self.flux[0]}"] if self.flux else []
        return f"Interface({', '.join([*(f'{k}={v}' for k, v in self.values.items()), *flux])})"

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """None for the problem as a whole: they say what holds between functions of different materials."""
        self._named(unknowns)
        for jump in (*self.values.values(), self.flux_jump):
            strange = jump.free_symbols - set(domain.coordinates)
            if strange or jump.has(ByMaterial, *unknowns.values()):
                raise ValueError(
                    f"`Interface` has the jump {jump}, which must be a number or an expression in the coordinates: it belongs "
                    "to two materials, and to no unknown."
                )
        if self.flux and len(self.flux) != len(domain.space_names):
            raise ValueError(f"`flux` must have {len(domain.space_names)} components, got {len(self.flux)}.")
        return []
