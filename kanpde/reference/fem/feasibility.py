"""What finite elements can take: problems that they cannot are refused before any work, with a remedy."""

from __future__ import annotations

from ...problem import Problem

SPACE_DIMENSIONS = 3
WITH_MATERIALS = 2


def check_problem(problem: Problem) -> None:
    """Refuse a problem that cannot be discretised.

    Raises:
        ValueError: naming what is missing or too much, and the remedy.
    """
    domain, dimension = problem.domain, len(problem.domain.space_names)
    if not 1 <= dimension <= SPACE_DIMENSIONS:
        raise ValueError(f"`domain` has {dimension} space coordinates, finite elements take 1 to {SPACE_DIMENSIONS}.")
    if problem.materials and dimension > WITH_MATERIALS:
        raise ValueError(
            f"`{problem.name}` has several materials in {dimension} space coordinates, finite elements keep them apart in "
            f"{WITH_MATERIALS} at most: give an exact solution."
        )
    if problem.inverse_parameters:
        names = ", ".join(p.name for p in problem.inverse_parameters)
        raise ValueError(f"`{names}` is unknown: finite elements need a number; replace the Parameter by one.")
    if domain.time_name and problem.time_order != 1:
        raise ValueError(
            f"`residual` has derivatives of order {problem.time_order} in {domain.time_name}: finite elements take "
            "order 1; introduce the velocity as an unknown, or use finite differences."
        )


def check_arguments(order: int, size: float, nodes: int, instants: int, *, pressure: bool) -> None:
    """Refuse numbers that finite elements cannot work with.

    Raises:
        ValueError: for a degree below 1 (2 with a pressure), a size that is not positive, or fewer than 2 nodes or instants.
    """
    least = 2 if pressure else 1
    if order < least:
        why = "the pressure has one degree less" if pressure else "a constant has no slope"
        raise ValueError(f"`order` must be at least {least}, got {order}: {why}.")
    if not size > 0:
        raise ValueError(f"`size` must be above 0, got {size}: it is the diameter of an element.")
    for name, value in {"nodes": nodes, "instants": instants}.items():
        if value < 2:
            raise ValueError(f"`{name}` must be at least 2, got {value}: both ends belong to the result.")
