"""A layer whose edges are chosen one by one: learned, symbolic, or absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ..jet import Jet, JetPlan, expand, expand_and_mix, expand_and_mix_keeping_features
from ..linearisation import ChosenSlopes, DenseSlopes, LayerSlopes, Slopes
from .basis import Basis
from .expansion import expansion
from .initialisation import smooth_edges, start_degree
from .network import Layer, Trace
from .symbolic.edges import Formula, Pair, SymbolicEdges


class EdgeLayer(Layer):
    """Map `n_in` inputs to `n_out` sums of learned functions and formulas, on some of the edges between them.

    Learned edges are expanded in one basis; symbolic ones are `c f(a x + b) + d`. All of their numbers are trained.

    Args:
        n_in: number of inputs, at least 1.
        n_out: number of outputs, at least 1.
        basis: of the learned edges.
        learned: input and output of every learned edge.
        functions: coefficients of the learned edges, shape (basis.size, edges).
        symbolic: input and output to f and to a, b, c, d.

    Raises:
        ValueError: for an edge that does not exist or stands twice.
    """

    edges: Tensor

    def __init__(
        self,
        n_in: int,
        n_out: int,
        basis: Basis,
        learned: Sequence[Pair],
        functions: Float[Tensor, "size edges"],
        symbolic: Mapping[Pair, Formula] | None = None,
    ):
        symbolic = dict(symbolic or {})
        pairs = [*map(tuple, learned), *symbolic]
        for i, o in pairs:
            if not (0 <= i < n_in and 0 <= o < n_out):
                raise ValueError(f"`learned` must name edges from 0..{n_in - 1} to 0..{n_out - 1}, got ({i}, {o}).")
        if len(set(pairs)) != len(pairs):
            raise ValueError("`learned` must name every edge once, and none that is symbolic: an edge is one function.")
        super().__init__(n_in, basis, functions.T.reshape(-1, 1).clone())
        self.n_out = n_out
        edges = torch.tensor(list(learned), dtype=torch.long, device=functions.device).reshape(-1, 2)
        self.register_buffer("edges", edges)
        numbers = functions.new_tensor([list(affine) for _, affine in symbolic.values()]).reshape(-1, 4)
        self.symbolic = SymbolicEdges(list(symbolic), [f for f, _ in symbolic.values()], numbers)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        self._non_persistent_buffers_set.discard("edges")  # as they were in modules that older versions pickled
        edges = state_dict.setdefault(f"{prefix}edges", self.edges)  # which their files lack
        both = {(int(i), int(o)) for i, o in edges.tolist()} & set(self.symbolic.pairs)
        if both:
            rest[-1].append(f"`{prefix}edges` must not hold {sorted(both)[0]}, which is a formula in this network.")
            return
        super()._load_from_state_dict(state_dict, prefix, *rest)

    @property
    def pairs(self) -> list[Pair]:
        """Input and output of every learned edge, in the order of `functions`."""
        return [(i, o) for i, o in self.edges.tolist()]

    @property
    def formulas(self) -> dict[Pair, Formula]:
        """Input and output of every edge that is a formula, with its function and numbers."""
        return self.symbolic.formulas

    @property
    def functions(self) -> Float[Tensor, "size edges"]:
        """Coefficients of every learned edge function, one column each."""
        return self.coefficients.view(-1, self.basis.size).T

    @property
    def matrix(self) -> Float[Tensor, "features n_out"]:
        """The coefficients as those of a layer with all edges; where there is no learned one they are 0."""
        full = self.coefficients.new_zeros(self.n_in, self.basis.size, self.n_out)
        full[self.edges[:, 0], :, self.edges[:, 1]] = self.coefficients.view(-1, self.basis.size)
        return full.flatten(0, 1)

    def reset(self, generator: torch.Generator) -> None:
        """Start again from new random functions on the learned edges; formulas stay."""
        if not len(self.edges):
            return
        degree = start_degree(self.basis)
        fresh = smooth_edges(self.basis, 1, len(self.edges), constant=True, degree=degree, generator=generator)
        with torch.no_grad():
            self.coefficients.copy_(self._arranged(fresh / self.n_in**0.5))

    def resized(self, n_in: int, n_out: int) -> Layer:
        """Refused: what the edges of new nodes would be is not known.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            f"`width` must stay ({self.n_in}, {self.n_out}) where edges were pruned or made formulas, "
            f"got ({n_in}, {n_out}): widen first, then prune."
        )

    def normalise(self, start: int, middle: Float[Tensor, " nodes"], half: Float[Tensor, " nodes"]) -> None:
        """Turn outputs y from number `start` on into (y - middle) / half, by the numbers of their edges."""
        ones = self.basis.project(self.coefficients.new_ones(len(self.basis.fit_points()), 1))[:, 0]
        functions, affine = self.coefficients.view(-1, self.basis.size), self.symbolic.affine
        targets = self.edges[:, 1].tolist()
        with torch.no_grad():
            for o, (m, h) in enumerate(zip(middle.tolist(), half.tolist(), strict=True), start):
                learned = [e for e, target in enumerate(targets) if target == o]
                formulas = [e for e, target in enumerate(self.symbolic.outputs) if target == o]
                functions[learned] /= h
                affine[formulas, 2:] /= h
                if formulas:
                    affine[formulas[0], 3] -= m / h
                elif learned:
                    functions[learned[0]] -= ones * m / h

    def without_drift(
        self, step: Float[Tensor, " count"], one: Float[Tensor, " size"], mean: Float[Tensor, " size"]
    ) -> Float[Tensor, " count"]:
        """A change of the parameters without the constants of edges that cancel at their nodes; formulas have `d` for it."""
        learned, numbers = step[: self.coefficients.numel()], step[self.coefficients.numel() :].view(-1, 4)
        edges = learned.view(-1, self.basis.size)
        levels = torch.cat([edges @ mean, numbers[:, 3]])
        targets = torch.cat([self.edges[:, 1], self._targets])
        sums = levels.new_zeros(self.n_out).index_add(0, targets, levels)
        counts = levels.new_zeros(self.n_out).index_add(0, targets, torch.ones_like(levels))
        drift, formulas = (levels - (sums / counts)[targets]).split([len(edges), len(numbers)])
        constants = numbers.clone()
        constants[:, 3] -= formulas
        return torch.cat([(edges - drift[:, None] * one).flatten(), constants.flatten()])

    def forward(self, x: Float[Tensor, "*batch n_in"]) -> Float[Tensor, "*batch n_out"]:
        """Values of the outputs."""
        out = expansion(self.basis, self.matrix, x)
        return out.index_add(-1, self._targets, self.symbolic(x)) if len(self.symbolic) else out

    def edge_values(self, x: Float[Tensor, "n n_in"]) -> Float[Tensor, "n n_in n_out"]:
        """Value of every edge; 0 where there is none."""
        out = super().edge_values(x)
        with torch.no_grad():
            for (i, o), values in zip(self.symbolic.pairs, self.symbolic(x).unbind(1), strict=True):
                out[:, i, o] = values
        return out

    def features(self, jet: Jet, plan: JetPlan) -> Float[Tensor, "jets n features"]:
        """The jet of every basis function, and behind it the jet of the inputs, which the formulas need."""
        return torch.cat([expand(self.basis, jet, plan).flatten(2), jet], dim=2)

    def mix(self, features: Float[Tensor, "jets n features"], plan: JetPlan) -> Jet:
        """Jet of the outputs from the features."""
        expanded, jet = self._split(features)
        return self._with_formulas(expanded @ self.matrix, jet, plan)

    def propagate(self, jet: Jet, plan: JetPlan) -> Jet:
        """Jet of the outputs from the jet of the inputs."""
        return self._with_formulas(expand_and_mix(self.basis, self.matrix, jet, plan), jet, plan)

    def trace(self, jet: Jet, plan: JetPlan) -> Trace:
        """Jets of features and outputs; gradients go to the input alone."""
        outputs, expanded = expand_and_mix_keeping_features(self.basis, self.matrix.detach(), jet, plan)
        features = torch.cat([expanded, jet.detach()], dim=2)
        return Trace(self, features, self._with_formulas(outputs, jet, plan), plan)

    def slopes(
        self, features: Float[Tensor, "jets n features"], adjoints: Float[Tensor, "jets n n_out"], plan: JetPlan
    ) -> list[Slopes]:
        """Derivative of rows by the coefficients of the learned edges, then by the numbers of the formulas."""
        expanded, jet = self._split(features)
        i, o = self.edges.unbind(1)
        first = (i * self.basis.size * self.n_out + o)[:, None]
        columns = first + self.n_out * torch.arange(self.basis.size, device=o.device)
        found: list[Slopes] = [ChosenSlopes(LayerSlopes(expanded, adjoints), columns.flatten())]
        if len(self.symbolic):
            by_numbers = self.symbolic.slopes(jet, plan) * adjoints[:, :, self.symbolic.outputs, None]
            found.append(DenseSlopes(by_numbers.sum(0).flatten(1)))
        return found

    @property
    def _targets(self) -> Tensor:
        return torch.tensor(self.symbolic.outputs, dtype=torch.long, device=self.edges.device)

    def _split(self, features: Float[Tensor, "jets n features"]) -> tuple[Tensor, Jet]:
        return features[:, :, : -self.n_in], features[:, :, -self.n_in :]

    def _with_formulas(self, outputs: Jet, jet: Jet, plan: JetPlan) -> Jet:
        if not len(self.symbolic):
            return outputs
        return outputs.index_add(2, self._targets, self.symbolic.propagate(jet, plan))

    def _arranged(self, functions: Float[Tensor, "size edges"]) -> Tensor:
        return functions.T.reshape(-1, 1)
