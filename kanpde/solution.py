"""Solution: the trained field with its error, its history and why training stopped; saved and loaded as a record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import record, serialise
from .blocks import Trial
from .field import Field, relative_error
from .nn.input_map import InputMap
from .nn.layout import build, describe
from .nn.network import Network
from .reference import Reference

GRID_NODES = {1: 1001, 2: 101, 3: 31, 4: 13}


class RelativeError(float):
    """A relative L2 error that knows what it was measured against.

    Attributes:
        reference: name of the reference.
        reference_error: the reference's own relative error; below it nothing can be claimed.
    """

    reference: str
    reference_error: float

    def __new__(cls, value: float, reference: str, reference_error: float) -> RelativeError:
        """A float with two more attributes."""
        error = super().__new__(cls, value)
        error.reference, error.reference_error = reference, reference_error
        return error

    def __getnewargs__(self) -> tuple[float, str, float]:  # type: ignore[override]
        return float(self), self.reference, self.reference_error


@dataclass
class Solution:
    """What `solve` found. Call it with coordinates: `solution(x=0.5, t=[0, 1])`.

    Attributes:
        field: the trained trial solution.
        problem: name, parameters, latex, hash and domain of the problem.
        run: seed, optimizer, points, seconds, cpu_seconds, steps, restarts, held_out, versions, ...
        history: figure to array, one entry per step: loss, error, held_out, damping, ratio, ...
        losses: block to array, mean square of its residual per step.
        stop_reason: why training stopped, in words.
        reference: what the error is measured against, if there is anything.
        points: term name to the training points, one array per coordinate.
        checkpoint: what a resumed run needs.
    """

    field: Field
    problem: dict[str, Any]
    run: dict[str, Any]
    history: dict[str, np.ndarray]
    losses: dict[str, np.ndarray]
    stop_reason: str
    reference: Reference | None = None
    points: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    checkpoint: dict[str, Any] | None = None
    _error: RelativeError | None = None

    def __call__(self, derivative: str = "", **coordinates: Any) -> Any:
        """Values, or a partial derivative such as "xx", at any points; see `Field`."""
        return self.field(derivative, **coordinates)

    def __repr__(self) -> str:
        error = "no reference" if self.error is None else f"relative L2 error {float(self.error):.2g}"
        return f"Solution({self.problem['name']}, {self.parameters} parameters, {error}; {self.stop_reason})"

    @property
    def error(self) -> RelativeError | None:
        """Relative L2 error over all unknowns on the grid of the reference; None without reference."""
        if self._error is None and self.reference is not None:
            found = self.field.on_grid(self.reference.axes)
            pairs = [(found[name], self.reference.values[name]) for name in self.reference.values]
            value = relative_error([f for f, _ in pairs], [w for _, w in pairs])
            self._error = RelativeError(value, self.reference.name, self.reference.error)
        return self._error

    @property
    def network(self) -> torch.nn.Module:
        """The trained network, on inputs in [-1, 1]."""
        return self.field.trial.network

    @property
    def numbers(self) -> dict[str, float]:
        """The unknown numbers of an inverse problem, as found."""
        return {name: float(p) for name, p in self.field.trial.numbers.items()}

    @property
    def parameters(self) -> int:
        """Number of trainable numbers."""
        return sum(p.numel() for p in self.field.trial.parameters())

    @property
    def held_out(self) -> float:
        """Root of the loss at points that were not trained on; NaN if not taken."""
        return float(self.run.get("held_out", np.nan))

    @property
    def model_name(self) -> str:
        """Kind and widths of the network, such as `KAN [2, 6, 1]`."""
        return model_name(self.network)

    def grid(self) -> dict[str, np.ndarray]:
        """Axes of the grid that records and pictures show: the reference's, or equidistant ones."""
        if self.reference is not None:
            return self.reference.axes
        bounds = self.field.trial.input_map.bounds
        count = GRID_NODES.get(len(bounds), 7)
        return {name: np.linspace(lo, hi, count) for name, (lo, hi) in bounds.items()}

    def summary(self) -> dict[str, Any]:
        """The figures that tables and `--json` show."""
        error = self.error
        return {
            "problem": self.problem["name"],
            "model": self.model_name,
            "parameters": self.parameters,
            "error": None if error is None else float(error),
            "reference": None if error is None else error.reference,
            "reference_error": None if error is None else error.reference_error,
            "held_out": self.held_out,
            "loss": float(self.history["loss"][-1]) if len(self.history.get("loss", ())) else None,
            "seconds": float(self.run["seconds"]),
            "cpu_seconds": float(self.run["cpu_seconds"]),
            "steps": int(self.run["steps"]),
            "restarts": int(self.run["restarts"]),
            "seed": int(self.run["seed"]),
            "optimizer": self.run["optimizer"],
            "stop_reason": self.stop_reason,
            **({"numbers": self.numbers} if self.numbers else {}),
        }

    # ---------------------------------------------------------------- records

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the record of the run.

        Raises:
            ValueError: if the file exists and `overwrite` is False, or cannot be written.
        """
        target = record.check_target(path, overwrite=overwrite)
        record.write(target, self.content())
        return target

    def content(self, *, status: str = "finished", with_grid: bool = True) -> dict[str, Any]:
        """The record as nested dicts."""
        trial, error = self.field.trial, self.error if with_grid else None
        layout = describe(trial.network)
        content: dict[str, Any] = {
            "@status": status,
            "@stop_reason": self.stop_reason,
            "@error": None if error is None else float(error),
            "problem": {f"@{k}": v for k, v in self.problem.items()},
            "run": {f"@{k}": v for k, v in self.run.items()},
            "model": {
                "@layout": json.dumps(layout),
                "@name": self.model_name,
                "@parameters": self.parameters,
                "weights": {k.replace(".", ":"): v for k, v in trial.state_dict().items()},
            },
            "field": self._field_content(),
            "history": {**self.history, "losses": self.losses},
            "points": self.points,
            "checkpoint": self.checkpoint,
        }
        if with_grid:
            axes = self.grid()
            values = self.field.on_grid(axes)
            shown = {**values}
            if self.reference is not None:
                shown |= {f"{n}_reference": v for n, v in self.reference.values.items()}
            content["grid"] = {**shown, "axes": dict(axes)}
        if self.reference is not None:
            content["reference"] = {"@name": self.reference.name, "@error": self.reference.error, "@seconds": self.reference.seconds}
        return content

    def _field_content(self) -> dict[str, Any]:
        input_map = self.field.trial.input_map
        try:
            forms = json.dumps({n: serialise.encode(e) for n, e in self.field.forms.items()})
        except ValueError:
            forms = ""
        return {
            "@coordinates": json.dumps([serialise.encode(c) for c in self.field.coordinates]),
            "@outputs": json.dumps({n: serialise.encode(v) for n, v in self.field.outputs.items()}),
            "@forms": forms,
            "@bounds": json.dumps(input_map.bounds),
            "@periodic": json.dumps(input_map.periodic),
            "@numbers": json.dumps({n: float(p) for n, p in self.field.trial.numbers.items()}),
        }

    @classmethod
    def load(cls, path: str | Path, *, model: torch.nn.Module | None = None) -> Solution:
        """Read a record, also one of a run that is still going on or was killed. No code in it is run.

        Args:
            path: the record.
            model: a module of the same structure, for a network that is neither KAN nor MLP.

        Raises:
            ValueError: if the file is no complete record, or needs `model`.
        """
        content = record.read(path)
        try:
            return cls._from_content(content, model)
        except (KeyError, IndexError, TypeError, RuntimeError, json.JSONDecodeError) as error:
            raise record.RecordError(f"`{path}` lacks a part of a record ({error}): it is damaged.") from None

    @classmethod
    def _from_content(cls, content: dict[str, Any], model: torch.nn.Module | None) -> Solution:
        run = _attributes(content["run"])
        saved = content["field"]
        if not saved["@forms"]:
            raise record.RecordError("the record's trial solution has a Coefficient in it, which cannot be stored: solve again.")
        layout = json.loads(content["model"]["@layout"])
        if model is None and layout is None:
            raise record.RecordError("`model` is needed to load this record: its network is neither KAN nor MLP.")
        network = build(layout, getattr(torch, run["dtype"])) if model is None else model
        bounds = {name: (float(lo), float(hi)) for name, (lo, hi) in json.loads(saved["@bounds"]).items()}
        trial = Trial(network, InputMap(bounds, json.loads(saved["@periodic"])))
        for name, value in json.loads(saved["@numbers"]).items():
            trial.numbers[name] = torch.nn.Parameter(next(network.parameters()).new_tensor(value))
        weights = content["model"]["weights"]
        trial.load_state_dict({k.replace(":", "."): torch.as_tensor(v) for k, v in weights.items()})
        found = Field(
            tuple(serialise.decode(c) for c in json.loads(saved["@coordinates"])),
            {n: serialise.decode(v) for n, v in json.loads(saved["@outputs"]).items()},
            {n: serialise.decode(e) for n, e in json.loads(saved["@forms"]).items()},
            trial,
        )
        history = {k: np.asarray(v) for k, v in content["history"].items() if k != "losses"}
        losses = {k: np.asarray(v) for k, v in content["history"].get("losses", {}).items()}
        return cls(
            found,
            _attributes(content["problem"]),
            run,
            history,
            losses,
            str(content["@stop_reason"]),
            _reference_from(content, tuple(bounds)),
            content.get("points", {}),
            content.get("checkpoint"),
        )


def model_name(network: torch.nn.Module) -> str:
    """Kind and widths of a network."""
    if isinstance(network, Network):
        return f"{network.kind} {network.width}"
    return type(network).__name__


def reference_content(problem: str, reference: Reference) -> dict[str, Any]:
    """The record of a reference by itself."""
    return {
        "@kind": "reference",
        "problem": {"@name": problem},
        "reference": {"@name": reference.name, "@error": reference.error, "@seconds": reference.seconds},
        "grid": {**{f"{n}_reference": v for n, v in reference.values.items()}, "axes": dict(reference.axes)},
    }


def _attributes(group: dict[str, Any]) -> dict[str, Any]:
    return {k[1:]: v for k, v in group.items() if k.startswith("@")}


def _reference_from(content: dict[str, Any], names: tuple[str, ...]) -> Reference | None:
    if "reference" not in content or "grid" not in content:
        return None
    grid, about = content["grid"], content["reference"]
    values = {k.removesuffix("_reference"): v for k, v in grid.items() if k.endswith("_reference")}
    return Reference(
        name=about["@name"],
        axes={n: grid[n] for n in names},
        values=values,
        error=float(about["@error"]),
        seconds=float(about["@seconds"]),
        details={},
    )
