"""How deep points lie inside shapes that have no formula, or one that is too long, as a function for expressions."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import sympy as sp
from jaxtyping import Float


class Measured(Protocol):
    """A shape whose numbers say how deep points lie in it."""

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What it is made of."""

    @property
    def fingerprint(self) -> str:
        """Digest of all its numbers."""

    def depth(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Distance from the boundary, negative outside; large ones need not be told apart."""


class Depth(sp.Function):
    """How deep a point lies inside a shape, negative outside: values, but no formula.

    Attributes:
        shape: knows the depth.
        fingerprint: of all its numbers.
    """

    shape: Measured
    fingerprint = ""
    ranges = ()
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Refused: it has kinks."""
        raise ValueError("`formula` of a mesh or a long outline has no derivatives: it is a distance with kinks.")

    def _eval_evalf(self, precision: int) -> None:
        return None

    def _latex(self, printer: Any, *_: Any) -> str:
        return f"\\operatorname{{depth}}\\left({', '.join(printer.doprint(a) for a in self.args)}\\right)"


def depth_of(shape: Measured) -> type[Depth]:
    """The depth inside a shape as a function for expressions."""

    def evaluate(*arguments: Any) -> Any:
        columns = np.broadcast_arrays(*[np.asarray(a, float) for a in arguments])
        return shape.depth(np.stack([c.ravel() for c in columns], axis=1)).reshape(columns[0].shape)

    facts = {"shape": shape, "fingerprint": shape.fingerprint, "evaluate": staticmethod(evaluate)}
    return type(f"depth_{shape.fingerprint[:8]}", (Depth,), facts)
