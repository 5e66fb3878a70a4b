import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from kanpde.reference import ReferenceFailed
from kanpde.reference.linear_solve import factored, preconditioned
from kanpde.reference.stencil import difference_matrix


def laplacian_matrix(order):
    inner = difference_matrix(25, 1 / 24, 2, order)[1:-1, 1:-1]
    one = sparse.eye_array(23)
    return sparse.kron(inner, one, format="csr") + sparse.kron(one, inner, format="csr")


def test_gmres_with_a_preconditioner_of_order_2_agrees_with_factors():
    matrix, right = laplacian_matrix(6), np.random.default_rng(0).normal(size=23**2)
    found = preconditioned(matrix, laplacian_matrix(2))(right)
    assert_allclose(found, factored(matrix)(right), rtol=0, atol=1e-8 * np.abs(found).max())


def test_a_useless_preconditioner_ends_in_factors():
    matrix, right = laplacian_matrix(4), np.random.default_rng(0).normal(size=23**2)
    for useless in (sparse.csr_array(matrix.shape), sparse.diags_array(np.geomspace(1, 1e12, 23**2), format="csr")):
        assert_allclose(preconditioned(matrix, useless)(right), factored(matrix)(right), rtol=1e-6)


def test_a_singular_matrix_is_refused_with_its_size():
    with pytest.raises(ReferenceFailed, match="Jacobian with 3 rows is singular"):
        factored(sparse.csr_array(np.diag([1.0, 0.0, 2.0])))
