"""The training loop: steps, budgets, stalls, restarts and the history of all of it."""

from __future__ import annotations

import copy
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from .blocks import LeastSquares
from .budget import Budget
from .nn.network import is_renewable
from .optim import Optimizer, Schedule, Step
from .seeds import Seeds
from .stopping import Kind, Stop

STALL = 0.97
STUCK, STUCK_WARM = 1e-3, 0.1
"""Part of its start that a block must get below, from new weights and from those of the slab before."""
RESTART_SHARE = 0.2
UNUSUAL = 10.0
"""How many times the median of those of other random networks the root of the first loss may be."""
CREEP = 9.0
"""Progress is slow where the loss falls by less than this factor in twice the patience."""
DIVERGED = 1e12
"""How many times its first value, or that of residuals of size 1 if it began below, the loss may reach."""
REPORT_EVERY = 1.0


@dataclass(frozen=True)
class Report:
    """What a progress display shows."""

    steps: int
    seconds: float
    loss: float
    error: float | None
    restarts: int
    budget: Budget


@dataclass
class Monitor:
    """Figures beside the loss that are taken now and then: error, held-out residual.

    Attributes:
        error: gives the relative error, or None without a reference.
        held_out: the same terms at other points.
    """

    error: Callable[[], float | None]
    held_out: LeastSquares

    def figures(self) -> dict[str, float]:
        """Error (NaN without reference) and root of the loss at the held-out points."""
        rows, error = self.held_out.residual(), self.error()
        return {"error": math.nan if error is None else error, "held_out": float(rows.norm())}


class Tend(Protocol):
    """What is done to the loss between two steps, and when there is no more progress."""

    @property
    def loss(self) -> LeastSquares: ...  # noqa: D102  (as it is now, and at points that are not trained on)

    @property
    def held_out(self) -> LeastSquares: ...  # noqa: D102

    def between(self, steps: int) -> dict[str, float]:
        """Change weights or points after that many steps; gives figures for the history."""
        ...

    def settles(self) -> bool:
        """Go on with weights that are to come to rest; whether they have changed."""
        ...

    def refine(self) -> dict[str, float] | None:
        """Give the network more freedom; None if that is not planned (any more)."""
        ...

    def restart(self) -> None:
        """Put back the weights of the start and a balance that has seen nothing, for another attempt."""
        ...

    def state(self) -> dict[str, Any]:
        """What `load` needs."""
        ...

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        ...


@dataclass
class Training:
    """One leg of a run: one network on one least-squares problem, restarts included.

    Attributes:
        problem: the loss.
        optimizer: takes the steps.
        monitor: takes further figures about once a second.
        seeds: of restarts.
        history: one list per figure, one entry per step.
        losses: mean squares per block, one entry per step.
        attempt: number of restarts so far.
        start: number of steps of earlier legs.
        began: seconds that earlier legs took.
        leg: number of earlier legs.
        spent: seconds that earlier legs and sessions of this run took.
        tend: what is done around the steps.
        decisive: whether every stall is worth another attempt, not only one high up: so for a single network, and for
            the first slab, whose error all later ones inherit.
        warm: whether the first attempt starts from the weights of the slab before.
        restarts: the largest number of them.
        starts: random networks, the present one among them, whose losses say what is usual: an attempt whose own loss is far
            above begins with another one of them.
    """

    problem: LeastSquares
    optimizer: Optimizer
    monitor: Monitor
    seeds: Seeds
    history: dict[str, list[float]] = field(default_factory=dict)
    losses: dict[str, list[float]] = field(default_factory=dict)
    attempt: int = 0
    start: int = 0
    began: float = 0.0
    leg: int = 0
    best: dict[str, Any] | None = None
    spent: float = 0.0
    spent_cpu: float = 0.0
    tend: Tend | None = None
    decisive: bool = False
    warm: bool = False
    restarts: int = 5
    starts: int = 1

    def __post_init__(self) -> None:
        self._start, self._start_cpu = time.perf_counter(), time.process_time()
        if self._chose_another_start() and self.tend is not None:
            self.tend.restart()
        self._window_start = self.start
        self._notes: dict[str, float] = {}
        self._weights, self._last = {b.name: b.weight for b in self.problem.blocks}, math.inf
        rows = self.problem.residual()
        self.sizes, self.first_loss = self.problem.mean_squares(rows), float(rows @ rows)
        self._fresh = copy.deepcopy(self.optimizer)
        self._last_report = -math.inf

    @property
    def steps(self) -> int:
        """Number of steps so far, over all attempts."""
        return len(self.history.get("loss", ()))

    @property
    def seconds(self) -> float:
        """Wall-clock time so far."""
        return self.spent + time.perf_counter() - self._start

    @property
    def cpu_seconds(self) -> float:
        """Processor time so far."""
        return self.spent_cpu + time.process_time() - self._start_cpu

    def run(self, budget: Budget, stop: Callable[[], str | None], after_step: Callable[[Report], None]) -> Stop:
        """Train until something says stop.

        Args:
            budget: limits.
            stop: gives a reason to stop from outside, or None.
            after_step: called after every step.

        Returns:
            Why training stopped.

        Raises:
            FloatingPointError: if the loss is no longer finite, or grew beyond all bounds.
        """
        while True:
            if asked := stop():
                return Stop(Kind.ASKED, asked)
            if used := self._exhausted(budget):
                return Stop(Kind.BUDGET, used)
            step = self._step()
            self._note(step)
            found = self._judge(step, budget)
            after_step(self.report(budget))
            if found is not None:
                return found

    def _step(self) -> Step:
        """One step; where it is the first of the next method of a schedule, progress is counted from there."""
        before = self._method
        step = self.optimizer.step(self.problem)
        if self._method != before:
            self._window_start = self.steps
        return step

    @property
    def _method(self) -> int:
        """Number of the method of a schedule whose turn it is."""
        return self.optimizer.stage if isinstance(self.optimizer, Schedule) else 0

    def _judge(self, step: Step, budget: Budget) -> Stop | None:
        """What follows from a step: why training stops, or else what changes before the next one."""
        scale = max(self.first_loss, sum(b.weight for b in self.problem.blocks))
        if not math.isfinite(step.loss) or step.loss > DIVERGED * scale:
            raise FloatingPointError(f"diverged: the loss is {step.loss:.3g} after {self.steps} steps")
        if budget.tolerance is not None and math.sqrt(step.loss) <= budget.tolerance:
            return Stop(Kind.REACHED, f"tolerance reached: the root of the loss is {math.sqrt(step.loss):.3g}")
        reason = step.stuck or self._stalled()
        if reason:
            return None if self._goes_on() or self._restarts(step, budget) else Stop(Kind.STALLED, reason)
        if self._creeps(budget) and (self._goes_on() or self._restarts(step, budget)):
            return None
        if self.tend is not None:
            self._notes |= self.tend.between(self.steps - self.start)
            self._adopt()
        return None

    def _goes_on(self) -> bool:
        """New weights, the next method of a schedule, or a refinement, when there is no more progress."""
        if self.tend is not None and self.tend.settles():
            self._adopt()
        elif not (isinstance(self.optimizer, Schedule) and self.optimizer.advance()):
            figures = None if self.tend is None else self.tend.refine()
            if figures is None:
                return False
            self._notes |= figures
            self._adopt()
        self._window_start = self.steps
        return True

    def _adopt(self) -> None:
        """The loss that the plan has made of the old one."""
        assert self.tend is not None
        self.problem, self.monitor.held_out = self.tend.loss, self.tend.held_out

    def finish(self) -> None:
        """Go back to the attempt with the lowest loss, if it is not the last one."""
        if self.best is not None and self.history and not self.best["loss"] >= self._last:
            self.problem.theta = self.best["theta"]

    def report(self, budget: Budget) -> Report:
        """The present state for a progress display."""
        errors = [e for e in self.history.get("error", ()) if math.isfinite(e)]
        loss = self.history["loss"][-1]
        return Report(self.steps, self.seconds, loss, errors[-1] if errors else None, self.attempt, budget)

    def _by_first_weights(self, step: Step) -> float:
        """The loss after a step by the weights of the start, which attempts with other weights are compared by."""
        return step.loss + sum((self._weights[b.name] - b.weight) * step.losses[b.name] for b in self.problem.blocks)

    def _note(self, step: Step) -> None:
        self._last = self._by_first_weights(step)
        now = self.seconds
        figures = {"error": math.nan, "held_out": math.nan}
        if now - self._last_report >= REPORT_EVERY:
            figures, self._last_report = self.monitor.figures(), now
        row = {"seconds": now, "cpu_seconds": self.cpu_seconds, "attempt": float(self.attempt), "loss": step.loss}
        row |= {f"number {name}": p.item() for name, p in self.problem.trial.numbers.items()}
        row |= figures | step.figures | {"leg": float(self.leg)} | self._notes
        self._notes, before = {}, self.steps
        for store, found in ((self.history, row), (self.losses, step.losses)):
            for name in {**store, **found}:
                store.setdefault(name, [math.nan] * before).append(found.get(name, math.nan))

    def _exhausted(self, budget: Budget) -> str | None:
        if budget.steps is not None and self.steps >= budget.steps:
            return f"step budget of {budget.steps} used"
        if budget.seconds is not None and self.seconds >= budget.seconds:
            return f"time budget of {budget.seconds:g} s used"
        return None

    def _stalled(self) -> str | None:
        window, losses = self.optimizer.patience, self.history["loss"]
        if window is None or self.steps - self._window_start <= window or losses[-1] <= STALL * losses[-1 - window]:
            return None
        return f"no more progress: the loss fell by less than {100 * (1 - STALL):.0f} % in {window} steps"

    def _creeps(self, budget: Budget) -> bool:
        """Slow progress of a decisive leg, with time left for another attempt as long: what is planned next may do better."""
        window, losses = self.optimizer.patience, self.history["loss"]
        if not self.decisive or window is None or self.steps - self._window_start <= 2 * window:
            return False
        if losses[-1] * CREEP <= losses[-1 - 2 * window]:
            return False
        began = self.history["attempt"].index(float(self.attempt))
        spans: list[tuple[float | None, float, float]] = [(budget.steps, self.steps, began)]
        spans += [(budget.seconds, self.seconds, self.history["seconds"][began])]
        return all(end is None or end - now >= now - start for end, now, start in spans)

    def _restarts(self, step: Step, budget: Budget) -> bool:
        """Start again from new weights if this attempt got stuck too early and enough of the budget is left."""
        network: Any = self.problem.trial.network
        if not is_renewable(network) or self.attempt >= self.restarts or not self._is_too_early(step):
            return False
        left = [1.0]
        left += [1 - self.seconds / budget.seconds] if budget.seconds else []
        left += [1 - self.steps / budget.steps] if budget.steps else []
        if min(left) < RESTART_SHARE:
            return False
        if self.best is None or self._last < self.best["loss"]:
            self.best = {"loss": self._last, "theta": self.problem.theta, "attempt": self.attempt}
        self.attempt += 1
        self._window_start = self.steps
        network.reset(self.seeds.network(self.attempt))
        self._chose_another_start()
        if self.tend is not None:
            self.tend.restart()
        self.first_loss = max(self.first_loss, float(self.problem.residual().square().sum()))
        self.optimizer = copy.deepcopy(self._fresh)
        return True

    def _chose_another_start(self) -> bool:
        """Keep the present start unless its loss is far above what is usual; then take the first one whose loss is not."""
        network: Any = self.problem.trial.network
        if self.starts == 1 or not is_renewable(network):
            return False
        found = [(self._root(), self.problem.theta)]
        for number in range(1, self.starts):
            network.reset(self.seeds.start(self.attempt, number))
            found.append((self._root(), self.problem.theta))
        usual = statistics.median(root for root, _ in found)
        chosen = next(i for i, (root, _) in enumerate(found) if root <= UNUSUAL * usual)
        self.problem.theta = found[chosen][1]
        return chosen > 0

    def _root(self) -> float:
        root = float(self.problem.residual().norm())
        return root if math.isfinite(root) else math.inf

    def _is_too_early(self, step: Step) -> bool:
        """Whether another valley of the loss may be deeper: a block is hardly lower than at the start, or a plateau."""
        least = STUCK_WARM if self.warm else STUCK
        far = any(step.losses[name] > least**2 * size for name, size in self.sizes.items())
        return far or (self.decisive and not step.stuck)

    # ---------------------------------------------------------------- saving

    def state(self) -> dict[str, Any]:
        """Everything that `load` needs to go on bit for bit."""
        return {
            "theta": self.problem.theta,
            "optimizer": self.optimizer.state(),
            "history": {k: torch.tensor(v, dtype=torch.float64) for k, v in self.history.items()},
            "losses": {k: torch.tensor(v, dtype=torch.float64) for k, v in self.losses.items()},
            "attempt": self.attempt,
            "start": self.start,
            "began": self.began,
            "notes": dict(self._notes),
            "leg": self.leg,
            "window_start": self._window_start,
            "sizes": self.sizes,
            "first_loss": self.first_loss,
            "best": self.best,
            "last": self._last,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "tend": None if self.tend is None else self.tend.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        like = self.problem.parameters[0]

        def tensor(values: Any) -> Tensor:
            return torch.as_tensor(values, dtype=like.dtype, device=like.device)

        if self.tend is not None:
            self.tend.load(state["tend"])
            self._adopt()
        self.problem.theta = tensor(state["theta"])
        self.optimizer.load(state["optimizer"], self.problem)
        self.history = {k: list(map(float, v)) for k, v in state["history"].items()}
        self.losses = {k: list(map(float, v)) for k, v in state["losses"].items()}
        self.attempt, self._window_start = int(state["attempt"]), int(state["window_start"])
        self.start, self.began, self.leg = int(state["start"]), float(state["began"]), int(state["leg"])
        self._notes = dict(state["notes"])
        self.sizes, self.first_loss = dict(state["sizes"]), float(state["first_loss"])
        self._last = float(state.get("last", self.history.get("loss", [math.inf])[-1]))  # older records lack it
        self.best = state["best"] and {**state["best"], "theta": tensor(state["best"]["theta"])}
        self.spent, self.spent_cpu = float(state["seconds"]), float(state["cpu_seconds"])
        self._start, self._start_cpu = time.perf_counter(), time.process_time()
