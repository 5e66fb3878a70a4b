"""The loss of a trial solution: its terms at points, drawn or given, a block for each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .ansatz import Ansatz
from .blocks import Block, LeastSquares, Side, Trial
from .conditions import Term, measurements
from .geometry import PointSet, Quadrature, Sampler
from .nn.input_map import InputMap
from .nn.stretch import Stretch, sampled_evenly
from .sampling import denser_at_ends


def draw_points(
    ansatz: Ansatz,
    input_map: InputMap,
    samplers: Mapping[str, Sampler],
    *,
    interior: int,
    boundary: int,
) -> dict[str, tuple[PointSet, ...]]:
    """Points of all terms: inside they are even in the stretched coordinates, so that thin layers get their share.

    Args:
        ansatz: the terms, and which coordinates get denser points towards their ends.
        input_map: says which coordinates are stretched.
        samplers: term name to sampler.
        interior: number of points for each equation.
        boundary: number of points for each condition.
    """
    names = ansatz.problem.domain.names
    stretches = [input_map.stretches.get(name) for name in names]
    dense = [names.index(name) for name in ansatz.dense_ends]

    def moved(sampler: Sampler, n: int, d: int) -> np.ndarray:
        unit = sampler(n, d)
        unit[:, dense] = denser_at_ends(unit[:, dense])
        return sampled_evenly(unit, stretches)

    found = {}
    for term in ansatz.terms:
        sampler = samplers[term.name]
        draw = partial(moved, sampler) if term.is_equation else sampler
        found[term.name] = term.place.sample(interior if term.is_equation else boundary, draw)
    return found


def assemble(
    ansatz: Ansatz, trial: Trial, points: Mapping[str, tuple[PointSet, ...]], *, penalty: float
) -> LeastSquares:
    """All terms of a trial solution at the given points.

    Where a coordinate is stretched, the square of an equation's residual counts by 1 / xi'(s)^2: the points are dense
    there by xi', and a residual inside a thin layer changes the solution by its product with the layer's width.

    Args:
        ansatz: the terms.
        trial: the network.
        points: term name to one point set, or two that are compared.
        penalty: weight of a condition's residual beside the equation's; its square multiplies the mean square. A problem
            without equations has nothing to balance and does not use it, nor do measurements in units of their noise.

    Returns:
        The loss: a block per term, its residuals divided by the square root of the number of points.
    """
    return LeastSquares(trial, [block_of(ansatz, t, trial, points[t.name], penalty=penalty) for t in ansatz.terms])


def block_of(ansatz: Ansatz, term: Term, trial: Trial, points: tuple[PointSet, ...], *, penalty: float) -> Block:
    """One term of a trial solution at its points; see `assemble`."""
    outputs, inside = [str(v.func) for v in ansatz.outputs.values()], term.is_equation
    sides = tuple(Side(ansatz.expressions[term.name], outputs, p, trial) for p in points)
    given = measurements(term.place)
    noisy = given is not None and given.noisy
    plain = inside or not ansatz.problem.equations or noisy
    weight = term.weight * (1.0 if plain else penalty**2)
    layered = inside and _stretched_at_layers(trial.input_map)
    local = _layer_weights(trial.input_map, sides[0].x) if layered else None
    return Block(term.name, weight, sides, local, means=_means(points[0], sides[0].x), noisy=noisy)


def _means(points: PointSet, like: Tensor) -> Float[Tensor, "rows points"] | None:
    """The parts of points in the means that a quadrature gives; None for other points."""
    if not isinstance(points, Quadrature):
        return None
    return torch.as_tensor(points.shares, dtype=like.dtype, device=like.device)


def _stretched_at_layers(input_map: InputMap) -> list[str]:
    """Coordinates with thin layers; one on a logarithmic scale has none, and its residuals count evenly in it."""
    return [name for name, scale in input_map.stretches.items() if isinstance(scale, Stretch)]


def _layer_weights(input_map: InputMap, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """1 / xi'(s)^2, divided by its mean."""
    names, layers = list(input_map.bounds), _stretched_at_layers(input_map)
    slopes = [rows[1] for name, rows in zip(names, input_map.scaled(x, 1), strict=True) if name in layers]
    weights = torch.stack(slopes).prod(0) ** -2
    return weights / weights.mean()


def build_blocks(
    ansatz: Ansatz, trial: Trial, samplers: Mapping[str, Sampler], *, interior: int, boundary: int, penalty: float
) -> LeastSquares:
    """All terms of a trial solution at freshly drawn points; see `draw_points` and `assemble`."""
    points = draw_points(ansatz, trial.input_map, samplers, interior=interior, boundary=boundary)
    return assemble(ansatz, trial, points, penalty=penalty)
