"""One run: a network trained on a problem within its settings, recorded while it goes on, resumed where it stopped."""

from __future__ import annotations

import copy
import math
import platform
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from . import __version__
from . import record as records
from .ansatz import Ansatz
from .budget import Budget
from .field import Field, relative_error
from .interruption import interruption
from .march import March
from .optim import Optimizer
from .plan import Plan
from .problem import Problem
from .record import ATTRIBUTES, RecordError
from .recorded import recorded_network, recorded_parts, recorded_reference
from .reference import Reference
from .settings import Settings
from .solution import Solution
from .stopping import Kind
from .tending import Tending
from .training import Monitor, Report, Training

WRITE_EVERY = 2.0
WRITE_SHARE = 0.05
MOST_EXTENSIONS = 2
"""Further shares that a slab gets if it is far behind the one before."""
EXTENSION = 0.25
"""The largest part of what is left that such a share may be: the last but one slab would leave the last an eighth."""
SLAB_STARTS = 15
"""Random networks that say what the loss of the first slab usually starts from: one draw in some is so far above, by the high
derivatives of its functions, that the slab, and with it all later ones, ends digits higher."""
KEPT_APART = ("history", "losses")
"""What a record holds beside the checkpoint, so that it is not stored twice."""


class DivergenceError(RuntimeError):
    """Training diverged; nothing is lost.

    Attributes:
        solution: the last state, with the history up to the divergence.
        record: path of the record, if one was asked for.
    """

    def __init__(self, message: str, solution: Solution, record: Path | None):
        super().__init__(message)
        self.solution, self.record = solution, record

    @property
    def history(self) -> dict[str, np.ndarray]:
        """The history up to the divergence."""
        return self.solution.history


@dataclass(frozen=True)
class Unfinished:
    """What a record holds to go on from.

    Attributes:
        settings: of the run so far.
        network: of the recorded structure; the one that was given if it is neither KAN nor MLP.
        fields: of finished legs.
        reference: what errors were measured against.
        state: for `Run.resume`.
    """

    settings: Settings
    network: nn.Module
    reference: Reference | None
    state: dict[str, Any]
    fields: list[Field]

    @classmethod
    def read(
        cls,
        path: str | Path,
        problem: Problem,
        model: nn.Module | None = None,
        optimizer: Optimizer | None = None,
        plan: Plan | None = None,
    ) -> Unfinished:
        """Read a record to go on with.

        Args:
            path: of a record that `solve` has written.
            problem: must be the recorded one, parameters included.
            model: in place of the recorded network; of the same structure.
            optimizer: in place of the recorded one; see `Settings.read`.
            plan: in place of the recorded one.

        Raises:
            ValueError: if the record is not complete, or of another problem.
        """
        content = records.read(path)
        with records.complete(path):
            about = content["problem"][ATTRIBUTES]
            if content[ATTRIBUTES]["kind"] != "run" or content["checkpoint"] is None:
                raise RecordError("it holds no state of a run to go on from")
            if about["hash"] != problem.definition_hash:
                raise RecordError(
                    f"`resume` is a run of {about['name']} with other terms or parameters than {problem!r} has; "
                    "give the problem and the parameters that it was started with"
                )
            network = model if model is not None else recorded_network(content)
            if network is None:
                raise RecordError("`model` is missing: the recorded network is neither KAN nor MLP; give it again")
            history = dict(content["history"])
            losses, _ = history.pop("losses"), history.pop("weights")
            if len({len(v) for v in (*history.values(), *losses.values())}) > 1 or bool(history) != ("loss" in history):
                raise RecordError("its history is not complete")
            return cls(
                Settings.read(content["run"][ATTRIBUTES], optimizer, plan),
                network,
                recorded_reference(content),
                {**content["checkpoint"], "history": history, "losses": losses},
                recorded_parts(content, model)[:-1] if len(content["field"]["parts"]) > 1 else [],
            )


class Recorder:
    """Writes the record of a run at once, or now and then: every two seconds, at most a twentieth of the time.

    Args:
        path: of the record; None for none.
    """

    def __init__(self, path: Path | None):
        self.path = path
        self._last, self._pause = time.perf_counter(), WRITE_EVERY

    def now_and_then(self, content: Callable[[], dict[str, Any]]) -> None:
        """Write if it is time to."""
        start = time.perf_counter()
        if self.path is not None and start - self._last >= self._pause:
            self.at_the_end(content)
            self._last = time.perf_counter()
            self._pause = max(WRITE_EVERY, (self._last - start) / WRITE_SHARE)

    def at_the_start(self, content: Callable[[], dict[str, Any]]) -> None:
        """Write, and raise a ValueError if that cannot be: nothing is lost yet."""
        if self.path is not None:
            records.write(self.path, content())

    def at_the_end(self, content: Callable[[], dict[str, Any]]) -> None:
        """Write, and warn if that cannot be: a full disk must not take the run with it."""
        if self.path is not None:
            try:
                records.write(self.path, content())
            except ValueError as error:
                warnings.warn(f"{error} The file there is older than the run.", RuntimeWarning, stacklevel=2)


class Run:
    """A network on its way to the solution of a problem, leg by leg: slab after slab, and stage after stage in each.

    Args:
        problem: what is solved.
        model: the network; it is trained in place where there is one leg, and copied for each of several.
        settings: with all numbers in them.
        reference: what to measure the error against.
        ansatz: the trial solution of the whole problem, if that has been built already.
    """

    def __init__(
        self,
        problem: Problem,
        model: nn.Module,
        settings: Settings,
        reference: Reference | None,
        ansatz: Ansatz | None = None,
    ):
        self.problem, self.model, self.settings, self.reference = problem, model, settings, reference
        self._settings_content = settings.content()
        self.march = March(problem, settings, ansatz)
        self.restarts = 0
        self._begin(model, {}, {}, 0.0, 0.0)

    def _begin(
        self, model: nn.Module, history: dict[str, Any], losses: dict[str, Any], seconds: float, cpu: float
    ) -> None:
        """The next leg."""
        settings, count = self.settings, len(self.march.fields)
        self.extensions: list[tuple[float, int]] = []
        self.leg = self.march.leg(model)
        tend = Tending(self.leg, settings.plan)
        monitor = Monitor(self._error_function(), self.leg.held_out)
        optimizer = copy.deepcopy(settings.optimizer)
        self.training = Training(
            self.leg.loss, optimizer, monitor, self.leg.seeds, history, losses,
            start=len(history.get("loss", ())), began=seconds, leg=count, spent=seconds, spent_cpu=cpu, tend=tend,
            decisive=not count and settings.plan.stages == 1, warm=self.march.warm,
            restarts=settings.plan.restarts, starts=SLAB_STARTS if self.march.marches and not count else 1,
        )  # fmt: skip

    def _error_function(self) -> Callable[[], float | None]:
        """Relative error over all instants up to the end of the present slab; what is finished counts once."""
        if self.reference is None:
            return lambda: None
        wanted, points = self.march.covered(self.reference)
        fresh = self.march.in_slab(points)
        known = self.march.finished_values(points, fresh, list(wanted))
        chosen = points.at(fresh)
        sides = {name: self.leg.field.side(name, chosen) for name in wanted}

        def error() -> float:
            found = []
            for name, side in sides.items():
                values = known[name].copy()
                with torch.no_grad():
                    values[fresh] = side.values().cpu().numpy().astype(float)
                found.append(values)
            return relative_error(found, list(wanted.values()))

        return error

    def resume(self, state: dict[str, Any], fields: Sequence[Field]) -> None:
        """Go on from the state in a record, bit for bit.

        Args:
            state: of the march and of the present leg.
            fields: those of finished legs.

        Raises:
            RecordError: if the network has another number of parameters.
        """
        self.march.load(state["march"], fields)
        self.restarts = int(state["restarts"])
        self._begin(self.model, {}, {}, 0.0, 0.0)
        self.extensions = [(float(seconds), int(steps)) for seconds, steps in state["extensions"]]
        if len(state["theta"]) != self.training.problem.parameter_count:
            raise RecordError(
                f"`model` must have {len(state['theta'])} parameters like the recorded network, "
                f"got {self.training.problem.parameter_count}; leave it out to go on with that one"
            )
        self.training.load(state)

    def train(self, record: Path | None, on_step: Callable[[Report], None] | None) -> Solution:
        """Train until something says stop.

        Args:
            record: file to write now and then, and at the end.
            on_step: called after every step.

        Raises:
            DivergenceError: if the loss is no longer finite; the record holds the history.
        """
        recorder = Recorder(record)

        def running() -> dict[str, Any]:
            return self.solution("still running, or killed").content(status="running")

        def after_step(report: Report) -> None:
            if on_step is not None:
                on_step(report)
            recorder.now_and_then(running)

        recorder.at_the_start(running)
        with interruption() as request:
            try:
                reason = self._legs(lambda: request.reason, after_step)
            except (FloatingPointError, torch.linalg.LinAlgError) as error:
                reason = str(error) if isinstance(error, FloatingPointError) else f"diverged: {error}"
                solution = self.solution(reason)
                recorder.at_the_end(lambda: solution.content(status="diverged"))
                message = f"{reason}: lower the learning rate or check the problem."
                raise DivergenceError(message, solution, record) from None
            state = self.state()
            self.training.finish()
            solution = self.solution(reason, state)
            status = "interrupted" if request.reason else "finished"
            recorder.at_the_end(lambda: solution.content(status=status))
        return solution

    def _legs(self, stop: Callable[[], str | None], after_step: Callable[[Report], None]) -> str:
        """All legs, each within its share of what is left of the budget; why the last one stopped."""
        total = self.settings.budget
        while True:
            training = self.training
            part = min(self.march.share(), EXTENSION) if self.extensions else self.march.share()
            seconds, steps = self.extensions[-1] if self.extensions else (training.began, training.start)
            limit = total.share(part, seconds, steps) if part < 1 else total
            found = training.run(limit, stop, after_step)
            if found.kind is Kind.BUDGET and not self.march.is_last and self._extends(total):
                continue
            if stop() or self.march.is_last or _exhausted(total, training):
                whole = self.march.is_last or stop()
                return found.sentence if whole else f"{found.sentence}; {self.march.missing}"
            training.finish()
            root = _root(training)
            self.restarts += training.attempt
            model = self.march.advance(self.leg, root, stalled=found.kind is Kind.STALLED)
            self._begin(model, training.history, training.losses, training.seconds, training.cpu_seconds)

    def _extends(self, total: Budget) -> bool:
        """Give a slab that is far behind the one before another share of what is left."""
        training = self.training
        if len(self.extensions) >= MOST_EXTENSIONS or _exhausted(total, training):
            return False
        if not self.march.straggles(_root(training)):
            return False
        self.extensions.append((training.seconds, training.steps))
        return True

    def state(self) -> dict[str, Any]:
        """Everything that `resume` needs, beside the finished fields."""
        own = {"march": self.march.state(), "restarts": self.restarts, "extensions": list(map(list, self.extensions))}
        return {**self.training.state(), **own}

    def solution(self, reason: str, state: dict[str, Any] | None = None) -> Solution:
        """The present weights as a solution.

        Args:
            reason: why training stopped.
            state: to go on from; the present one without it.
        """
        training, leg = self.training, self.leg
        state = self.state() if state is None else state
        held_out = float(training.monitor.held_out.residual().norm()) if training.steps else float("nan")
        names = self.problem.domain.names
        figures = {
            "seconds": float(state["seconds"]),
            "cpu_seconds": float(state["cpu_seconds"]),
            "steps": training.steps,
            "restarts": self.restarts + training.attempt,
            "held_out": held_out,
            "slabs": self.march.slab_count,
        }
        return Solution(
            field=self.march.field(leg.field),
            problem=_about(self.problem),
            run={**self._settings_content, **figures, **_environment(leg.trial)},
            history={k: np.asarray(v) for k, v in state["history"].items()},
            losses={k: np.asarray(v) for k, v in state["losses"].items()},
            weights={b.name: float(b.weight) for b in training.problem.blocks},
            stop_reason=reason,
            reference=self.reference,
            points={
                b.name: dict(zip(names, b.sides[0].x.T.cpu().numpy(), strict=True)) for b in training.problem.blocks
            },
            checkpoint={k: v for k, v in state.items() if k not in KEPT_APART},
        )


def _root(training: Training) -> float:
    """Root of the loss at the present weights."""
    return math.sqrt(float(training.problem.residual().square().sum()))


def _exhausted(budget: Budget, training: Training) -> bool:
    """Whether nothing is left for another leg."""
    return (budget.seconds is not None and training.seconds >= budget.seconds) or (
        budget.steps is not None and training.steps >= budget.steps
    )


def _about(problem: Problem) -> dict[str, Any]:
    return {
        "name": problem.name,
        "hash": problem.definition_hash,
        "domain": repr(problem.domain),
        "latex": problem.latex(),
        "parameters": {k: str(v) for k, v in problem.parameters.items()},
    }


def _environment(trial: nn.Module) -> dict[str, str]:
    parameter = next(trial.parameters())
    return {
        "dtype": str(parameter.dtype).removeprefix("torch."),
        "device": str(parameter.device),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "kanpde": __version__,
    }
