"""Domains with named coordinates and boundary parts."""

from __future__ import annotations

from typing import Any

from .domain import Domain, Face, Part, tensor_points
from .points import PointSet, Sampler, stack

__all__ = [
    "Box",
    "Domain",
    "Face",
    "Interval",
    "Part",
    "PointSet",
    "Rectangle",
    "Sampler",
    "Time",
    "stack",
    "tensor_points",
]


def Box(**bounds: tuple[Any, Any]) -> Domain:  # noqa: N802  (reads as the class that users know)
    """A box in any dimension: `Box(x=(0, 1), y=(0, 1), z=(0, 2))`."""
    return Domain(bounds)


def Interval(**bounds: tuple[Any, Any]) -> Domain:  # noqa: N802
    """An interval: `Interval(x=(-1, 1))`.

    Raises:
        ValueError: for any other number of coordinates than one.
    """
    return _of_dimension("Interval", 1, bounds)


def Rectangle(**bounds: tuple[Any, Any]) -> Domain:  # noqa: N802
    """A rectangle: `Rectangle(x=(0, 2), y=(-1, 1))`.

    Raises:
        ValueError: for any other number of coordinates than two.
    """
    return _of_dimension("Rectangle", 2, bounds)


def Time(**bounds: tuple[Any, Any]) -> Domain:  # noqa: N802
    """Make an interval of time, which a domain in space is multiplied by.

    Raises:
        ValueError: for any other number of coordinates than one.
    """
    return Domain(_of_dimension("Time", 1, bounds).exact_bounds, time=next(iter(bounds)))


def _of_dimension(name: str, dimension: int, bounds: dict[str, tuple[Any, Any]]) -> Domain:
    if len(bounds) != dimension:
        got = ", ".join(bounds) or "none"
        raise ValueError(f"`{name}` takes {dimension} named coordinate(s), got {got}: use Box for another number.")
    return Domain(bounds)
