"""Search along a line for the strong Wolfe conditions: lower by enough, and flatter by enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

DECREASE = 1e-4
"""Part of the decrease promised by the first slope that must be found."""
FLATTER = 0.9
"""Part of the first slope that may be left."""
GROWTH = 4.0
MARGIN = 0.1
"""Part of a bracket, at each end, that the next length keeps away from."""

Place = TypeVar("Place")


@dataclass(frozen=True)
class Probe(Generic[Place]):
    """A function at one place of a line.

    Attributes:
        length: from the start of the line, in its direction.
        value: of the function.
        slope: its derivative by the length.
        place: whatever else is known there.
    """

    length: float
    value: float
    slope: float
    place: Place


def strong_wolfe(
    at: Callable[[float], Probe[Place]], start: Probe[Place], *, length: float = 1.0, most: int = 25
) -> Probe[Place] | None:
    """A place that is lower by enough and flatter by enough than the start.

    The lengths grow until they enclose such a place and then shrink around it, by cubic interpolation. Places where the
    function is not finite count as too far.

    Args:
        at: the function, at a length.
        start: the function at length 0.
        length: to try first, above 0.
        most: number of lengths to try.

    Returns:
        The first such place; the lowest place that is lower by enough if none was found; None if there is none either,
        or if the function does not fall at the start.

    Source:
        Nocedal, Wright (2006), "Numerical Optimization", algorithms 3.5 and 3.6.
    """
    if not start.slope < 0:
        return None
    low, high = start, None
    for _ in range(most):
        probe = at(length)
        promised = start.value + DECREASE * length * start.slope
        if not (probe.value < low.value and probe.value <= promised and math.isfinite(probe.slope)):
            high = probe
        elif abs(probe.slope) <= FLATTER * abs(start.slope):
            return probe
        else:
            if probe.slope * (1.0 if high is None else high.length - low.length) > 0:
                high = low
            low = probe
        if high is not None and high.length == low.length:
            break  # the interval is as short as numbers are
        length = GROWTH * length if high is None else _between(low, high)
    return None if low is start else low


def _between(low: Probe, high: Probe) -> float:
    """The minimum of the cubic through values and slopes of both, kept away from the ends (ibid., eq. 3.59)."""
    width = high.length - low.length
    if not (math.isfinite(high.value) and math.isfinite(high.slope)):
        return low.length + MARGIN * width
    bend = low.slope + high.slope - 3 * (high.value - low.value) / width
    square = bend * bend - low.slope * high.slope
    if not math.isfinite(square):
        return low.length + MARGIN * width
    part = 0.5
    if square >= 0:
        root = math.copysign(math.sqrt(square), width)
        down = high.slope - low.slope + 2 * root
        part = 1 - (high.slope + root - bend) / down if down else part
    return low.length + min(max(part, MARGIN), 1 - MARGIN) * width
