"""The HDF5 record of a run, complete and readable at every moment.

The file is built in memory and moved over the old one in a single step, so a run that is killed leaves the last
complete state, never half a file. Writing costs a few milliseconds; runs write about every two seconds.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

FORMAT = "kanpde run record"
VERSION = 1


class RecordError(ValueError):
    """A file that is no complete record of this format."""


def write(path: str | Path, content: Mapping[str, Any]) -> None:
    """Replace the file by one with this content, in a single step.

    Args:
        path: where; its folder is created.
        content: nested dicts of arrays, tensors, numbers, strings, lists and None. Keys that start with "@" become
            attributes; under "grid" the entry "axes" holds the dimension scales of all other arrays.

    Raises:
        ValueError: if the place cannot be written.
    """
    path = Path(path)
    image = io.BytesIO()
    with h5py.File(image, "w", track_order=True) as file:
        file.attrs["format"], file.attrs["format_version"] = FORMAT, VERSION
        _write_group(file, content)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            stream.write(image.getbuffer())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        raise ValueError(f"`{path}` cannot be written ({error.strerror}): choose another path with --out.") from None


def read(path: str | Path) -> dict[str, Any]:
    """The content of a record, as `write` took it; arrays come as NumPy arrays.

    Raises:
        ValueError: if the file does not exist or is not a complete record.
    """
    path = Path(path)
    if not path.is_file():
        raise RecordError(f"`{path}` is no file: give the path of a record that a run has written.")
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise RecordError(f"`{path}` is an HDF5 file but no kanpde record.")
            if int(file.attrs["format_version"]) > VERSION:
                raise RecordError(f"`{path}` was written by a newer version of kanpde: update to read it.")
            return _read_group(file)
    except OSError:
        raise RecordError(f"`{path}` cannot be read as HDF5: it is damaged, truncated or of another kind.") from None


def check_target(path: str | Path, *, overwrite: bool = False) -> Path:
    """The path of a new record, tried before anything is computed.

    Raises:
        ValueError: if it exists and must not be overwritten, or cannot be written.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise ValueError(f"`{path}` exists: choose another path, or allow it to be replaced with --force.")
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ValueError(f"`{path}` cannot be written: choose a file in a folder that you may write to.")
    return path


def _write_group(group: h5py.Group, content: Mapping[str, Any]) -> None:
    axes = content.get("axes") if group.name.endswith("grid") else None
    for key, value in content.items():
        if key.startswith("@"):
            _write_attribute(group, key[1:], value)
        elif isinstance(value, Mapping):
            _write_group(group.create_group(key, track_order=True), value)
        elif isinstance(value, (list, tuple)):
            sub = group.create_group(key, track_order=True)
            sub.attrs["list"] = True
            _write_group(sub, {str(i): v for i, v in enumerate(value)})
        elif value is None:
            group.create_dataset(key, data=h5py.Empty("f8"))
        else:
            data = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
            if data.dtype.kind == "U":
                group.create_dataset(key, data=str(value))
            else:
                group.create_dataset(key, data=data)
    if axes:
        _attach_scales(group, list(axes))


def _write_attribute(group: h5py.Group, key: str, value: Any) -> None:
    if value is None:
        group.attrs[key] = h5py.Empty("f8")
    elif isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
        group.attrs.create(key, list(value), shape=(len(value),), dtype=h5py.string_dtype())
    else:
        group.attrs[key] = value


def _attach_scales(group: h5py.Group, names: list[str]) -> None:
    for name in names:
        group[name] = group["axes"][name]
        group[name].make_scale(name)
    for key, dataset in group.items():
        if isinstance(dataset, h5py.Dataset) and key not in names and dataset.shape is not None:
            for i, name in enumerate(names):
                dataset.dims[i].attach_scale(group[name])
    del group["axes"]


def _read_group(group: h5py.Group) -> dict[str, Any]:
    content: dict[str, Any] = {"@" + k: _plain(v) for k, v in group.attrs.items() if k != "list"}
    for key, item in group.items():
        if isinstance(item, h5py.Group):
            inside = _read_group(item)
            content[key] = [inside[str(i)] for i in range(len(inside))] if item.attrs.get("list") else inside
        elif item.shape is None:
            content[key] = None
        else:
            content[key] = _plain(item[()])
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return [v.decode() if isinstance(v, bytes) else str(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value
