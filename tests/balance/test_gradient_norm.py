"""Norms of gradients against a closed form and automatic differentiation."""

import math

import pytest
import torch
from torch.testing import assert_close

from kanpde.balance import GradientNorm


def test_gradient_norms_of_a_line(line, weights_of):
    """The gradients are 2 (w - 3) (1, 0) and 2 (w + b) (1, 1): norms 4 and 4 sqrt 2 at w = b = 1."""
    loss, conditions = line(1.0, 1.0)
    assert_close(GradientNorm().figures(loss), torch.tensor([4.0, 4 * math.sqrt(2)], dtype=torch.float64))
    GradientNorm(momentum=0).update(loss, conditions)
    assert list(weights_of(loss).values()) == pytest.approx([1.0, 1 / math.sqrt(2)], rel=1e-13)


def test_gradient_norms_are_those_of_autograd(heat):
    loss, _ = heat()
    wanted = []
    for block in loss.blocks:
        found = torch.autograd.grad(block.residuals().square().mean(), loss.parameters)
        wanted.append(torch.cat([g.flatten() for g in found]).norm())
    assert_close(GradientNorm().figures(loss), torch.stack(wanted), rtol=1e-11, atol=0)


def test_weights_of_points_count_in_the_gradient(heat):
    loss, _ = heat()
    block = loss.blocks[0]
    local = torch.linspace(0.5, 1.5, block.size, dtype=torch.float64)
    loss.reweigh(point_weights={block.name: local})
    found = torch.autograd.grad((local * block.residuals().square()).mean(), loss.parameters)
    wanted = torch.cat([g.flatten() for g in found]).norm()
    assert_close(GradientNorm().figures(loss)[0], wanted, rtol=1e-11, atol=0)


def test_a_condition_that_holds_already_gets_the_largest_weight(line, weights_of):
    loss, conditions = line(1.0, -1.0)
    GradientNorm(momentum=0, most=1e5).update(loss, conditions)
    assert list(weights_of(loss).values()) == pytest.approx([1.0, 1e5])


def test_an_equation_that_holds_already_leaves_the_smallest_weight_to_conditions(line, weights_of):
    loss, conditions = line(3.0, 1.0)
    GradientNorm(momentum=0, most=1e5).update(loss, conditions)
    assert list(weights_of(loss).values()) == pytest.approx([1.0, 1e-5])


def test_where_all_residuals_are_zero_no_weight_changes(line, weights_of):
    loss, conditions = line(3.0, -3.0)
    GradientNorm().update(loss, conditions)
    assert list(weights_of(loss).values()) == [1.0, 9.0]
