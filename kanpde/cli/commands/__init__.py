"""The commands, one per file where they train or compute; each loads what it needs when it is called."""

from .compare import compare
from .inspect import check_problem, list_problems, show
from .plot import plot
from .reference import reference
from .solve import solve

__all__ = ["check_problem", "compare", "list_problems", "plot", "reference", "show", "solve"]
