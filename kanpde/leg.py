"""One leg of a run: one network on one slab and one stage, with its points, its loss and what is measured beside it."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import sympy as sp
import torch
from torch import Tensor, nn

from .ansatz import Ansatz
from .assembly import assemble, block_of, draw_points
from .blocks import Block, LeastSquares, Trial
from .conditions import Term
from .expression import numeric
from .field import Field
from .geometry import PointSet, Sampler
from .nn import KAN, KANLayer, Network
from .nn.basis import Basis
from .nn.input_map import InputMap
from .nn.logarithm import Logarithm
from .nn.stretch import Front, Scale, Stretch, fronts_of, stretch_offset, symmetrised
from .problem import Problem
from .resampling import Resampling, changed
from .sampling import SAMPLERS
from .seeds import Seeds
from .settings import Settings

NODES = 8001
"""Of the grid that thin layers are looked for on."""
RING = 512
"""Points at which the first layer is looked at along a coordinate that goes round."""
NEW, MORE, LESS = 0.2, 2.0, 1.5
"""Part of its share that a layer gets when it appears, and by which factors it grows and shrinks from slab to slab."""
NARROWER = 0.8
"""Width of a stretched layer beside the one that is found: layers sharpen during a slab."""


@dataclass
class Leg:
    """A network on the trial solution of a problem, at its points.

    Attributes:
        ansatz: the trial solution.
        trial: the network with its input map.
        settings: of the run.
        seeds: of the leg.
        points: of every term.
        others: points that are not trained on.
        loss: at the points.
        held_out: the loss at the others.
        draws: number of draws so far; each has a seed of its own.
    """

    ansatz: Ansatz
    trial: Trial
    settings: Settings
    seeds: Seeds
    points: dict[str, tuple[PointSet, ...]]
    others: dict[str, tuple[PointSet, ...]]
    loss: LeastSquares
    held_out: LeastSquares
    draws: int = 0

    @classmethod
    def of(
        cls, ansatz: Ansatz, network: nn.Module, stretches: Mapping[str, Scale], settings: Settings, seeds: Seeds
    ) -> Leg:
        """A leg with freshly drawn points."""
        problem = ansatz.problem
        input_map = InputMap(problem.domain.bounds, ansatz.periodic, stretches, ansatz.even)
        trial = Trial(network, input_map, ansatz.numbers)
        counts = {"interior": settings.points.interior or 1, "boundary": settings.points.boundary or 1}
        half = {name: max(1, count // 2) for name, count in counts.items()}
        penalty = settings.optimizer.penalty
        points = draw_points(ansatz, input_map, samplers(ansatz, settings, seeds.points()), **counts)
        others = draw_points(ansatz, input_map, samplers(ansatz, settings, seeds.held_out), **half)
        loss = assemble(ansatz, trial, points, penalty=penalty)
        held_out = assemble(ansatz, trial, others, penalty=penalty)
        return cls(ansatz, trial, settings, seeds, points, others, loss, held_out)

    @property
    def field(self) -> Field:
        """The trial solution as a function of the coordinates."""
        return Field.of(self.ansatz, self.trial)

    @property
    def equations(self) -> list[str]:
        """Names of the blocks that are equations."""
        return [t.name for t in self.ansatz.terms if t.is_equation]

    @property
    def conditions(self) -> list[str]:
        """Names of the blocks that are conditions."""
        return [t.name for t in self.ansatz.terms if not t.is_equation]

    def exchange(self, network: nn.Module) -> None:
        """Go on with another network at the same points; weights stay."""
        weights = {b.name: b.weight for b in self.loss.blocks}
        local = {b.name: b.point_weights for b in self.loss.blocks if b.point_weights is not None}
        self.trial.network = network
        penalty = self.settings.optimizer.penalty
        self.loss = assemble(self.ansatz, self.trial, self.points, penalty=penalty)
        self.held_out = assemble(self.ansatz, self.trial, self.others, penalty=penalty)
        self.loss.reweigh(weights, local)

    def resample(self, resampling: Resampling) -> int:
        """Choose the points of every equation anew.

        Returns:
            How many points changed.
        """
        self.draws += 1
        seed = self.seeds.points(self.draws)
        rng, count = np.random.default_rng(seed), 0
        for name in self.equations:
            (current,) = self.points[name]
            sampler = samplers(self.ansatz, self.settings, seed)
            pool = draw_points(
                self.ansatz, self.trial.input_map, sampler, interior=resampling.pool_size(len(current)), boundary=1
            )[name]
            term = next(t for t in self.ansatz.terms if t.name == name)
            block = self._block(term, pool)
            with torch.no_grad():
                residual = (block.scale * block.residuals()).abs().cpu().numpy()
            chosen = resampling.choose(current, pool[0], residual, rng)
            count += changed(current, chosen)
            self.place(name, chosen)
        return count

    def place(self, name: str, points: PointSet) -> None:
        """Put the points of one equation elsewhere; its weight stays, those of its points begin anew."""
        term = next(t for t in self.ansatz.terms if t.name == name)
        self.points = {**self.points, name: (points,)}
        weight = next(b.weight for b in self.loss.blocks if b.name == name)
        new = self._block(term, (points,))
        kept = [new if b.name == name else b for b in self.loss.blocks]
        self.loss.blocks = tuple(kept)
        self.loss.reweigh({name: weight})

    @property
    def inputs(self) -> Tensor:
        """What the network sees at the points of all terms."""
        return torch.cat([self.trial.input_map(side.x) for block in self.loss.blocks for side in block.sides])

    def _block(self, term: Term, points: tuple[PointSet, ...]) -> Block:
        return block_of(self.ansatz, term, self.trial, points, penalty=self.settings.optimizer.penalty)


def samplers(ansatz: Ansatz, settings: Settings, seed: int) -> dict[str, Sampler]:
    """One sampler per term, each with a seed of its own."""
    make = SAMPLERS[settings.points.sampler]
    seeds = np.random.SeedSequence(seed).generate_state(len(ansatz.terms))
    return {term.name: make(int(s)) for term, s in zip(ansatz.terms, seeds, strict=True)}


def scales_of(problem: Problem) -> dict[str, Scale]:
    """The maps of the coordinates that are on a logarithmic scale."""
    bounds = problem.domain.bounds
    return {name: Logarithm(bounds[name][1] / bounds[name][0]) for name in problem.logarithmic}


def layers_of(ansatz: Ansatz, before: Mapping[str, Scale]) -> dict[str, Stretch]:
    """Maps that give room to the thin layers which the trial solution starts from, along one coordinate.

    They are looked for in the slope of the lift, and in the root of its curvature, at the last instant: that is the
    initial value of a slab, or what a lift of the problem's own has made of it. Coordinates without derivatives are
    parameters: the layers of a few of their values are found together.

    Args:
        ansatz: the trial solution.
        before: the maps of the slab before.
    """
    problem, domain = ansatz.problem, ansatz.problem.domain
    if len(problem.differentiated) != 1 or domain.time is None or not domain.is_box:
        return {}
    (name,) = problem.differentiated
    x, ring = domain.coordinate(name), name in ansatz.periodic
    s = np.linspace(-1, 1, NODES)
    (lo, hi), (_, last) = domain.bounds[name], domain.bounds[domain.time.name]
    line = {name: lo + (hi - lo) * (s + 1) / 2, domain.time.name: np.full(NODES, last)}
    parameters = [c for c in domain.space_names if c != name]
    measures = []
    for values in product(*(_seen(problem, c) for c in parameters)):
        columns = {c: line[c] if c in line else np.full(NODES, values[parameters.index(c)]) for c in domain.names}
        for unknown, form in ansatz.forms.items():
            lift = form.xreplace({ansatz.outputs[unknown]: sp.S.Zero})
            measures.append(numeric(sp.diff(lift, x), columns))
            measures.append(np.sqrt(np.abs(numeric(sp.diff(lift, x, 2), columns))))
    old = before.get(name)
    known = [replace(f, width=f.width / NARROWER) for f in old.fronts] if isinstance(old, Stretch) else []
    fronts = fronts_of(s, np.stack(measures), ring=ring, known=known)
    fronts = _gradual(fronts, known, ring) if known else fronts
    fronts = symmetrised(fronts, ring=ring) if name in ansatz.even else fronts
    narrow = tuple(replace(f, width=NARROWER * f.width) for f in fronts)
    return {name: Stretch(narrow, ring)} if narrow else {}


def _seen(problem: Problem, parameter: str) -> list[float]:
    """Values of a coordinate without derivatives at which layers are looked for: both ends and the middle of its scale."""
    lo, hi = problem.domain.bounds[parameter]
    return [lo, math.sqrt(lo * hi) if parameter in problem.logarithmic else (lo + hi) / 2, hi]


def _gradual(fronts: Sequence[Front], known: Sequence[Front], ring: bool) -> tuple[Front, ...]:
    """The layers with shares not far from those they had, so that the coordinate changes little from slab to slab.

    Several layers may be near one that was known and inherit from it: together they get no more than is due to all.
    """

    def distance(front: Front, other: Front) -> float:
        gap = abs(front.centre - other.centre)
        return min(gap, 2 - gap) if ring else gap

    def share(front: Front) -> float:
        nearest = min(known, key=lambda other: distance(front, other))
        if distance(front, nearest) > 2 * max(front.width, nearest.width):
            return NEW * front.share
        return min(max(front.share, nearest.share / LESS), MORE * nearest.share)

    shares = [share(f) for f in fronts]
    part = min(1.0, sum(f.share for f in fronts) / sum(shares))
    return tuple(replace(f, share=part * s) for f, s in zip(fronts, shares, strict=True))


def successor(
    network: nn.Module, before: InputMap, after: InputMap, *, again: str | None = None, output: float = 1.0
) -> nn.Module:
    """The network that the next leg starts from, with the weights of the one before.

    Where a coordinate is stretched differently, the first layer of a KAN is expanded anew, so that it stays the same
    function of the coordinate.

    Args:
        network: of the leg before; stays as it is.
        before: its input map.
        after: that of the next leg.
        again: the time, if the next leg does a part of the same slab again: the network stays the same function of it.
        output: factor on the outputs.
    """
    fresh = copy.deepcopy(network)
    if not isinstance(fresh, Network):
        return fresh
    if isinstance(fresh, KAN) and isinstance(fresh.layers[0], KANLayer):
        _move_inputs(fresh, before, after, again)
    with torch.no_grad():
        for p in fresh.layers[-1].parameters():
            p.mul_(output)
    return fresh


def _move_inputs(network: Network, before: InputMap, after: InputMap, again: str | None) -> None:
    """Expand the first layer anew wherever a coordinate is mapped differently; most that go round have two inputs."""
    layer, number = network.layers[0], 0
    for name in before.bounds:
        count = 2 if name in before.periodic and name not in before.even else 1
        if before.stretches.get(name) != after.stretches.get(name) or name == again:
            new, old = _same_places(name, layer.basis, before, after, again)
            size = layer.basis.size
            with torch.no_grad():
                edges = layer.coefficients[number * size : (number + count) * size]
                values = torch.cat([layer.basis.table(z.to(edges), 0)[0] for z in old], 1) @ edges
                if name not in before.periodic:
                    edges.copy_(layer.basis.project(values))
                else:
                    tables = torch.cat([layer.basis.table(z.to(edges), 0)[0] for z in new], 1)
                    edges.copy_(torch.linalg.lstsq(tables.cpu(), values.cpu(), driver="gelsd").solution)
        number += count


def _same_places(
    name: str, basis: Basis, before: InputMap, after: InputMap, again: str | None
) -> tuple[list[Tensor], list[Tensor]]:
    """The inputs that belong to a coordinate, at the same places by the new map and by the old one."""
    old, new = before.stretches.get(name), after.stretches.get(name)
    ring = name in before.periodic
    z = basis.fit_points().double().cpu()
    if ring:
        z = torch.arange(RING, dtype=torch.float64) * 2 / RING + (stretch_offset(new) if new else -1.0)
    elif name in before.even:
        z = ((z + 1) / 2).sqrt()
    s = z if new is None else torch.as_tensor(new.inverse(z.numpy()))
    if name == again:
        (start, end), (_, far) = after.bounds[name], before.bounds[name]
        s = (s + 1) * (end - start) / (far - start) - 1
    place = s if old is None else old.rows(s, 0)[0]
    new_inputs, old_inputs = ([rows[0] for rows in before.images(name, [p])] for p in (z, place))
    return new_inputs, old_inputs
