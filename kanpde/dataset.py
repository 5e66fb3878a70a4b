"""Points and values of a function to fit and to test with, in the dictionary that pykan made usual."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .counts import is_count

KEYS = ("train_input", "train_label", "test_input", "test_label")


def create_dataset(
    f: Callable[[Tensor], Tensor],
    n_var: int = 2,
    ranges: Sequence[float] | Sequence[Sequence[float]] = (-1.0, 1.0),
    train_num: int = 1000,
    test_num: int = 1000,
    *,
    seed: int = 0,
    ends: bool = False,
    dtype: torch.dtype = torch.float64,
) -> dict[str, Tensor]:
    """Draw points and evaluate a function there; `fit(kan, dataset)` takes what this returns.

    Args:
        f: maps points of shape (n, n_var) to values of shape (n,) or (n, m).
        n_var: number of variables, at least 1.
        ranges: ends of the interval of all variables, or one such pair per variable.
        train_num: number of points to train on, at least 1.
        test_num: number of points to test at, at least 1; they are spread evenly by chance.
        seed: of the points.
        ends: training points denser towards the ends of every variable, like Chebyshev points, so that testing needs no
            extrapolation in the corners; evenly spread ones without it.
        dtype: of points and values.

    Returns:
        `train_input`, `train_label`, `test_input` and `test_label`, labels of shape (n, m).

    Raises:
        ValueError: for numbers below 1, ranges that do not ascend, or values of another shape.
    """
    for name, number in (("n_var", n_var), ("train_num", train_num), ("test_num", test_num)):
        if not is_count(number):
            raise ValueError(f"`{name}` must be a whole number of at least 1, got {number!r}.")
    ends_of = torch.as_tensor(ranges, dtype=torch.float64)
    if ends_of.shape not in ((2,), (n_var, 2), (1, 2)):
        raise ValueError(f"`ranges` must hold two ends, or {n_var} such pairs, got {ranges}.")
    pairs = ends_of.expand(n_var, 2)
    if not bool((pairs[:, 0] < pairs[:, 1]).all()):
        raise ValueError(f"`ranges` must hold ascending ends such as (-1, 1), got {ranges}.")
    generator = torch.Generator().manual_seed(seed)
    found: dict[str, Tensor] = {}
    for part, number in (("train", train_num), ("test", test_num)):
        places = torch.rand(number, n_var, generator=generator, dtype=torch.float64)
        if ends and part == "train":
            places = (1 - torch.cos(torch.pi * places)) / 2
        points = torch.lerp(pairs[:, 0], pairs[:, 1], places).to(dtype)
        values = torch.as_tensor(f(points))
        if values.ndim not in (1, 2) or len(values) != number:
            raise ValueError(f"`f` must give one row per point, {number}, got shape {tuple(values.shape)}.")
        found |= {f"{part}_input": points, f"{part}_label": values.reshape(number, -1)}
    return found
