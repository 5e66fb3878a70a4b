"""The line search against its own conditions, on functions of one variable."""

import math
from itertools import pairwise

import numpy as np
import pytest

from kanpde.optim.line_search import DECREASE, FLATTER, Probe, strong_wolfe

FUNCTIONS = {
    "parabola": (lambda x: (x - 3) ** 2, lambda x: 2 * (x - 3)),
    "far away": (lambda x: (x / 200 - 1) ** 2, lambda x: (x / 200 - 1) / 100),
    "very near": (lambda x: (1e4 * x - 1) ** 2, lambda x: 2e4 * (1e4 * x - 1)),
    "quartic": (lambda x: x**4 - 2 * x**2 - x, lambda x: 4 * x**3 - 4 * x - 1),
    "wavy": (lambda x: (x - 5) ** 2 + 2 * np.sin(4 * x), lambda x: 2 * (x - 5) + 8 * np.cos(4 * x)),
    "wall": (lambda x: math.inf if x > 0.5 else -x, lambda x: math.nan if x > 0.5 else -1 + 4 * x**3),
}


def probe_of(function, slope):
    return lambda x: Probe(x, float(function(x)), float(slope(x)), x)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "wall"])
def test_what_is_found_is_lower_and_flatter_by_enough(name):
    at = probe_of(*FUNCTIONS[name])
    start = at(0.0)
    found = strong_wolfe(at, start)
    assert found.value <= start.value + DECREASE * found.length * start.slope
    assert abs(found.slope) <= FLATTER * abs(start.slope)


def test_places_without_a_value_are_too_far():
    found = strong_wolfe(probe_of(*FUNCTIONS["wall"]), probe_of(*FUNCTIONS["wall"])(0.0))
    assert 0 < found.length <= 0.5


def test_a_wall_that_no_square_can_hold_is_too_far():
    def at(x):
        return Probe(x, -x, -1.0, None) if x < 0.5 else Probe(x, 1e200, 1e200, None)

    assert 0 < strong_wolfe(at, Probe(0.0, 0.0, -1.0, None)).length < 0.5


def test_a_function_that_rises_or_lies_flat_gives_nothing():
    for slope in (1.0, 0.0):
        assert strong_wolfe(lambda x: pytest.fail("was evaluated"), Probe(0.0, 0.0, slope, None)) is None


def test_a_slope_that_does_not_hold_what_it_promises_gives_nothing():
    lengths = []

    def at(x):
        lengths.append(x)
        return Probe(x, 1.0, 1.0, None)

    assert strong_wolfe(at, Probe(0.0, 0.0, -1.0, None), most=12) is None
    assert len(lengths) == 12
    assert all(b < a for a, b in pairwise(lengths))


def test_an_interval_that_has_no_length_left_ends_the_search():
    """Below 0.3 the function falls, above it a step of rounding is left: no place there is flat enough."""
    at = probe_of(lambda t: -t if t < 0.3 else 1.0, lambda t: -1.0)
    found = strong_wolfe(at, at(0.0), most=200)
    assert found is not None
    assert found.length == pytest.approx(0.3)
