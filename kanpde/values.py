"""Values and labels at points as problems without equation, and how far a network is from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
import torch
from jaxtyping import Float, Int
from torch import Tensor

from .conditions import AtPoints, Condition, Data, Term
from .geometry import Box, Domain, PointSet
from .problem import Problem
from .symbols import Unknown

TINY = 1e-12
"""Added under the root of the cross-entropy, whose slope would be infinite where it vanishes."""


class Table(Problem):
    """A problem without equation: measured values at points, one unknown per column.

    Args:
        x: points, shape (n, d).
        y: values, shape (n, m).
        beside: further points that the domain has to hold.
    """

    declared = {}

    def __init__(self, x: np.ndarray, y: np.ndarray, beside: np.ndarray | None = None):
        self.unknowns = ("y",) if y.shape[1] == 1 else tuple(f"y{i + 1}" for i in range(y.shape[1]))  # type: ignore[misc]
        names = ["x"] if x.shape[1] == 1 else [f"x{i + 1}" for i in range(x.shape[1])]
        everything = x if beside is None else np.concatenate([x, beside])
        low, high = everything.min(0), everything.max(0)
        flat = [name for name, a, b in zip(names, low, high, strict=True) if not a < b]
        if flat:
            raise ValueError(f"`{flat[0]}` has the same value at all points: leave this input out.")
        self.domain = Box(**{name: (float(a), float(b)) for name, a, b in zip(names, low, high, strict=True)})
        self.columns = dict(zip(names, x.T, strict=True))
        self.measured = dict(zip(self.unknowns, y.T, strict=True))
        super().__init__()

    def residual(self) -> dict[str, Any]:
        """Nothing must vanish."""
        return {}

    def conditions(self) -> list[Condition]:
        """The values as measurements."""
        return [Data(self.columns, **self.measured)]


class Labels(Data):
    """Which class each point belongs to: the cross-entropy of the outputs, as the square of a residual.

    With s the sum of exp(y_c - y_true) over the other classes, the cross-entropy is log(1 + s), and sqrt(2 log(1 + s)) is the
    residual whose square has twice its gradient. Gauss-Newton sees one row per point.

    Args:
        points: coordinate name to values of shape (n,).
        onehot: unknown to 1 where a point is of its class and 0 elsewhere.
    """

    def __init__(self, points: dict[str, np.ndarray], onehot: dict[str, np.ndarray]):
        super().__init__(points, **onehot)  # type: ignore[arg-type]

    def terms(self, domain: Domain, unknowns: dict[str, Unknown]) -> list[Term]:
        """One term for all unknowns together."""
        parts = super().terms(domain, unknowns)
        known = {k: v for part in parts for k, v in part.place.points.extras.items()}  # type: ignore[attr-defined]
        place = AtPoints(PointSet(parts[0].place.points.columns, known))  # type: ignore[attr-defined]
        outputs = [unknowns[name] for name in self.values]
        mine = [sp.Symbol(f"data_{name}", real=True) for name in self.values]
        true = sum(is_mine * y for is_mine, y in zip(mine, outputs, strict=True))
        others = sum((1 - is_mine) * sp.exp(y - true) for is_mine, y in zip(mine, outputs, strict=True))
        return [Term("cross entropy", sp.sqrt(2 * sp.log(1 + others) + TINY), place, self.weight)]


class Classes(Table):
    """A problem without equation: a class for each point, one unknown per class, the largest of which is the answer.

    Args:
        x: points, shape (n, d).
        labels: numbers of the classes, from 0, shape (n,).
        count: number of classes, at least 2.
        beside: further points that the domain has to hold.
    """

    def __init__(self, x: np.ndarray, labels: Int[np.ndarray, " n"], count: int, beside: np.ndarray | None = None):
        super().__init__(x, np.eye(count)[labels], beside)

    def conditions(self) -> list[Condition]:
        """The labels."""
        return [Labels(self.columns, self.measured)]


def deviation(outputs: Float[Tensor, "n m"], values: Float[Tensor, "n m"]) -> dict[str, float]:
    """Root mean square of the deviations from values."""
    return {"rmse": float((outputs - values).square().mean().sqrt())}


def agreement(outputs: Float[Tensor, "n classes"], labels: Int[Tensor, " n"]) -> dict[str, float]:
    """Mean cross-entropy, and the share of points whose largest output is that of their class."""
    accuracy = (outputs.argmax(1) == labels).double().mean()
    return {
        "cross_entropy": float(torch.nn.functional.cross_entropy(outputs, labels)),
        "accuracy": float(accuracy),
    }
