from itertools import combinations

import numpy as np
import pytest
import torch

from kanpde import find_relations
from kanpde.fitting import scaled_inputs
from kanpde.nn.basis import Chebyshev


@pytest.fixture
def table() -> np.ndarray:
    """The unsupervised toy of the KAN paper: two relations between six columns."""
    x = np.random.default_rng(0).uniform(-1, 1, (2000, 6))
    x[:, 2] = np.exp(np.sin(x[:, 0]) + x[:, 1] ** 2)
    x[:, 4] = x[:, 3] ** 3
    return x


def test_both_relations_of_the_toy_are_found_and_nothing_else(table):
    assert [r.columns for r in find_relations(table)] == [(3, 4), (0, 1, 2)]


def test_a_polynomial_relation_is_exact_in_a_basis_that_holds_it(table):
    (relation,) = find_relations(table[:, 3:5], basis=Chebyshev(3))
    assert relation.unexplained < 1e-20


def test_independent_columns_have_no_relation():
    assert find_relations(np.random.default_rng(1).normal(size=(2000, 4)), tolerance=0.3) == []


def test_what_is_left_unexplained_is_the_noise():
    generator = np.random.default_rng(2)
    x = generator.normal(size=(20_000, 2))
    noise = 0.1
    y = x.sum(1) + noise * generator.normal(size=20_000)
    (relation,) = find_relations(np.column_stack([x, y]), basis=Chebyshev(1))
    # the least principal component of x1, x2 and y / std(y)
    correlations = np.corrcoef(np.column_stack([x, y]).T)
    assert relation.columns == (0, 1, 2)
    assert relation.unexplained == pytest.approx(np.linalg.eigvalsh(correlations)[0], rel=0.05)


def test_the_network_of_a_relation_vanishes_on_the_table_and_not_elsewhere(table):
    relation = find_relations(table)[1]
    columns = table[:, list(relation.columns)]
    mixed = np.column_stack([np.random.default_rng(i).permutation(c) for i, c in enumerate(columns.T)])
    with torch.no_grad():
        here, elsewhere = (relation.network(scaled_inputs(x)).square().mean().sqrt() for x in (columns, mixed))
    assert here < 1e-2 * elsewhere


@pytest.mark.parametrize("extra", [[(1, 1, 0), (1, -1, 0), (1, 0, 1)], [(1, 1, 0), (1, 0, 1), (0, 1, 1)]])
def test_the_relations_between_sums_are_the_circuits_of_their_matrix(extra):
    independent = np.random.default_rng(0).uniform(-1, 1, (3000, 3))
    vectors = np.concatenate([np.eye(3), np.array(extra)])
    dependent = [
        set(columns)
        for size in range(2, 5)
        for columns in combinations(range(6), size)
        if np.linalg.matrix_rank(vectors[list(columns)]) < size
    ]
    circuits = {tuple(sorted(d)) for d in dependent if not any(other < d for other in dependent)}
    found = find_relations(independent @ vectors.T, tolerance=1e-3, basis=Chebyshev(1))
    assert {r.columns for r in found} == circuits


def test_a_search_without_end_is_cut_short_with_a_warning(monkeypatch):
    monkeypatch.setattr("kanpde.relations.MOST", 3)
    x = np.random.default_rng(4).uniform(-1, 1, 2000)
    with pytest.warns(RuntimeWarning, match="the search ended after 3 sets of them"):
        find_relations(np.stack([x, x**3, x**5, np.exp(x)], 1))


def test_a_set_of_columns_that_contains_a_relation_is_none_itself():
    x = np.random.default_rng(3).uniform(-1, 1, (2000, 2))
    copies = np.column_stack([x[:, 0], x[:, 1], x[:, 0] ** 3, np.exp(x[:, 0])])
    assert sorted(r.columns for r in find_relations(copies)) == [(0, 2), (0, 3), (2, 3)]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda x: x, {"tolerance": 0.0}, "`tolerance` must be above 0 and below 1, got 0.0"),
        (lambda x: x[:, :1], {}, "`x` must have at least 2 columns, got 1"),
        (lambda x: x * np.array([1, 1, 0, 1, 1, 1]), {}, "`x` must not have constant columns, got column 2"),
        (lambda x: x[:100], {}, "`x` must have at least 660 rows for 11 functions of 6 columns, got 100"),
    ],
)
def test_what_cannot_be_searched_is_refused(table, change, options, message):
    with pytest.raises(ValueError, match=message):
        find_relations(change(table), **options)
