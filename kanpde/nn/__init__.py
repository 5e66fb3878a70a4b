"""Networks: KAN and MLP, and the bases that their layers expand inputs in."""

from .kan import KAN, KANLayer
from .mlp import MLP
from .network import Layer, Network

__all__ = ["KAN", "MLP", "KANLayer", "Layer", "Network"]
