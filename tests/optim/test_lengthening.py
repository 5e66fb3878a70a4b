"""The power method against eigenvalues, at sizes whose squares no number can hold."""

import pytest
import torch

from kanpde.optim.factorisation.lengthening import lengthening


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 1e25), (torch.float32, 1e-30), (torch.float64, 1e200)])
def test_matrices_and_vectors_of_any_size_are_measured(dtype, size):
    matrix = size * torch.diag(torch.tensor([3.0, 1.0, 0.1], dtype=dtype))
    start = size * torch.ones(3, dtype=dtype)
    assert lengthening([matrix.matmul] * 9, start) == pytest.approx(3 * size, rel=1e-6)


def test_it_is_the_quotient_of_the_last_two_lengths():
    generator = torch.Generator().manual_seed(1)
    matrix = torch.randn(4, 4, dtype=torch.float64, generator=generator)
    start = torch.randn(4, dtype=torch.float64, generator=generator)
    images = [start, matrix @ start, matrix @ matrix @ start]
    assert lengthening([matrix.matmul, matrix.matmul], start) == pytest.approx(
        float(images[2].norm() / images[1].norm())
    )


def test_a_vector_that_vanishes_has_no_length():
    assert lengthening([torch.zeros(2, 2).matmul] * 2, torch.ones(2)) == 0.0
    assert lengthening([torch.eye(2).matmul] * 2, torch.zeros(2)) == 0.0
