"""A measure for functions that nearly depend on each other."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from kanpde.nn.basis import Fourier, Gaussian


def gram(values, weights):
    return values.T @ (torch.as_tensor(weights)[:, None] * values)


@pytest.mark.parametrize("basis", [Fourier(3), Fourier(10, 2.5), Gaussian(6, 1.0), Gaussian(12, 1.5)], ids=repr)
def test_whitened_functions_are_orthonormal(basis):
    nodes, weights = np.polynomial.legendre.leggauss(80)
    found = gram(basis(torch.as_tensor(nodes)) @ basis.whitening(), weights)
    assert_close(found, torch.eye(basis.size, dtype=torch.float64), rtol=0, atol=1e-5)


@pytest.mark.parametrize("basis", [Fourier(30), Gaussian(20, 5.0)], ids=repr)
def test_combinations_that_nearly_vanish_are_not_blown_up(basis):
    """In the new coordinates a unit step is at most a unit function, and no coefficient passes 1 / floor."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    transform = basis.whitening()
    sizes = torch.linalg.eigvalsh(gram(basis(torch.as_tensor(nodes)) @ transform, weights))
    assert sizes.max() < 1 + 1e-6
    assert sizes.min() < 0.1
    assert torch.linalg.matrix_norm(transform, 2) < 1.01e8
