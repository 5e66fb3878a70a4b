"""Networks: KAN and MLP, and the bases that their layers expand inputs in."""

from .kan import KAN
from .kan_layer import KANLayer
from .kan_linear import KANLinear
from .mlp import MLP
from .network import Layer, Network

__all__ = ["KAN", "MLP", "KANLayer", "KANLinear", "Layer", "Network"]
