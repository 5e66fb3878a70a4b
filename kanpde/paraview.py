"""A solution as VTK files, which ParaView, PyVista and meshio open: cells of a grid with the unknowns at their corners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import numpy as np
from jaxtyping import Float, Int

from .geometry import tensor_points
from .record import check_target, unwritable
from .sampled import Sampled

CELLS = {
    0: ("vertex", ((),)),
    1: ("line", ((0,), (1,))),
    2: ("quad", ((0, 0), (1, 0), (1, 1), (0, 1))),
    3: ("hexahedron", ((0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1))),
}
"""Dimension to the kind of cell and the offsets of its corners, in the order of VTK."""

ONE_INSTANT = (".vtu", ".vtk")
SERIES = ".pvd"


def to_vtk(
    sampled: Sampled,
    path: str | Path,
    *,
    vectors: Mapping[str, Sequence[str]] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a steady solution, or one instant, as one file; an evolution as a collection of one file per instant.

    Every unknown, its reference and its error are scalars at the points, in double precision. A cell belongs to the file
    if all its corners lie in the domain, so round holes have stairs: take more nodes where that matters.

    Args:
        sampled: values on a grid.
        path: ends in .vtu or .vtk (legacy); for several instants in .pvd: `run.pvd` lists the times, and the files
            `run/run_0000.vtu`, ... lie beside it.
        vectors: name of a vector at the points to its components, 1 to 3 unknowns: {"velocity": ("u", "v")}.
        overwrite: whether files that exist may be replaced.

    Returns:
        The path.

    Raises:
        ImportError: if meshio is not installed.
        ValueError: for another ending, more than three coordinates in space, vectors of something else than unknowns, no
            cell in the domain, or files that exist or cannot be written.
    """
    meshio = imported_meshio("to_vtk")
    path = checked_vtk_path(sampled, path, vectors or {}, overwrite=overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != SERIES:
            _mesh(meshio, _instants(sampled)[0][1], vectors or {}).write(path)
        else:
            _write_series(meshio, sampled, path, vectors or {})
    except OSError as error:
        raise unwritable(path, error) from None
    return path


def imported_meshio(what: str) -> ModuleType:
    """The package that reads and writes VTK files.

    Raises:
        ImportError: if it is not installed.
    """
    try:
        import meshio
    except ImportError:
        raise ImportError(f"`{what}` needs meshio, which is not installed: pip install meshio.") from None
    return meshio


def checked_vtk_path(
    sampled: Sampled, path: str | Path, vectors: Mapping[str, Sequence[str]], *, overwrite: bool
) -> Path:
    """The path, once it is sure that `to_vtk` can write there what it is asked for."""
    path = Path(path)
    space = [n for n in sampled.coordinates if n != sampled.time]
    if not 1 <= len(space) <= 3:
        raise ValueError(
            f"`to_vtk` needs 1 to 3 coordinates in space, got {len(space)}: use to_xarray or to_csv for this solution."
        )
    count = len(_instants(sampled))
    if count > 1 and path.suffix != SERIES:
        raise ValueError(
            f"`path` must end in .pvd for {count} instants, got '{path}': or choose one, as in "
            f"axes={{'{sampled.time}': [{sampled.coordinates[str(sampled.time)][-1]:g}]}}."
        )
    if path.suffix not in (*ONE_INSTANT, SERIES) or (sampled.time is None and path.suffix == SERIES):
        raise ValueError(f"`path` must end in .vtu or .vtk, got '{path}'.")
    for name, parts in vectors.items():
        if name in sampled.values:
            raise ValueError(f"`vectors` must have new names, got '{name}', which is a scalar already.")
        if isinstance(parts, str) or not 1 <= len(parts) <= 3 or not set(parts) <= set(sampled.unknowns):
            raise ValueError(
                f"`vectors` must hold 1 to 3 of the unknowns {', '.join(sampled.unknowns)}, got {parts!r} for '{name}'."
            )
    folder = path.with_suffix("")
    if path.suffix == SERIES and folder.exists() and not (overwrite and folder.is_dir()):
        raise ValueError(f"`{folder}` exists: choose another path, or allow to replace it (overwrite=True, --force).")
    return check_target(path, overwrite=overwrite)


def _write_series(meshio: ModuleType, sampled: Sampled, path: Path, vectors: Mapping[str, Sequence[str]]) -> None:
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    for old in folder.glob(f"{path.stem}_*.vtu"):
        old.unlink()
    root = ElementTree.Element("VTKFile", type="Collection", version="0.1", byte_order="LittleEndian")
    collection = ElementTree.SubElement(root, "Collection")
    instants = _instants(sampled)
    digits = max(4, len(str(len(instants) - 1)))
    for i, (time, instant) in enumerate(instants):
        name = f"{path.stem}_{i:0{digits}d}.vtu"
        _mesh(meshio, instant, vectors).write(folder / name)
        ElementTree.SubElement(
            collection, "DataSet", timestep=repr(time), group="", part="0", file=f"{folder.name}/{name}"
        )
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _instants(sampled: Sampled) -> list[tuple[float, Sampled]]:
    """Time and values in space, instant by instant; a steady solution is one."""
    if sampled.time is None:
        return [(0.0, sampled)]
    position = list(sampled.coordinates).index(sampled.time)
    space = {n: a for n, a in sampled.coordinates.items() if n != sampled.time}
    return [
        (
            float(time),
            replace(
                sampled,
                coordinates=space,
                values={n: v.take(i, position) for n, v in sampled.values.items()},
                inside=sampled.inside.take(i, position),
            ),
        )
        for i, time in enumerate(sampled.coordinates[sampled.time])
    ]


def _mesh(meshio: ModuleType, sampled: Sampled, vectors: Mapping[str, Sequence[str]]) -> Any:
    shape = [len(a) for a in sampled.coordinates.values()]
    kind, cells = grid_cells(shape)
    cells = cells[sampled.inside.ravel()[cells].all(axis=1)]
    if not len(cells):
        raise ValueError("`nodes` must be so many that a cell lies in the domain, got a grid without: take more.")
    kept, cells = np.unique(cells, return_inverse=True)
    corners = CELLS[[name for name, _ in CELLS.values()].index(kind)][1]
    columns = [c[kept] for c in tensor_points(sampled.coordinates).columns.values()]
    data = {name: values.ravel()[kept] for name, values in sampled.values.items()}
    for name, parts in vectors.items():
        data[name] = _padded([data[u] for u in parts])
    return meshio.Mesh(_padded(columns), [(kind, cells.reshape(-1, len(corners)))], point_data=data)


def grid_cells(shape: Sequence[int]) -> tuple[str, Int[np.ndarray, "cells corners"]]:
    """Kind and corners of the cells of a grid, the last axis running fastest; an axis with one node adds no dimension."""
    long = [i for i, n in enumerate(shape) if n > 1]
    kind, offsets = CELLS[len(long)]
    steps = {i: int(np.prod(shape[i + 1 :])) for i in long}
    first = np.zeros(1, int)
    for i in long:
        first = (first[:, None] + steps[i] * np.arange(shape[i] - 1)).ravel()
    corners = [sum(steps[i] * o for i, o in zip(long, offset, strict=True)) for offset in offsets]
    return kind, first[:, None] + np.array(corners, int)


def _padded(columns: Sequence[np.ndarray]) -> Float[np.ndarray, "n 3"]:
    zeros = [np.zeros(len(columns[0]))] * (3 - len(columns))
    return np.stack([*columns, *zeros], axis=1)
