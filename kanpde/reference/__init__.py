"""Solutions to compare with, each with an error of its own."""

from __future__ import annotations

from ..problem import Problem
from .closed_form import exact_reference, usual_nodes
from .finite_difference import finite_difference
from .record import Reference, ReferenceFailed

__all__ = ["Reference", "ReferenceFailed", "exact_reference", "finite_difference", "reference_for", "usual_nodes"]


def reference_for(problem: Problem) -> Reference | None:
    """The best reference there is: the exact solution, else a closed form, else finite differences.

    Returns:
        The reference; None if finite differences cannot take the problem. What stands in the way is what
        `finite_difference(problem)` says as a ValueError.

    Raises:
        ReferenceFailed: if finite differences can take it but do not arrive.
    """
    known = exact_reference(problem)
    if known is not None:
        return known
    try:
        return finite_difference(problem)
    except ValueError:
        return None
