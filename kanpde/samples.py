"""What a network is fitted to: points with values or classes, and how far the network is from them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .dataset import KEYS
from .nn import Network
from .nn.input_map import InputMap
from .solution import Solution
from .values import Classes, Table, agreement, deviation

LOSSES = ("squares", "cross_entropy")
FAR = 1e10
"""Size of values, or one over it, from which on a network is warned of."""


@dataclass(frozen=True)
class Samples:
    """Points with values or classes, and further ones that are not trained on.

    Attributes:
        points: shape (n, d).
        values: shape (n, m), or numbers of classes, shape (n,).
        others: points and values to test at; None if there are none.
        problem: the problem without equation that they are.
        figures: how far outputs are from values, by name, the error first.
    """

    points: Float[np.ndarray, "n d"]
    values: np.ndarray
    others: tuple[np.ndarray, np.ndarray] | None
    problem: Table
    figures: Callable[[Tensor, Tensor], dict[str, float]]

    @classmethod
    def of(cls, model: nn.Module, x: Any, y: Any, test: tuple[Any, Any] | None, loss: str) -> Samples:
        """What `fit` was given.

        Raises:
            TypeError: for a network that cannot tell classes.
            ValueError: for shapes that do not match, values that are not finite, labels that are no numbers of classes, or
                an unknown loss.
        """
        if y is None:
            (x, y), test = _taken_apart(x, test)
        points, values = columns_of("x", x), columns_of("y", y)
        if len(points) != len(values):
            raise ValueError(f"`y` must have one row per point, {len(points)}, got {len(values)}.")
        others = None if test is None else _pair("test", test)
        if others is not None and (len(others[0]) != len(others[1]) or others[0].shape[1] != points.shape[1]):
            raise ValueError(
                f"`test` must be points with {points.shape[1]} columns and as many values, "
                f"got shapes {others[0].shape} and {others[1].shape}."
            )
        if others is not None and others[1].shape[1] != values.shape[1]:
            raise ValueError(f"`test` must have {values.shape[1]} values per point like `y`, got {others[1].shape[1]}.")
        if loss not in LOSSES:
            raise ValueError(f"`loss` must be one of {', '.join(LOSSES)}, got '{loss}'.")
        beside = None if others is None else others[0]
        if loss == "squares":
            _check_spread(values)
            return cls(points, values, others, Table(points, values, beside), deviation)
        count = _outputs(model)
        labels = _labels("y", values, count)
        others = None if others is None else (others[0], _labels("test", others[1], count))
        return cls(points, labels, others, Classes(points, labels, count, beside), agreement)

    @property
    def inputs(self) -> Float[Tensor, "n d"]:
        """What a network sees at the points."""
        return InputMap(self.problem.domain.bounds)(torch.as_tensor(self.points))

    def error(self, outputs: Tensor) -> float:
        """The first figure of outputs at the points."""
        return next(iter(self.figures(outputs, torch.as_tensor(self.values)).values()))

    def figures_of(self, solution: Solution) -> dict[str, float]:
        """All figures of a fit, at the points as `train_...` and at the others as `test_...`."""
        parts = {"train": (self.points, self.values), **({} if self.others is None else {"test": self.others})}
        return {
            f"{part}_{name}": value
            for part, (x, y) in parts.items()
            for name, value in self.figures(_at(solution, x), torch.as_tensor(y)).items()
        }

    def held_out(self, figures: Mapping[str, float]) -> float:
        """Root of the loss at the points to test at, from the figures of a fit; NaN without such points."""
        if "test_cross_entropy" in figures:
            return math.sqrt(2 * figures["test_cross_entropy"])
        return math.sqrt(self.values.shape[1]) * figures["test_rmse"] if "test_rmse" in figures else math.nan

    def error_of(self, solution: Solution) -> float:
        """The first figure of a fit at the points."""
        return self.error(_at(solution, self.points))


def _check_spread(values: Float[np.ndarray, "n m"]) -> None:
    """Warn of values in units that are far from theirs: the functions of a network start at about 1."""
    size = float(np.abs(values).max())
    if size and not 1 / FAR < size < FAR:
        warnings.warn(
            f"`y` goes up to {size:.1g}, far from 1, where networks start: fit it in units of {size:.0e}, or digits are lost.",
            RuntimeWarning,
            stacklevel=4,
        )


def _pair(name: str, given: Any) -> tuple[np.ndarray, np.ndarray]:
    """Points and values, as columns."""
    if not isinstance(given, Sequence) or len(given) != 2:
        raise ValueError(f"`{name}` must hold pairs of points and values, got {type(given).__name__}.")
    return columns_of(name, given[0]), columns_of("y" if name == "x" else name, given[1])


def columns_of(name: str, values: Any) -> Float[np.ndarray, "n columns"]:
    """A matrix of finite numbers, of one column for a line of them.

    Raises:
        ValueError: for another shape, or numbers that are not finite.
    """
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if array.dtype.kind not in "biufO":
        raise ValueError(f"`{name}` must hold real numbers, got {array.dtype}.")
    try:
        array = array.astype(float)
    except (TypeError, ValueError):
        raise ValueError(f"`{name}` must hold real numbers, got objects that are none.") from None
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"`{name}` must have shape (n, columns) or (n,), got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` must be finite, got {int((~np.isfinite(array)).sum())} NaN or infinite values.")
    return array


def _taken_apart(data: Any, test: tuple[Any, Any] | None) -> tuple[tuple[Any, Any], tuple[Any, Any] | None]:
    """Points and values to train on, and those to test at, of a dataset or of batches."""
    if isinstance(data, Mapping):
        missing = [key for key in KEYS[:2] if key not in data]
        if missing:
            raise ValueError(f"`x` must hold `{missing[0]}` as a dataset, got {', '.join(map(str, data))}.")
        given = test is None and all(key in data for key in KEYS[2:])
        return (data[KEYS[0]], data[KEYS[1]]), (data[KEYS[2]], data[KEYS[3]]) if given else test
    if hasattr(data, "__array__") or isinstance(data, str) or not isinstance(data, Iterable):
        raise ValueError(
            "`y` must hold the values at the points, got None; or give a dataset of `create_dataset`, or batches of both, such "
            "as a `DataLoader`."
        )
    pairs = [_pair("x", batch) for batch in data]
    if not pairs:
        raise ValueError("`x` must give at least one batch of points and values, got none.")
    return (np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])), test


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
