"""Solutions to compare with, each with an error of its own."""

from __future__ import annotations

from ..problem import Problem
from .chebyshev import chebyshev
from .closed_form import exact_reference, usual_nodes
from .fem import available, finite_elements
from .finite_difference import finite_difference
from .harmonic import harmonic
from .initial_value import initial_value
from .record import Reference, ReferenceFailed
from .spectral import spectral

__all__ = [
    "Reference",
    "ReferenceFailed",
    "chebyshev",
    "exact_reference",
    "finite_difference",
    "finite_elements",
    "harmonic",
    "initial_value",
    "numerical_reference",
    "reference_for",
    "spectral",
    "usual_nodes",
]


def reference_for(problem: Problem) -> Reference | None:
    """The best reference there is: the exact solution, else a closed form, else a numerical one.

    Returns:
        The reference; None if no numerical method can take the problem. What stands in the way is what
        `finite_difference(problem)`, or `finite_elements(problem)` for a domain that is no box, says as a ValueError.

    Raises:
        ReferenceFailed: if one can take it but does not arrive.
    """
    known = exact_reference(problem)
    if known is not None:
        return known
    try:
        return numerical_reference(problem)
    except ValueError:
        return None


def numerical_reference(problem: Problem) -> Reference:
    """What classical methods reach.

    Runge-Kutta methods in time alone, Fourier series on a periodic interval, harmonic functions on plane shapes, else finite
    differences. What these cannot take, as other equations on shapes, flows with a pressure, several materials, a mean
    value or tractions that meet in a corner, have finite elements instead, if NGSolve is installed.

    Raises:
        ValueError: if none of them can take the problem.
        ReferenceFailed: if one can take it but does not arrive.
    """
    if not problem.domain.space_names:
        return initial_value(problem)
    if not problem.domain.is_box:
        try:
            return harmonic(problem)
        except ValueError:
            if available():
                return finite_elements(problem)
            raise
    try:
        return spectral(problem)
    except (ValueError, ReferenceFailed):
        pass
    try:
        return finite_difference(problem)
    except (ValueError, ReferenceFailed) as refusal:
        if not available():
            raise
        try:
            return finite_elements(problem)
        except (ValueError, ReferenceFailed):
            raise refusal from None
