"""Traces of tangent kernels against a closed form and automatic differentiation."""

import pytest
import torch
from torch.testing import assert_close

from kanpde.balance import NeuralTangentKernel, neural_tangent_kernel


@pytest.mark.parametrize(("interior", "boundary"), [(64, 16), (8, 1), (3000, 2)])
def test_traces_of_the_tangent_kernel_of_a_line(interior, boundary, line, weights_of):
    """The rows of the Jacobian are (1, 0) and (1, 1), however many there are."""
    loss, conditions = line(0.3, -2.0, interior=interior, boundary=boundary)
    assert_close(NeuralTangentKernel().figures(loss), torch.tensor([1.0, 2.0], dtype=torch.float64))
    NeuralTangentKernel(momentum=0).update(loss, conditions)
    assert list(weights_of(loss).values()) == pytest.approx([1.0, 0.5], rel=1e-13)


def by_autograd(loss):
    """Mean over the points of the squared norm of the gradient of the residual, per block."""
    traces = []
    for block in loss.blocks:
        rows = [torch.autograd.grad(r, loss.parameters, retain_graph=True) for r in block.residuals()]
        traces.append(torch.stack([sum(g.square().sum() for g in row) for row in rows]).mean())
    return torch.stack(traces)


def test_traces_are_those_of_autograd(heat):
    loss, _ = heat()
    assert_close(NeuralTangentKernel().figures(loss), by_autograd(loss), rtol=1e-11, atol=0)


def test_traces_are_the_same_some_rows_at_a_time(heat, monkeypatch):
    loss, _ = heat()
    monkeypatch.setattr(neural_tangent_kernel, "MOST_ROWS", 5)
    assert_close(NeuralTangentKernel().figures(loss), by_autograd(loss), rtol=1e-11, atol=0)
