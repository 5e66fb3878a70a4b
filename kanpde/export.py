"""A solution as a table and as labelled arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .record import check_target, unwritable
from .sampled import Sampled

if TYPE_CHECKING:
    import xarray


def to_xarray(sampled: Sampled, about: dict[str, Any]) -> xarray.Dataset:
    """Values as variables; on a grid the coordinates are the dimensions, at points they stand along `point`.

    Args:
        sampled: values and where they were taken.
        about: attributes of the data set: numbers and text, so that it can be written as netCDF.

    Raises:
        ImportError: if xarray is not installed.
    """
    try:
        import xarray
    except ImportError:
        raise ImportError("`to_xarray` needs xarray, which is not installed: pip install xarray.") from None
    dimensions = tuple(sampled.coordinates) if sampled.gridded else ("point",)
    coordinates = {
        name: ((name,) if sampled.gridded else dimensions, nodes, {"long_name": name})
        for name, nodes in sampled.coordinates.items()
    }
    variables = {name: (dimensions, values, {"long_name": _meaning(name)}) for name, values in sampled.values.items()}
    return xarray.Dataset(variables, coordinates, {**about, "units": "none"})


def to_csv(sampled: Sampled, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write columns with commas between them below a line of their names; 17 digits, which are all there are.

    Args:
        sampled: values and where they were taken.
        path: of the file.
        overwrite: whether a file that exists may be replaced.

    Returns:
        The path.

    Raises:
        ValueError: if the file exists and `overwrite` is False, or cannot be written.
    """
    path = check_target(path, overwrite=overwrite)
    columns = sampled.columns
    rows = np.stack(list(columns.values()), axis=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(path, rows, fmt="%.17g", delimiter=",", header=",".join(columns), comments="", encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from None
    return path


def _meaning(name: str) -> str:
    for ending, meaning in (("_reference", "reference of {}"), ("_error", "absolute error of {}")):
        if name.endswith(ending):
            return meaning.format(name.removesuffix(ending))
    return name
