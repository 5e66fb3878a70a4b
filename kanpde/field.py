"""A trained trial solution as a function of the coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
import torch
from jaxtyping import Float

from .ansatz import Ansatz
from .blocks import Side, Trial
from .expression import Expression
from .geometry import PointSet, tensor_points
from .symbols import Coordinate, Unknown, UnknownDerivative

CHUNK = 20_000


@dataclass(frozen=True)
class Field:
    """The unknowns of a problem as functions: forms in coordinates and network outputs, and the network.

    Attributes:
        coordinates: in order, time last.
        outputs: the network's outputs as symbolic functions.
        forms: unknown to its expression in coordinates and outputs.
        trial: the network on these coordinates.
    """

    coordinates: tuple[Coordinate, ...]
    outputs: dict[str, Unknown]
    forms: dict[str, sp.Expr]
    trial: Trial

    @classmethod
    def of(cls, ansatz: Ansatz, trial: Trial) -> Field:
        """The field of a trial solution."""
        return cls(ansatz.problem.domain.coordinates, ansatz.outputs, ansatz.forms, trial)

    @cached_property
    def _expressions(self) -> dict[tuple[str, str], Expression]:
        return {}

    def expression(self, name: str, derivative: str = "") -> Expression:
        """An unknown, or one of its partial derivatives such as "xx", ready to be evaluated.

        Raises:
            ValueError: for an unknown or a derivative that does not exist.
        """
        if name not in self.forms:
            raise ValueError(f"`{name}` is not an unknown of this solution: it has {', '.join(self.forms)}.")
        key = (name, derivative)
        if key not in self._expressions:
            form = self.forms[name]
            if derivative:
                symbolic = next(iter(self.outputs.values()))
                try:
                    wanted = getattr(symbolic, derivative)
                except UnknownDerivative as error:
                    raise ValueError(str(error).replace(f"{symbolic.func}.", f"{name}.")) from None
                form = wanted.xreplace({symbolic: form}).doit() if symbolic != form else wanted
            self._expressions[key] = Expression(form, list(self.outputs.values()))
        return self._expressions[key]

    def side(self, name: str, points: PointSet, derivative: str = "") -> Side:
        """An unknown at fixed points, to be evaluated again and again while the network changes."""
        return Side(self.expression(name, derivative), [str(v.func) for v in self.outputs.values()], points, self.trial)

    def values(self, points: PointSet, name: str, derivative: str = "") -> Float[np.ndarray, " n"]:
        """An unknown, or one of its partial derivatives, at the given points."""
        out = []
        for start in range(0, len(points), CHUNK):
            part = PointSet({c: v[start : start + CHUNK] for c, v in points.columns.items()})
            with torch.no_grad():
                out.append(self.side(name, part, derivative).values().cpu().numpy().astype(float))
        return np.concatenate(out)

    def on_grid(self, axes: Mapping[str, np.ndarray], derivative: str = "") -> dict[str, np.ndarray]:
        """All unknowns on a tensor grid, in the order of `axes`."""
        points, shape = tensor_points(dict(axes)), [len(a) for a in axes.values()]
        return {name: self.values(points, name, derivative).reshape(shape) for name in self.forms}

    def __call__(self, derivative: str = "", **coordinates: Any) -> Any:
        """Values at any points: `field(x=0.5, t=[0, 1])`; the arguments are broadcast.

        Args:
            derivative: such as "x" or "xxt" for a partial derivative instead of the value.
            coordinates: one number or array per coordinate.

        Returns:
            A float or an array of the broadcast shape; a dict of them if there are several unknowns.

        Raises:
            ValueError: for a coordinate that is missing, unknown or not finite.
        """
        names = [c.name for c in self.coordinates]
        if set(coordinates) != set(names):
            raise ValueError(f"`coordinates` must be {', '.join(names)}, got {', '.join(coordinates) or 'none'}.")
        arrays = np.broadcast_arrays(*[np.asarray(coordinates[n], float) for n in names])
        for n, a in zip(names, arrays, strict=True):
            if not np.isfinite(a).all():
                raise ValueError(f"`{n}` must be finite, got {int((~np.isfinite(a)).sum())} NaN or infinite values.")
        points = PointSet({n: a.ravel() for n, a in zip(names, arrays, strict=True)})
        found = {u: self.values(points, u, derivative).reshape(arrays[0].shape) for u in self.forms}
        plain = {u: float(v) if v.ndim == 0 else v for u, v in found.items()}
        return next(iter(plain.values())) if len(plain) == 1 else plain


def relative_error(found: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> float:
    """Relative L2 error over all unknowns together; the absolute one if the reference is zero."""
    miss = np.sqrt(sum(float(np.sum((f - w) ** 2)) for f, w in zip(found, wanted, strict=True)))
    size = np.sqrt(sum(float(np.sum(w**2)) for w in wanted))
    return float(miss / size) if size else float(miss)
