import numpy as np
import pytest
from numpy.testing import assert_allclose

from kanpde.reference.stencil import difference_matrix, weights


@pytest.mark.parametrize(
    ("derivative", "offsets", "published"),
    [
        (1, (-2, -1, 0, 1, 2), [1 / 12, -2 / 3, 0, 2 / 3, -1 / 12]),
        (2, (-3, -2, -1, 0, 1, 2, 3), [1 / 90, -3 / 20, 3 / 2, -49 / 18, 3 / 2, -3 / 20, 1 / 90]),
        (1, (0, 1, 2, 3), [-11 / 6, 3, -3 / 2, 1 / 3]),
        (4, (-2, -1, 0, 1, 2), [1, -4, 6, -4, 1]),
    ],
)
def test_weights_are_those_of_the_tables_of_fornberg(derivative, offsets, published):
    assert_allclose(weights(offsets, derivative), published, atol=1e-14)


@pytest.mark.parametrize("derivative", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("order", [2, 4, 6])
def test_one_sided_closures_differentiate_polynomials_exactly(derivative, order):
    x = np.linspace(0, 1, 17)
    matrix = difference_matrix(17, x[1], derivative, order)
    polynomial = np.polynomial.Polynomial(np.arange(1.0, derivative + order + 1))
    wanted = polynomial.deriv(derivative)(x) if derivative else polynomial(x)
    assert_allclose(matrix @ polynomial(x), wanted, rtol=1e-9, atol=1e-9 * 16**derivative)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("derivative", [1, 2, 3, 4])
@pytest.mark.parametrize("order", [2, 4, 6])
def test_the_error_falls_with_the_order_of_accuracy(derivative, order, periodic, observed_order):
    counts, errors = [33, 49, 65], []
    for n in counts:
        x = np.linspace(0, 2 * np.pi, n)[: n - periodic]
        matrix = difference_matrix(len(x), x[1], derivative, order, periodic=periodic)
        wanted = np.sin(x + 1 + derivative * np.pi / 2)
        errors.append(np.abs(matrix @ np.sin(x + 1) - wanted).max())
    assert observed_order(counts, errors) > order - 0.3


def test_a_lower_closure_leaves_the_inside_alone():
    full, lower = (difference_matrix(20, 0.1, 2, 6, closure=c).toarray() for c in (None, 4))
    assert_allclose(full[3:-3], lower[3:-3], rtol=0, atol=0)
    assert np.count_nonzero(lower[0]) == 6


def test_too_few_nodes_are_refused():
    with pytest.raises(ValueError, match=r"`nodes` must be at least 8 .* got 7"):
        difference_matrix(7, 0.1, 2, 6)
