"""Networks whose layers expand each input in a family of functions and mix the result linearly: KANs and MLPs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..jet import Jet, JetPlan, column_major, expand, expand_and_mix, expand_and_mix_keeping_features
from .basis import Basis, Tanh
from .expansion import expansion


class Layer(nn.Module):
    """Map `n_in` inputs to `n_out` outputs, `y_o = sum_i sum_c coefficients[i, c, o] B_c(x_i) (+ bias_o)`.

    Args:
        n_in: number of inputs.
        coefficients: start values, shape (n_in * basis.size, n_out).
        basis: the functions that every input is expanded in.
        bias: whether a constant is added to each output.
    """

    def __init__(self, n_in: int, basis: Basis, coefficients: Tensor, *, bias: bool = False):
        super().__init__()
        self.n_in, self.n_out, self.basis = n_in, coefficients.shape[1], basis
        self.coefficients = nn.Parameter(coefficients)
        self.bias = nn.Parameter(coefficients.new_zeros(self.n_out)) if bias else None

    def forward(self, x: Float[Tensor, "*batch n_in"]) -> Float[Tensor, "*batch n_out"]:
        """Values of the outputs."""
        out = expansion(self.basis, self.coefficients, x)
        return out if self.bias is None else out + self.bias

    def features(self, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n features"]:
        """Jet of every basis function of every input; the output jet is linear in it."""
        return expand(self.basis, jet, plan).flatten(2)

    def mix(self, features: Float[Tensor, "jets n features"]) -> Jet:
        """Jet of the outputs from the jet of the features."""
        out = features.flatten(0, 1) @ column_major(self.coefficients)
        return self._shifted(out.unflatten(0, features.shape[:2]), self.bias)

    def propagate(self, jet: Jet, plan: JetPlan) -> Jet:
        """Jet of the outputs from the jet of the inputs."""
        return self._shifted(expand_and_mix(self.basis, self.coefficients, jet, plan), self.bias)

    def trace(self, jet: Jet, plan: JetPlan) -> Trace:
        """Jets of features and outputs; gradients go to the input alone."""
        coefficients, bias = self.coefficients.detach(), None if self.bias is None else self.bias.detach()
        outputs, features = expand_and_mix_keeping_features(self.basis, coefficients, jet, plan)
        return Trace(self, features, self._shifted(outputs, bias))

    @staticmethod
    def _shifted(outputs: Jet, bias: Tensor | None) -> Jet:
        return outputs if bias is None else torch.cat([(outputs[0] + bias)[None], outputs[1:]])


@dataclass(frozen=True)
class Trace:
    """What a layer saw and made: feature jets and output jets."""

    layer: Layer
    features: Float[Tensor, "jets n features"]
    outputs: Jet


class Network(nn.Module):
    """Layers one after another, on inputs in [-1, 1].

    Args:
        layers: at least one.
        squash: pass hidden values through tanh, so that they stay inside the grid of the next layer.

    Attributes:
        layers: the layers, in order.
        squash: the function that hidden values pass through, or None.
        kind: what tables and records call it.

    Raises:
        ValueError: for no layer, or layers that do not fit each other.
    """

    layers: Sequence[Layer]
    kind = "network"

    def __init__(self, layers: Sequence[Layer], *, squash: bool = False):
        super().__init__()
        if not layers:
            raise ValueError("`layers` must hold at least one layer, got none.")
        for i, (before, after) in enumerate(pairwise(layers)):
            if before.n_out != after.n_in:
                raise ValueError(
                    f"`layers[{i + 1}]` must have {before.n_out} inputs as layer {i} has outputs, got {after.n_in}."
                )
        self.layers = cast("Sequence[Layer]", nn.ModuleList(layers))
        self.squash = Tanh() if squash else None

    @property
    def width(self) -> list[int]:
        """Number of nodes per layer, inputs and outputs included."""
        return [self.layers[0].n_in, *[layer.n_out for layer in self.layers]]

    @property
    def parameter_count(self) -> int:
        """Number of trainable numbers."""
        return sum(p.numel() for p in self.parameters())

    def forward(self, x: Float[Tensor, "*batch n_in"]) -> Float[Tensor, "*batch n_out"]:
        """Values of the outputs."""
        for i, layer in enumerate(self.layers):
            if i and self.squash is not None:
                x = self.squash(x)[..., 0]
            x = layer(x)
        return x

    def propagate(self, jet: Jet, plan: JetPlan) -> Jet:
        """Jet of the outputs from the jet of the inputs."""
        return self.outputs(self.first_features(jet, plan), plan)

    def first_features(self, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n features"]:
        """Feature jets of the first layer: they depend on the points alone and can be kept."""
        return self.layers[0].features(jet, plan)

    def outputs(self, features: Float[Tensor, "jets n features"], plan: JetPlan) -> Jet:
        """Jet of the outputs from the features of the first layer."""
        jet = self.layers[0].mix(features)
        for layer in self.layers[1:]:
            jet = layer.propagate(self._squashed(jet, plan), plan)
        return jet

    def trace(self, features: Float[Tensor, "jets n features"], plan: JetPlan) -> list[Trace]:
        """All layers' feature and output jets, from the features of the first.

        Gradients go from one output jet to those before it, and not to the parameters.
        """
        first = self.layers[0]
        traces = [Trace(first, features, first.mix(features).detach().requires_grad_())]
        for layer in self.layers[1:]:
            traces.append(layer.trace(self._squashed(traces[-1].outputs, plan), plan))
        return traces

    def _squashed(self, jet: Jet, plan: JetPlan) -> Jet:
        return jet if self.squash is None else expand(self.squash, jet, plan)[..., 0]
