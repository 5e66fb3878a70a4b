"""Holes are what a plane shape surrounds."""

import pytest
from numpy.testing import assert_allclose

from kanpde import Annulus, Disk, Ellipse, Rectangle
from kanpde.geometry.holes import holes_of

SHEET = Rectangle(x=(0, 2), y=(0, 1))


@pytest.mark.parametrize(
    ("shape", "places", "radii"),
    [
        (SHEET, [], []),
        (Annulus(x=1, y=-1, inner=0.5, outer=1), [(1, -1)], [0.5]),
        (SHEET - Disk(x=0.5, y=0.5, radius=0.2) - Ellipse(x=1.5, y=0.5, radii=(0.3, 0.1)), [(0.5, 0.5), (1.5, 0.5)], [0.2, 0.1]),
        (SHEET - Rectangle(x=(0.5, 0.8), y=(0.2, 0.6)), [(0.65, 0.4)], [0.15]),
        (SHEET - (Disk(x=0.8, y=0.5, radius=0.25) | Disk(x=1.2, y=0.5, radius=0.25)), [(1, 0.5)], [0.15]),
    ],
)  # fmt: skip
def test_holes_have_a_middle_and_a_radius(shape, places, radii):
    found = list(holes_of(shape))
    assert len(found) == len(places)
    for hole, place, radius in zip(found, places, radii, strict=True):
        assert_allclose(hole.place, place, atol=2e-2)
        assert_allclose(hole.radius, radius, atol=2e-2)


def test_a_bite_out_of_the_side_is_no_hole():
    assert not list(holes_of(SHEET - Disk(x=0, y=0, radius=0.5)))
    assert not list(holes_of(SHEET - Disk(x=1, y=0, radius=0.5)))


def test_a_hole_whose_middle_is_filled_has_no_place():
    assert not list(holes_of(SHEET - Annulus(x=1, y=0.5, inner=0.2, outer=0.4)))
