"""Links: functions of positive values that are fitted first, and whose inverse the last edge of a KAN starts as.

A KAN that ends in a single hidden node is a sum of functions seen through one function. Fitted from random weights, or from
the sum alone, it mostly gets stuck: the sum that is nearest to a / b is no step towards the one that is nearest to b / a.

Source:
    Box, Cox (1964), Journal of the Royal Statistical Society B 26, 211 (powers and the logarithm of what is measured).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from .growth import check_free
from .nn import KAN, Network
from .nn.basis import Basis, BSpline
from .nn.kan_layer import KANLayer
from .nn.refine import deepen
from .nn.refine.exchange import remade

NARROWEST = 1e-3
"""Of the largest value: grid points of the last edge lie evenly in the logarithms of the values from there on."""
BEYOND = 2.0
"""How far beyond the values, as a factor, the last edge starts as the inverse of a link."""


@dataclass(frozen=True)
class Link:
    """A function of positive numbers and its inverse.

    Attributes:
        forward: of the values.
        inverse: of what the sum is.
    """

    forward: Callable[[np.ndarray], np.ndarray]
    inverse: Callable[[np.ndarray], np.ndarray]

    def of(self, size: float) -> Link:
        """The link of values in units of that size."""
        return Link(lambda y: self.forward(y / size), lambda z: size * self.inverse(z))


LINKS = {
    "inverse": Link(lambda y: 1 / y, lambda z: 1 / z),
    "log": Link(np.log, np.exp),
    "square": Link(np.square, np.sqrt),
}


def check_link(name: str, model: nn.Module, *values: Float[np.ndarray, "n outputs"]) -> tuple[Link, KAN]:
    """The link of that name in units of the geometric mean of the values, and the network that it was checked with.

    Args:
        name: of the link.
        model: which is to start with it.
        values: what is fitted, and what it is compared with.

    Raises:
        TypeError: for a network that is no KAN.
        ValueError: for an unknown link, a KAN that does not end in one hidden node and one output or has parameters that are
            held, or values that are not positive or whose link is not finite.
    """
    if not isinstance(name, str) or name not in LINKS:
        raise ValueError(f"`link` must be one of {', '.join(LINKS)}, got {name!r}.")
    if not isinstance(model, KAN):
        raise TypeError(f"`model` must be a KAN to start with a link, got {type(model).__name__}.")
    if len(model.width) < 3 or model.width[-2:] != [1, 1]:
        raise ValueError(
            f"`model` must end in one hidden node and one output, such as [2, 3, 1, 1], to start with a link, got {model.width}."
        )
    check_free(model, "started with a link")
    found = LINKS[name]
    for what, given in zip(("y", "test"), values, strict=False):
        if not given.min() > 0:
            raise ValueError(
                f"`{what}` must be positive to be fitted through a link, got {given.min():g}: leave `link` out."
            )
        if what == "y":
            found = found.of(float(np.exp(np.log(given).mean())))
        with np.errstate(over="ignore", under="ignore", divide="ignore"):
            linked = found.forward(given)
        if not np.isfinite(linked).all() or (what == "y" and not linked.min() < linked.max()):
            raise ValueError(
                f"`{what}` must be numbers whose {name} is finite and not the same for all, got {given.min():g} to "
                f"{given.max():g}: leave `link` out."
            )
    return found, model


def without_last_edge(model: KAN, seed: int) -> KAN:
    """A KAN of new start values that lacks the last edge."""
    bases = [copy.deepcopy(layer.basis) for layer in model.layers[:-1]]
    found = KAN(model.width[:-1], basis=bases, base=False, squash=model.squash is not None, seed=int(seed))
    return found.to(next(model.parameters()))


def with_last_edge(
    network: Network,
    basis: Basis,
    link: Link,
    inputs: Float[Tensor, "n inputs"],
    values: Float[np.ndarray, "n one"],
    intervals: int | None = None,
) -> Network:
    """The network with the inverse of a link as its last edge.

    Args:
        network: whose output is the link of the values, nearly.
        basis: of the last edge; grid points move to where its values lie.
        link: of the values.
        inputs: of the network at the training points.
        values: there.
        intervals: of the grid of the last edge, if it has one; as many as `basis` has without it.
    """
    generator = torch.Generator().manual_seed(0)
    grown, _ = deepen(network, 1, basis=basis, x=inputs, generator=generator)
    with torch.no_grad():
        seen, sums = grown.layer_inputs(inputs)[-1], network(inputs.to(next(network.parameters())))
    span = float(sums.max() - sums.min())
    scale = float(seen.max() - seen.min()) / span if span else 1.0
    shift = float(seen.min()) - scale * float(sums.min())
    low, high = max(values.min(), NARROWEST * values.max()), values.max()
    ends = np.sort(link.forward(np.array([low / BEYOND, BEYOND * high])))

    def moved(member: Basis) -> Basis:
        if not isinstance(member, BSpline):
            return member
        steps = np.geomspace(low, high, len(member.grid) if intervals is None else intervals + 1)
        grid = torch.as_tensor(scale * np.sort(link.forward(steps)) + shift)
        return BSpline(grid=grid, degree=member.degree, outside=member.outside)

    edge = KANLayer(1, 1, remade(basis, moved), generator=generator)
    reached = (edge.basis.fit_points().numpy() - shift) / scale
    wanted = link.inverse(reached.clip(*ends))
    edge.exchange(edge.basis, edge.basis.project(torch.as_tensor(wanted)[:, None]))
    last = edge.to(next(grown.parameters()))
    grown.layers = cast("list[nn.Module]", nn.ModuleList([*grown.layers[:-1], last]))  # type: ignore[assignment]
    return grown
