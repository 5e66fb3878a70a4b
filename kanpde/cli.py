"""The command line: list, show, check, solve, compare, reference, plot.

Results go to standard output, progress and errors to standard error. Exit status: 0 done, 1 ran but missed its goal
or diverged or was interrupted, 2 bad input (nothing has been written then).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .catalog import problem_class, shipped_names
from .problem import Problem

Result = tuple[int, dict[str, Any] | list[Any], str]
"""Exit status, the object for `--json`, the text otherwise."""

GRIDS = "one number, or one per layer as in 14,2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: as on the command line, without the name of the program; those of the process without it.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(arguments)
    try:
        status, content, text = options.run(options)
    except ValueError as error:
        print(f"kanpde: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("kanpde: interrupted", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(_plain(content), indent=2))
    elif text:
        print(text)
    return int(status)


# -------------------------------------------------------------------- commands


def _list(options: argparse.Namespace) -> Result:
    problems = {name: problem_class(name) for name in shipped_names()}
    rows = []
    for name, cls in problems.items():
        problem = cls()
        known = "exact" if problem.exact_solution else "closed form" if hasattr(problem, "closed_form") else "finite differences"
        about = (cls.__doc__ or "").strip().splitlines()[0]
        rows.append({"name": name, "class": cls.__name__, "coordinates": list(problem.domain.names), "reference": known, "about": about})
    width = max(len(r["name"]) for r in rows)
    text = "\n".join(f"{r['name']:<{width}}  {','.join(r['coordinates']):<6} {r['reference']:<19} {r['about']}" for r in rows)
    return 0, {"problems": rows}, text


def _show(options: argparse.Namespace) -> Result:
    problem = _problem(options)
    parameters = {k: str(v) for k, v in problem.parameters.items()}
    content = {
        "problem": problem.name,
        "about": (type(problem).__doc__ or "").strip(),
        "source": problem.source,
        "domain": repr(problem.domain),
        "boundary": list(problem.domain.parts),
        "parameters": parameters,
        "conditions": [repr(c) for c in problem.condition_list],
        "latex": problem.latex(),
    }
    lines = [f"{problem.name}: {content['about']}", f"source:      {problem.source}" if problem.source else ""]
    lines += [f"domain:      {content['domain']}", f"boundary:    {', '.join(problem.domain.parts)}"]
    lines += [f"parameters:  {', '.join(f'{k} = {v}' for k, v in parameters.items())}"] if parameters else []
    lines += ["", *(f"  {line}" for line in problem.latex())]
    return 0, content, "\n".join(line for i, line in enumerate(lines) if line or i > 2)


def _check(options: argparse.Namespace) -> Result:
    problem = _problem(options)
    report = problem.check()
    findings = [{"severity": f.severity, "message": f.message} for f in report.findings]
    return int(not report.ok), {"problem": problem.name, "ok": report.ok, "findings": findings}, str(report)


def _solve(options: argparse.Namespace) -> Result:
    from .progress import Progress
    from .record import check_target
    from .solution import Solution
    from .solver import DivergenceError, solve

    problem = _problem(options)
    resume = Path(options.resume) if options.resume else None
    target = Path(options.out) if options.out else resume or _free_path(f"{_stem(options.problem)}-{options.model}-{options.seed}.h5")
    if resume is None or target != resume:
        check_target(target, overwrite=options.force)
    if options.force and resume is None and target.exists():
        target.unlink()
    model = None if resume is not None else _model(options, problem)
    progress = Progress(problem.name)
    try:
        solution: Solution = solve(
            problem,
            model,
            **_budget(options),
            optimizer=options.optimizer,
            seed=options.seed,
            points=_points(options),
            hard=options.hard,
            reference=None if resume is not None else _reference_for(problem, options),
            record=target,
            resume=resume,
            threads=options.threads,
            on_step=progress,
        )
    except DivergenceError as error:
        progress.close()
        content = {**error.solution.summary(), "record": str(error.record)}
        return 1, content, f"{error}\nrecord: {error.record}"
    progress.close()
    content = {**solution.summary(), "record": str(target)}
    missed = options.tolerance is not None and not solution.stop_reason.startswith("tolerance reached")
    failed = missed or solution.stop_reason.startswith("interrupted")
    return int(failed), content, _solution_text(solution, target)


def _compare(options: argparse.Namespace) -> Result:
    from .comparison import compare
    from .plot import plot_errors, plot_history, plot_solution
    from .progress import Progress
    from .record import check_target

    problem = _problem(options)
    folder = Path(options.out) if options.out else _free_path(f"compare-{_stem(options.problem)}")
    if folder.exists() and not (options.force and folder.is_dir()):
        raise ValueError(f"`out` {folder} exists: choose another folder, or allow its files to be replaced with --force.")
    check_target(folder / "record.h5", overwrite=options.force)
    bars: list[Progress] = []

    def on_run(model: str, seed: int) -> Progress:
        for bar in bars:
            bar.close()
        bars.append(Progress(f"{model}, seed {seed}"))
        return bars[-1]

    budget = _budget(options)
    budget.pop("tolerance")
    comparison = compare(
        problem,
        _factories(options, problem),
        seeds=options.seeds,
        **budget,
        optimizer=options.optimizer,
        points=_points(options),
        hard=options.hard,
        threads=options.threads,
        on_run=on_run,
    )
    for bar in bars:
        bar.close()
    record = comparison.save(folder / "record.h5", overwrite=options.force)
    last = {name: runs[-1] for name, runs in comparison.solutions.items()}
    pictures = {f"{name.lower()}.png": plot_solution(run) for name, run in last.items()}
    pictures |= {"errors.png": plot_errors(last), "history.png": plot_history(comparison.solutions)}
    for name, figure in pictures.items():
        figure.savefig(folder / name, dpi=130)
    rows = [{**row, "record": str(record)} for row in comparison.rows]
    content = {"problem": problem.name, "rows": rows, "record": str(record), "pictures": [str(folder / n) for n in pictures]}
    text = f"{problem.name}, errors against: {comparison.reference.name}\n\n{comparison.table()}\n\n"
    text += f"record:   {record}\npictures: {', '.join(str(folder / n) for n in pictures)}"
    return int(any(row["failures"] for row in rows)), content, text


def _reference(options: argparse.Namespace) -> Result:
    from . import record as records
    from .comparison import error_of
    from .reference import ReferenceFailed, finite_difference
    from .solution import reference_content

    problem = _problem(options)
    target = records.check_target(options.out, overwrite=options.force) if options.out else None
    try:
        found = finite_difference(problem, nodes=options.nodes, order=options.order)
    except ReferenceFailed as error:
        return 1, {"problem": problem.name, "error": None, "stop_reason": str(error)}, str(error)
    true_error = error_of(found, problem)
    content: dict[str, Any] = {
        "problem": problem.name,
        "reference": found.name,
        "reference_error": found.error,
        "seconds": found.seconds,
        "details": found.details,
        "record": None if target is None else str(target),
    }
    lines = [f"{problem.name}: {found.name}, {found.seconds:.1f} s", f"own error by grid doubling: {found.error:.2g} (relative L2)"]
    if true_error is not None:
        content["error"] = true_error
        lines.append(f"true error, against the known solution: {true_error:.2g}")
    if target is not None:
        records.write(target, reference_content(problem.name, found))
        lines.append(f"record: {target}")
    return 0, content, "\n".join(lines)


def _plot(options: argparse.Namespace) -> Result:
    from .plot import plot_history, plot_solution
    from .solution import Solution

    solution = Solution.load(options.record)
    folder = Path(options.out) if options.out else Path(options.record).with_suffix("")
    if folder.exists() and not options.force:
        raise ValueError(f"`out` {folder} exists: choose another folder, or allow its files to be replaced with --force.")
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for name, figure in (("solution.png", plot_solution(solution)), ("history.png", plot_history({solution.model_name: [solution]}))):
        figure.savefig(folder / name, dpi=130)
        pictures.append(str(folder / name))
    return 0, {"problem": solution.problem["name"], "pictures": pictures}, "\n".join(pictures)


# -------------------------------------------------------------------- from options to objects


def _problem(options: argparse.Namespace) -> Problem:
    settings = {}
    for item in options.set:
        name, equals, text = item.partition("=")
        try:
            settings[name] = int(text) if text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            equals = ""
        if not equals:
            raise ValueError(f"`--set` must be name=number, got '{item}': as in --set nu=0.02.")
    return problem_class(options.problem)(**settings)


def _budget(options: argparse.Namespace) -> dict[str, Any]:
    return {"seconds": options.seconds, "steps": options.steps, **({"tolerance": getattr(options, "tolerance", None)})}


def _points(options: argparse.Namespace) -> Any:
    from .solver import Points

    return Points(options.points, options.boundary_points, options.sampler)


def _numbers(text: str | None, name: str) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"`--{name}` must be whole numbers with commas between, got '{text}': as in --{name} 2,8,1.") from None


def _model(options: argparse.Namespace, problem: Problem, kind: str | None = None, seed: int | None = None) -> Any:
    from .ansatz import build_ansatz
    from .recommend import kan_from, matching_mlp, recommended_kan

    ansatz, seed = build_ansatz(problem, hard=options.hard), options.seed if seed is None else seed
    width, grid, degree = (_numbers(getattr(options, n), n) for n in ("width", "grid", "degree"))
    kan = kan_from(ansatz, basis=options.basis, width=width, grid=grid, degree=degree, seed=seed)
    if (kind or options.model) == "kan":
        return kan
    if width is not None and kind is None:
        from .nn import MLP

        return MLP(width, seed=seed)
    count = kan.parameter_count if kind else recommended_kan(ansatz).parameter_count
    return matching_mlp(ansatz, count, seed=seed)


def _factories(options: argparse.Namespace, problem: Problem) -> dict[str, Callable[[int], Any]]:
    return {
        "KAN": lambda seed: _model(options, problem, "kan", seed),
        "MLP": lambda seed: _model(options, problem, "mlp", seed),
    }


def _reference_for(problem: Problem, options: argparse.Namespace) -> Any:
    if options.no_reference:
        return None
    from .reference import reference_for

    return reference_for(problem)


def _stem(name: str) -> str:
    path, _, cls = name.partition(":")
    return (cls or Path(path).stem).lower()


def _free_path(name: str) -> Path:
    """`results/name`, or with a number behind if that is taken."""
    path = Path("results") / name
    numbered = (path.with_name(f"{path.stem}-{i}{path.suffix}") for i in range(2, 100_000))
    return next(p for p in (path, *numbered) if not p.exists()) if path.exists() else path


def _solution_text(solution: Any, target: Path) -> str:
    error = solution.error
    lines = [f"{solution.problem['name']}, {solution.model_name}, {solution.parameters} parameters"]
    if error is None:
        lines.append("error: unknown, there is no reference")
    else:
        lines.append(f"relative L2 error: {float(error):.2e} (against: {error.reference}, whose own error is {error.reference_error:.1e})")
    lines.append(f"held-out residual: {solution.held_out:.2e}")
    lines += [f"{name} = {value:.8g}" for name, value in solution.numbers.items()]
    run = solution.run
    restarts = f", {run['restarts']} restart(s)" if run["restarts"] else ""
    lines.append(f"{run['steps']} steps in {run['seconds']:.1f} s{restarts}; stopped: {solution.stop_reason}")
    lines.append(f"record: {target}")
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


# -------------------------------------------------------------------- options


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as everywhere else in kanpde."""

    def error(self, message: str) -> Any:  # type: ignore[override]
        """Print one sentence and leave with status 2."""
        self.exit(2, f"kanpde: {message} (see `{self.prog} --help`)\n")


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = _Parser(prog="kanpde", description="Solve PDEs with Kolmogorov-Arnold networks.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], Result], about: str, example: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=about, description=about, epilog=f"example: {example}", formatter_class=argparse.RawDescriptionHelpFormatter
        )
        sub.set_defaults(run=run)
        sub.add_argument("--json", action="store_true", help="print one JSON object on standard output")
        return sub

    command("list", _list, "List the problems that come with kanpde.", "kanpde list")
    for name, run, about in (
        ("show", _show, "Print equation, domain and conditions of a problem."),
        ("check", _check, "Find mistakes in a problem before any training."),
    ):
        _problem_options(command(name, run, about, f"kanpde {name} burgers --set nu=0.02"))
    sub = command("solve", _solve, "Solve a problem with a network.", "kanpde solve poisson --hard --seconds 15")
    _problem_options(sub)
    _training_options(sub)
    sub.add_argument("--model", choices=["kan", "mlp"], default="kan", help="kind of network (default: kan)")
    sub.add_argument("--seed", type=int, default=0, help="of points and start values (default: 0)")
    sub.add_argument("--tolerance", type=float, help="stop when the root of the loss is this small")
    sub.add_argument("--resume", metavar="RECORD", help="go on with an interrupted run of the same problem")
    sub.add_argument("--no-reference", action="store_true", help="compute no finite-difference reference for the error")
    _output_options(sub, "record of the run (default: a new file in results/)")
    sub = command("compare", _compare, "Compare a KAN with an MLP and finite differences.", "kanpde compare poisson --seconds 15")
    _problem_options(sub)
    _training_options(sub)
    sub.add_argument("--seeds", type=int, default=3, help="number of seeds (default: 3)")
    _output_options(sub, "folder for record and pictures (default: a new one in results/)")
    sub = command("reference", _reference, "Solve a problem by finite differences.", "kanpde reference burgers")
    _problem_options(sub)
    sub.add_argument("--nodes", type=int, help="nodes of the finer grid along each space coordinate")
    sub.add_argument("--order", type=int, default=4, choices=[2, 4, 6], help="order of accuracy (default: 4)")
    _output_options(sub, "record of the reference (default: none)")
    sub = command("plot", _plot, "Draw the pictures of a recorded run.", "kanpde plot results/poisson-kan-0.h5")
    sub.add_argument("record", help="record of a run")
    _output_options(sub, "folder for the pictures (default: named like the record)")
    return parser


def _problem_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("problem", help="name as in `kanpde list`, or path/to/file.py:Class")
    parser.add_argument("--set", metavar="NAME=NUMBER", action="append", default=[], help="change a parameter of the problem")


def _training_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--width", help="nodes per layer, as in 2,8,1")
    parser.add_argument("--basis", choices=["chebyshev", "bspline"], help="functions on the edges (default: chebyshev)")
    parser.add_argument("--grid", help=f"grid intervals of B-splines: {GRIDS}")
    parser.add_argument("--degree", help=f"polynomial degree: {GRIDS.replace('14,2', '30,4')}")
    parser.add_argument("--optimizer", choices=["gauss-newton", "adam", "lbfgs"], default="gauss-newton")
    parser.add_argument("--seconds", type=float, help="wall-clock budget per run")
    parser.add_argument("--steps", type=int, help="budget in optimiser steps per run")
    parser.add_argument("--points", type=int, help="points per equation (default: 5 times the number of parameters)")
    parser.add_argument("--boundary-points", type=int, help="points per condition (default: an eighth of --points)")
    parser.add_argument("--sampler", choices=["sobol", "lhs", "uniform", "grid"], default="sobol")
    parser.add_argument("--threads", type=int, help="of PyTorch (default: 1 for small problems)")
    parser.add_argument("--hard", action="store_true", help="build Dirichlet, Initial and Periodic conditions in")


def _output_options(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("--out", metavar="PATH", help=about)
    parser.add_argument("--force", action="store_true", help="replace what exists at --out")


if __name__ == "__main__":
    sys.exit(main())
