"""Find problems by name: the ones that come with kanpde, and classes in a user's own file."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from .problem import Problem


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
    if ".py" in name:
        path, _, wanted = name.partition(":")
        return _the_class(_from_file(Path(path)), wanted, path)
    key = re.sub(r"[-\s]", "_", name.strip()).lower()
    names = shipped_names()
    if key not in names:
        near = get_close_matches(key, names, n=3, cutoff=0.4) or names
        raise ValueError(f"`{name}` is not a known problem: did you mean {', '.join(near)}? A file is given as path/to/file.py:Class.")
    return _the_class(importlib.import_module(f"kanpde.problems.{key}"), "", key)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ValueError(f"`{path}` is no file: give the path of a Python file with a Problem in it.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, ImportError, NameError) as error:
        raise ValueError(f"`{path}` cannot be loaded: {type(error).__name__}: {error}.") from None
    return module


def _the_class(module: ModuleType, wanted: str, where: str) -> type[Problem]:
    classes = {
        n: v
        for n, v in vars(module).items()
        if isinstance(v, type) and issubclass(v, Problem) and v.__module__ == module.__name__
    }
    if wanted:
        if wanted not in classes:
            raise ValueError(f"`{wanted}` is no Problem in {where}: it has {', '.join(classes) or 'none'}.")
        return classes[wanted]
    if len(classes) != 1:
        raise ValueError(f"`{where}` holds {len(classes)} problems ({', '.join(classes)}): name one, as in {where}:Class.")
    return next(iter(classes.values()))
