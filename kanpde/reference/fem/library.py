"""NGSolve, which the finite elements come from: an optional library, loaded when it is asked for."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

COMMAND = 'pip install "kanpde[fem]"'


def available() -> bool:
    """Whether NGSolve is installed."""
    return find_spec("ngsolve") is not None


def ngsolve() -> Any:
    """The module.

    Raises:
        ImportError: if it is not installed, with the command that installs it.
    """
    if not available():
        raise ImportError(f"`finite_elements` needs NGSolve, which is not installed: {COMMAND}")
    import ngsolve

    return ngsolve
