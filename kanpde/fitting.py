"""fit(): plain function fitting with the engine that solves equations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from .conditions import Condition, Data
from .counts import is_count
from .dataset import KEYS
from .geometry import Box
from .growth import Growth
from .nn import Network
from .nn.input_map import InputMap
from .nn.refine.adaptive import spline_of
from .optim import GaussNewton, Optimizer
from .plan import Plan
from .problem import Problem
from .regularisation import Regularisation
from .solution import Solution
from .solver import solve
from .training import Report

FIRST = 4
"""Budgets that the first of several trainings gets."""
RESTARTS = 5
"""Of the first training, if it has only one start."""


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
    y: Any = None,
    *,
    test: tuple[Any, Any] | None = None,
    grids: Sequence[int] | None = None,
    starts: int = 1,
    deepen: bool = False,
    optimizer: str | Optimizer = "gauss-newton",
    regularisation: Regularisation | None = None,
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
        x: points, shape (n, d) or (n,); or a dataset of `kanpde.create_dataset`; or what gives pairs of points and values,
            such as a `torch.utils.data.DataLoader`, which is read once: the data must fit into memory, while the Jacobian
            is taken in batches that do.
        y: values, shape (n, m) or (n,), where `x` are points alone.
        test: further points and values, whose error is stated but not trained on; the range of the inputs holds them too.
        grids: numbers of grid intervals, ascending, such as (3, 5, 10, 20): the network is trained on each in turn, with
            grids laid over the values that are there, and keeps its function from one to the next.
        starts: from how many start values a training with one budget is tried; the one with the least deviation from `y`
            goes on. Narrow networks need some.
        deepen: train a KAN with the first hidden layer alone, then insert the others one by one; see
            `kanpde.nn.refine.deepen`. Networks with several narrow layers need that.
        optimizer: "gauss-newton", "adam", "lbfgs" or an object of `kanpde.optim`. Gauss-Newton by name bends its steps: on
            fine grids that gets ten times as far in as many steps.
        regularisation: what is wanted of the edge functions of a KAN beside a small deviation, such as
            `kanpde.regularisation.Sparsity()`.
        seconds: wall-clock budget of every training; 60 if no budget is given. The first one has four times as much where others
            follow, and is restarted where it gets stuck if there was only one start.
        steps: budget in optimiser steps, likewise.
        tolerance: stop when the root mean square of the deviations is this small.
        seed: of start values and restarts.
        record: file that the run is recorded in; it must not exist. Of several trainings it is the last one.
        on_step: called with a `Report` after every step.

    Returns:
        The fitted function, called with `x=...` or `x1=..., x2=...`. `solution.run` holds `train_rmse` and `test_rmse`;
        `trainings`, such as "[2, 1, 1] on 5 intervals"; and both errors after each of them as `train_rmse_of_trainings`
        and `test_rmse_of_trainings`.

    Raises:
        TypeError: for a network that is no KAN where only a KAN can be trained like this.
        ValueError: for shapes that do not match, values that are not finite, or grids that are not ascending.
    """
    if y is None:
        (x, y), test = _taken_apart(x, test)
    points, values = _columns("x", x), _columns("y", y)
    if len(points) != len(values):
        raise ValueError(f"`y` must have one row per point, {len(points)}, got {len(values)}.")
    if not is_count(starts):
        raise ValueError(f"`starts` must be a whole number of at least 1, got {starts}.")
    others = None if test is None else (_columns("test", test[0]), _columns("test", test[1]))
    problem = Table(points, values, None if others is None else others[0])
    if isinstance(optimizer, str) and optimizer == GaussNewton.name:
        optimizer = GaussNewton(geodesic=2)
    growth = Growth(
        model, InputMap(problem.domain.bounds)(torch.as_tensor(points)), torch.as_tensor(values), deepen, grids, seed
    )
    budget: dict[str, Any] = {"seconds": seconds, "steps": steps, "tolerance": tolerance}
    first = {k: FIRST * v if k != "tolerance" and v is not None and growth.follows else v for k, v in budget.items()}

    def train(network: nn.Module, budget: dict[str, Any], *, restarts: int = 0, last: bool = False) -> Solution:
        found = solve(
            problem, network, optimizer=optimizer, seed=seed, on_step=on_step, record=record if last else None,
            plan=Plan(regularisation=regularisation, restarts=restarts), **budget,
        )  # fmt: skip
        found.run["train_rmse"] = _rmse(found, points, values)
        if others is not None:
            found.run["test_rmse"] = _rmse(found, *others)
        return found

    begun = growth.starts(starts)
    if starts > 1:
        best = min((train(n, budget) for n in begun), key=lambda a: float(a.run["train_rmse"]))
        begun = [best.network]
    found = [train(begun[0], first, restarts=RESTARTS if starts == 1 else 0, last=not growth.follows)]
    for number in range(growth.follows):
        found.append(train(growth.next(found[-1].network), budget, last=number == growth.follows - 1))
    run = found[-1].run
    run["trainings"] = [_named(f.network) for f in found]
    for name in [n for n in ("train_rmse", "test_rmse") if n in run]:
        run[f"{name}_of_trainings"] = [float(f.run[name]) for f in found]
    return found[-1]


def _named(network: nn.Module) -> str:
    """Width and grid, such as "[2, 1, 1] on 5 intervals"."""
    if not isinstance(network, Network):
        return type(network).__name__
    splines = [s for layer in network.layers if (s := spline_of(layer.basis))]
    return f"{network.width} on {len(splines[0].grid) - 1} intervals" if splines else f"{network.width}"


def _taken_apart(data: Any, test: tuple[Any, Any] | None) -> tuple[tuple[Any, Any], tuple[Any, Any] | None]:
    """Points and values to train on, and those to test at, of a dataset or of batches."""
    if isinstance(data, Mapping):
        missing = [key for key in KEYS[:2] if key not in data]
        if missing:
            raise ValueError(f"`x` must hold `{missing[0]}` as a dataset, got {', '.join(map(str, data))}.")
        given = test is None and all(key in data for key in KEYS[2:])
        return (data[KEYS[0]], data[KEYS[1]]), (data[KEYS[2]], data[KEYS[3]]) if given else test
    if isinstance(data, (np.ndarray, Tensor, str)) or not isinstance(data, Iterable):
        raise ValueError("`y` must hold the values at the points, got None; or give a dataset, or batches of both.")
    pairs = [(_columns("x", a), _columns("y", b)) for a, b in data]
    if not pairs:
        raise ValueError("`x` must give at least one batch of points and values, got none.")
    return (np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])), test


def scaled_inputs(x: Any) -> Float[Tensor, "n inputs"]:
    """What a network that is fitted at these points sees: each column moved to [-1, 1].

    Args:
        x: points, shape (n, d) or (n,).
    """
    points = _columns("x", x)
    ends = {str(i): (float(column.min()), float(column.max())) for i, column in enumerate(points.T)}
    return InputMap(ends)(torch.as_tensor(points))


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
