"""Optimisers in one contract: a step on a least-squares loss."""

from .contract import Optimizer, Step
from .gauss_newton import GaussNewton

__all__ = ["GaussNewton", "Optimizer", "Step"]
