"""Where a network meets a problem: named residual vectors at sample points, and their derivative."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .expression import Expression
from .geometry import PointSet
from .jet import JetPlan, nested_autograd, propagates
from .linearisation import BlockLinearisation, DenseSlopes, Linearisation, Slopes
from .nn.input_map import InputMap
from .nn.network import Layer, Network
from .prior import Prior
from .symbols import Parameter

AUTOGRAD_ROWS = 256


class Trial(nn.Module):
    """A network on the coordinates of a domain, with the unknown numbers of an inverse problem.

    Args:
        network: maps (n, inputs) to (n, unknowns), inputs as `ansatz.input_names` says.
        input_map: coordinates to inputs.
        numbers: the unknown numbers.

    Raises:
        ValueError: for a network without parameters.
    """

    def __init__(self, network: nn.Module, input_map: InputMap, numbers: Sequence[Parameter] = ()):
        super().__init__()
        self.network, self.input_map = network, input_map
        like = next(network.parameters(), None)
        if like is None:
            raise ValueError(
                f"`network` must have parameters, got {type(network).__name__} without any: nothing to train."
            )
        self.numbers = nn.ParameterDict({s.name: nn.Parameter(like.new_tensor(s.initial)) for s in numbers})

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n outputs"]:
        """Outputs of the network at points given by their coordinates."""
        return self.network(self.input_map(x))


class Side:
    """An expression at one point set: what is known there once and for all, and how to get the rest.

    Args:
        expression: in coordinates and partial derivatives of the network's outputs.
        outputs: names of the outputs, in order.
        points: where.
        trial: the network.
    """

    def __init__(self, expression: Expression, outputs: Sequence[str], points: PointSet, trial: Trial):
        like = next(trial.parameters())
        self.expression, self.trial, self.size = expression, trial, len(points)
        self.known = [torch.as_tensor(k, dtype=like.dtype, device=like.device) for k in expression.known(points.known)]
        self.x = torch.as_tensor(points.array, dtype=like.dtype, device=like.device)
        self.outputs = list(outputs)
        zero = (0,) * self.x.shape[1]
        self.plan = JetPlan([p.orders for p in expression.partials] or [zero])
        self.network = trial.network if isinstance(trial.network, Network) else None
        if self.network is not None:
            with torch.no_grad():
                self.features = self.network.first_features(trial.input_map.jet(self.x, self.plan), self.plan)

    def values(self) -> Float[Tensor, " n"]:
        """The expression at the points; carries gradients if they are enabled."""
        return self._full(self.expression.value(self.known, self._dynamic(self._jet())))

    def linearise(self, scale: float | Float[Tensor, " n"]) -> tuple[Float[Tensor, " n"], list[Slopes]]:
        """The expression, and `scale` times its slopes by every parameter of the trial, in the order of `theta`."""
        if self.network is None:
            values, matrix = self._by_autograd()
            return values, [DenseSlopes(matrix * (scale if isinstance(scale, float) else scale[:, None]))]
        with torch.enable_grad():
            traces = self.network.trace(self.features, self.plan)
        last = traces[-1].outputs
        with torch.no_grad():
            value, slopes = self.expression.value_and_slopes(self.known, self._dynamic(last.detach()))
            seed = torch.zeros_like(last)
            for (row, output), slope in zip(self._addresses(), slopes, strict=False):
                seed[row, :, output] = scale * slope
        adjoints = torch.autograd.grad(last, [t.outputs for t in traces], grad_outputs=seed)
        with torch.no_grad():
            parts = [slopes for t, a in zip(traces, adjoints, strict=True) for slopes in t.slopes(a)]
        if self.trial.numbers:
            numbers = self.x.new_zeros(self.size, len(self.trial.numbers))
            names = list(self.trial.numbers)
            for parameter, slope in zip(self.expression.parameters, slopes[len(self._addresses()) :], strict=True):
                numbers[:, names.index(parameter.name)] += scale * slope
            parts.append(DenseSlopes(numbers))
        return self._full(value), parts

    def _by_autograd(self) -> tuple[Tensor, Tensor]:
        """Values and Jacobian of a module of other make."""
        with torch.enable_grad():
            values = self.values()
        parameters = list(self.trial.parameters())
        jacobian = values.new_zeros(self.size, sum(p.numel() for p in parameters))
        if not values.requires_grad:
            return values, jacobian
        free = [p for p in parameters if p.requires_grad]
        batched = not any(isinstance(m, Layer) for m in self.trial.network.modules())  # their gradients come one by one
        for start in range(0, self.size, AUTOGRAD_ROWS):
            part = slice(start, min(start + AUTOGRAD_ROWS, self.size))
            slopes = iter(_rows_by_autograd(values[part], free, batched=batched))
            for p, columns in zip(
                parameters, jacobian[part].split([p.numel() for p in parameters], dim=1), strict=True
            ):
                found = next(slopes) if p.requires_grad else None
                if found is not None:
                    columns.copy_(found.flatten(1) if found.ndim > 1 else found[:, None])
        return values.detach(), jacobian

    def _jet(self) -> Tensor:
        if self.network is not None:
            return self.network.outputs(self.features, self.plan)
        if propagates(self.trial.network):
            return self.trial.network.propagate(self.trial.input_map.jet(self.x, self.plan), self.plan)
        return nested_autograd(self.trial, self.x, self.plan)

    def _addresses(self) -> list[tuple[int, int]]:
        return [(self.plan.rows[p.orders], self.outputs.index(p.unknown)) for p in self.expression.partials]

    def _dynamic(self, jet: Tensor) -> list[Tensor]:
        numbers = [self.trial.numbers[s.name] for s in self.expression.parameters]
        return [jet[row, :, output] for row, output in self._addresses()] + numbers

    def _full(self, value: Any) -> Tensor:
        return torch.as_tensor(value, dtype=self.x.dtype, device=self.x.device).expand(self.size)


def _rows_by_autograd(
    values: Float[Tensor, " n"], parameters: Sequence[Tensor], *, batched: bool
) -> list[Tensor | None]:
    """The slopes of values by tensors, shape (n, *tensor.shape) each; None where nothing depends on it."""
    if batched:
        picks = torch.eye(len(values), dtype=values.dtype, device=values.device)
        return list(
            torch.autograd.grad(values, parameters, picks, retain_graph=True, is_grads_batched=True, allow_unused=True)
        )
    rows = [torch.autograd.grad(v, parameters, retain_graph=True, allow_unused=True) for v in values]
    return [None if column[0] is None else torch.stack(column) for column in zip(*rows, strict=True)]


@dataclass(frozen=True)
class Block:
    """A named residual vector: an expression at its points, the difference of its values at two point sets, or its means.

    Attributes:
        weight: factor on its mean square in the loss.
        local: factors on the square at each point that come with the points; all 1 if None.
        point_weights: further ones, of mean 1, that a balance may change; all 1 if None.
        means: where residuals are integrals, the part of each point in its row; one row per point if None.
        noisy: whether residuals are deviations from measurements in units of their noise.
    """

    name: str
    weight: float
    sides: tuple[Side, ...]
    local: Float[Tensor, " n"] | None = None
    point_weights: Float[Tensor, " n"] | None = None
    means: Float[Tensor, "n points"] | None = None
    noisy: bool = False

    @property
    def size(self) -> int:
        """Number of rows."""
        return self.sides[0].size if self.means is None else len(self.means)

    @property
    def scale(self) -> float | Float[Tensor, " n"]:
        """Factors that turn residuals into rows of the least-squares problem."""
        factors = [w.sqrt() for w in (self.local, self.point_weights) if w is not None]
        return math.prod(factors, start=(self.weight / self.size) ** 0.5)

    def residuals(self) -> Float[Tensor, " n"]:
        """What should vanish at each point, without weights."""
        values = self.sides[0].values()
        if self.means is not None:
            return (self.means * values.view_as(self.means)).sum(1)
        return values - self.sides[1].values() if len(self.sides) == 2 else values

    def rows(self) -> Float[Tensor, " n"]:
        """Scaled residuals."""
        return self.scale * self.residuals()

    def linearise(self) -> BlockLinearisation:
        """Scaled residuals and their derivative."""
        scale = self.scale
        if self.means is not None:
            shares = self.means * (scale if isinstance(scale, float) else scale[:, None])
            values, slopes = self.sides[0].linearise(shares.flatten())
            return BlockLinearisation(
                (shares * values.view_as(shares)).sum(1), [[part.summed(shares.shape[1]) for part in slopes]]
            )
        values, slopes = self.sides[0].linearise(scale)
        if len(self.sides) == 1:
            return BlockLinearisation(scale * values, [slopes])
        others, more = self.sides[1].linearise(-scale)
        return BlockLinearisation(scale * (values - others), [slopes, more])


class LeastSquares:
    """The loss as a sum of squares of named blocks, as a function of all numbers of the trial.

    Args:
        trial: whose parameters are trained.
        blocks: at least one.

    Attributes:
        parameters: all tensors, in the order of `theta` and of the columns of the Jacobian; those that ask for no gradient
            are held: their columns are 0.
        parameter_count: number of their numbers.
        blocks: what should vanish.
        prior: what is wanted of the network beside that, or None.
        slices: the rows of each block.

    Raises:
        ValueError: for no block.
    """

    prior: Prior | None = None

    def __init__(self, trial: Trial, blocks: Iterable[Block]):
        self.trial, self.blocks = trial, tuple(blocks)
        if not self.blocks:
            raise ValueError("`blocks` must hold at least one block, got none: there is nothing to make small.")
        self.parameters = list(trial.parameters())
        self.parameter_count = sum(p.numel() for p in self.parameters)
        ends = torch.tensor([b.size for b in self.blocks]).cumsum(0).tolist()
        self.slices = [slice(end - b.size, end) for b, end in zip(self.blocks, ends, strict=True)]
        self._scratch: Tensor | None = None

    @property
    def size(self) -> int:
        """Number of rows."""
        return sum(p.size for p in self.parts)

    @property
    def parts(self) -> tuple[Block | Prior, ...]:
        """The blocks and the prior, in the order of the rows."""
        return self.blocks if self.prior is None else (*self.blocks, self.prior)

    @property
    def theta(self) -> Float[Tensor, " p"]:
        """All numbers as one vector (a copy)."""
        return torch.cat([p.detach().flatten() for p in self.parameters])

    @theta.setter
    def theta(self, values: Float[Tensor, " p"]) -> None:
        with torch.no_grad():
            for p, part in zip(self.parameters, values.split([p.numel() for p in self.parameters]), strict=True):
                p.copy_(part.view_as(p))

    def residual(self) -> Float[Tensor, " n"]:
        """All rows, without gradient."""
        with torch.no_grad():
            return self.rows()

    def linearise(self) -> Linearisation:
        """All rows and their derivative at the present parameters."""
        return Linearisation(self._linearised())

    def jacobian(self) -> tuple[Float[Tensor, " n"], Float[Tensor, "n p"]]:
        """All rows and their Jacobian; the latter is overwritten by the next call."""
        if self._scratch is None or len(self._scratch) != self.size:
            self._scratch = self.parameters[0].new_empty(self.size, self.parameter_count)
        linear = Linearisation(self._linearised(), self._scratch)
        return linear.rows, linear.dense()

    def _linearised(self) -> list[BlockLinearisation]:
        found = [b.linearise() for b in self.blocks]
        if self.prior is not None:
            found += self.prior.linearise(self.parameter_count)
        return found if self._free is None else [replace(b, free=self._free) for b in found]

    @cached_property
    def _free(self) -> Float[Tensor, " p"] | None:
        """1 where `theta` is trained and 0 where it is held; None if all of it is trained."""
        if all(p.requires_grad for p in self.parameters):
            return None
        return torch.cat([p.new_full((p.numel(),), float(p.requires_grad)) for p in self.parameters])

    def gradient(self, loss: Float[Tensor, ""]) -> Float[Tensor, " p"]:
        """By `theta`, 0 for what is held."""
        free = [p for p in self.parameters if p.requires_grad]
        slopes = iter(torch.autograd.grad(loss, free, allow_unused=True, materialize_grads=True))
        return torch.cat(
            [(next(slopes) if p.requires_grad else torch.zeros_like(p)).flatten() for p in self.parameters]
        )

    def reweigh(
        self,
        weights: Mapping[str, float] | None = None,
        point_weights: Mapping[str, Float[Tensor, " n"]] | None = None,
    ) -> None:
        """Give some blocks other weights; what is not named stays.

        Args:
            weights: block to the factor on its mean square.
            point_weights: block to factors of mean 1 on the square at each point.

        Raises:
            ValueError: for a block that does not exist.
        """
        names = [b.name for b in self.blocks]
        for name in [*(weights or {}), *(point_weights or {})]:
            if name not in names:
                raise ValueError(f"`{name}` is no block of this loss: it has {', '.join(names)}.")
        self.blocks = tuple(
            replace(
                b,
                weight=float((weights or {}).get(b.name, b.weight)),
                point_weights=(point_weights or {}).get(b.name, b.point_weights),
            )
            for b in self.blocks
        )

    def rows(self) -> Float[Tensor, " n"]:
        """All rows, with gradient."""
        return torch.cat([p.rows() for p in self.parts])

    def whiten(self, jacobian: Float[Tensor, "n p"]) -> Float[Tensor, "n p"]:
        """The Jacobian by parameters in which a unit step is a function of about unit size (done in place)."""
        for part, n_in, transform in self._transforms:
            block = jacobian[:, part]
            features = block.unflatten(1, (n_in, len(transform), -1))
            block.copy_(torch.einsum("nibo,bc->nico", features, transform).flatten(1))
        return jacobian

    def unwhiten(self, step: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """A step in the parameters of `whiten` as a step in `theta`, which leaves alone what is held."""
        step = step if self._free is None else step * self._free
        out = step.clone()
        for part, n_in, transform in self._transforms:
            features = step[part].unflatten(0, (n_in, len(transform), -1))
            out[part] = torch.einsum("bc,ico->ibo", transform, features).flatten()
        return out

    def whiten_gradient(self, gradient: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """A gradient by `theta` as one by the parameters of `whiten`."""
        return self.whiten(gradient.clone()[None])[0]

    def without_drift(self, step: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """A step in `theta` without constants of edges that cancel at their nodes; see `Layer.without_drift`."""
        out = step.clone()
        for layer, part, one, mean in self._constants:
            out[part] = layer.without_drift(step[part], one, mean)
        return out

    @cached_property
    def _constants(self) -> list[tuple[Layer, slice, Tensor, Tensor]]:
        """Layers whose edges have constants that can cancel, their part of `theta`, the constant 1 on an edge, and means."""
        found = []
        for layer, part in self._layers():
            one = layer.basis.one() if layer.bias is None and layer.n_in > 1 else None
            if one is not None:
                like = layer.coefficients
                found.append((layer, part, one.to(like), layer.basis.mean().to(like)))
        return found

    @cached_property
    def _transforms(self) -> list[tuple[slice, int, Tensor]]:
        found = []
        for layer, part in self._layers():
            transform = layer.basis.whitening()
            stop = part.start + layer.coefficients.numel()
            if transform is not None and stop > part.start:
                count = len(layer.coefficients) // len(transform)
                found.append((slice(part.start, stop), count, transform.to(layer.coefficients)))
        return found

    def _layers(self) -> Iterator[tuple[Layer, slice]]:
        """The layers of the network and their parts of `theta`; of modules of other make there are none."""
        start, network = 0, self.trial.network
        for layer in network.layers if isinstance(network, Network) else ():
            stop = start + sum(p.numel() for p in layer.parameters())
            yield layer, slice(start, stop)
            start = stop

    def mean_squares(self, rows: Float[Tensor, " n"]) -> dict[str, float]:
        """Mean square of the residual of each block, without its weight (but with those of its points)."""
        return {
            b.name: float(rows[part].square().sum()) / b.weight
            for b, part in zip(self.blocks, self.slices, strict=True)
        }
