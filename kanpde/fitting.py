"""fit(): plain function fitting with the engine that solves equations."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .counts import is_count
from .growth import Growth, ascending
from .interruption import WORDS
from .link import check_link, with_last_edge, without_last_edge
from .nn import Network
from .nn.input_map import InputMap
from .nn.refine.adaptive import spline_of
from .optim import GaussNewton, Optimizer, SelfScaledBroyden
from .plan import Plan
from .record import check_target
from .regularisation import Regularisation
from .samples import Samples, columns_of
from .solution import Solution
from .solver import solve
from .training import Report

FIRST = 4
"""Budgets that the first of several trainings gets."""
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
            fitted first, by a KAN like `model` without its last edge, with all of the options above; the last edge then
            starts as the inverse function, and all is trained together once. For formulas such as a / (b + c) or
            sqrt(a^2 + b^2), where random start values mostly get stuck. A warning says so if that starts further away than
            the mean of the values is.
        loss: "squares" of the deviations; or "cross_entropy" of outputs that stand for classes, whose numbers from 0 are `y`.
        optimizer: a name, or an object of `kanpde.optim`. Without it Gauss-Newton with bent steps, which gets ten times as
            far on fine grids; and for classes "ssbroyden", because the square of one residual per point says little about
            the curvature of the cross-entropy.
        regularisation: what is wanted of the edge functions of a KAN beside a small deviation, such as
            `kanpde.regularisation.Sparsity()`.
        seconds: wall-clock budget of every training; 60 if no budget is given. The first one has four times as much where others
            follow, and is restarted where it gets stuck if there was only one start; so has the one after a link.
        steps: budget in optimiser steps, likewise.
        tolerance: stop when the root mean square of the deviations is this small; of the cross-entropy, the root of two times
            its mean.
        seed: of start values and restarts.
        record: file that the run is recorded in; it must not exist. Of several trainings it is the last one.
        on_step: called with a `Report` after every step.

    Returns:
        The fitted function, whose `network` is the given one, trained in place, unless several trainings or starts, or a link,
        were asked for; it is called with `x=...` or `x1=..., x2=...`. `solution.run` holds `train_rmse` and `test_rmse`,
        or instead `train_cross_entropy`, `train_accuracy` and so on; `trainings`, such as "[2, 1, 1] on 5 intervals"; and
        all of these figures after each of them as `train_rmse_of_trainings` and so on.

    Raises:
        TypeError: for a network that is no KAN where only a KAN can be trained like this.
        ValueError: for shapes that do not match, values that are not finite, labels that are no numbers of classes, an
            unknown loss, grids that are not ascending, or a link to values that are not positive or of a network that does
            not end in one hidden node and one output.
    """
    if record is not None:
        check_target(record, overwrite=False)
    grids = grids if grids is None else ascending(grids)
    samples = Samples.of(model, x, y, test, loss)
    if not is_count(starts):
        raise ValueError(f"`starts` must be a whole number of at least 1, got {starts}.")
    interrupted = ""
    if link is not None:
        model, interrupted = _linked(
            link, model, samples, loss, grids=grids, starts=starts, deepen=deepen, optimizer=optimizer,
            regularisation=regularisation, seconds=seconds, steps=steps, seed=seed, on_step=on_step,
        )  # fmt: skip
        grids, starts, deepen = None, 1, False
    if optimizer is None:
        optimizer = GaussNewton(geodesic=2) if loss == "squares" else SelfScaledBroyden()
    growth = Growth(model, samples.inputs, samples.error, deepen, grids, seed)
    budget: dict[str, Any] = {"seconds": seconds, "steps": steps, "tolerance": tolerance}
    longer = growth.follows or link is not None
    first = {k: FIRST * v if k != "tolerance" and v is not None and longer else v for k, v in budget.items()}
    if interrupted:
        first = {"steps": 1}

    def train(network: nn.Module, budget: dict[str, Any], *, restarts: int = 0, last: bool = False) -> Solution:
        return solve(
            samples.problem, network, optimizer=optimizer, seed=seed, on_step=on_step, record=record if last else None,
            plan=Plan(regularisation=regularisation, restarts=restarts), **budget,
        )  # fmt: skip

    begun = growth.starts(starts)
    attempts: list[Solution] = []
    for network in begun if starts > 1 else []:
        attempts.append(train(network, budget))
        if was_interrupted(attempts[-1]):
            break
    best = min(attempts, key=samples.error_of, default=None)
    if best is not None and was_interrupted(attempts[-1]):
        found = [best]
    else:
        start = begun[0] if best is None else best.network
        restarts = RESTARTS if starts == 1 and link is None else 0
        found = [train(start, first, restarts=restarts, last=not growth.follows)]
    found[0].stop_reason = interrupted or found[0].stop_reason
    for number in range(growth.follows):
        if was_interrupted(found[-1]):
            break
        found.append(train(growth.next(found[-1].network), budget, last=number == growth.follows - 1))
    figures = [samples.figures_of(f) for f in found]
    run = found[-1].run
    run |= {**figures[-1], "held_out": samples.held_out(figures[-1])}
    run["trainings"] = [_named(f.network) for f in found]
    for name in figures[-1]:
        run[f"{name}_of_trainings"] = [each[name] for each in figures]
    if record is not None:
        found[-1].save(record, overwrite=True)  # with these figures
    return found[-1]


def _linked(link: str, model: nn.Module, samples: Samples, loss: str, **options: Any) -> tuple[Network, str]:
    """The network that is trained together after its sum was fitted to the link of the values, and what interrupted that."""
    if loss != "squares":
        raise ValueError(f"`link` must be None for classes, got '{link}': it is a function of what is measured.")
    points, values, others = samples.points, samples.values, samples.others
    found, kan = check_link(link, model, values, *(() if others is None else others[1:]))
    test = None if others is None else (others[0], found.forward(others[1]))
    summed = fit(without_last_edge(kan, options["seed"]), points, found.forward(values), test=test, **options)
    grids = options["grids"]
    intervals = None if grids is None else grids[-1]
    basis = kan.layers[-1].basis
    network = with_last_edge(cast("Network", summed.network), basis, found, samples.inputs, values, intervals)
    with torch.no_grad():
        missed = samples.error(network(samples.inputs.to(next(network.parameters()))).double().cpu())
    if not missed < values.std() and not was_interrupted(summed):
        warnings.warn(
            f"`link` '{link}' starts {missed:.1g} away from `y`, whose spread is {values.std():.1g}: its values go from "
            f"{values.min():.1g} to {values.max():.1g}. Try another link, or none.",
            RuntimeWarning,
            stacklevel=3,
        )
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


def scaled_inputs(x: Any, of: Solution | None = None) -> Float[Tensor, "n inputs"]:
    """What a network that is fitted at these points sees: each column moved to [-1, 1].

    Args:
        x: points, shape (n, d) or (n,).
        of: a fit to these and other points (its `test` counts as well), whose network sees them as its range says.

    Raises:
        ValueError: for a column whose values are all the same, or another number of columns than the fit has.
    """
    points = columns_of("x", x)
    if of is not None:
        (part,) = of.field.parts
        if points.shape[1] != len(part.names):
            raise ValueError(
                f"`x` must have {len(part.names)} columns like the points of the fit, got {points.shape[1]}."
            )
        return part.trial.input_map(torch.as_tensor(points))
    constant = [i for i, column in enumerate(points.T) if column.min() == column.max()]
    if constant:
        raise ValueError(f"`x` must not have constant columns, got column {constant[0]}: leave it out.")
    ends = {str(i): (float(column.min()), float(column.max())) for i, column in enumerate(points.T)}
    return InputMap(ends)(torch.as_tensor(points))
