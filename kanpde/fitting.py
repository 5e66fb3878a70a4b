"""fit(): plain function fitting with the engine that solves equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from .conditions import Condition, Data
from .geometry import Box
from .nn import Network
from .nn.input_map import InputMap
from .nn.refine import regrid
from .nn.refine.adaptive import spline_of
from .optim import GaussNewton, Optimizer
from .problem import Problem
from .solution import Solution
from .solver import solve
from .training import Report

FIRST = 4
"""Budgets that the first of several grids gets."""
ROOM = 0.02
"""Part of the range of hidden values by which a grid is longer at both ends: the values move while it is trained."""


class Table(Problem):
    """A problem without equation: measured values at points, one unknown per column.

    Args:
        x: points, shape (n, d).
        y: values, shape (n, m).
        beside: further points that the domain has to hold.
    """

    equations = {}

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


def fit(
    model: nn.Module,
    x: Any,
    y: Any,
    *,
    test: tuple[Any, Any] | None = None,
    grids: Sequence[int] | None = None,
    optimizer: str | Optimizer = "gauss-newton",
    seconds: float | None = None,
    steps: int | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    record: str | Path | None = None,
    on_step: Callable[[Report], None] | None = None,
) -> Solution:
    """Fit a network to values at points by least squares.

    Args:
        model: maps inputs in [-1, 1], to which the range of `x` is scaled, to one output per column of `y`.
        x: points, shape (n, d) or (n,).
        y: values, shape (n, m) or (n,).
        test: further points and values, whose error is stated but not trained on; the range of the inputs holds them too.
        grids: numbers of grid intervals, ascending, such as (3, 5, 10, 20): the network is trained on each in turn, with
            hidden grids laid over the values that are there, and keeps its function from one to the next.
        optimizer: "gauss-newton", "adam", "lbfgs" or an object of `kanpde.optim`. Gauss-Newton by name bends its steps: on
            fine grids that gets ten times as far in as many steps.
        seconds: wall-clock budget; 60 if no budget is given. With `grids` for each, and four times as much for the first,
            which starts from nothing and may be restarted.
        steps: budget in optimiser steps, likewise.
        tolerance: stop when the root mean square of the deviations is this small.
        seed: of restarts.
        record: file that the run is recorded in; it must not exist. With several grids it is that of the last one.
        on_step: called with a `Report` after every step.

    Returns:
        The fitted function, called with `x=...` or `x1=..., x2=...`; `solution.run` holds `train_rmse` and `test_rmse`, and
        with `grids` these for every grid as `train_rmse_of_grids` and `test_rmse_of_grids`.

    Raises:
        ValueError: for shapes that do not match, values that are not finite, or grids that are not ascending.
    """
    points, values = _columns("x", x), _columns("y", y)
    if len(points) != len(values):
        raise ValueError(f"`y` must have one row per point, {len(points)}, got {len(values)}.")
    others = None if test is None else (_columns("test", test[0]), _columns("test", test[1]))
    problem = Table(points, values, None if others is None else others[0])
    optimizer = GaussNewton(geodesic=2) if optimizer == GaussNewton.name else optimizer
    budget: dict[str, Any] = {"seconds": seconds, "steps": steps, "tolerance": tolerance}

    def train(network: nn.Module, record: str | Path | None, **budget: Any) -> Solution:
        found = solve(problem, network, optimizer=optimizer, seed=seed, record=record, on_step=on_step, **budget)
        found.run["train_rmse"] = _rmse(found, points, values)
        if others is not None:
            found.run["test_rmse"] = _rmse(found, *others)
        return found

    if grids is None:
        return train(model, record, **budget)
    inputs = InputMap(problem.domain.bounds)(torch.as_tensor(points))
    first = budget | {name: FIRST * budget[name] for name in ("seconds", "steps") if budget[name] is not None}
    found: list[Solution] = []
    for grid in _ascending(grids):
        model = on_grid(model, grid, inputs)
        found.append(train(model, record if grid == grids[-1] else None, **(budget if found else first)))
        model = found[-1].network
    for name in ("train_rmse", "test_rmse") if others is not None else ("train_rmse",):
        found[-1].run[f"{name}_of_grids"] = [float(f.run[name]) for f in found]
    found[-1].run["grids"] = [int(g) for g in grids]
    return found[-1]


def scaled_inputs(x: Any) -> Float[Tensor, "n inputs"]:
    """What a network that is fitted at these points sees: each column moved to [-1, 1].

    Args:
        x: points, shape (n, d) or (n,).
    """
    points = _columns("x", x)
    ends = {str(i): (float(column.min()), float(column.max())) for i, column in enumerate(points.T)}
    return InputMap(ends)(torch.as_tensor(points))


def on_grid(model: nn.Module, intervals: int, inputs: Float[Tensor, "n inputs"]) -> Network:
    """The network with that many equal grid intervals in all B-spline layers, over the values that are there.

    Raises:
        TypeError: for a module that is no network of layers.
        ValueError: for a network without B-splines.
    """
    if not isinstance(model, Network):
        raise TypeError(f"`model` must be a KAN to be trained on several grids, got {type(model).__name__}.")
    splines = [spline_of(layer.basis) for layer in model.layers]
    if not any(splines):
        raise ValueError("`model` must have a layer of B-splines to be trained on several grids, got none.")
    grids: list[Tensor | None] = []
    for number, (spline, values) in enumerate(zip(splines, model.layer_inputs(inputs), strict=True)):
        low, high = (float(values.min()), float(values.max())) if number else (-1.0, 1.0)
        room = ROOM * (high - low) if number else 0.0
        equal = torch.linspace(low - room, high + room, intervals + 1, dtype=torch.float64)
        grids.append(None if spline is None else equal)
    return regrid(model, grids)[0]


def _ascending(grids: Sequence[int]) -> list[int]:
    numbers = [int(g) for g in grids]
    if not numbers or numbers != list(grids) or min(numbers) < 1 or any(b <= a for a, b in pairwise(numbers)):
        raise ValueError(
            f"`grids` must be ascending whole numbers of at least 1, such as (3, 5, 10), got {list(grids)}."
        )
    return numbers


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
