"""Samplers of the unit cube."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kanpde.sampling import SAMPLERS, Grid, LatinHypercube, Sobol, Uniform, denser_at_ends


@pytest.mark.parametrize("sampler", [Uniform, LatinHypercube, Sobol])
def test_samplers_draw_as_many_points_of_the_unit_cube_as_asked(sampler):
    for n, d in [(1, 1), (37, 2), (100, 3)]:
        points = sampler(0)(n, d)
        assert points.shape == (n, d)
        assert ((points >= 0) & (points <= 1)).all()


@pytest.mark.parametrize("sampler", SAMPLERS.values())
def test_the_same_seed_draws_the_same_points(sampler):
    assert_array_equal(sampler(3)(16, 2), sampler(3)(16, 2))


@pytest.mark.parametrize("sampler", [Uniform, LatinHypercube, Sobol])
def test_another_seed_draws_other_points(sampler):
    assert (sampler(3)(16, 2) != sampler(4)(16, 2)).any()


def test_a_latin_hypercube_has_one_point_in_every_slice():
    points = LatinHypercube(1)(50, 3)
    for column in points.T:
        assert_array_equal(np.sort(np.floor(column * 50)), np.arange(50))


def test_scrambled_sobol_points_have_one_point_in_every_elementary_interval():
    points = Sobol(1)(64, 2)
    cells = np.floor(points * 8).astype(int)
    assert len({tuple(c) for c in cells}) == 64


def test_a_grid_has_the_centres_of_its_cells():
    assert_allclose(Grid()(3, 1)[:, 0], [1 / 6, 1 / 2, 5 / 6])
    assert Grid()(10, 2).shape == (9, 2)


def test_sobol_points_integrate_better_than_random_ones():
    def error(sampler):
        return np.mean(
            [abs(np.prod(np.sin(np.pi * sampler(s)(256, 2)), axis=1).mean() - 4 / np.pi**2) for s in range(8)]
        )

    assert error(Sobol) < 0.1 * error(Uniform)


@pytest.mark.parametrize("sampler", SAMPLERS.values())
def test_no_points_are_refused(sampler):
    with pytest.raises(ValueError, match="`n` must be at least 1, got 0"):
        sampler()(0, 2)


def test_points_that_are_denser_at_the_ends_follow_the_arcsine_law():
    """Its distribution function is 2 asin(sqrt(x)) / pi."""
    even = np.linspace(0, 1, 11)
    assert_allclose(2 * np.arcsin(np.sqrt(denser_at_ends(even))) / np.pi, even, atol=1e-15)
    assert_allclose(denser_at_ends(even[[0, 5, 10]]), [0, 0.5, 1], atol=1e-15)
