"""Attention to points against the recursion of the paper."""

import pytest
import torch
from torch.testing import assert_close

from kanpde.balance import ResidualAttention


@pytest.mark.parametrize("updates", [1, 4])
def test_attention_is_a_running_mean_of_relative_residuals(updates, heat):
    loss, conditions = heat()
    balance = ResidualAttention(decay=0.6)
    for _ in range(updates):
        balance.update(loss, conditions)
    for block in loss.blocks:
        size = block.residuals().detach().abs()
        attention = torch.ones_like(size)
        for _ in range(updates):
            attention = 0.6 * attention + 0.4 * size / size.max()
        assert_close(block.point_weights, attention.square() / attention.square().mean(), rtol=1e-12, atol=0)


def test_the_step_of_the_paper_makes_no_difference_to_weights_of_mean_one(heat):
    """lambda = gamma lambda + eta |r| / max |r| from lambda = eta / (1 - gamma), for any eta."""
    loss, conditions = heat()
    size = loss.blocks[0].residuals().detach().abs()
    balance, gamma, eta = ResidualAttention(decay=0.9), 0.9, 0.01
    wanted = torch.full_like(size, eta / (1 - gamma))
    for _ in range(5):
        balance.update(loss, conditions)
        wanted = gamma * wanted + eta * size / size.max()
    assert_close(loss.blocks[0].point_weights, wanted.square() / wanted.square().mean(), rtol=1e-12, atol=0)


def test_attention_to_a_constant_residual_is_even_and_weights_of_blocks_stay(line, weights_of):
    loss, conditions = line(1.0, 1.0)
    before = weights_of(loss)
    ResidualAttention().update(loss, conditions)
    assert_close(loss.blocks[0].point_weights, torch.ones(64, dtype=torch.float64))
    assert weights_of(loss) == before


def test_blocks_without_residual_are_left_alone(line):
    loss, conditions = line(3.0, -3.0)
    ResidualAttention().update(loss, conditions)
    assert [b.point_weights for b in loss.blocks] == [None, None]


def test_attention_to_new_points_starts_afresh(heat):
    balance, (loss, conditions), (other, _) = ResidualAttention(decay=0.5), heat(0), heat(1)
    for _ in range(3):
        balance.update(loss, conditions)
    balance.update(other, conditions)
    fresh = heat(1)[0]
    ResidualAttention(decay=0.5).update(fresh, conditions)
    assert torch.equal(other.blocks[0].point_weights, fresh.blocks[0].point_weights)


@pytest.mark.parametrize("decay", [-0.1, 1])
def test_a_decay_out_of_range_is_refused(decay):
    with pytest.raises(ValueError, match=f"`decay` must be from 0 to below 1, got {decay}"):
        ResidualAttention(decay=decay)
