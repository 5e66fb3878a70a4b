"""fit(): plain function fitting with the engine that solves equations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .counts import is_count
from .dataset import KEYS
from .growth import Growth
from .interruption import WORDS
from .link import check_link, with_last_edge, without_last_edge
from .nn import Network
from .nn.input_map import InputMap
from .nn.refine.adaptive import spline_of
from .optim import GaussNewton, Optimizer, SelfScaledBroyden
from .plan import Plan
from .problem import Problem
from .regularisation import Regularisation
from .solution import Solution
from .solver import solve
from .training import Report
from .values import Classes, Table, agreement, deviation

FIRST = 4
"""Budgets that the first of several trainings gets."""
LOSSES = ("squares", "cross_entropy")
RESTARTS = 5
"""Of the first training, if it has only one start."""


def fit(
    model: nn.Module,
    x: Any,
    y: Any = None,
    *,
    test: tuple[Any, Any] | None = None,
    grids: Sequence[int] | None = None,
    starts: int = 1,
    deepen: bool = False,
    link: str | None = None,
    loss: str = "squares",
    optimizer: str | Optimizer | None = None,
    regularisation: Regularisation | None = None,
    seconds: float | None = None,
    steps: int | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    record: str | Path | None = None,
    on_step: Callable[[Report], None] | None = None,
) -> Solution:
    """Fit a network to values at points by least squares, or to the classes of points.

    Args:
        model: maps inputs in [-1, 1], to which the range of `x` is scaled, to one output per column of `y`;
            parameters with `requires_grad_(False)` keep their values.
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
        link: for a KAN that ends in one hidden node and one output, and positive values: "inverse", "log" or "square" of them is
            fitted first, by the network without its last edge, with all of the options above; the last edge then starts as
            the inverse function, and all is trained together once. For formulas such as a / (b + c) or sqrt(a^2 + b^2), where
            random start values mostly get stuck.
        loss: "squares" of the deviations; or "cross_entropy" of outputs that stand for classes, whose numbers from 0 are `y`.
        optimizer: a name, or an object of `kanpde.optim`. Without it Gauss-Newton with bent steps, which gets ten times as
            far on fine grids; and for classes "ssbroyden", because the square of one residual per point says little about
            the curvature of the cross-entropy.
        regularisation: what is wanted of the edge functions of a KAN beside a small deviation, such as
            `kanpde.regularisation.Sparsity()`.
        seconds: wall-clock budget of every training; 60 if no budget is given. The first one has four times as much where others
            follow, and is restarted where it gets stuck if there was only one start.
        steps: budget in optimiser steps, likewise.
        tolerance: stop when the root mean square of the deviations is this small; of the cross-entropy, the root of two times
            its mean.
        seed: of start values and restarts.
        record: file that the run is recorded in; it must not exist. Of several trainings it is the last one.
        on_step: called with a `Report` after every step.

    Returns:
        The fitted function, whose `network` is the given one, trained in place, unless several trainings or starts were asked
        for; it is called with `x=...` or `x1=..., x2=...`. `solution.run` holds `train_rmse` and `test_rmse`,
        or instead `train_cross_entropy`, `train_accuracy` and so on; `trainings`, such as "[2, 1, 1] on 5 intervals"; and
        all of these figures after each of them as `train_rmse_of_trainings` and so on.

    Raises:
        TypeError: for a network that is no KAN where only a KAN can be trained like this.
        ValueError: for shapes that do not match, values that are not finite, labels that are no numbers of classes, an
            unknown loss, grids that are not ascending, or a link to values that are not positive or of a network that does
            not end in one hidden node and one output.
    """
    if y is None:
        (x, y), test = _taken_apart(x, test)
    points, values = columns_of("x", x), columns_of("y", y)
    if len(points) != len(values):
        raise ValueError(f"`y` must have one row per point, {len(points)}, got {len(values)}.")
    if not is_count(starts):
        raise ValueError(f"`starts` must be a whole number of at least 1, got {starts}.")
    others = None if test is None else (columns_of("test", test[0]), columns_of("test", test[1]))
    if others is not None and (len(others[0]) != len(others[1]) or others[0].shape[1] != points.shape[1]):
        raise ValueError(
            f"`test` must be points with {points.shape[1]} columns and as many values, "
            f"got shapes {others[0].shape} and {others[1].shape}."
        )
    if others is not None and others[1].shape[1] != values.shape[1]:
        raise ValueError(f"`test` must have {values.shape[1]} values per point like `y`, got {others[1].shape[1]}.")
    beside = None if others is None else others[0]
    if loss not in LOSSES:
        raise ValueError(f"`loss` must be one of {', '.join(LOSSES)}, got '{loss}'.")
    if link is not None and loss != "squares":
        raise ValueError(f"`link` must be None for classes, got '{link}': it is a function of what is measured.")
    problem: Problem
    figures: Callable[[Tensor, Tensor], dict[str, float]]
    if loss == "squares":
        problem, figures = Table(points, values, beside), deviation
    else:
        count = _outputs(model)
        values = _labels("y", values, count)
        others = None if others is None else (others[0], _labels("test", others[1], count))
        problem, figures = Classes(points, values, count, beside), agreement
    wanted = torch.as_tensor(values)
    interrupted = ""
    if link is not None:
        model, interrupted = _linked(
            link, model, points, values, others, grids=grids, starts=starts, deepen=deepen, optimizer=optimizer,
            regularisation=regularisation, seconds=seconds, steps=steps, seed=seed, on_step=on_step,
        )  # fmt: skip
        grids, starts, deepen = None, 1, False
    if optimizer is None:
        optimizer = GaussNewton(geodesic=2) if loss == "squares" else SelfScaledBroyden()
    inputs = InputMap(problem.domain.bounds)(torch.as_tensor(points))

    def error(outputs: Tensor) -> float:
        return next(iter(figures(outputs, wanted).values()))

    growth = Growth(model, inputs, error, deepen, grids, seed)
    budget: dict[str, Any] = {"seconds": seconds, "steps": steps, "tolerance": tolerance}
    longer = growth.follows or link is not None
    first = {k: FIRST * v if k != "tolerance" and v is not None and longer else v for k, v in budget.items()}
    if interrupted:
        first = {"steps": 1}

    def train(network: nn.Module, budget: dict[str, Any], *, restarts: int = 0, last: bool = False) -> Solution:
        found = solve(
            problem, network, optimizer=optimizer, seed=seed, on_step=on_step, record=record if last else None,
            plan=Plan(regularisation=regularisation, restarts=restarts), **budget,
        )  # fmt: skip
        named.clear()
        for part, (a, b) in {"train": (points, values), **({} if others is None else {"test": others})}.items():
            named.update({f"{part}_{k}": v for k, v in figures(_at(found, a), torch.as_tensor(b)).items()})
        found.run |= named
        return found

    named: dict[str, float] = {}
    begun = growth.starts(starts)
    found: list[Solution] = []
    if starts > 1:
        attempts = [train(begun[0], budget)]
        for network in begun[1:]:
            if not was_interrupted(attempts[-1]):
                attempts.append(train(network, budget))
        found = [min(attempts, key=lambda a: float(a.run[next(iter(named))]))]
        begun = [found[0].network]
        if not was_interrupted(attempts[-1]):
            found = [train(begun[0], first, last=not growth.follows)]
    else:
        found = [train(begun[0], first, restarts=0 if link else RESTARTS, last=not growth.follows)]
        found[0].stop_reason = interrupted or found[0].stop_reason
    for number in range(growth.follows):
        if was_interrupted(found[-1]):
            break
        found.append(train(growth.next(found[-1].network), budget, last=number == growth.follows - 1))
    run = found[-1].run
    run["trainings"] = [_named(f.network) for f in found]
    for name in named:
        run[f"{name}_of_trainings"] = [float(f.run[name]) for f in found]
    if record is not None:
        found[-1].save(record, overwrite=True)  # with these figures
    return found[-1]


def _linked(
    link: str,
    model: nn.Module,
    points: Float[np.ndarray, "n inputs"],
    values: Float[np.ndarray, "n outputs"],
    others: tuple[np.ndarray, np.ndarray] | None,
    **options: Any,
) -> tuple[Network, str]:
    """The network that is trained together after its sum was fitted to the link of the values, and what interrupted that."""
    tested = () if others is None else (others[1],)
    found, kan = check_link(link, model, values, *tested)
    test = None if others is None else (others[0], found.forward(others[1]))
    summed = fit(without_last_edge(kan, options["seed"]), points, found.forward(values), test=test, **options)
    inputs = InputMap(summed.field.bounds)(torch.as_tensor(points))
    network = with_last_edge(cast("Network", summed.network), kan.layers[-1].basis, found, inputs, values)
    return network, summed.stop_reason if was_interrupted(summed) else ""


def was_interrupted(solution: Solution) -> bool:
    """Whether Ctrl-C or SIGTERM ended the training: then no further one should begin."""
    return solution.stop_reason in WORDS.values()


def not_interrupted(solution: Solution) -> Solution:
    """The solution, unless its training was interrupted.

    Raises:
        KeyboardInterrupt: if it was.
    """
    if was_interrupted(solution):
        raise KeyboardInterrupt
    return solution


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
    pairs = [(columns_of("x", a), columns_of("y", b)) for a, b in data]
    if not pairs:
        raise ValueError("`x` must give at least one batch of points and values, got none.")
    return (np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])), test


def scaled_inputs(x: Any) -> Float[Tensor, "n inputs"]:
    """What a network that is fitted at these points sees: each column moved to [-1, 1].

    Args:
        x: points, shape (n, d) or (n,).

    Raises:
        ValueError: for a column whose values are all the same.
    """
    points = columns_of("x", x)
    constant = [i for i, column in enumerate(points.T) if column.min() == column.max()]
    if constant:
        raise ValueError(f"`x` must not have constant columns, got column {constant[0]}: leave it out.")
    ends = {str(i): (float(column.min()), float(column.max())) for i, column in enumerate(points.T)}
    return InputMap(ends)(torch.as_tensor(points))


def columns_of(name: str, values: Any) -> Float[np.ndarray, "n columns"]:
    """A matrix of finite numbers, of one column for a line of them.

    Raises:
        ValueError: for another shape, or numbers that are not finite.
    """
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    array = array.astype(float)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"`{name}` must have shape (n, columns) or (n,), got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` must be finite, got {int((~np.isfinite(array)).sum())} NaN or infinite values.")
    return array


def _at(solution: Solution, x: np.ndarray) -> Float[Tensor, "n m"]:
    """All outputs at points."""
    found = solution(**dict(zip(solution.field.names, x.T, strict=True)))
    columns = list(found.values()) if isinstance(found, dict) else [found]
    return torch.as_tensor(np.stack(columns, 1))


def _outputs(model: nn.Module) -> int:
    """Number of outputs, which are classes."""
    if not isinstance(model, Network):
        raise TypeError(f"`model` must be a KAN or an MLP to tell classes, got {type(model).__name__}.")
    if model.width[-1] < 2:
        raise ValueError(f"`model` must have an output per class, at least 2, got {model.width[-1]}.")
    return model.width[-1]


def _labels(name: str, values: np.ndarray, count: int) -> Int[np.ndarray, " n"]:
    labels = values[:, 0].astype(int)
    if values.shape[1] != 1 or (labels != values[:, 0]).any() or labels.min() < 0 or labels.max() >= count:
        raise ValueError(f"`{name}` must hold numbers of classes from 0 to {count - 1}, one per point.")
    return labels
