"""A CUDA device beside the processor: what a step costs, and which error one row of the accuracy table reaches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from matplotlib.figure import Figure

from .accuracy import ROWS, Row, reference_of, train
from .report import Report, markdown, power, time_text
from .runs import Request, Result, Run, Table, Unavailable
from .scaling import Setting, step_of
from .timing import interleaved

ROUNDS, QUICK_ROUNDS = 9, 3
DTYPES = {"float64": torch.float64, "float32": torch.float32}
SETTINGS = {"small": Setting(points=2_000), "large": Setting(points=20_000, hidden=15)}
ROW = ROWS[0]
QUICK_SECONDS = 3.0


def runs(request: Request) -> list[Run]:
    """Times on both devices in both precisions, then the row on the CUDA device.

    Raises:
        Unavailable: without a CUDA device.
    """
    if not torch.cuda.is_available():
        raise Unavailable("there is no CUDA device on this machine; nothing was measured.")
    rounds = QUICK_ROUNDS if request.quick else ROUNDS
    seconds = min(ROW.seconds, QUICK_SECONDS) if request.quick else ROW.seconds
    found = [
        Run(f"{name} | {kind} | {device}", partial(speed, name, kind, device, rounds), quick=True)
        for name in SETTINGS
        for kind in DTYPES
        for device in ("cpu", "cuda")
    ]
    return [
        *found,
        *(Run(f"{ROW.name} | {kind}", partial(solved, ROW, kind, "cuda", seconds), True) for kind in DTYPES),
    ]


def speed(name: str, kind: str, device: str, rounds: int) -> Result:
    """Times of the Jacobian and of a step on one device."""
    loss = SETTINGS[name].make(device, DTYPES[kind])
    tasks: dict[str, Callable[[], object]] = {"Jacobian": loss.jacobian, "step": step_of(loss)}
    times = interleaved(tasks, rounds, clock=partial(_now, device))
    about = {"device": device_name(device), "precision": kind, "points": loss.size, "parameters": loss.parameter_count}
    return {**about, "milliseconds": times, "rounds": rounds}


def _now(device: str) -> float:
    """Wall-clock seconds, once the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def solved(row: Row, kind: str, device: str, seconds: float) -> Result:
    """A row of the accuracy table with its KAN on a device, from seed 0."""
    reference = partial(reference_of, row)
    found = train(row, "KAN", 0, seconds=seconds, reference=reference, place=(device, DTYPES[kind]))
    return {**found, "device": device_name(device), "precision": kind}


def device_name(device: str) -> str:
    """What the tables call a device."""
    return torch.cuda.get_device_name() if device == "cuda" else "processor"


def report(results: Sequence[Result]) -> Report:
    """A table of times and one of errors."""
    times = [r for r in results if "milliseconds" in r]
    errors = [r for r in results if "row" in r]
    text = "Wall-clock time, the processor on one thread; medians of rounds. Errors are relative L2 errors, seed 0.\n\n"
    parts = [
        markdown(
            ["device", "precision", "parameters", "points", "Jacobian", "step"],
            [_speed_cells(r) for r in times],
        ),
        markdown(
            ["problem", "device", "precision", "error", "steps", "seconds"],
            [_error_cells(r) for r in errors],
        ),
    ]
    return Report([*times, *errors], text + "\n\n".join(parts), _figure(times))


def _speed_cells(result: Mapping[str, Any]) -> list[str]:
    times = result["milliseconds"]
    sizes = [f"{result['parameters']:,}", f"{result['points']:,}"]
    return [result["device"], result["precision"], *sizes, time_text(times["Jacobian"]), time_text(times["step"])]


def _error_cells(result: Mapping[str, Any]) -> list[str]:
    about = [result["row"], result["device"], result["precision"]]
    return [*about, power(result["error"]), str(result["steps"]), f"{result['seconds']:.1f}"]


def _figure(results: Sequence[Mapping[str, Any]]) -> Figure:
    """A bar per device, precision and size: the time of a step."""
    figure = Figure(figsize=(6, 0.8 + 0.35 * max(1, len(results))), layout="constrained")
    axis = figure.subplots()
    names = [f"{r['parameters']:,} x {r['points']:,}, {r['precision']}, {r['device']}" for r in results]
    axis.barh(names, [r["milliseconds"]["step"] for r in results])
    axis.set(xscale="log", xlabel="milliseconds of a step")
    axis.tick_params(axis="y", labelsize=7)
    axis.invert_yaxis()
    axis.grid(axis="x", alpha=0.3)
    return figure


TABLE = Table("On a CUDA device", runs, report)
