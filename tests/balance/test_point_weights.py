"""Weights of mean 1."""

import pytest
import torch
from torch.testing import assert_close

from kanpde.balance.point_weights import CONTRAST, of_mean_one, without


def test_weights_have_mean_one_and_a_bounded_contrast():
    found = of_mean_one(torch.tensor([0.0, 1e-9, 1.0, 3.0], dtype=torch.float64))
    assert float(found.mean()) == pytest.approx(1, rel=1e-15)
    assert float(found.max() / found.min()) == pytest.approx(CONTRAST)
    assert float(found[3] / found[2]) == pytest.approx(3)


def test_rows_without_weights_of_points_are_those_before_them(heat):
    loss, _ = heat()
    block, before = loss.blocks[0], loss.residual()[loss.slices[0]]
    assert without(block, before) is before
    loss.reweigh(point_weights={block.name: torch.linspace(0.5, 1.5, block.size, dtype=torch.float64)})
    assert_close(without(loss.blocks[0], loss.residual()[loss.slices[0]]), before, rtol=1e-13, atol=0)
