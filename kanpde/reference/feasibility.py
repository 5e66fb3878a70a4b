"""What finite differences can take: problems that they cannot are refused before any work, with a remedy."""

from __future__ import annotations

from ..conditions import AtPoints
from ..constants import terms_fixing
from ..problem import Problem

ORDERS = (2, 4, 6)
SPACE_DIMENSIONS = 3


def check_problem(problem: Problem) -> None:
    """Refuse a problem that cannot be discretised.

    Raises:
        ValueError: naming what is missing or too much, and the remedy.
    """
    domain = problem.domain
    if not domain.is_box:
        raise ValueError(
            f"`domain` must be a box for finite differences, got {domain!r}: give an exact solution or take finite elements."
        )
    if problem.materials:
        raise ValueError(
            f"`{problem.name}` has several materials, whose interfaces finite differences do not see: give an exact solution or take finite elements."
        )
    dimension = len(domain.space_names)
    if dimension == 0:
        raise ValueError(
            f"`domain` has no space coordinate, only {domain.time_name}: take kanpde.reference.initial_value(problem)."
        )
    if dimension > SPACE_DIMENSIONS:
        raise ValueError(
            f"`domain` has {dimension} space coordinates, finite differences take {SPACE_DIMENSIONS}: "
            "compare with an exact solution instead."
        )
    if problem.inverse_parameters:
        names = ", ".join(p.name for p in problem.inverse_parameters)
        raise ValueError(f"`{names}` is unknown: finite differences need a number; replace the Parameter by one.")
    if domain.time_name:
        if problem.time_order == 0:
            raise ValueError(
                f"`residual` has no derivative in {domain.time_name}: leave the time out of the domain, or name it as space."
            )
        return
    for name in _free_constants(problem):
        raise ValueError(
            f"`{name}` is fixed only up to a constant: no equation or condition contains {name} itself. "
            "Make a part of the boundary Dirichlet or Robin."
        )


def check_arguments(order: int, instants: int, tolerance: float | None) -> None:
    """Refuse numbers that finite differences cannot work with.

    Raises:
        ValueError: for an order other than 2, 4 and 6, fewer than 2 instants, or a tolerance that is not positive.
    """
    if order not in ORDERS:
        raise ValueError(f"`order` must be 2, 4 or 6, got {order}: differences are central.")
    if instants < 2:
        raise ValueError(f"`instants` must be at least 2, got {instants}: both ends belong to the result.")
    if tolerance is not None and not tolerance > 0:
        raise ValueError(f"`tolerance` must be above 0, got {tolerance}: it bounds a relative step.")


def _free_constants(problem: Problem) -> list[str]:
    """Unknowns of which only derivatives occur."""
    fixing = {name: terms_fixing(problem, name) for name in problem.unknown}
    return [name for name, terms in fixing.items() if all(isinstance(t.place, AtPoints) for t in terms)]
