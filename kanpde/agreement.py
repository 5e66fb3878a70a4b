"""How far a solution is from values of another program, unknown by unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from .columns import read_columns
from .field import Field, relative_error
from .geometry import PointSet, tensor_points
from .slabs import SlabField


@dataclass(frozen=True)
class Deviation:
    """How far an unknown is from given values.

    Attributes:
        relative_l2: relative L2 distance over the points, each counting once; absolute if the values are zero.
        maximum: largest absolute difference.
        where: the point of the largest difference, coordinate to value.
        points: number of points.
    """

    relative_l2: float
    maximum: float
    where: dict[str, float]
    points: int


def deviations(
    field: Field | SlabField,
    data: str | Path | Mapping[str, Any],
    *,
    names: Mapping[str, str] | Sequence[str] | None = None,
) -> dict[str, Deviation]:
    """Compare a solution with the values of a file or with columns.

    Args:
        field: the solution.
        data: path of a file, see `read_columns`; or name to values. Every coordinate must be there and at least one unknown,
            as columns of one length, or a single number for all points; or coordinates as the axes of a grid and unknowns as
            arrays of their lengths. Points outside of the domain whose values are NaN are left out.
        names: coordinate or unknown to the name that it has in the data; or the names of the columns of a text file.

    Returns:
        Unknown to its deviation, for every unknown that the data have.

    Raises:
        ValueError: for a file that cannot be read, a coordinate that is missing, shapes that do not fit together, values
            that are not finite, or points outside of the domain.
    """
    ordered = None if names is None or isinstance(names, Mapping) else names
    if isinstance(data, Mapping):
        if ordered is not None:
            raise ValueError(f"`names` must be a dict for columns, which have names, got {list(ordered)}.")
        source, columns = "data", {n: _array(n, v) for n, v in data.items()}
    else:
        source, columns = str(data), read_columns(data, names=ordered)
    found = _renamed(field, source, columns, names if isinstance(names, Mapping) else {})
    points, wanted = _flat(field, source, found)
    _refuse_outside(field, source, points)
    return {name: _deviation(field, points, name, values) for name, values in wanted.items()}


def _deviation(field: Field | SlabField, points: PointSet, name: str, wanted: np.ndarray) -> Deviation:
    found = field.values(points, name)
    miss = np.abs(found - wanted)
    worst = int(np.argmax(miss))
    where = {n: float(c[worst]) for n, c in points.columns.items()}
    return Deviation(relative_error([found], [wanted]), float(miss[worst]), where, len(points))


def _array(name: str, values: Any) -> np.ndarray:
    if np.iscomplexobj(values):
        raise ValueError(f"`data` must hold real numbers, got complex ones for {name}: compare their parts one by one.")
    try:
        array = np.asarray(values, float)
        return np.squeeze(array) if array.ndim > 1 else array
    except (TypeError, ValueError):
        raise ValueError(f"`data` must hold numbers, got {values!r} for {name}.") from None


def _renamed(
    field: Field | SlabField, source: str, columns: Mapping[str, np.ndarray], names: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Coordinates and unknowns under the names that the solution has for them."""
    known = (*field.names, *field.unknowns)
    there = ", ".join(columns)
    for ours, theirs in names.items():
        if ours not in known:
            raise ValueError(f"`names` must say what {', '.join(known)} are called, got '{ours}'.")
        if theirs not in columns:
            raise ValueError(f"`names` must name columns of `{source}`, got '{theirs}': it has {there}.")
    found = {}
    for ours in known:
        alike = [n for n in columns if n.lower() == ours.lower()]
        if ours in names or ours in columns:
            found[ours] = columns[names.get(ours, ours)]
        elif len(alike) == 1 and alike[0] not in (*known, *names.values()):  # X for x, as COMSOL writes
            found[ours] = columns[alike[0]]
    missing = [n for n in field.names if n not in found] or [n for n in field.unknowns if n not in found]
    if set(missing) & set(field.names) or len(missing) == len(field.unknowns):
        free = next((n for n in columns if n not in (*known, *names.values())), "its name")
        raise ValueError(
            f"`{source}` has no column {missing[0]}, only {there}: say what it is called, as in names={{'{missing[0]}': "
            f"'{free}'}}, or add it, as in compare_with(read_columns(path) | {{'{missing[0]}': 0.5}})."
        )
    return found


def _flat(
    field: Field | SlabField, source: str, found: Mapping[str, np.ndarray]
) -> tuple[PointSet, dict[str, Float[np.ndarray, " n"]]]:
    """Points and values as columns, also where the coordinates are the axes of a grid."""
    coordinates = {n: found[n] for n in field.names}
    unknowns = {n: v for n, v in found.items() if n not in coordinates}
    shapes = {v.shape for n, v in found.items() if v.size != 1 or (n in unknowns and v.shape)} or {()}
    axes = {n: np.atleast_1d(c) for n, c in coordinates.items()}
    grid = tuple(len(a) for a in axes.values() if len(a) > 1)
    if len(shapes) == 1:
        shape = next(iter(shapes))
        points = PointSet({n: np.broadcast_to(c, shape).ravel() for n, c in coordinates.items()})
        unknowns = {n: np.broadcast_to(v, shape) for n, v in unknowns.items()}
    elif all(a.ndim == 1 for a in axes.values()) and all(v.shape == grid for v in unknowns.values()):
        points = tensor_points(axes)
    else:
        text = ", ".join(f"{n} {v.shape}" for n, v in found.items())
        raise ValueError(
            f"`{source}` must hold columns of one length, or the axes {', '.join(field.names)} of a grid and unknowns of "
            f"their lengths in this order, got {text}."
        )
    unknowns = {n: v.ravel() for n, v in unknowns.items()}
    left_out = np.all([np.isnan(v) for v in unknowns.values()], axis=0)
    if left_out.any():  # as a grid beyond the edge of a shape
        left_out &= ~field.contains(points)
        points, unknowns = points.at(~left_out), {n: v[~left_out] for n, v in unknowns.items()}
    for name, values in (*points.columns.items(), *unknowns.items()):
        if not values.size or not np.isfinite(values).all():
            bad = int((~np.isfinite(values)).sum())
            raise ValueError(
                f"`{source}` must hold finite numbers, got {bad} of {values.size} others in column {name}: leave these rows out."
            )
    return points, unknowns


def _refuse_outside(field: Field | SlabField, source: str, points: PointSet) -> None:
    outside = np.flatnonzero(~field.covers(points))
    if outside.size:
        first = ", ".join(f"{n}={c[outside[0]]:g}" for n, c in points.columns.items())
        bounds = ", ".join(f"{n} in [{lo:g}, {hi:g}]" for n, (lo, hi) in field.bounds.items())
        raise ValueError(
            f"`{source}` must have its points in the domain, within {bounds}: {outside.size} of {len(points)} lie outside, "
            f"the first at {first}; leave them out."
        )
