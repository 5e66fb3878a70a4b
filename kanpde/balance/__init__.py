"""Balances in one contract: weights of the terms of a loss, or of their points, that change between steps."""

from collections.abc import Callable

from .adaptive_ratio import AdaptiveRatio
from .causal import Causal
from .contract import Balance
from .gradient_norm import GradientNorm
from .neural_tangent_kernel import NeuralTangentKernel
from .noise_level import NoiseLevel
from .residual_attention import ResidualAttention

BALANCES: dict[str, Callable[[], Balance]] = {
    "adaptive-ratio": AdaptiveRatio,
    "causal": Causal,
    "gradient-norm": GradientNorm,
    "noise-level": NoiseLevel,
    "ntk": NeuralTangentKernel,
    "residual-attention": ResidualAttention,
}

__all__ = [
    "BALANCES",
    "AdaptiveRatio",
    "Balance",
    "Causal",
    "GradientNorm",
    "NeuralTangentKernel",
    "NoiseLevel",
    "ResidualAttention",
]
