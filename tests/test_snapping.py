"""Constants become simple numbers where the data allow it, and stay where they do not."""

import numpy as np
import pytest
import sympy as sp

from kanpde import KAN, auto_symbolic, snap_constants
from kanpde.expression import numeric

X, Y = sp.symbols("x y", real=True)
DRAW = np.random.default_rng(0)
COLUMNS = {"x": DRAW.uniform(-1, 1, 200), "y": DRAW.uniform(0.5, 2, 200)}


@pytest.mark.parametrize(
    "truth",
    [
        sp.sin(sp.pi * X) + Y**2,
        sp.Rational(2, 3) * X * sp.exp(-Y / 2) + 1,
        sp.sqrt(2) * sp.log(Y) - sp.Rational(5, 7),
        sp.exp(sp.sqrt(3) * X / 2) / sp.pi,
        sp.E * X + Y / 12,
    ],
)
def test_numbers_that_are_right_to_rounding_become_exact(truth):
    rough = truth.evalf(15)
    found = snap_constants(rough, COLUMNS, numeric(truth, COLUMNS))
    assert sp.simplify(found - truth) == 0


@pytest.mark.parametrize(
    ("formula", "truth"),
    [
        (sp.Float(1 / 12.3**2, 17) * (12.3 * X - 3.69) ** 2, (X - sp.Rational(3, 10)) ** 2),
        (sp.Float(1 / 5.52, 17) * sp.Abs(5.52 * X - 1.104), sp.Abs(X - sp.Rational(1, 5))),
        (sp.Float(4.2, 17) / (4.2 * Y + 8.4), 1 / (Y + 2)),
        (sp.Float(1 - 1e-15, 17) * sp.Float(2.0, 17) * X**2, 2 * X**2),
        (0.05 * X + 0.001 * Y + 0.45, X / 20 + Y / 1000 + sp.Rational(9, 20)),
    ],
    ids=["square", "absolute value", "reciprocal", "merged", "decimals"],
)
def test_spare_factors_and_decimal_fractions_become_simple_numbers(formula, truth):
    assert sp.expand(snap_constants(formula, COLUMNS, numeric(truth, COLUMNS)) - truth) == 0


def test_a_sum_that_should_vanish_does():
    found = snap_constants(1.0000000000000002 * X + 3e-16, COLUMNS, COLUMNS["x"])
    assert found == X


def test_a_number_that_the_data_know_to_be_no_simple_one_stays():
    truth = 0.33341 * X
    found = snap_constants(truth, COLUMNS, numeric(truth, COLUMNS))
    assert found == truth


def test_with_noise_a_number_within_it_is_taken():
    values = COLUMNS["x"] / 3 + 0.01 * DRAW.normal(size=200)
    assert snap_constants(0.33341 * X, COLUMNS, values) == X / 3


def test_a_formula_that_was_read_off_becomes_the_law_itself():
    u, v = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 500))
    x, y = np.stack([u, v], 1), (u + v) / (1 + u * v)
    read = auto_symbolic(KAN([2, 1, 1], grid=10, k=5, base=False), x, y, functions=["atanh", "tanh"])
    a, b = sp.symbols("x1 x2", real=True)
    (found,) = read.snapped(x, y).values()
    renamed = found.xreplace({s: {"x1": a, "x2": b}[s.name] for s in found.free_symbols})
    assert not renamed.atoms(sp.Float)
    assert sp.simplify(sp.expand_trig(renamed) - (a + b) / (1 + a * b)) == 0


def test_a_part_that_is_not_above_zero_is_refused():
    with pytest.raises(ValueError, match="`worse` must be positive, got 0"):
        snap_constants(X, COLUMNS, COLUMNS["x"], worse=0)
