"""A solution where it is looked at: on a grid or at points, with reference and error, NaN outside of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .counts import is_count
from .field import Field
from .geometry import PointSet, tensor_points
from .reference import Reference
from .slabs import SlabField

SAME = 1e-9
"""Distance, in parts of an axis, at which a node counts as a node of the reference."""


@dataclass(frozen=True)
class Sampled:
    """Values of a solution at known places.

    Attributes:
        coordinates: name to nodes of the axis on a grid, or to one value per point.
        values: name to values, one dimension per axis on a grid, else shape (n,): every unknown `u`, and `u_reference` and
            `u_error`, the absolute error, where the places are nodes of the reference.
        inside: whether a place lies in the domain, in the shape of the values.
        unknowns: names of the unknowns.
        time: name of the time, if there is one.
        gridded: whether the places are a tensor grid.
    """

    coordinates: dict[str, Float[np.ndarray, " nodes"]]
    values: dict[str, Float[np.ndarray, " *shape"]]
    inside: Bool[np.ndarray, " *shape"]
    unknowns: tuple[str, ...]
    time: str | None
    gridded: bool

    @property
    def columns(self) -> dict[str, Float[np.ndarray, " n"]]:
        """Coordinates and values as columns, one row per place, the last axis running fastest."""
        places = tensor_points(self.coordinates).columns if self.gridded else self.coordinates
        return {**places, **{name: values.ravel() for name, values in self.values.items()}}


def chosen_axes(
    field: Field | SlabField,
    usual: Mapping[str, np.ndarray],
    axes: Mapping[str, Any] | None,
    nodes: int | Mapping[str, int] | None,
) -> dict[str, Float[np.ndarray, " nodes"]]:
    """The axes of a grid that a user asks for.

    Args:
        field: what will be looked at.
        usual: coordinate to the nodes that it has where nothing is asked for.
        axes: coordinate to its nodes, ascending; a number for a single one.
        nodes: number of equidistant nodes, ends included, of all other coordinates; or of some, by name.

    Raises:
        ValueError: for names that are no coordinates, nodes that do not ascend or are out of bounds, or fewer than 2.
    """
    axes, counts = dict(axes or {}), nodes if isinstance(nodes, Mapping) else {}
    for argument, given in (("axes", axes), ("nodes", counts)):
        for name in given:
            if name not in field.names:
                names = ", ".join(field.names)
                raise ValueError(f"`{argument}` must name coordinates, got '{name}': this solution has {names}.")
    for name in counts:
        if name in axes:
            raise ValueError(f"`nodes` must not name {name}, whose nodes `axes` gives: leave it out of one of them.")
    found = {}
    for name in field.names:
        count = counts.get(name) if isinstance(nodes, Mapping) else nodes
        if name in axes:
            found[name] = _axis(field, name, axes[name])
        elif count is not None:
            if not is_count(count, least=2):
                raise ValueError(
                    f"`nodes` must be whole numbers of at least 2, got {count!r}: for one value of {name} "
                    f"give axes={{'{name}': [value]}}."
                )
            found[name] = np.linspace(*field.bounds[name], int(count))
        else:
            found[name] = usual[name]
    return found


def sample_grid(
    field: Field | SlabField, axes: Mapping[str, Float[np.ndarray, " nodes"]], reference: Reference | None
) -> Sampled:
    """All unknowns on a tensor grid.

    Args:
        field: what is looked at.
        axes: coordinate to ascending nodes, in the order of the field.
        reference: what it is compared with where all nodes are nodes of it; nothing is interpolated, because that would
            have a larger error than the solution.
    """
    axes = dict(axes)
    shape = tuple(len(a) for a in axes.values())
    points = tensor_points(axes)
    inside = field.covers(points).reshape(shape)
    values = {n: v.reshape(shape) for n, v in field.filled(points, inside.ravel()).items()}
    where = _nodes_of(reference, axes)
    wanted = {} if where is None or reference is None else {n: v[np.ix_(*where)] for n, v in reference.values.items()}
    return Sampled(axes, _with_errors(values, wanted, inside), inside, field.unknowns, time_name(field), gridded=True)


def sample_points(field: Field | SlabField, points: Mapping[str, Any], reference: Reference | None) -> Sampled:
    """All unknowns at points.

    Args:
        field: what is looked at.
        points: coordinate to values, which are broadcast to one row per point.
        reference: what it is compared with where all points are nodes of it.

    Raises:
        ValueError: for a coordinate that is missing, unknown, out of bounds or not one column.
    """
    if set(points) != set(field.names):
        raise ValueError(f"`points` must have the columns {', '.join(field.names)}, got {', '.join(points) or 'none'}.")
    try:
        arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(points[n], float)) for n in field.names))
    except (TypeError, ValueError):
        raise ValueError("`points` must hold columns of numbers of one length.") from None
    if arrays[0].ndim != 1:
        raise ValueError(f"`points` must hold columns of shape (n,), got shape {arrays[0].shape}: use axes for a grid.")
    columns = {n: a.copy() for n, a in zip(field.names, arrays, strict=True)}
    for name, column in columns.items():
        field.check_range(name, column)
    where = _nodes_of(reference, columns)
    wanted = {} if where is None or reference is None else {n: v[where] for n, v in reference.values.items()}
    inside = field.covers(PointSet(columns))
    values = _with_errors(field.filled(PointSet(columns), inside), wanted, inside)
    return Sampled(columns, values, inside, field.unknowns, time_name(field), gridded=False)


def time_name(field: Field | SlabField) -> str | None:
    """Name of the time of a field, if it has one."""
    return next((c.name for c in field.parts[0].coordinates if c.kind == "time"), None)


def _axis(field: Field | SlabField, name: str, given: Any) -> np.ndarray:
    try:
        axis = np.atleast_1d(np.asarray(given, float))
    except (TypeError, ValueError):
        raise ValueError(f"`axes` must hold numbers, got {given!r} for {name}.") from None
    if axis.ndim != 1 or not axis.size or not (np.diff(axis) > 0).all():
        raise ValueError(f"`axes` must hold ascending nodes of shape (n,), got {axis.tolist()} for {name}.")
    field.check_range(name, axis)
    return axis


def _nodes_of(
    reference: Reference | None, columns: Mapping[str, np.ndarray]
) -> tuple[Int[np.ndarray, " n"], ...] | None:
    """Per coordinate the indices of values in the axes of a reference; None if one is no node of it."""
    if reference is None or set(reference.axes) != set(columns):
        return None
    found = []
    for name, axis in reference.axes.items():
        order = np.argsort(axis)
        middles = (axis[order][1:] + axis[order][:-1]) / 2
        nearest = order[np.searchsorted(middles, columns[name])]
        if not (np.abs(axis[nearest] - columns[name]) <= SAME * max(np.ptp(axis), 1e-300)).all():
            return None
        found.append(nearest)
    return tuple(found)


def _with_errors(
    values: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray], inside: np.ndarray
) -> dict[str, np.ndarray]:
    found = dict(values)
    for name, reference in wanted.items():
        found[f"{name}_reference"] = np.where(inside, reference, np.nan)
        found[f"{name}_error"] = np.abs(values[name] - reference)
    return found
