"""Solution: the trained field with its error, its history and why training stopped; saved and loaded as a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
import torch

from . import export, paraview, record
from .agreement import Deviation, deviations
from .field import Field, relative_error
from .nn import Network
from .record import ATTRIBUTES, Gridded, RecordError
from .recorded import field_content, recorded_field, recorded_reference, reference_attributes
from .reference import Reference, usual_nodes
from .sampled import Sampled, chosen_axes, sample_grid, sample_points, time_name
from .slabs import SlabField

if TYPE_CHECKING:
    import xarray


OVERFIT = 5.0
"""Quotient of held-out and training residual above which the training points are too few, or badly placed."""


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
        problem: name, parameters, latex (one line per equation and condition), hash and domain of the problem.
        run: seed, optimizer, points, seconds, cpu_seconds, steps, restarts, held_out, versions, ...
        history: figure to array, one entry per step: loss, error, held_out, damping, ratio, ...
        losses: block to array, mean square of its residual per step.
        weights: block to the factor on its mean square in the loss.
        stop_reason: why training stopped, in words.
        reference: what the error is measured against, if there is anything.
        points: term name to the training points, one array per coordinate.
        checkpoint: what a resumed run needs beside `history` and `losses`.
    """

    field: Field | SlabField
    problem: dict[str, Any]
    run: dict[str, Any]
    history: dict[str, np.ndarray]
    losses: dict[str, np.ndarray]
    weights: dict[str, float]
    stop_reason: str
    reference: Reference | None = None
    points: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    checkpoint: dict[str, Any] | None = None

    def __call__(self, derivative: str = "", **coordinates: Any) -> Any:
        """Values, or a partial derivative such as "xx", at any points; see `Field`."""
        return self.field(derivative, **coordinates)

    def __repr__(self) -> str:
        error = "no reference" if self.error is None else f"relative L2 error {float(self.error):.2g}"
        return f"Solution({self.problem_name}, {self.parameters} parameters, {error}; {self.stop_reason})"

    @cached_property
    def error(self) -> RelativeError | None:
        """Relative L2 error over all unknowns on the grid of the reference; None without reference."""
        if self.compared is None:
            return None
        wanted = self.compared.values
        value = relative_error([self._on_grid[name] for name in wanted], list(wanted.values()))
        return RelativeError(value, self.compared.name, self.compared.error)

    @cached_property
    def errors(self) -> dict[str, RelativeError]:
        """Relative L2 error of every unknown alone, which no larger one beside it hides; empty without reference."""
        if self.compared is None:
            return {}
        about = self.compared.name, self.compared.error
        wanted = self.compared.values
        return {u: RelativeError(relative_error([self._on_grid[u]], [wanted[u]]), *about) for u in wanted}

    @cached_property
    def compared(self) -> Reference | None:
        """The part of the reference that the solution covers: all of it, if the end of the time was reached."""
        return None if self.reference is None else self.reference.within(self.field.bounds)

    @cached_property
    def _on_grid(self) -> dict[str, np.ndarray]:
        return self.field.on_grid(self.grid())

    @property
    def problem_name(self) -> str:
        """Name of the problem's class."""
        return str(self.problem["name"])

    @property
    def time_name(self) -> str | None:
        """Name of the time, if the solution has one."""
        return time_name(self.field)

    def symbolic_formula(self) -> dict[str, sp.Expr]:
        """The unknowns as SymPy expressions of the coordinates, once every edge of the network is a formula.

        Raises:
            ValueError: for an edge that is still learned, several slabs or stages, or stretched coordinates.
        """
        if len(self.field.parts) > 1:
            raise ValueError(f"`solution` must be one network to have a formula, got {len(self.field.parts)}.")
        return self.field.parts[0].symbolic_formula()

    @property
    def network(self) -> torch.nn.Module:
        """The trained network, on inputs in [-1, 1]; that of the last slab if there are several."""
        return self.field.parts[-1].trial.network

    @property
    def numbers(self) -> dict[str, float]:
        """The unknown numbers of an inverse problem, as found."""
        return {name: p.item() for name, p in self.field.parts[-1].trial.numbers.items()}

    @property
    def parameters(self) -> int:
        """Number of trainable numbers, over all slabs and stages."""
        return sum(p.numel() for part in self.field.parts for p in part.trial.parameters())

    @property
    def residual(self) -> float:
        """Root of the loss at the training points, of the attempt that was kept; NaN before the first step."""
        loss = self.history.get("loss")
        if loss is None or not len(loss):
            return float("nan")
        legs, attempts = (np.asarray(self.history.get(k, np.zeros(len(loss)))) for k in ("leg", "attempt"))
        ends = np.append(attempts[1:] != attempts[:-1], True) & (legs == legs[-1])
        return float(np.sqrt(np.min(np.asarray(loss)[ends])))

    @property
    def overfits(self) -> bool:
        """Whether the residual at other points is far above that at the training points, in any slab, rounding aside."""
        loss, held_out = (np.asarray(self.history.get(name, [])) for name in ("loss", "held_out"))
        legs = np.asarray(self.history.get("leg", np.zeros(len(loss))))
        ends = [(self.residual, self.held_out)]
        for leg in np.unique(legs)[:-1]:
            taken = np.flatnonzero((legs == leg) & np.isfinite(held_out))
            if len(taken):
                last = taken[np.argmin(loss[taken])]
                ends.append((np.sqrt(loss[last]), held_out[last]))
        return any(other > max(OVERFIT * trained, 1e-8) for trained, other in ends)

    @property
    def held_out(self) -> float:
        """Root of the loss at points that were not trained on; NaN if not taken."""
        return float(self.run.get("held_out", np.nan))

    @property
    def model_name(self) -> str:
        """Kind and widths of the network, such as `KAN [2, 6, 1]`, and how many there are."""
        count = len(self.field.parts)
        return model_name(self.network) + (f" x {count}" if count > 1 else "")

    def grid(self) -> dict[str, np.ndarray]:
        """Axes of the grid that records and pictures show: the reference's, or equidistant ones."""
        if self.compared is not None:
            return self.compared.axes
        bounds = self.field.bounds
        count = usual_nodes(len(bounds))
        return {name: np.linspace(lo, hi, count) for name, (lo, hi) in bounds.items()}

    # ---------------------------------------------------------------- output

    def sampled(
        self,
        *,
        axes: Mapping[str, Any] | None = None,
        nodes: int | Mapping[str, int] | None = None,
        points: Mapping[str, Any] | None = None,
    ) -> Sampled:
        """Unknowns, reference and absolute error on `grid()`, on another grid, or at points; NaN outside of the domain.

        The reference is there where all places are nodes of its grid: nothing is interpolated.

        Args:
            axes: coordinate to its nodes, as in {"x": array, "t": [0.5]}; others have those of `grid()`.
            nodes: number of equidistant nodes of all coordinates that `axes` leaves out, or of some: {"t": 20}.
            points: coordinate to values, one per point, in place of a grid.

        Raises:
            ValueError: for a coordinate that is unknown or out of bounds, or points beside axes or nodes.
        """
        if points is None:
            return sample_grid(self.field, chosen_axes(self.field, self.grid(), axes, nodes), self.compared)
        if axes is not None or nodes is not None:
            raise ValueError("`points` must stand alone: leave out `axes` and `nodes`, which say what the grid is.")
        return sample_points(self.field, points, self.compared)

    def to_xarray(
        self,
        *,
        axes: Mapping[str, Any] | None = None,
        nodes: int | Mapping[str, int] | None = None,
        points: Mapping[str, Any] | None = None,
    ) -> xarray.Dataset:
        """Unknowns `u`, with `u_reference` and `u_error`, as xarray has them; for places and errors see `sampled`.

        Raises:
            ImportError: if xarray is not installed.
        """
        about: dict[str, Any] = {
            "problem": self.problem_name,
            "model": self.model_name,
            "stop_reason": self.stop_reason,
        }
        if self.error is not None:
            about |= {"error": float(self.error), "reference": self.error.reference}
            about |= {"reference_error": float(self.error.reference_error)}
        return export.to_xarray(self.sampled(axes=axes, nodes=nodes, points=points), about)

    def to_csv(
        self,
        path: str | Path,
        *,
        axes: Mapping[str, Any] | None = None,
        nodes: int | Mapping[str, int] | None = None,
        points: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write a table with a line of names: coordinates, unknowns, reference, error; see `sampled` and `export.to_csv`."""
        return export.to_csv(self.sampled(axes=axes, nodes=nodes, points=points), path, overwrite=overwrite)

    def to_vtk(
        self,
        path: str | Path,
        *,
        axes: Mapping[str, Any] | None = None,
        nodes: int | Mapping[str, int] | None = None,
        vectors: Mapping[str, Sequence[str]] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write files for ParaView: .vtu, or .pvd for an evolution; see `sampled` and `paraview.to_vtk`."""
        sampled = self.sampled(axes=axes, nodes=nodes)
        return paraview.to_vtk(sampled, path, vectors=vectors, overwrite=overwrite)

    def animate(
        self,
        path: str | Path,
        *,
        unknown: str | None = None,
        frames: int = 60,
        rate: float = 15.0,
        overwrite: bool = False,
    ) -> Path:
        """Write an evolution as a film, .gif or .mp4; see `animation.animate`."""
        from .animation import animate  # matplotlib is slow to load

        return animate(self, path, unknown=unknown, frames=frames, rate=rate, overwrite=overwrite)

    def compare_with(
        self, data: str | Path | Mapping[str, Any], *, names: Mapping[str, str] | Sequence[str] | None = None
    ) -> dict[str, Deviation]:
        """How far every unknown is from the values in a user's file or columns; see `agreement.deviations`."""
        return deviations(self.field, data, names=names)

    def _gridded(self) -> Gridded:
        wanted = {} if self.compared is None else self.compared.values
        return Gridded(dict(self.grid()), {**self._on_grid, **{f"{n}_reference": v for n, v in wanted.items()}})

    def summary(self) -> dict[str, Any]:
        """The figures that tables and `--json` show."""
        error = self.error
        return {
            "problem": self.problem_name,
            "model": self.model_name,
            "parameters": self.parameters,
            "error": None if error is None else float(error),
            "errors": {u: float(e) for u, e in self.errors.items()},
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

    def content(self, *, status: str = "finished") -> dict[str, Any]:
        """The record as nested dicts, as `record.write` takes it.

        Args:
            status: "running", "finished", "interrupted" or "diverged".
        """
        error = self.error
        about = {k: v for k, v in self.problem.items() if k not in ("latex", "parameters")}
        content: dict[str, Any] = {
            ATTRIBUTES: {
                "kind": "run",
                "status": status,
                "stop_reason": self.stop_reason,
                "error": None if error is None else float(error),
            },
            "problem": {
                ATTRIBUTES: about,
                "latex": self.problem["latex"],
                "parameters": {ATTRIBUTES: self.problem["parameters"]},
            },
            "run": {ATTRIBUTES: self.run},
            "model": {ATTRIBUTES: {"name": self.model_name, "parameters": self.parameters}},
            "field": field_content(self.field),
            "history": {**self.history, "losses": self.losses, "weights": self.weights},
            "points": self.points,
            "checkpoint": self.checkpoint,
            "grid": self._gridded(),
        }
        if self.reference is not None:
            content["reference"] = reference_attributes(self.reference)
            if self.compared is not self.reference:
                whole = {"axes": dict(self.reference.axes), "values": dict(self.reference.values)}
                content["reference"] |= whole
        return content

    @classmethod
    def load(cls, path: str | Path, *, model: torch.nn.Module | None = None) -> Solution:
        """Read a record, also one of a run that is still going on or was killed. No code in it is run.

        Args:
            path: the record.
            model: a module of the same structure, for a network that is neither KAN nor MLP.

        Raises:
            RecordError: if the file is no complete record of a run, or needs `model`.
        """
        content = record.read(path)
        kind = content.get(ATTRIBUTES, {}).get("kind")
        if kind != "run":
            raise RecordError(f"`{path}` is the record of a {kind}, not of a run: give one that `solve` has written.")
        with record.complete(path):
            return cls._from_content(content, model)

    @classmethod
    def _from_content(cls, content: dict[str, Any], model: torch.nn.Module | None) -> Solution:
        run = content["run"][ATTRIBUTES]
        found = recorded_field(content, model)
        about = content["problem"]
        history = content["history"]
        return cls(
            found,
            {**about[ATTRIBUTES], "latex": about["latex"], "parameters": about["parameters"].get(ATTRIBUTES, {})},
            run,
            {k: v for k, v in history.items() if k not in ("losses", "weights")},
            history["losses"],
            history["weights"],
            str(content[ATTRIBUTES]["stop_reason"]),
            recorded_reference(content),
            content["points"],
            content["checkpoint"],
        )


def model_name(network: torch.nn.Module) -> str:
    """Kind and widths of a network."""
    if isinstance(network, Network):
        return f"{network.kind} {network.width}"
    return type(network).__name__
