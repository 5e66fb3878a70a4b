"""Time of KAN layers beside other libraries: a forward and backward pass, and the gradient of Poisson's residual."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import LeastSquares, Trial
from kanpde.catalog import problem_class
from kanpde.nn import Network
from kanpde.nn.input_map import InputMap
from kanpde.sampling import Grid

from .libraries import LIBRARIES, Library
from .report import Report, markdown, time_text
from .runs import Request, Result, Run, Table
from .timing import interleaved

WIDTHS = ((2, 10, 10, 1), (4, 64, 64, 1))
BATCHES = (1_000, 10_000)
ROUNDS, QUICK_ROUNDS = 9, 3
POISSON = (2, 10, 10, 1)
INTERIOR, BOUNDARY = 2601, 204
PENALTY = 30.0

Task = Callable[[], None]


def runs(request: Request) -> list[Run]:
    """One run per width and batch, all libraries in turn; then Poisson's residual."""
    libraries = [library for library in LIBRARIES if not (request.quick and library.compiles)]
    rounds = QUICK_ROUNDS if request.quick else ROUNDS
    found = []
    for width in WIDTHS:
        for batch in BATCHES:
            name = f"{list(width)}, {batch:,} points"
            quick = (width, batch) == (WIDTHS[0], BATCHES[0])
            found.append(Run(name, partial(timed, name, partial(_pass_of, width, batch), libraries, rounds), quick))
    name = f"Poisson {list(POISSON)}, {INTERIOR:,} + {BOUNDARY} points"
    return [*found, Run(name, partial(timed, name, poisson_tasks(INTERIOR, BOUNDARY), libraries, rounds), True)]


def timed(name: str, make: Callable[[Library], Task], libraries: Sequence[Library], rounds: int) -> Result:
    """Median times of one task in every library that is installed and can do it.

    Args:
        name: of the task.
        make: library to the task.
        libraries: which.
        rounds: how often each is timed.

    Returns:
        Milliseconds by library, and for the others the reason why there are none.
    """
    tasks: dict[str, Task] = {}
    left_out: dict[str, str] = {}
    for library in libraries:
        if library.missing:
            left_out[library.name] = library.missing
            continue
        try:
            task = make(library)
            task()
            tasks[library.name] = task
        except Exception as error:  # whatever a library raises is its own; the table says what
            left_out[library.name] = f"raises {type(error).__name__}: {str(error).partition(chr(10))[0][:120]}"
    times = interleaved(tasks, rounds)
    return {"task": name, "rounds": rounds, "milliseconds": times, "left_out": left_out}


def _pass_of(width: Sequence[int], batch: int, library: Library) -> Task:
    """A forward pass, the mean square of the outputs, and its gradient by all parameters."""
    model = library.make(width)
    x = 2 * torch.rand(batch, width[0], dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1

    def run() -> None:
        model.zero_grad(set_to_none=True)
        model(x).square().mean().backward()

    return run


def poisson_tasks(interior: int, boundary: int) -> Callable[[Library], Task]:
    """The loss of Poisson's equation and its gradient: by jets for kanpde, by nested differentiation for others."""
    ansatz = build_ansatz(problem_class("poisson")())

    def make(library: Library) -> Task:
        model = library.make(POISSON)
        trial = Trial(model, InputMap(ansatz.problem.domain.bounds))
        loss = build_blocks(
            ansatz, trial, {t.name: Grid() for t in ansatz.terms},
            interior=interior, boundary=boundary, penalty=PENALTY,
        )  # fmt: skip
        if isinstance(model, Network):
            return lambda: _gradient(loss)
        inside, edge = (block.sides[0].x for block in loss.blocks)
        return partial(_nested_gradient, model, inside, edge)

    return make


def _gradient(loss: LeastSquares) -> None:
    for p in loss.parameters:
        p.grad = None
    loss.rows().square().sum().backward()


def _nested_gradient(model: nn.Module, inside: Tensor, edge: Tensor) -> None:
    model.zero_grad(set_to_none=True)
    x = inside.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
    second = [torch.autograd.grad(slope[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(x.shape[1])]
    source = -2 * torch.pi**2 * torch.sin(torch.pi * x.detach()).prod(1)
    loss = (second[0] + second[1] - source).square().mean() + PENALTY**2 * model(edge).square().mean()
    loss.backward()


def report(results: Sequence[Result]) -> Report:
    """A line per library, a column per task, and below why a library has no figure."""
    unit = LIBRARIES[0].name
    rows: list[dict[str, Any]] = []
    for name in [library.name for library in LIBRARIES]:
        times = {r["task"]: r["milliseconds"].get(name) for r in results}
        units = {r["task"]: r["milliseconds"].get(unit) for r in results}
        factors = {t: v / units[t] if v and units[t] else None for t, v in times.items()}
        rows.append({"library": name, "milliseconds": times, "factor": factors})
    tasks = [r["task"] for r in results]
    cells = [[row["library"], *(_cell(row["milliseconds"][t], row["factor"][t]) for t in tasks)] for row in rows]
    rounds = sorted({r["rounds"] for r in results})
    text = (
        "Processor time on one thread, float64, cubic splines on 5 intervals: a forward pass of the whole network, the "
        "mean square of the outputs and its gradient by all parameters; in the column Poisson the residual, the boundary "
        "terms and the gradient of the loss, second derivatives by jets in kanpde's own networks and by nested automatic "
        f"differentiation in the others. Medians of {', '.join(map(str, rounds))} rounds, all libraries in turn; in "
        f"brackets the factor over {unit}.\n\n"
    )
    text += "\n\n".join([markdown(["", *tasks], cells), *_left_out(results)])
    return Report(rows, text, _figure(rows, tasks))


def _left_out(results: Sequence[Result]) -> list[str]:
    """Why libraries have no figure; the tasks are named where it is not all of them."""
    names = [library.name for library in LIBRARIES]
    reasons: dict[tuple[str, str], list[str]] = {}
    for result in results:
        untried = [name for name in names if name not in result["milliseconds"] and name not in result["left_out"]]
        for library, reason in {**result["left_out"], **dict.fromkeys(untried, "not in the quick pass")}.items():
            reasons.setdefault((library, reason), []).append(result["task"])
    return [
        f"Left out: {library}{'' if len(tasks) == len(results) else ' in ' + '; '.join(tasks)} ({reason})."
        for (library, reason), tasks in reasons.items()
    ]


def _cell(milliseconds: float | None, factor: float | None) -> str:
    return time_text(milliseconds) + (f" ({factor:.3g})" if factor is not None else "")


def _figure(rows: Sequence[dict[str, Any]], tasks: Sequence[str]) -> Figure:
    """A bar per library in a panel per task."""
    figure = Figure(figsize=(3.2 * max(1, len(tasks)) + 1.5, 3.4), layout="constrained")
    panels = figure.subplots(1, max(1, len(tasks)), sharey=True, squeeze=False)[0]
    for axis, task in zip(panels, tasks, strict=False):
        measured = [(row["library"], row["milliseconds"][task]) for row in rows]
        axis.barh([name for name, _ in measured], [value or 0 for _, value in measured], color="C0")
        positive = [value for _, value in measured if value]
        axis.set(xscale="log", xlabel="milliseconds", xlim=(min(positive, default=1) / 2, None))
        axis.set_title(task, fontsize=8)
        axis.grid(axis="x", alpha=0.3)
    panels[0].invert_yaxis()
    panels[0].tick_params(axis="y", labelsize=8)
    return figure


TABLE = Table("Time of KAN layers", runs, report)
