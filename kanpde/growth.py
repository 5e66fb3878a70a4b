"""How a network grows while it is fitted: from one hidden layer to several, and from coarse grids to fine ones."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .counts import is_count
from .nn import KAN, Network
from .nn.edge_layer import EdgeLayer
from .nn.network import held_parameters
from .nn.refine import deepen as insert_layer
from .nn.refine import refine_grid, regrid
from .nn.refine.adaptive import spline_of

ROOM = 0.02
"""Part of the range of hidden values by which a grid is longer at both ends: the values move while it is trained."""
WORSE = 3.0
"""How many times its error a fit may have on a new grid, before it is trained there; else the old one is divided."""


class Growth:
    """The networks that are trained one after another, each the function of the one before with more freedom.

    Args:
        model: the network as it is to be in the end, apart from its grids.
        inputs: its inputs at the training points.
        error: of the outputs there.
        deepen: whether it starts with its first hidden layer alone.
        grids: numbers of grid intervals, which ascend; those of the model without it.
        seed: of start values.

    Attributes:
        follows: number of trainings after the first one.

    Raises:
        TypeError: for a network that cannot grow like this.
        ValueError: for a network without B-splines, or one that would lose parameters that are held, formulas or pruned edges.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Float[Tensor, "n inputs"],
        error: Callable[[Tensor], float],
        deepen: bool,
        grids: Sequence[int] | None,
        seed: int,
    ):
        self.model, self.inputs, self.error, self.seed = model, inputs, error, seed
        self.depths: list[int] = []
        self.grids = [] if grids is None else list(grids)
        if deepen:
            if not isinstance(model, KAN):
                raise TypeError(f"`model` must be a KAN to be deepened, got {type(model).__name__}.")
            self.depths = model.width[2:-1]
        if self.grids:
            _check_splines(model)
        if deepen:
            check_free(model, "deepened")
        elif self.grids:
            check_held(model, "trained on several grids")
        self.follows = len(self.depths) + max(0, len(self.grids) - 1)

    def starts(self, count: int) -> list[nn.Module]:
        """Networks that the first training may begin with; one of them is the model itself, if it does not grow.

        Raises:
            TypeError: for several starts of a network that has no start values of its own.
        """
        if count > 1 and not hasattr(self.model, "reset"):
            raise TypeError(f"`model` must be a KAN or an MLP for several starts, got {type(self.model).__name__}.")
        if count > 1:
            check_held(self.model, "started from several values")
        found: list[nn.Module] = []
        for number in range(count):
            network = copy.deepcopy(self.model) if count > 1 else self.model
            network = self._shallow(number) if self.depths else network
            if number and not self.depths:
                network.reset(self.seed + number)  # type: ignore[operator]
            found.append(self._on_grid(network, self.grids[0]) if self.grids else network)
        return found

    def next(self, network: nn.Module) -> Network:
        """The network with the next hidden layer, or else on the next grid."""
        assert isinstance(network, Network)
        done = len(network.width) - 3
        if self.depths and done < len(self.depths):
            return self._deeper(network, done)
        present = max(len(s.grid) - 1 for layer in network.layers if (s := spline_of(layer.basis)))
        return self._on_grid(network, next(g for g in self.grids if g > present))

    def _shallow(self, number: int) -> KAN:
        model = self.model
        assert isinstance(model, KAN)
        bases = [copy.deepcopy(model.layers[i].basis) for i in (0, -1)]
        width = [model.width[0], model.width[1], model.width[-1]]
        squash = model.squash is not None
        found = KAN(width, basis=bases, base=False, squash=squash, seed=self.seed + number)
        return found.to(next(model.parameters()))

    def _deeper(self, network: Network, done: int) -> Network:
        assert isinstance(self.model, KAN)
        generator = torch.Generator().manual_seed(self.seed + done)
        bases = [layer.basis for layer in self.model.layers]
        grown, _ = insert_layer(network, self.depths[done], basis=bases[done + 2], x=self.inputs, generator=generator)
        return self._on_grid(grown, self.grids[0]) if self.grids else grown

    def _on_grid(self, network: nn.Module, intervals: int) -> Network:
        """On equal intervals over the values that are there, unless that spoils the fit: then on the old ones divided."""
        assert isinstance(network, Network)
        moved = on_grid(network, intervals, self.inputs)
        splines = [spline_of(layer.basis) for layer in network.layers]
        present = [None if s is None else len(s.grid) - 1 for s in splines]
        if self._deviation(moved) <= WORSE * self._deviation(network) or any(p and p > intervals for p in present):
            return moved
        divided, _ = refine_grid(network, [p and intervals for p in present])
        return min(divided, moved, key=self._deviation)

    def _deviation(self, network: Network) -> float:
        like = next(network.parameters())
        with torch.no_grad():
            return self.error(network(self.inputs.to(like)).cpu().double())


def on_grid(network: Network, intervals: int, inputs: Float[Tensor, "n inputs"]) -> Network:
    """The network with that many equal grid intervals in all B-spline layers, over the values that are there."""
    splines = [spline_of(layer.basis) for layer in network.layers]
    grids: list[Tensor | None] = []
    for number, (spline, values) in enumerate(zip(splines, network.layer_inputs(inputs), strict=True)):
        low, high = (float(values.min()), float(values.max())) if number else (-1.0, 1.0)
        room = ROOM * (high - low) if number else 0.0
        equal = torch.linspace(low - room, high + room, intervals + 1, dtype=torch.float64)
        grids.append(None if spline is None else equal)
    return regrid(network, grids)[0]


def check_free(model: nn.Module, what: str) -> None:
    """Refuse a network that would lose what it is when its layers are made anew.

    Args:
        model: the network.
        what: is to be done with it, in words.

    Raises:
        ValueError: for parameters that are held, or edges that were pruned or made formulas.
    """
    if isinstance(model, KAN) and any(isinstance(layer, EdgeLayer) for layer in model.layers):
        raise ValueError(
            f"`model` must have all its edges, and none that is a formula, to be {what}: they would be made anew. Fit it as it "
            "is, or a new KAN."
        )
    check_held(model, what)


def check_held(model: nn.Module, what: str) -> None:
    """Refuse a network with parameters that are held, which would be made anew.

    Raises:
        ValueError: naming the first of them.
    """
    held = held_parameters(model)
    if held:
        raise ValueError(f"`model` must not hold parameters such as {held[0]} to be {what}: they would be made anew.")


def _check_splines(model: nn.Module) -> None:
    if not isinstance(model, Network):
        raise TypeError(f"`model` must be a KAN to be trained on several grids, got {type(model).__name__}.")
    if not any(spline_of(layer.basis) for layer in model.layers):
        raise ValueError("`model` must have a layer of B-splines to be trained on several grids, got none.")


def ascending(grids: Iterable[int]) -> list[int]:
    """Numbers of grid intervals, as a list.

    Raises:
        ValueError: unless they are whole numbers of at least 1 that ascend.
    """
    listed = list(grids) if isinstance(grids, Iterable) else []
    numbers = [int(g) for g in listed if is_count(g)]
    if not numbers or len(numbers) < len(listed) or any(b <= a for a, b in pairwise(numbers)):
        raise ValueError(f"`grids` must be ascending whole numbers of at least 1, such as (3, 5, 10), got {grids}.")
    return numbers
