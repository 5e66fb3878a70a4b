"""What a plan does to a leg between two steps and when it is stuck: weights, points, refinements."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .balance import Balance, NoiseLevel
from .blocks import LeastSquares
from .geometry import PointSet
from .leg import Leg
from .nn import Network
from .plan import Plan
from .prior import Prior


class Tending:
    """Applies a plan to a leg.

    Args:
        leg: what is trained.
        plan: what is done to it.
    """

    def __init__(self, leg: Leg, plan: Plan):
        self.leg, self.plan = leg, plan
        self.balance, self._refined = copy.deepcopy(plan.balance), 0
        self._weights = {b.name: b.weight for b in leg.loss.blocks}
        self._regularise()

    @property
    def loss(self) -> LeastSquares:
        """The loss as it is now."""
        return self.leg.loss

    @property
    def held_out(self) -> LeastSquares:
        """The loss at points that are not trained on."""
        return self.leg.held_out

    def between(self, steps: int) -> dict[str, float]:
        """After that many steps of the leg: update weights and points where it is their turn.

        Returns:
            Figures for the history: `resampled` is the number of points that changed.
        """
        figures = {}
        if self.plan.resampling is not None:
            due = steps % self.plan.resampling.every == 0
            figures["resampled"] = float(self.leg.resample(self.plan.resampling)) if due else 0.0
        if self.balance is not None and steps % self.balance.every == 0:
            self._rebalance(self.balance)
        if self.plan.regularisation is not None and steps % self.plan.regularisation.every == 0:
            figures["penalty"] = self._regularise()
        return figures

    def _rebalance(self, balance: Balance) -> None:
        balance.update(self.leg.loss, self.leg.conditions)
        self.leg.held_out.reweigh({b.name: b.weight for b in self.leg.loss.blocks})

    def settles(self) -> bool:
        """Whether weights that are to come to rest go on falling, where there is no more progress with the present ones."""
        if not isinstance(self.balance, NoiseLevel):
            return False
        before = sum(b.weight for b in self.leg.loss.blocks)
        self._rebalance(self.balance)
        return sum(b.weight for b in self.leg.loss.blocks) < before

    def _regularise(self) -> float:
        """Renew the prior for the present network; gives its part of the loss."""
        chosen, network = self.plan.regularisation, self.leg.trial.network
        if chosen is None or not isinstance(network, Network):
            return 0.0
        loss = self.leg.loss
        loss.prior = None
        residual = loss.residual()
        loss.prior = chosen.prior(network, self.leg.inputs, float(residual @ residual))
        with torch.no_grad():
            return float(loss.prior.rows().square().sum())

    def refine(self) -> dict[str, float] | None:
        """The next refinement, if there is one left.

        Returns:
            Figures for the history: `refinement` is its number, `refinement_change` how far the function moved; None
            if there is nothing left to refine.
        """
        network = self.leg.trial.network
        if self._refined >= len(self.plan.refinements) or not isinstance(network, Network):
            return None
        refined, moved = self.plan.refinements[self._refined](network)
        self._refined += 1
        self.leg.exchange(refined)
        self._regularise()
        return {"refinement": float(self._refined), "refinement_change": moved}

    def restart(self) -> None:
        """Weights as at the start, and a balance that has seen nothing."""
        if self.plan.balance is not None:
            self.balance = copy.deepcopy(self.plan.balance)
            loss = self.leg.loss
            loss.blocks = tuple(replace(b, weight=self._weights[b.name], point_weights=None) for b in loss.blocks)
        self._regularise()

    def state(self) -> dict[str, Any]:
        """What `load` needs, beside the network itself."""
        leg = self.leg
        return {
            "balance": None if self.balance is None else self.balance.state(),
            "refined": self._refined,
            "draws": leg.draws,
            "weights": {b.name: b.weight for b in leg.loss.blocks},
            "point_weights": {b.name: b.point_weights for b in leg.loss.blocks if b.point_weights is not None},
            "points": {name: leg.points[name][0].columns for name in leg.equations} if leg.draws else {},
            "prior": None if leg.loss.prior is None else leg.loss.prior.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state; the leg has the recorded network already."""
        if self.balance is not None and state["balance"] is not None:
            self.balance.load(state["balance"])
        self._refined, self.leg.draws = int(state["refined"]), int(state["draws"])
        for name, columns in state["points"].items():
            self.leg.place(name, PointSet({c: np.asarray(v) for c, v in columns.items()}))
        like = self.leg.loss.parameters[0]
        local: dict[str, Tensor] = {k: v.to(like) for k, v in state["point_weights"].items()}
        self.leg.loss.reweigh({k: float(v) for k, v in state["weights"].items()}, local)
        network = self.leg.trial.network
        if state.get("prior") is not None and isinstance(network, Network):  # older records lack it
            self.leg.loss.prior = Prior.load(network, state["prior"])
