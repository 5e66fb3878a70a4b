"""Optimisers in one contract: a step on a least-squares loss."""

from collections.abc import Callable

from .contract import Optimizer, Step
from .first_order import Adam
from .gauss_newton import GaussNewton
from .lbfgs import LBFGS
from .schedule import Schedule
from .self_scaled import SelfScaledBFGS, SelfScaledBroyden

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "gauss-newton": GaussNewton,
    "adam": Adam,
    "lbfgs": LBFGS,
    "ssbfgs": SelfScaledBFGS,
    "ssbroyden": SelfScaledBroyden,
}

__all__ = [
    "LBFGS", "OPTIMIZERS", "Adam", "GaussNewton", "Optimizer", "Schedule", "SelfScaledBFGS", "SelfScaledBroyden", "Step",
]  # fmt: skip
