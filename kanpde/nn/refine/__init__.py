"""Refinements: networks with more freedom that are the same function, so that training goes on where it was."""

from collections.abc import Callable

from .adaptive import AdaptedGrid, adapted_grid, regrid
from .degree import HigherDegree, raise_degree
from .depth import Deeper, deepen
from .exchange import Refinement
from .grid import FinerGrid, refine_grid
from .width import MoreNodes, widen

REFINEMENTS: dict[str, Callable[[], Refinement]] = {
    "grid": FinerGrid,
    "degree": HigherDegree,
    "width": MoreNodes,
    "depth": Deeper,
}

__all__ = [
    "REFINEMENTS",
    "AdaptedGrid", "Deeper", "FinerGrid", "HigherDegree", "MoreNodes", "Refinement",
    "adapted_grid", "deepen", "raise_degree", "refine_grid", "regrid", "widen",
]  # fmt: skip
