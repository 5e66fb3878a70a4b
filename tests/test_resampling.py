"""New training points: their density against the formula, their number, and what chance decides."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare

from kanpde.geometry import PointSet
from kanpde.resampling import RAD, RAR, RARD, RESAMPLINGS, Redraw, changed
from kanpde.resampling.selection import density, draw


def points(n, *, start=0.0):
    """Points on a line that are told apart by their first coordinate."""
    x = start + np.arange(n) / n
    return PointSet({"x": x, "t": x**2}, {"n_x": -x})


@pytest.mark.parametrize("resampling", [make() for make in RESAMPLINGS.values()])
def test_the_number_of_points_stays(resampling):
    current = points(37)
    size = resampling.pool_size(37)
    pool = points(size, start=2.0)
    chosen = resampling.choose(current, pool, np.linspace(-1, 3, size), np.random.default_rng(0))
    assert len(chosen) == 37
    assert list(chosen.known) == ["x", "t", "n_x"]
    assert_array_equal(chosen.extras["n_x"], -chosen.columns["x"])
    assert len(np.unique(chosen.columns["x"])) == 37
    assert np.isin(chosen.columns["x"], np.concatenate([current.columns["x"], pool.columns["x"]])).all()


@pytest.mark.parametrize("resampling", [make() for make in RESAMPLINGS.values()])
def test_the_same_seed_chooses_the_same_points_and_sets_are_left_as_they_are(resampling):
    current, pool, residual = points(40), points(400, start=2.0), np.sin(np.arange(400))
    before = current.array.copy(), pool.array.copy(), residual.copy()
    first, again = (resampling.choose(current, pool, residual, np.random.default_rng(5)) for _ in range(2))
    assert_array_equal(first.array, again.array)
    for was, now in zip(before, (current.array, pool.array, residual), strict=True):
        assert_array_equal(was, now)


@pytest.mark.parametrize("resampling", [RAD(), RAR(), RARD()])
def test_another_seed_chooses_other_points(resampling):
    current, pool, residual = points(40), points(400, start=2.0), np.sin(np.arange(400))
    first, other = (resampling.choose(current, pool, residual, np.random.default_rng(s)) for s in (5, 6))
    assert changed(first, other) > 0


def test_a_redraw_takes_the_first_candidates():
    pool = points(80, start=2.0)
    chosen = Redraw().choose(points(50), pool, np.zeros(80), np.random.default_rng(0))
    assert_array_equal(chosen.array, pool.array[:50])


@pytest.mark.parametrize(("power", "constant"), [(1.0, 1.0), (2.0, 0.0), (0.5, 3.0), (0.0, 1.0)])
def test_the_density_is_that_of_the_formula(power, constant):
    residual = np.array([0.0, -1.0, 2.0, 0.5, -4.0])
    size = np.abs(residual) ** power
    wanted = size / size.mean() + constant
    assert_allclose(density(residual, power=power, constant=constant), wanted / wanted.sum(), rtol=1e-14)


def test_the_density_does_not_depend_on_the_unit_of_the_residual():
    """Squares of 1e-200 have no place among the floating-point numbers."""
    residual = np.array([1.0, -2.0, 3.0])
    wanted = density(residual, power=2.0, constant=1.0)
    for unit in (1e-200, 1e200):
        assert_allclose(density(unit * residual, power=2.0, constant=1.0), wanted, rtol=1e-14)


@pytest.mark.parametrize(
    "residual", [np.zeros(4), np.array([1.0, np.nan, 2.0, 3.0]), np.array([1.0, np.inf, 2.0, 3.0])]
)
def test_residuals_that_say_nothing_give_an_even_density(residual):
    assert_array_equal(density(residual, power=1.0, constant=0.0), np.full(4, 0.25))


def test_single_points_are_drawn_by_their_probabilities():
    """20,000 draws of one of six points against the density, by a chi-square test of fixed seed."""
    residual = np.array([0.1, 1.0, 2.0, 0.5, 3.0, 0.0])
    rng, pool = np.random.default_rng(11), points(6)
    drawn = [RAD(pool=6).choose(points(1), pool, residual, rng).columns["x"][0] for _ in range(20_000)]
    counts = np.bincount(np.rint(6 * np.array(drawn)).astype(int), minlength=6)
    wanted = (residual / residual.mean() + 1) / 12
    assert chisquare(counts, 20_000 * wanted).pvalue > 0.01


def test_pairs_are_drawn_as_by_numpy_without_replacement():
    """The second point is drawn by the probabilities among those left: P(i, j) = p_i p_j / (1 - p_i)."""
    p = np.array([0.1, 0.2, 0.3, 0.4])
    rng = np.random.default_rng(3)
    pairs = np.array([draw(2, p, rng) for _ in range(20_000)])
    wanted = p[:, None] * p / (1 - p[:, None])
    off = ~np.eye(4, dtype=bool)
    counts = np.bincount(4 * pairs[:, 0] + pairs[:, 1], minlength=16).reshape(4, 4)
    assert chisquare(counts[off], 20_000 * wanted[off]).pvalue > 0.01


def test_many_points_follow_the_density_in_space():
    """With residual x on (0, 1) the density is x + 1/2: a quarter and a half of it lie below 0.366 and 0.618.

    The mean over 2,000 of 200,000 candidates has a standard deviation of 0.006.
    """
    x = np.random.default_rng(0).random(200_000)
    pool = PointSet({"x": x})
    chosen = RAD(power=1, constant=1, pool=100).choose(points(2_000), pool, x, np.random.default_rng(1)).columns["x"]
    assert chosen.mean() == pytest.approx(7 / 12, abs=0.02)
    for share in (0.25, 0.5, 0.75):
        quantile = (math.sqrt(1 + 8 * share) - 1) / 2
        assert (chosen < quantile).mean() == pytest.approx(share, abs=0.03)


def test_points_of_probability_zero_come_only_when_no_others_are_left():
    p = np.array([0.0, 0.5, 0.0, 0.5])
    assert set(draw(2, p, np.random.default_rng(0))) == {1, 3}
    assert set(draw(4, p, np.random.default_rng(0))) == {0, 1, 2, 3}


def test_refinement_brings_in_the_worst_candidates_and_holds_the_others():
    current, pool = points(20), points(100, start=2.0)
    residual = np.zeros(100)
    residual[[7, 50, 99]] = [2.0, -5.0, 3.0]
    chosen = RAR(added=0.15).choose(current, pool, residual, np.random.default_rng(0))
    assert_array_equal(chosen.columns["x"][-3:], pool.columns["x"][[50, 99, 7]])
    kept = chosen.columns["x"][:-3]
    assert np.isin(kept, current.columns["x"]).all()
    assert (np.diff(kept) > 0).all()


def test_every_point_leaves_with_the_same_chance():
    current, pool, rng = points(5), points(5, start=2.0), np.random.default_rng(2)
    staying = [RAR(added=0.2, pool=1).choose(current, pool, np.ones(5), rng).columns["x"][:-1] for _ in range(5_000)]
    counts = np.bincount(np.rint(5 * np.concatenate(staying)).astype(int), minlength=5)
    assert chisquare(5_000 - counts).pvalue > 0.01


def test_at_least_one_point_is_exchanged():
    chosen = RAR(added=0.01).choose(points(10), points(100, start=2.0), np.ones(100), np.random.default_rng(0))
    assert changed(points(10), chosen) == 1


def test_a_residual_that_is_not_a_number_is_the_least_of_all():
    chosen = RAR(added=0.5, pool=1).choose(
        points(4), points(4, start=2.0), np.array([np.nan, 0.0, 1.0, np.nan]), np.random.default_rng(0)
    )
    assert_allclose(chosen.columns["x"][-2:], [2.5, 2.25])


def test_refinement_with_distribution_draws_by_its_density():
    residual = np.array([0.0, 1.0, 2.0, 3.0])
    rng, pool = np.random.default_rng(4), points(4, start=2.0)
    drawn = [RARD(added=0.5, pool=4).choose(points(2), pool, residual, rng).columns["x"][-1] for _ in range(10_000)]
    counts = np.bincount(np.rint(4 * (np.array(drawn) - 2)).astype(int), minlength=4)
    assert counts[0] == 0
    assert chisquare(counts[1:], 10_000 * np.array([1, 4, 9]) / 14).pvalue > 0.01


def test_changed_points_are_counted():
    before = points(10)
    assert changed(before, before) == 0
    assert changed(before, before.at(np.arange(10)[::-1])) == 0
    assert changed(before, points(10, start=0.5)) == 5
    assert changed(before, points(10, start=2.0)) == 10


@pytest.mark.parametrize("name", RESAMPLINGS)
def test_every_member_knows_its_name_and_keeps_its_settings(name):
    made = RESAMPLINGS[name]()
    assert made.name == name
    assert made.every >= 1
    settings = {a: getattr(made, a) for a in vars(made)}
    assert vars(RESAMPLINGS[name](**settings)) == settings


@pytest.mark.parametrize("resampling", [Redraw(), RAD()])
def test_a_pool_that_is_too_small_is_refused(resampling):
    with pytest.raises(ValueError, match="`pool` must hold at least 10 points, got 9: ask `pool_size`"):
        resampling.choose(points(10), points(9), np.ones(9), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Redraw(every=0), "`every` must be a whole number of at least 1, got 0"),
        (lambda: RAD(every=0), "`every` must be a whole number of at least 1, got 0"),
        (lambda: RAR(every=-1), "`every` must be a whole number of at least 1, got -1"),
        (lambda: RAD(power=-1), "`power` must be 0 or above, got -1"),
        (lambda: RAD(constant=-0.5), "`constant` must be 0 or above, got -0.5"),
        (lambda: RAD(pool=0.5), "`pool` must be at least 1, got 0.5"),
        (lambda: RAD(every=2.5), "`every` must be a whole number of at least 1, got 2.5"),
        (lambda: RAD(pool=math.nan), "`pool` must be at least 1, got nan"),
        (lambda: RAR(pool=math.inf), "`pool` must be at least 1, got inf"),
        (lambda: RAR(pool=0), "`pool` must be at least 1, got 0"),
        (lambda: RAR(added=0), "`added` must be above 0 and at most 1, got 0"),
        (lambda: RAR(added=1.5), "`added` must be above 0 and at most 1, got 1.5"),
        (lambda: RARD(power=-2), "`power` must be 0 or above, got -2"),
        (lambda: RARD(constant=-1), "`constant` must be 0 or above, got -1"),
    ],
)
def test_a_setting_out_of_range_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
