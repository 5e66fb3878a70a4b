"""Regularisations in one contract: what is wanted of edge functions beside a small residual."""

from collections.abc import Callable

from .contract import Regularisation
from .sparsity import Sparsity

REGULARISATIONS: dict[str, Callable[[], Regularisation]] = {"sparsity": Sparsity}

__all__ = ["REGULARISATIONS", "Regularisation", "Sparsity"]
