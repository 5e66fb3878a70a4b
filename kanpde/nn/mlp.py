"""Multilayer perceptrons, the baseline that every KAN is compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch

from .basis import Activation, Identity, Sine, Tanh
from .network import Layer, Network, check_width

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

    kind = "MLP"

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
        layers = [
            Layer(n_in, activation if i else Identity(), torch.zeros(n_in, n_out, dtype=torch.float64), bias=True)
            for i, (n_in, n_out) in enumerate(pairwise(width))
        ]
        super().__init__(layers)
        self.reset(seed)
        self.to(dtype)

    def reset(self, seed: int) -> None:
        """Start again from new weights, the ones that a new network of that seed would have."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for i, layer in enumerate(self.layers):
                spread = math.sqrt(2 / (layer.n_in + layer.n_out))
                layer.coefficients.copy_(
                    spread * torch.randn(layer.n_in, layer.n_out, generator=generator, dtype=torch.float64)
                )
                assert layer.bias is not None
                shifts = torch.zeros(layer.n_out, dtype=torch.float64)
                if i == 0 and len(self.layers) > 1:
                    shifts.uniform_(-1.0, 1.0, generator=generator)
                layer.bias.copy_(shifts)
