"""Which layers grow, and what is refused."""

import pytest

from kanpde.nn import KAN
from kanpde.nn.basis import BSpline, Chebyshev, Gaussian, Union
from kanpde.nn.refine.degree import DEGREE


def network(*bases):
    return KAN([1] * (len(bases) + 1), basis=bases)


def test_a_number_goes_to_every_layer_that_has_such_a_size():
    grown, _ = DEGREE.grow(network(Chebyshev(3), Gaussian(4), Chebyshev(6)), 6)
    assert DEGREE.present(grown) == [6, None, 6]


def test_layers_of_a_list_grow_one_by_one():
    grown, _ = DEGREE.grow(network(Chebyshev(3), Gaussian(4), Chebyshev(6)), [None, None, 7])
    assert DEGREE.present(grown) == [3, None, 7]


def test_members_of_a_union_that_are_larger_already_stay():
    grown, error = DEGREE.grow(network(Union(Chebyshev(3), BSpline(2, 8))), 5)
    assert [m.degree for m in grown.layers[0].basis.members] == [5, 8]
    assert error < 1e-14


@pytest.mark.parametrize(
    ("bases", "wanted", "message"),
    [
        ([Gaussian(4)], 4, "`network` must have a layer with `degree`, got none"),
        ([Chebyshev(3), Chebyshev(3)], [4], "`degree` must be one number or one per layer, 2, got 1"),
        (
            [Chebyshev(3), Gaussian(4)],
            [4, 4],
            "`degree` must be None for layer 1, got 4: its edges have no such number",
        ),
        ([Chebyshev(3), Chebyshev(5)], 4, "`degree` must be at least 5 for layer 1, got 4: it has 5 already"),
        ([Chebyshev(3)], 4.5, "`degree` must be at least 3 for layer 0, got 4.5"),
    ],
)
def test_sizes_that_cannot_be_are_refused(bases, wanted, message):
    with pytest.raises(ValueError, match=message):
        DEGREE.grow(network(*bases), wanted)
