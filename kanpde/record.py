"""The HDF5 record of a run, complete and readable at every moment.

The file is built in memory and moved over the old one in a single step, so a run that is killed leaves the last
complete state, never half a file. Writing costs a few milliseconds; runs write about every two seconds.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import h5py
import numpy as np
import torch

FORMAT = "kanpde run record"
VERSION = 4
ATTRIBUTES = "@"
DAMAGE = (OSError, LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RuntimeError, MemoryError)
"""What HDF5 and the reading of its content raise for a file that is not whole."""


class RecordError(ValueError):
    """A file that is no complete record of this format."""


@dataclass(frozen=True)
class Gridded:
    """Values on a tensor grid; a file has its axes as dimension scales, so that xarray finds them.

    Attributes:
        axes: coordinate to nodes, in order.
        values: name to values, one dimension per axis.
    """

    axes: dict[str, np.ndarray]
    values: dict[str, np.ndarray]


def write(path: str | Path, content: Mapping[str, Any]) -> None:
    """Replace the file by one with this content, in a single step.

    Args:
        path: where; its folder is created.
        content: nested dicts of arrays, tensors, numbers, strings, lists, `Gridded` and None. The entry "@" of a dict
            is a dict of attributes: numbers, short strings and None.

    Raises:
        ValueError: if the place cannot be written; no part of the file is left there.
    """
    path = Path(path)
    image = io.BytesIO()
    with h5py.File(image, "w", track_order=True) as file:
        file.attrs["format"], file.attrs["format_version"] = FORMAT, VERSION
        _write_group(file, content)
    part = _part(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            stream.write(image.getbuffer())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise unwritable(path, error) from None


def read(path: str | Path) -> dict[str, Any]:
    """The content of a record, as `write` took it.

    Raises:
        RecordError: if the file does not exist or is not a complete record.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise RecordError(f"`{path}` is no file: give the path of a record that a run has written.")
        with h5py.File(path, "r") as file:
            if _plain(file.attrs.get("format")) != FORMAT:
                raise RecordError(f"`{path}` is an HDF5 file but no kanpde record: give one that a run has written.")
            version = int(file.attrs["format_version"])
            if version != VERSION:
                age = "a newer" if version > VERSION else "an older"
                raise RecordError(f"`{path}` was written by {age} version of kanpde (format {version}): use that one.")
            return _read_group(file)
    except RecordError:
        raise
    except DAMAGE:
        raise RecordError(
            f"`{path}` cannot be read as HDF5: it is damaged, truncated or of another kind; give a whole record."
        ) from None


@contextmanager
def complete(path: str | Path) -> Iterator[None]:
    """Say of a record that lacks a part, or holds one that makes no sense, that it does.

    Raises:
        RecordError: in place of whatever the use of the content raises.
    """
    try:
        yield
    except RecordError as error:
        raise RecordError(f"`{path}` cannot be used: {error}.") from None
    except DAMAGE as error:
        found = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(".")
        raise RecordError(f"`{path}` lacks a part of a record ({found}): it is damaged; give a whole one.") from None


def check_target(path: str | Path, *, overwrite: bool = False) -> Path:
    """The path of a new file, tried out before anything is computed; nothing is left behind.

    Raises:
        ValueError: if it exists and must not be overwritten, or cannot be written.
    """
    path = Path(path)
    made: list[Path] = []
    try:
        _refuse_taken(path, overwrite)
        for folder in reversed(path.parents):
            if not folder.exists():
                folder.mkdir()
                made.append(folder)
        with NamedTemporaryFile(dir=path.parent, prefix=_part(path).name):
            pass
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        for folder in reversed(made):
            folder.rmdir()
    return path


def _refuse_taken(path: Path, overwrite: bool) -> None:
    if path.is_dir():
        raise ValueError(f"`{path}` is a folder: give the path of a file in it.")
    if path.exists() and not overwrite:
        raise ValueError(f"`{path}` exists: choose another path, or allow to replace it (overwrite=True, --force).")
    if path.exists() and not path.is_file():
        raise ValueError(f"`{path}` is no ordinary file: choose another path.")


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def unwritable(path: Path, error: OSError) -> ValueError:
    """What a user is told of a file that the system does not let be written."""
    return ValueError(
        f"`{path}` cannot be written ({error.strerror}): choose a file in a folder that you may write to."
    )


def _write_group(group: h5py.Group, content: Mapping[str, Any]) -> None:
    for key, value in content.items():
        if key == ATTRIBUTES:
            for name, attribute in value.items():
                group.attrs[name] = h5py.Empty("f8") if attribute is None else attribute
            continue
        name = _escaped(key)
        if isinstance(value, Gridded):
            _write_grid(group.create_group(name, track_order=True), value)
        elif isinstance(value, Mapping):
            _write_group(group.create_group(name, track_order=True), value)
        elif isinstance(value, (list, tuple)):
            sub = group.create_group(name, track_order=True)
            sub.attrs["list"] = True
            _write_group(sub, {str(i): v for i, v in enumerate(value)})
        elif value is None:
            group.create_dataset(name, data=h5py.Empty("f8"))
        elif isinstance(value, torch.Tensor):
            group.create_dataset(name, data=value.detach().cpu().numpy()).attrs["tensor"] = True
        else:
            group.create_dataset(name, data=value)


def _write_grid(group: h5py.Group, grid: Gridded) -> None:
    group.attrs.create("axes", list(grid.axes), dtype=h5py.string_dtype())
    for name, nodes in grid.axes.items():
        group.create_dataset(name, data=nodes).make_scale(name)
    for key, values in grid.values.items():
        dataset = group.create_dataset(_escaped(key), data=values)
        for i, name in enumerate(grid.axes):
            dataset.dims[i].attach_scale(group[name])


def _read_group(group: h5py.Group) -> Any:
    if "axes" in group.attrs:
        axes = {str(name): group[name][()] for name in group.attrs["axes"]}
        return Gridded(axes, {_unescaped(k): v[()] for k, v in group.items() if k not in axes})
    content = {_unescaped(key): _read_item(item) for key, item in group.items()}
    if group.attrs.get("list"):
        return [content[str(i)] for i in range(len(content))]
    attributes = {k: _plain(v) for k, v in group.attrs.items()}
    return {ATTRIBUTES: attributes, **content} if attributes else content


def _read_item(item: h5py.Group | h5py.Dataset) -> Any:
    if isinstance(item, h5py.Group):
        return _read_group(item)
    if item.shape is None:
        return None
    return torch.as_tensor(item[()]) if item.attrs.get("tensor") else _plain(item[()])


def _escaped(name: str) -> str:
    """A name without the slash, which HDF5 takes for a group, as in `dirichlet u on x=pi/2`."""
    name = name.replace("%", "%25").replace("/", "%2F")
    return "%2E" if name == "." else name


def _unescaped(name: str) -> str:
    return name.replace("%2E", ".").replace("%2F", "/").replace("%25", "%")


def _plain(value: Any) -> Any:
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value
