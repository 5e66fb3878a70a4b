"""fit(): plain function fitting with the engine that solves equations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from .conditions import Condition, Data
from .geometry import Box
from .optim import Optimizer
from .problem import Problem
from .solution import Solution
from .solver import solve
from .training import Report


class Table(Problem):
    """A problem without equation: measured values at points, one unknown per column.

    Args:
        x: points, shape (n, d).
        y: values, shape (n, m).
    """

    equations = {}

    def __init__(self, x: np.ndarray, y: np.ndarray):
        self.unknowns = ("y",) if y.shape[1] == 1 else tuple(f"y{i + 1}" for i in range(y.shape[1]))  # type: ignore[misc]
        names = ["x"] if x.shape[1] == 1 else [f"x{i + 1}" for i in range(x.shape[1])]
        low, high = x.min(0), x.max(0)
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


def fit(
    model: nn.Module,
    x: Any,
    y: Any,
    *,
    test: tuple[Any, Any] | None = None,
    optimizer: str | Optimizer = "gauss-newton",
    seconds: float | None = None,
    steps: int | None = None,
    tolerance: float | None = None,
    record: str | Path | None = None,
    on_step: Callable[[Report], None] | None = None,
) -> Solution:
    """Fit a network to values at points by least squares.

    Args:
        model: maps inputs in [-1, 1], to which the range of `x` is scaled, to one output per column of `y`.
        x: points, shape (n, d) or (n,).
        y: values, shape (n, m) or (n,).
        test: further points and values, whose error is stated but not trained on.
        optimizer: "gauss-newton", "adam", "lbfgs" or an object of `kanpde.optim`.
        seconds: wall-clock budget; 60 if no budget is given.
        steps: budget in optimiser steps.
        tolerance: stop when the root mean square of the deviations is this small.
        record: file that the run is recorded in; it must not exist.
        on_step: called with a `Report` after every step.

    Returns:
        The fitted function, called with `x=...` or `x1=..., x2=...`; `solution.run` holds `train_rmse` and `test_rmse`.

    Raises:
        ValueError: for shapes that do not match, or values that are not finite.
    """
    points, values = _columns("x", x), _columns("y", y)
    if len(points) != len(values):
        raise ValueError(f"`y` must have one row per point, {len(points)}, got {len(values)}.")
    problem = Table(points, values)
    solution = solve(
        problem,
        model,
        optimizer=optimizer,
        seconds=seconds,
        steps=steps,
        tolerance=tolerance,
        record=record,
        on_step=on_step,
    )
    solution.run["train_rmse"] = _rmse(solution, points, values)
    if test is not None:
        solution.run["test_rmse"] = _rmse(solution, _columns("test", test[0]), _columns("test", test[1]))
    return solution


def _columns(name: str, values: Any) -> np.ndarray:
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    array = array.astype(float)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"`{name}` must have shape (n, columns) or (n,), got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` must be finite, got {int((~np.isfinite(array)).sum())} NaN or infinite values.")
    return array


def _rmse(solution: Solution, x: np.ndarray, y: np.ndarray) -> float:
    names = solution.field.names
    found = solution(**dict(zip(names, x.T, strict=True)))
    columns = list(found.values()) if isinstance(found, dict) else [found]
    return float(np.sqrt(np.mean((np.stack(columns, 1) - y) ** 2)))
