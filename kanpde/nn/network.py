"""Networks whose layers expand each input in a family of functions and mix the result linearly: KANs and MLPs."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..jet import Jet, JetPlan, column_major, expand, expand_and_mix, expand_and_mix_keeping_features
from ..linearisation import LayerSlopes, Slopes
from .basis import Basis, Tanh
from .expansion import expansion, is_autocast
from .symbolic.edges import Formula, Pair


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

    @property
    def pairs(self) -> list[Pair]:
        """Input and output of every learned edge, in the order of `functions`."""
        return [(i, o) for i in range(self.n_in) for o in range(self.n_out)]

    @property
    def formulas(self) -> dict[Pair, Formula]:
        """Input and output of every edge that is a formula, with its function and numbers; only an `EdgeLayer` has any."""
        return {}

    @property
    def connections(self) -> set[Pair]:
        """Input and output of every edge, learned or formula."""
        return {*self.pairs, *self.formulas}

    @property
    def functions(self) -> Float[Tensor, "size edges"]:
        """Coefficients of every learned edge function, one column each (a view of `coefficients`, or a copy)."""
        return self.coefficients.unflatten(0, (self.n_in, -1)).transpose(0, 1).flatten(1)

    @property
    def places(self) -> Int[Tensor, "size edges"]:
        """Where in the flattened `coefficients` those of every learned edge function stand."""
        count = self.coefficients.numel()
        numbers = torch.arange(count, device=self.coefficients.device).view(self.basis.size, -1)
        return self._arranged(numbers).flatten().argsort().view_as(numbers)

    def without_drift(
        self, step: Float[Tensor, " count"], one: Float[Tensor, " size"], mean: Float[Tensor, " size"]
    ) -> Float[Tensor, " count"]:
        """A change of the parameters without the constants of edges that cancel at their nodes.

        The layer stays the same function, but nothing else keeps such constants from growing without bounds.

        Args:
            step: of all parameters of the layer, in order.
            one: coefficients of the constant 1.
            mean: those of the functions. Coefficients of a B-spline of high degree are large where it is not: with their mean
                in its place large constants stay on the edges, and their rounding in the derivatives.
        """
        edges = step[: self.coefficients.numel()].view(self.n_in, -1, self.n_out)
        levels = torch.einsum("b,ibo->io", mean, edges)
        drift = levels - levels.mean(0)
        moved = (edges - one[:, None] * drift[:, None, :]).flatten()
        return torch.cat([moved, step[self.coefficients.numel() :]])

    def exchange(self, basis: Basis, functions: Float[Tensor, "size edges"]) -> None:
        """Take other edge functions, on the same edges, expanded in another basis."""
        like = self.coefficients
        self.basis = copy.deepcopy(basis).to(like)
        self.coefficients = nn.Parameter(self._arranged(functions).to(like))

    def resized(self, n_in: int, n_out: int) -> Layer:
        """A layer of the same kind between other numbers of nodes; all of its coefficients are 0."""
        fresh = copy.deepcopy(self)
        fresh.n_in, fresh.n_out = n_in, n_out
        fresh.coefficients = nn.Parameter(self.coefficients.new_zeros(n_in * self.basis.size, n_out))
        fresh.bias = None if self.bias is None else nn.Parameter(self.bias.new_zeros(n_out))
        return fresh

    def _arranged(self, functions: Float[Tensor, "size edges"]) -> Tensor:
        return functions.unflatten(1, (self.n_in, self.n_out)).transpose(0, 1).flatten(0, 1)

    def normalise(self, start: int, middle: Float[Tensor, " nodes"], half: Float[Tensor, " nodes"]) -> None:
        """Turn outputs y from number `start` on into (y - middle) / half, by their coefficients."""
        ones = self.basis.project(self.coefficients.new_ones(len(self.basis.fit_points()), 1))
        with torch.no_grad():
            self.coefficients[:, start:].div_(half)
            self.coefficients[: self.basis.size, start:].sub_(ones * (middle / half))

    @property
    def matrix(self) -> Float[Tensor, "features n_out"]:
        """Coefficients from every basis function of every input to every output."""
        return self.coefficients

    def edge_values(self, x: Float[Tensor, "n n_in"]) -> Float[Tensor, "n n_in n_out"]:
        """Value of every edge function at the inputs; biases belong to no edge."""
        with torch.no_grad():
            table = self.basis.table(x, 0)[0]
            return torch.einsum("nib,ibo->nio", table, self.matrix.unflatten(0, (self.n_in, -1)))

    def features(self, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n features"]:
        """What can be computed from the jet of the inputs once and for all: the jet of every basis function."""
        return expand(self.basis, jet, plan).flatten(2)

    def mix(self, features: Float[Tensor, "jets n features"], plan: JetPlan) -> Jet:
        """Jet of the outputs from the features."""
        out = features.flatten(0, 1) @ column_major(self.coefficients)
        return self._shifted(out.unflatten(0, features.shape[:2]), self.bias)

    def propagate(self, jet: Jet, plan: JetPlan) -> Jet:
        """Jet of the outputs from the jet of the inputs."""
        return self._shifted(expand_and_mix(self.basis, self.coefficients, jet, plan), self.bias)

    def trace(self, jet: Jet, plan: JetPlan) -> Trace:
        """Jets of features and outputs; gradients go to the input alone."""
        coefficients, bias = self.coefficients.detach(), None if self.bias is None else self.bias.detach()
        outputs, features = expand_and_mix_keeping_features(self.basis, coefficients, jet, plan)
        return Trace(self, features, self._shifted(outputs, bias), plan)

    def slopes(
        self, features: Float[Tensor, "jets n features"], adjoints: Float[Tensor, "jets n n_out"], plan: JetPlan
    ) -> list[Slopes]:
        """Derivative of rows by the parameters of the layer, from the slopes of the rows by its outputs."""
        return [LayerSlopes(features, adjoints, self.bias is not None)]

    @staticmethod
    def _shifted(outputs: Jet, bias: Tensor | None) -> Jet:
        return outputs if bias is None else torch.cat([(outputs[0] + bias)[None], outputs[1:]])


@dataclass(frozen=True)
class Trace:
    """What a layer saw and made: features and output jets."""

    layer: Layer
    features: Float[Tensor, "jets n features"]
    outputs: Jet
    plan: JetPlan

    def slopes(self, adjoints: Float[Tensor, "jets n n_out"]) -> list[Slopes]:
        """Derivative of rows by the parameters of the layer, from the slopes of the rows by its outputs."""
        return self.layer.slopes(self.features, adjoints, self.plan)


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
        """Values of the outputs.

        Raises:
            TypeError: for what is no tensor of the numbers that the parameters are.
            ValueError: for another number of inputs.
        """
        _check_inputs(x, self.layers[0].n_in, self.layers[0].coefficients.dtype)
        for i, layer in enumerate(self.layers):
            if i and self.squash is not None:
                x = self.squash(x)[..., 0]
            x = layer(x)
        return x

    def layer_inputs(self, x: Float[Tensor, "n inputs"]) -> list[Float[Tensor, "n width"]]:
        """What every layer sees at the given inputs, without gradient."""
        values = [x.to(next(self.parameters()))]
        with torch.no_grad():
            for layer in self.layers[:-1]:
                h = layer(values[-1])
                values.append(h if self.squash is None else self.squash(h)[..., 0])
        return values

    def propagate(self, jet: Jet, plan: JetPlan) -> Jet:
        """Jet of the outputs from the jet of the inputs."""
        return self.outputs(self.first_features(jet, plan), plan)

    def first_features(self, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n features"]:
        """Feature jets of the first layer: they depend on the points alone and can be kept."""
        return self.layers[0].features(jet, plan)

    def outputs(self, features: Float[Tensor, "jets n features"], plan: JetPlan) -> Jet:
        """Jet of the outputs from the features of the first layer."""
        jet = self.layers[0].mix(features, plan)
        for layer in self.layers[1:]:
            jet = layer.propagate(self._squashed(jet, plan), plan)
        return jet

    def trace(self, features: Float[Tensor, "jets n features"], plan: JetPlan) -> list[Trace]:
        """All layers' feature and output jets, from the features of the first.

        Gradients go from one output jet to those before it, and not to the parameters.
        """
        first = self.layers[0]
        traces = [Trace(first, features, first.mix(features, plan).detach().requires_grad_(), plan)]
        for layer in self.layers[1:]:
            traces.append(layer.trace(self._squashed(traces[-1].outputs, plan), plan))
        return traces

    def settle(self, generator: torch.Generator, *, kept: Sequence[int] | None = None) -> None:
        """Bring hidden values to where the next layer resolves them; layers that see all numbers alike need nothing."""

    def _squashed(self, jet: Jet, plan: JetPlan) -> Jet:
        return jet if self.squash is None else expand(self.squash, jet, plan)[..., 0]


def _check_inputs(x: object, n_in: int, dtype: torch.dtype) -> None:
    if not isinstance(x, Tensor):
        raise TypeError(f"`x` must be a tensor, got {type(x).__name__}: `torch.as_tensor(x)`.")
    if x.ndim == 0 or x.shape[-1] != n_in:
        raise ValueError(f"`x` must have {n_in} columns, one per input, got shape {tuple(x.shape)}.")
    if x.dtype != dtype and not is_autocast(x):
        raise TypeError(
            f"`x` must be of {dtype} like the parameters, got {x.dtype}: `x.to({dtype})`, or `dtype=` of the network."
        )


def check_width(width: Sequence[int]) -> list[int]:
    """The widths as a list of numbers.

    Raises:
        ValueError: for fewer than two layers or a width below 1.
    """
    try:
        numbers = [int(w) for w in width]
    except (TypeError, ValueError):
        raise ValueError(f"`width` must be a list of numbers such as [2, 8, 1], got {width!r}.") from None
    if len(numbers) < 2 or min(numbers) < 1 or numbers != list(width):
        raise ValueError(f"`width` must have at least two entries of at least 1, got {list(width)}: use [2, 8, 1].")
    return numbers


def held_parameters(network: nn.Module) -> list[str]:
    """Names of the parameters that ask for no gradient: they keep their values when the network is trained."""
    return [name for name, p in network.named_parameters() if not p.requires_grad]


def is_renewable(network: nn.Module) -> bool:
    """Whether a network has other start values: not one with formulas, which may not be defined there, or held parameters."""
    return hasattr(network, "reset") and not getattr(network, "has_formulas", False) and not held_parameters(network)
