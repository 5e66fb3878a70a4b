"""fit(): least squares on values, and what it refuses."""

import numpy as np
import pytest

from kanpde import KAN, fit


def polynomial(x):
    return x[:, 0] ** 3 - 2 * x[:, 0] + x[:, 1] ** 2


def test_a_sum_of_polynomials_is_found_to_rounding():
    draw = np.random.default_rng(0)
    x, other = draw.uniform(-1, 2, (200, 2)), draw.uniform(-1, 2, (50, 2)).clip(-0.9, 1.9)
    found = fit(KAN([2, 1], basis="chebyshev", k=3), x, polynomial(x), test=(other, polynomial(other)), steps=30)
    assert found.run["train_rmse"] < 1e-12
    assert found.run["test_rmse"] < 1e-12


def test_the_tolerance_is_the_root_mean_square_of_the_deviations():
    x = np.linspace(-1, 1, 100)
    found = fit(KAN([1, 1], basis="chebyshev", k=12), x, np.exp(x), tolerance=1e-6, steps=50)
    assert found.stop_reason.startswith("tolerance reached")
    assert found.run["train_rmse"] == pytest.approx(found.residual, rel=1e-3)


def test_values_that_do_not_belong_to_the_points_are_refused():
    with pytest.raises(ValueError, match="`y` must have one row per point, 3, got 2"):
        fit(KAN([1, 1]), [0.0, 0.5, 1.0], [1.0, 2.0])


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="`y` must be finite, got 1 NaN or infinite values"):
        fit(KAN([1, 1]), [0.0, 0.5], [1.0, np.nan])
