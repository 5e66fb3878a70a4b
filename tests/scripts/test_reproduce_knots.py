"""Knots: the table that ships against closed relations, the splits, and the scaling of inputs."""

import numpy as np
import pytest
from reproduce.knots import SHIPPED, THREE, Knots, by_formula, scaled


@pytest.fixture(scope="module")
def knots():
    return Knots.load([SHIPPED])


def test_the_area_of_the_cusp_is_the_longitude_times_the_height_of_the_meridian(knots):
    longitude, imaginary, _ = knots.columns(THREE).T
    np.testing.assert_allclose(knots.columns(("cusp_volume",))[:, 0], longitude * imaginary, rtol=1e-6)


def test_cusps_are_as_large_as_those_of_the_figure_eight_knot_and_meridians_longer_than_one(knots):
    _, imaginary, real = knots.columns(THREE).T  # Cao, Meyerhoff (2001): the least area of a maximal cusp is 2 sqrt(3)
    assert knots.columns(("cusp_volume",)).min() >= 2 * np.sqrt(3)
    assert np.hypot(real, imaginary).min() >= 1


def test_the_signature_is_even_and_follows_half_the_slope(knots):
    assert (knots.signature % 2 == 0).all()
    assert by_formula(knots, seed=0)["test"] > 0.8  # Davies et al. (2021): signature near slope / 2


@pytest.mark.parametrize("grouped", [False, True])
def test_a_split_takes_two_thirds_and_leaves_no_row_out(knots, grouped):
    here, there = knots.split(grouped, seed=1)
    assert np.array_equal(np.sort(np.concatenate([here, there])), np.arange(len(knots.signature)))
    assert len(here) / len(knots.signature) == pytest.approx(2 / 3, abs=0.02)


def test_a_grouped_split_keeps_a_knot_and_its_mirror_image_together():
    invariants = np.random.default_rng(0).uniform(1, 2, (30, 3))
    mirrored = invariants * [1, 1, -1]
    knots = Knots(
        "both",
        ("volume", "cusp_volume", "meridinal_translation_real"),
        np.concatenate([invariants, mirrored]),
        np.zeros(60, int),
    )
    here, there = knots.split(True, seed=0)
    assert not set(here % 30) & set(there % 30)


def test_inputs_keep_their_order_and_rows_beyond_the_trained_ones_stay_in_reach():
    trained, further = np.array([[1.0], [2.0], [4.0], [100.0]]), np.array([[0.0], [3.0], [1000.0]])
    seen = scaled(further, trained)[:, 0]
    assert 0 <= seen[0] < seen[1] < seen[2] <= 1


HEAD = (
    "name,volume,cusp_volume,longitudinal_translation,meridinal_translation_imag,meridinal_translation_real,signature"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("volume,signature\n1.0,2\n", "must have rows and the column longitudinal_translation, got 1 rows of volume"),
        (HEAD + "\n", "must have rows and the column signature, got 0 rows"),
        (HEAD + "\nK,1,2,3,4,5,\n", "must hold a number in every row and column"),
        (HEAD + "\nK,1,2,3,4,nan,2\n", "must hold finite numbers, got nan in column meridinal_translation_real"),
        (HEAD + "\nK,1,2,3,4,5,3\n", "`signature` must be even for all knots, got 3"),
    ],
)
def test_a_file_that_is_no_table_of_knots_is_refused(tmp_path, text, message):
    path = tmp_path / "knots.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        Knots.load([path])


def test_files_that_differ_in_columns_or_do_not_exist_are_refused(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(HEAD + "\nK,1,2,3,4,5,2\n")
    second.write_text(HEAD + ",more\nK,1,2,3,4,5,2,1\n")
    with pytest.raises(ValueError, match=r"b\.csv` must have the columns of .*a\.csv"):
        Knots.load([first, second])
    with pytest.raises(ValueError, match=r"c\.csv` must be a CSV file of knots, there is none"):
        Knots.load([tmp_path / "c.csv"])
