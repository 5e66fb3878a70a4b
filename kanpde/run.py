"""One run: a network trained on a problem within its settings, recorded while it goes on, resumed where it stopped."""

from __future__ import annotations

import platform
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from . import record as records
from .ansatz import Ansatz
from .blocks import Trial, build_blocks
from .field import Field, relative_error
from .geometry import Sampler
from .interruption import interruption
from .nn.input_map import InputMap
from .optim import Optimizer
from .problem import Problem
from .record import ATTRIBUTES, RecordError
from .reference import Reference
from .sampling import SAMPLERS
from .settings import Settings
from .solution import Solution, recorded_network, recorded_reference
from .training import Monitor, Report, Training

WRITE_EVERY = 2.0
WRITE_SHARE = 0.05
HELD_OUT_SEED = 7919
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
        reference: what errors were measured against.
        state: for `Run.resume`.
    """

    settings: Settings
    network: nn.Module
    reference: Reference | None
    state: dict[str, Any]

    @classmethod
    def read(
        cls, path: str | Path, problem: Problem, model: nn.Module | None = None, optimizer: Optimizer | None = None
    ) -> Unfinished:
        """Read a record to go on with.

        Args:
            path: of a record that `solve` has written.
            problem: must be the recorded one, parameters included.
            model: in place of the recorded network; of the same structure.
            optimizer: in place of the recorded one; see `Settings.read`.

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
                Settings.read(content["run"][ATTRIBUTES], optimizer),
                network,
                recorded_reference(content),
                {**content["checkpoint"], "history": history, "losses": losses},
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
    """A network on its way to the solution of a problem.

    Args:
        ansatz: the trial solution of the problem.
        model: the network; it is trained in place.
        settings: with all numbers in them.
        reference: what to measure the error against.
    """

    def __init__(self, ansatz: Ansatz, model: nn.Module, settings: Settings, reference: Reference | None):
        self.problem, self.settings, self.reference = ansatz.problem, settings, reference
        input_map = InputMap(self.problem.domain.bounds, ansatz.periodic)
        self.trial = Trial(model, input_map, self.problem.inverse_parameters)
        self.field = Field.of(ansatz, self.trial)
        self._settings_content = settings.content()
        points, penalty = settings.points, settings.optimizer.penalty
        assert points.interior is not None
        assert points.boundary is not None
        counts = {"interior": points.interior, "boundary": points.boundary}
        half = {name: max(1, count // 2) for name, count in counts.items()}
        samplers, others = self._samplers(ansatz, settings.seed), self._samplers(ansatz, settings.seed + HELD_OUT_SEED)
        loss = build_blocks(ansatz, self.trial, samplers, **counts, penalty=penalty)
        held_out = build_blocks(ansatz, self.trial, others, **half, penalty=penalty)
        monitor = Monitor(self._error_function(), held_out)
        self.training = Training(loss, settings.optimizer, monitor, settings.seed)

    def _samplers(self, ansatz: Ansatz, seed: int) -> dict[str, Sampler]:
        make = SAMPLERS[self.settings.points.sampler]
        seeds = np.random.SeedSequence(seed).generate_state(len(ansatz.terms))
        return {term.name: make(int(s)) for term, s in zip(ansatz.terms, seeds, strict=True)}

    def _error_function(self) -> Callable[[], float | None]:
        if self.reference is None:
            return lambda: None
        wanted = self.reference.values
        sides = {name: self.field.side(name, self.reference.points) for name in wanted}

        def error() -> float:
            with torch.no_grad():
                found = [sides[name].values().cpu().numpy().astype(float) for name in wanted]
            return relative_error(found, [w.ravel() for w in wanted.values()])

        return error

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from the state in a record, bit for bit.

        Raises:
            RecordError: if the network has another number of parameters.
        """
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
                reason = self.training.run(self.settings.budget, lambda: request.reason, after_step)
            except (FloatingPointError, torch.linalg.LinAlgError) as error:
                reason = str(error) if isinstance(error, FloatingPointError) else f"diverged: {error}"
                solution = self.solution(reason)
                recorder.at_the_end(lambda: solution.content(status="diverged"))
                message = f"{reason}: lower the learning rate or check the problem."
                raise DivergenceError(message, solution, record) from None
            state = self.training.state()
            self.training.finish()
            solution = self.solution(reason, state)
            status = "interrupted" if request.reason else "finished"
            recorder.at_the_end(lambda: solution.content(status=status))
        return solution

    def solution(self, reason: str, state: dict[str, Any] | None = None) -> Solution:
        """The present weights as a solution.

        Args:
            reason: why training stopped.
            state: to go on from; the present one without it.
        """
        training = self.training
        state = training.state() if state is None else state
        held_out = float(training.monitor.held_out.residual().norm()) if training.steps else float("nan")
        names = self.problem.domain.names
        figures = {
            "seconds": float(state["seconds"]),
            "cpu_seconds": float(state["cpu_seconds"]),
            "steps": training.steps,
            "restarts": training.attempt,
            "held_out": held_out,
        }
        return Solution(
            field=self.field,
            problem=_about(self.problem),
            run={**self._settings_content, **figures, **_environment(self.trial)},
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
        "kanpde": version("kanpde"),
    }
