"""Weights of the points of one block: positive, of mean 1, and no two of them too far apart."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from ..blocks import Block

CONTRAST = 1e6
"""Largest quotient of two weights in a block: a point of weight zero could never be seen again."""


def of_mean_one(weights: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Non-negative weights, not all zero, as weights of mean 1 within the largest contrast."""
    raised = weights.clamp_min(weights.max() / CONTRAST)
    return raised / raised.mean()


def without(block: Block, rows: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Rows of a block as they would be without the weights of its points."""
    return rows if block.point_weights is None else rows / block.point_weights.sqrt()
