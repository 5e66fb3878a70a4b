"""Find problems by name: the ones that come with kanpde, and classes in a user's own file."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from .problem import Problem

FILE = re.compile(r"(?P<path>.+\.py)(:(?P<wanted>.*))?")


def shipped_names() -> list[str]:
    """Names of the problems that come with kanpde, in alphabetical order."""
    return sorted(m.name for m in pkgutil.iter_modules(importlib.import_module("kanpde.problems").__path__))


def problem_class(name: str) -> type[Problem]:
    """The class of a shipped problem, or of `path/to/file.py:Class`.

    Args:
        name: such as "burgers", or a path with the name of a class after a colon; without it the file must hold one.

    Raises:
        ValueError: if there is no such problem; the message offers the nearest names.
    """
    match = FILE.fullmatch(name)
    if match:
        return _the_class(_from_file(Path(match["path"])), match["wanted"] or "", match["path"])
    key = re.sub(r"[-\s]", "_", name.strip()).lower()
    names = shipped_names()
    if key not in names:
        near = get_close_matches(key, names, n=3, cutoff=0.4) or names
        raise ValueError(
            f"`{name}` is not a known problem: did you mean {', '.join(near)}? A file is given as path/to/file.py:Class."
        )
    return _the_class(importlib.import_module(f"kanpde.problems.{key}"), "", key)


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """Turn an exception that comes out of the file of a problem into a sentence with file and line.

    Args:
        name: as for `problem_class`.

    Raises:
        ValueError: for any exception whose traceback ends in that file, or that the file let another library raise.
    """
    try:
        yield
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_problem_file(f.filename, name)]
        if not frames or str(error).startswith("`"):
            raise
        where = f"`{frames[-1].filename}`, line {frames[-1].lineno}"
        raise ValueError(f"{where}: {type(error).__name__}: {error}: mend the problem or its parameters.") from None


def _is_problem_file(filename: str, name: str) -> bool:
    match = FILE.fullmatch(name)
    if match:
        return Path(filename).absolute() == Path(match["path"]).absolute()
    return Path(filename).parent in [Path(p) for p in importlib.import_module("kanpde.problems").__path__]


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ValueError(f"`{path}` is no file: give the path of a Python file with a Problem in it.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    ours = sys.modules.setdefault(path.stem, module) is module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        if ours:
            del sys.modules[path.stem]
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path.absolute()]
        where = f", line {lines[-1]}" if lines else ""
        raise ValueError(f"`{path}`{where} cannot be loaded: {type(error).__name__}: {error}: mend the file.") from None
    return module


def _the_class(module: ModuleType, wanted: str, where: str) -> type[Problem]:
    found = {
        n: v for n, v in vars(module).items() if isinstance(v, type) and issubclass(v, Problem) and v is not Problem
    }
    own = {n: v for n, v in found.items() if v.__module__ == module.__name__}
    if wanted:
        if wanted not in found:
            near = get_close_matches(wanted, own, n=3, cutoff=0.4) or list(own)
            raise ValueError(f"`{wanted}` is no Problem in {where}: it has {', '.join(near) or 'none'}.")
        return found[wanted]
    if not own:
        raise ValueError(f"`{where}` holds no problem: write a class in it, as in class Mine(Problem).")
    if len(own) > 1:
        raise ValueError(f"`{where}` holds {len(own)} problems ({', '.join(own)}): name one, as in {where}:{min(own)}.")
    return next(iter(own.values()))
