"""Plans and the settings that they refuse."""

import numpy as np
import pytest

from kanpde.balance import GradientNorm
from kanpde.nn.refine import FinerGrid
from kanpde.plan import AdaptiveSlabs, Plan


def test_without_arguments_nothing_happens_around_the_steps():
    assert Plan() == Plan(slabs=1, stages=1, stretch=False, refinements=(), balance=None, resampling=None)


def test_refinements_are_kept_in_order_as_a_tuple():
    first, second = FinerGrid(), FinerGrid()
    assert Plan(refinements=[first, second]).refinements == (first, second)


@pytest.mark.parametrize("name", ["slabs", "stages"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "must be at least 1, got 0: 1 is one network from start to end"),
        (-2, ValueError, "must be at least 1, got -2"),
        (1.5, TypeError, "must be a whole number, got 1.5: 1 is one network from start to end"),
        (True, TypeError, "must be a whole number, got True"),
        ("auto", TypeError, "must be a whole number, got 'auto'"),
    ],
)
def test_numbers_that_are_no_counts_are_refused(name, value, error, message):
    with pytest.raises(error, match=f"`{name}` {message}"):
        Plan(**{name: value})


@pytest.mark.parametrize("ends", [[0.1, 0.3, 1], (0.1, 0.3, 1.0), np.array([0.1, 0.3, 1.0])])
def test_ends_of_slabs_are_plain_numbers(ends):
    assert Plan(slabs=ends).slabs == (0.1, 0.3, 1.0)


@pytest.mark.parametrize("ends", [[], [0.5, 0.5], [0.5, 0.2], [0.5, float("nan")], [[0.1, 0.2]]])
def test_ends_of_slabs_that_do_not_ascend_are_refused(ends):
    with pytest.raises(ValueError, match=r"`slabs` must be instants that ascend, got .*: \[0.1, 0.3, 1.0\] are three"):
        Plan(slabs=ends)
    with pytest.raises(TypeError, match="`slabs` must be a count or instants, got"):
        Plan(slabs=["soon", 1.0])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"first": 0.0}, r"`first` must be in \(0, 1\], got 0.0: a part of the time"),
        ({"first": 1.5}, r"`first` must be in \(0, 1\], got 1.5"),
        ({"shortest": 0.0}, r"`shortest` must be in \(0, 0.1\], got 0.0"),
        ({"first": 0.05, "shortest": 0.06}, r"`shortest` must be in \(0, 0.05\], got 0.06"),
        ({"tolerance": 0.0}, "`tolerance` must be positive, got 0.0: 1e-7 is usual"),
        ({"growth": 0.9}, "`growth` must be at least 1, got 0.9: 1 keeps the length"),
        ({"growth": float("nan")}, "`growth` must be at least 1, got nan"),
    ],
)
def test_slabs_out_of_range_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        AdaptiveSlabs(**setting)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"balance": "causal"}, r"`balance` must be an object such as GradientNorm\(\), got 'causal'"),
        ({"balance": GradientNorm}, "`balance` must be an object such as"),
        ({"resampling": "rad"}, r"`resampling` must be an object such as RAD\(\), got 'rad'"),
        ({"refinements": (FinerGrid,)}, r"`refinements` must hold objects, got the class FinerGrid: write FinerGrid\("),
        ({"refinements": FinerGrid()}, r"`refinements` must be a tuple, got FinerGrid\(factor=2\): write"),
    ],
)
def test_parts_of_another_kind_are_refused(setting, message):
    with pytest.raises(TypeError, match=message):
        Plan(**setting)
