"""Edges as formulas: the functions they are compared with, and which of them an edge looks like."""

from .function import SymbolicFunction, X
from .library import LIBRARY
from .match import Match, matches

__all__ = ["LIBRARY", "Match", "SymbolicFunction", "X", "matches"]
