"""Columns of numbers with names, read from a file of another program: text, NumPy, MATLAB, HDF5 or VTK."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float

from .paraview import imported_meshio

COMMENTS = ("%", "#")
UNREADABLE = (OSError, LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RuntimeError, EOFError)
"""What the readers of other formats raise for a file that is not whole."""

Columns = dict[str, Float[np.ndarray, " *shape"]]


def read_columns(path: str | Path, *, names: Sequence[str] | None = None) -> Columns:
    """Read numbers; nothing in the file is run: no pickles, no expressions.

    Args:
        path: the ending says the format. Text (.txt, .csv, .dat, .tsv): columns with commas, semicolons, tabs or blanks
            between, names in the first line or in the last line of comment ('%' as COMSOL writes, or '#') before the
            numbers; units as in `T (K)` are left out of names, and behind semicolons or tabs numbers may have decimal
            commas. .npz, .mat and .h5 (.hdf5, .nc): every array of numbers by its name, those in groups as `group/name`.
            .vtu and .vtk: the points as x, y, z and what is given at them, vectors as `name_x`, `name_y`, `name_z`; needs
            meshio.
        names: of the columns of text, in order; for a file without them, or in their place.

    Returns:
        Name to values; arrays of .npz, .mat and .h5 keep their shape but for lengths of 1.

    Raises:
        ImportError: for VTK without meshio.
        ValueError: for a file that does not exist, cannot be read or holds no numbers, or another ending.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"`{path}` is no file: give the path of a file with columns.")
    ending = path.suffix.lower()
    if ending in TEXT:
        return _read_text(path, names)
    if ending not in BINARY:
        raise ValueError(f"`path` must end in one of {', '.join((*TEXT, *BINARY))}, got '{path}'.")
    if names is not None:
        raise ValueError(f"`names` must be a dict for {ending}, whose columns have names, got {list(names)}.")
    try:
        found = BINARY[ending](path)
    except ImportError:
        raise
    except UNREADABLE as error:
        about = str(error).partition("\n")[0].rstrip(".")
        raise ValueError(f"`{path}` cannot be read as {ending} ({type(error).__name__}: {about}).") from None
    numbers = {n: np.squeeze(np.asarray(v, float)) for n, v in found.items() if np.asarray(v).dtype.kind in "fiub"}
    if not numbers:
        raise ValueError(f"`{path}` must hold arrays of numbers, it has none.")
    return numbers


def read_blocks(path: str | Path, names: Sequence[str]) -> list[Float[np.ndarray, "n k"]]:
    """Read columns in blocks, with a blank line between two of them in text, and a row of NaN in other formats or text.

    Args:
        path: as for `read_columns`; or .npy with one matrix.
        names: of the columns that are wanted. A matrix, and text that does not name its columns, must have so many, in this
            order.

    Returns:
        The wanted columns of each block that has rows, in the order of `names`.

    Raises:
        ImportError: as `read_columns`.
        ValueError: as `read_columns`; also for columns that are not there, and for numbers that are not finite.
    """
    path, wanted = Path(path), list(names)
    starts: list[int] = []
    if path.suffix.lower() in TEXT and path.is_file():
        labels, found, starts = _text_table(path)
    elif path.suffix.lower() == ".npy" and path.is_file():
        labels, found = None, _read_npy(path)
    else:
        columns = read_columns(path)
        missing = [n for n in wanted if n not in columns or columns[n].ndim != 1]
        if missing or len({len(columns[n]) for n in wanted}) != 1:
            raise ValueError(f"`{path}` must have columns {', '.join(wanted)} of one length, got {', '.join(columns)}.")
        labels, found = wanted, np.stack([columns[n] for n in wanted], axis=1)
    if labels is None and found.shape[1] != len(wanted):
        raise ValueError(f"`{path}` must have {len(wanted)} columns or name them, got {found.shape[1]} without names.")
    missing = [n for n in wanted if labels is not None and n not in labels]
    if missing:
        raise ValueError(f"`{path}` must have columns {', '.join(wanted)}, got {', '.join(labels or [])}.")
    table = found if labels is None else found[:, [labels.index(n) for n in wanted]]
    gaps = np.isnan(table).all(axis=1)
    if not np.isfinite(table[~gaps]).all():
        raise ValueError(f"`{path}` must hold finite numbers, or rows of NaN between blocks.")
    if gaps.all():
        raise ValueError(f"`{path}` must hold rows of numbers, it has none.")
    number = np.cumsum(gaps | np.isin(np.arange(len(table)), starts))
    return [table[(number == i) & ~gaps] for i in np.unique(number[~gaps])]


def _read_text(path: Path, names: Sequence[str] | None) -> Columns:
    found, table, _ = _text_table(path)
    width = table.shape[1]
    labels = list(names) if names is not None else found
    if labels is None:
        raise ValueError(f"`{path}` does not name its {width} columns: give names=[...], one for each.")
    if len(labels) != width or len(set(labels)) != width:
        raise ValueError(f"`names` must be {width} different ones, as many as `{path}` has columns, got {labels}.")
    return dict(zip(labels, table.T, strict=True))


def _text_table(path: Path) -> tuple[list[str] | None, Float[np.ndarray, "n k"], list[int]]:
    """Names if the file has them, the rows, and the indices of those behind blank lines."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            numbered = [(i, line.strip()) for i, line in enumerate(stream, 1)]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"`{path}` cannot be read as text ({error}): give a text file in UTF-8.") from None
    lines = [(i, line) for i, line in numbered if line]
    rows = [(i, line) for i, line in lines if not line.startswith(COMMENTS)]
    before = [line for i, line in lines if line.startswith(COMMENTS) and rows and i < rows[0][0]]
    header = before[-1].lstrip("".join(COMMENTS)).strip() if before else None
    mark = _mark([line for _, line in rows])
    comma = mark in (";", "\t") and not any("." in line for _, line in rows[1:])
    if rows and _numbers(rows[0][1], mark, comma=comma) is None:
        header, rows = rows[0][1], rows[1:]
    table = []
    for number, line in rows:
        found = _numbers(line, mark, comma=comma)
        if found is None:
            raise ValueError(f"`{path}`, line {number}, must hold numbers only, got '{line[:60]}'.")
        table.append(found)
        if len(table[-1]) != len(table[0]):
            raise ValueError(
                f"`{path}`, line {number}, must have {len(table[0])} numbers as those before, got {len(table[-1])}."
            )
    if not table:
        raise ValueError(f"`{path}` must hold rows of numbers, it has none.")
    blanks = np.cumsum([not line for _, line in numbered])
    above = blanks[[i - 1 for i, _ in rows]]
    starts = np.flatnonzero(np.diff(above, prepend=above[0]))
    return _labels(header, len(table[0])), np.array(table), starts.tolist()


def _mark(lines: Sequence[str]) -> str | None:
    """What stands between the fields of all lines; None for blanks. A comma before a blank is no decimal comma."""
    text = "\n".join(lines)
    if ";" in text:
        return ";"
    if "," in text and ("\t" not in text or re.search(r",[ \t]", text)):
        return ","
    return "\t" if "\t" in text else None


def _numbers(line: str, mark: str | None, *, comma: bool) -> list[float] | None:
    """The numbers in a line, with decimal commas or points; None if it has something else."""
    try:
        return [float(part.replace(",", ".") if comma else part) for part in _parts(line, mark)]
    except ValueError:
        return None


def _parts(line: str, mark: str | None) -> list[str]:
    return line.split() if mark is None else [part.strip().strip('"') for part in line.split(mark)]


def _labels(header: str | None, width: int) -> list[str] | None:
    """Names in a line; None if they are not as many as there are columns."""
    plain = re.sub(r"\s*[\(\[][^\)\]]*[\)\]]", "", header or "")  # units: T (K), x [m]
    candidates = (_parts(plain, _mark([plain])), re.split(r"\s{2,}", plain))
    return next((c for c in candidates if len(c) == width and all(c)), None)


def _read_npz(path: Path) -> Columns:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _read_npy(path: Path) -> Float[np.ndarray, "n k"]:
    try:
        table = np.load(path, allow_pickle=False)
    except UNREADABLE as error:
        raise ValueError(f"`{path}` cannot be read as .npy ({type(error).__name__}: {error}).") from None
    if not isinstance(table, np.ndarray) or table.ndim != 2 or table.dtype.kind not in "fiu":
        raise ValueError(f"`{path}` must hold one matrix of numbers, one row per point.")
    return table.astype(float)


def _read_mat(path: Path) -> Columns:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if h5py.is_hdf5(path):  # version 7.3, which stores arrays transposed
        return {name: values.T for name, values in _read_hdf5(path).items() if not name.startswith("#")}
    try:
        return {name: values for name, values in loadmat(path).items() if not name.startswith("__")}
    except MatReadError as error:  # an Exception of no other kind
        raise ValueError(str(error)) from None


def _read_hdf5(path: Path) -> Columns:
    found: Columns = {}

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None and item.dtype.kind in "fiub":
            found[name] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def _read_vtk(path: Path) -> Columns:
    meshio = imported_meshio("read_columns")
    try:
        mesh = meshio.read(path)
    except (SystemExit, meshio.ReadError) as error:  # meshio leaves the interpreter where it meets what it cannot read
        raise ValueError(str(error) or "meshio cannot read it") from None
    found = dict(zip("xyz", mesh.points.T, strict=False))
    for name, values in mesh.point_data.items():
        if values.ndim == 1 or values.shape[1] == 1:
            found[name] = values.ravel()
        else:
            endings = "xyz" if values.shape[1] <= 3 else [str(i) for i in range(values.shape[1])]
            found |= {f"{name}_{e}": v for e, v in zip(endings, values.T, strict=False)}
    return found


TEXT = (".txt", ".csv", ".dat", ".tsv")
BINARY: dict[str, Callable[[Path], Columns]] = {
    ".npz": _read_npz,
    ".mat": _read_mat,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
    ".nc": _read_hdf5,
    ".vtu": _read_vtk,
    ".vtk": _read_vtk,
}
