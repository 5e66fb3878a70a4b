"""Multilayer perceptrons, the baseline that every KAN is compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from .basis import Activation, Identity, Sine, Tanh
from .kan import check_width
from .network import Layer, Network

ACTIVATIONS: dict[str, type[Activation]] = {"tanh": Tanh, "sine": Sine}


class MLP(Network):
    """Fully connected network on inputs in [-1, 1]; `solve` maps the domain of a problem there.

    Args:
        width: nodes per layer, inputs and outputs included, as in [2, 32, 32, 1].
        activation: "tanh", "sine" or an `Activation`.
        seed: of the start values (Glorot normal weights; biases zero but for the first layer's, uniform in [-1, 1]).
        dtype: of the parameters.

    Raises:
        ValueError: for widths that cannot be or an unknown activation.

    Source:
        Glorot, Bengio (2010), AISTATS, "Understanding the difficulty of training deep feedforward neural networks".
    """

    def __init__(
        self,
        width: Sequence[int],
        *,
        activation: str | Activation = "tanh",
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
    ):
        width = check_width(width)
        if isinstance(activation, str):
            if activation not in ACTIVATIONS:
                raise ValueError(f"`activation` must be one of {', '.join(ACTIVATIONS)}, got '{activation}'.")
            activation = ACTIVATIONS[activation]()
        generator = torch.Generator().manual_seed(seed)
        layers = []
        for i, (n_in, n_out) in enumerate(zip(width[:-1], width[1:], strict=True)):
            weights = torch.randn(n_in, n_out, generator=generator, dtype=torch.float64) * math.sqrt(2 / (n_in + n_out))
            layer = Layer(n_in, activation if i else Identity(), weights, bias=True)
            if i == 0 and len(width) > 2:
                with torch.no_grad():
                    layer.bias.copy_(2 * torch.rand(n_out, generator=generator, dtype=torch.float64) - 1)
            layers.append(layer)
        super().__init__(layers)
        self.to(dtype)
