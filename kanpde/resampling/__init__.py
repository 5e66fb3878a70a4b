"""Resamplings in one contract: training points that are chosen anew between steps."""

from collections.abc import Callable

from .contract import Resampling
from .rad import RAD
from .rar import RAR, RARD
from .redraw import Redraw
from .selection import changed

RESAMPLINGS: dict[str, Callable[[], Resampling]] = {"rad": RAD, "rar": RAR, "rar-d": RARD, "redraw": Redraw}

__all__ = ["RAD", "RAR", "RARD", "RESAMPLINGS", "Redraw", "Resampling", "changed"]
