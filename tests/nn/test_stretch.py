"""Stretched coordinates against autograd, their own inverse, and the fronts that they are made for."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from kanpde.nn.stretch import Front, Stretch, fronts_of, sampled_evenly

LINES = {
    "one front": Stretch((Front(0.1, 0.05),)),
    "at an end": Stretch((Front(-1.0, 0.02, 0.6),)),
    "two fronts": Stretch((Front(-0.4, 0.01, 0.5), Front(0.7, 0.1, 0.3))),
    "very thin": Stretch((Front(0.3, 1e-4, 0.9),)),
}
RINGS = {
    "one front": Stretch((Front(0.1, 0.05, 0.5),), ring=True),
    "at the seam": Stretch((Front(-1.0, 0.02, 0.6),), ring=True),
    "two fronts": Stretch((Front(-0.4, 0.02, 0.4), Front(0.7, 0.1, 0.3)), ring=True),
    "all of it": Stretch((Front(0.9, 0.3),), ring=True),
}
ALL = {**{f"line, {k}": v for k, v in LINES.items()}, **{f"ring, {k}": v for k, v in RINGS.items()}}
S = torch.linspace(-1, 1, 401, dtype=torch.float64)


@pytest.mark.parametrize("stretch", ALL.values(), ids=ALL)
def test_derivatives_are_those_of_autograd(stretch):
    s = S.clone().requires_grad_()
    rows = stretch.rows(S, 4)
    assert len(rows) == 5
    for order in range(4):
        (slope,) = torch.autograd.grad(stretch.rows(s, order)[order].sum(), s)
        assert_close(rows[order + 1], slope, rtol=1e-9, atol=1e-11 * float(slope.abs().max()))


@pytest.mark.parametrize("stretch", ALL.values(), ids=ALL)
def test_fewer_derivatives_are_the_first_of_more(stretch):
    rows = stretch.rows(S, 4)
    for order in range(4):
        for found, wanted in zip(stretch.rows(S, order), rows[: order + 1], strict=True):
            assert torch.equal(found, wanted)


@pytest.mark.parametrize("stretch", ALL.values(), ids=ALL)
def test_it_rises_by_two_from_end_to_end(stretch):
    xi, slope = stretch.rows(S, 1)
    assert (slope > 0).all()
    assert_close(xi[-1] - xi[0], torch.tensor(2.0, dtype=torch.float64), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("stretch", LINES.values(), ids=LINES)
def test_on_a_line_the_ends_stay(stretch):
    assert_close(stretch.rows(S[[0, -1]], 0)[0], S[[0, -1]], rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("stretch", RINGS.values(), ids=RINGS)
def test_on_a_ring_all_derivatives_close(stretch):
    rows = stretch.rows(torch.linspace(-3, 3, 601, dtype=torch.float64), 4)
    for row in rows[1:]:
        assert_close(row[:200], row[200:400], rtol=1e-9, atol=1e-9 * float(row.abs().max()))
    assert_close(rows[0][:200] + 2, rows[0][200:400], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("stretch", ALL.values(), ids=ALL)
def test_the_inverse_goes_back(stretch):
    s = np.linspace(-1, 1, 777)
    xi = stretch.rows(torch.as_tensor(s), 0)[0].numpy()
    np.testing.assert_allclose(stretch.inverse(xi), s, rtol=0, atol=1e-13)


def test_the_inverse_on_a_ring_goes_on_beyond_one_turn():
    stretch = RINGS["two fronts"]
    s = np.linspace(-4.9, 4.9, 99)
    xi = stretch.rows(torch.as_tensor(s), 0)[0].numpy()
    np.testing.assert_allclose(stretch.inverse(xi), s, rtol=0, atol=1e-12)


def test_the_inverse_of_nothing_is_nothing():
    assert LINES["one front"].inverse(np.empty(0)).shape == (0,)


@pytest.mark.parametrize("width", [1e-1, 1e-2, 1e-3, 1e-4])
def test_a_front_gets_the_same_room_however_thin_it_is(width):
    """The part of xi between c - 10 w and c + 10 w is at least a quarter of the range."""
    ends = torch.tensor([-10 * width, 10 * width], dtype=torch.float64).clamp(-1, 1)
    low, high = Stretch((Front(0.0, width),)).rows(ends, 0)[0]
    assert (high - low) / 2 > 0.25


# -------------------------------------------------------------------- where the fronts are

NODES = np.linspace(-1, 1, 8001)


def slope_of(*fronts):
    return sum(height * (1 - np.tanh((NODES - c) / w) ** 2) / w for c, w, height in fronts)


@pytest.mark.parametrize("width", [0.1, 0.03, 3e-3])
@pytest.mark.parametrize("centre", [-0.6, 0.0, 0.35])
def test_the_front_of_a_tanh_is_found_with_its_width(centre, width):
    (front,) = fronts_of(NODES, slope_of((centre, width, 1.0)))
    assert front.centre == pytest.approx(centre, abs=NODES[1] - NODES[0])
    assert front.width == pytest.approx(width, rel=0.15)  # half the height is met between two nodes
    assert front.share == pytest.approx(0.9)


def test_several_functions_give_several_fronts_that_share_the_room():
    measures = np.stack([slope_of((-0.5, 0.01, 1.0), (0.5, 0.02, 1.0)), slope_of((0.0, 0.03, 2.0))])
    fronts = fronts_of(NODES, measures, room=0.6)
    assert sorted(round(f.centre, 2) for f in fronts) == [-0.5, 0.0, 0.5]
    assert [f.share for f in fronts] == pytest.approx([0.2, 0.2, 0.2])


def test_one_layer_seen_twice_is_one_front():
    measures = np.stack([slope_of((0.2, 0.02, 1.0)), slope_of((0.205, 0.02, 3.0))])
    assert len(fronts_of(NODES, measures)) == 1


def test_the_sign_of_a_measure_does_not_matter():
    slope = slope_of((0.2, 0.02, 1.0))
    assert fronts_of(NODES, -slope) == fronts_of(NODES, slope)


def test_at_most_so_many_fronts_are_kept_the_sharpest_first():
    places = [(-0.8, 1.0), (-0.4, 2.0), (0.0, 3.0), (0.4, 4.0), (0.8, 5.0)]
    fronts = fronts_of(NODES, slope_of(*[(c, 0.02, h) for c, h in places]), most=2, contrast=1.0)
    assert [round(f.centre, 2) for f in fronts] == [0.8, 0.4]


@pytest.mark.parametrize("smooth", [np.ones_like(NODES), np.cos(np.pi * NODES), np.zeros_like(NODES), NODES])
def test_smooth_functions_have_no_front(smooth):
    assert fronts_of(NODES, smooth) == ()


def test_a_layer_at_an_end_is_half_a_peak():
    (front,) = fronts_of(NODES, slope_of((1.0, 0.02, 1.0)))
    assert front.centre == 1.0
    assert front.width == pytest.approx(0.02, rel=0.1)


def test_a_wide_hump_is_no_layer():
    assert fronts_of(NODES, slope_of((0.0, 0.2, 1.0)), thin=0.1, contrast=1.5) == ()
    assert len(fronts_of(NODES, slope_of((0.0, 0.2, 1.0)), thin=0.3, contrast=1.5)) == 1


def test_on_a_ring_a_layer_across_the_seam_is_one_front_of_full_width():
    slope = slope_of((-1.0, 0.02, 1.0)) + slope_of((1.0, 0.02, 1.0))
    (front,) = fronts_of(NODES, slope, ring=True)
    assert abs(front.centre) == pytest.approx(1.0, abs=1e-3)
    assert front.width == pytest.approx(0.02, rel=0.1)
    assert front.share == pytest.approx(0.5)
    assert len(fronts_of(NODES, slope)) == 2


# -------------------------------------------------------------------- points


@pytest.mark.parametrize("stretch", ALL.values(), ids=ALL)
def test_points_are_even_in_the_stretched_coordinate_and_stay_inside(stretch):
    unit = np.stack([(np.arange(64) + 0.5) / 64, np.linspace(0, 1, 64)], axis=1)
    moved = sampled_evenly(unit, [stretch, None])
    assert moved.min() >= 0
    assert moved.max() <= 1
    np.testing.assert_array_equal(moved[:, 1], unit[:, 1])
    xi = stretch.rows(torch.as_tensor(2 * moved[:, 0] - 1), 0)[0].numpy()
    gaps = np.diff(np.sort(xi))
    np.testing.assert_allclose(gaps, 2 / 64, rtol=0, atol=1e-11)


def test_points_stay_where_nothing_is_stretched():
    unit = np.random.default_rng(0).random((5, 2))
    moved = sampled_evenly(unit, [None, None])
    np.testing.assert_array_equal(moved, unit)
    assert moved is not unit


# -------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Front(1.5, 0.1), r"`centre` must be in \[-1, 1\], got 1.5: coordinates are scaled"),
        (lambda: Front(math.nan, 0.1), r"`centre` must be in \[-1, 1\], got nan"),
        (lambda: Front(0.0, 0.0), "`width` must be positive and finite, got 0.0: leave the front out"),
        (lambda: Front(0.0, math.inf), "`width` must be positive and finite, got inf"),
        (lambda: Front(0.0, 0.1, 0.0), r"`share` must be in \(0, 1\], got 0.0: leave the front out"),
        (lambda: Front(0.0, 0.1, 1.5), r"`share` must be in \(0, 1\], got 1.5"),
        (lambda: Stretch(()), "`fronts` must have shares that add up to at most 1, got 0 of 0"),
        (
            lambda: Stretch((Front(0.0, 0.1, 0.7), Front(0.5, 0.1, 0.4))),
            "`fronts` must have shares that add up to at most 1, got 1.1 of 2",
        ),
    ],
)
def test_numbers_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_peak_of_one_node_is_a_layer_of_the_width_of_the_grid():
    s = np.linspace(-1, 1, 201)
    measure = np.where(np.arange(201) == 50, 1.0, 1e-3)
    (front,) = fronts_of(s, measure)
    assert front.centre == pytest.approx(s[50])
    assert 0 < front.width <= 2 * (s[1] - s[0])
