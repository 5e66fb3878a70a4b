"""The options of every command, each with an example in its help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from .. import __version__
from .commands import check_problem, compare, list_problems, plot, reference, show, solve
from .result import Result

PER_LAYER = "one number, or one per layer as in {}"
NO_RUN = dict.fromkeys(
    ("model", "parameters", "error", "reference", "reference_error", "seconds", "steps", "record"), None
)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as everywhere else in kanpde."""

    def error(self, message: str) -> Any:
        """Print one sentence and leave with status 2."""
        self.exit(2, f"kanpde: {message} (see `{self.prog} --help`)\n")


def parser() -> Parser:
    """The parser of the whole command line; `options.run` is the command."""
    top = Parser(prog="kanpde", description="Solve PDEs with Kolmogorov-Arnold networks.")
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(
        run: Callable[[argparse.Namespace], Result], about: str, example: str, nothing: dict[str, Any]
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            example.split()[1],
            help=about,
            description=about,
            epilog=f"example: {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run, nothing=nothing)
        sub.add_argument("--json", action="store_true", help="print one JSON object on standard output")
        return sub

    command(list_problems, "List the problems that come with kanpde.", "kanpde list", {"problems": []})
    about = "Print equation, domain and conditions of a problem."
    _problem(command(show, about, "kanpde show burgers --set nu=0.02", {}))
    about = "Find mistakes in a problem before any training."
    _problem(command(check_problem, about, "kanpde check burgers --set nu=0.02", {"ok": False, "findings": []}))
    about = "Solve a problem with a network."
    _solve(command(solve, about, "kanpde solve poisson --hard --seconds 15", NO_RUN))
    about = "Compare a KAN with an MLP and finite differences."
    _compare(command(compare, about, "kanpde compare poisson --seconds 15", {"rows": []}))
    about = "Solve a problem by finite differences or finite elements."
    _reference(command(reference, about, "kanpde reference burgers", {"error": None, "record": None}))
    about = "Draw the pictures of a recorded run, and write it for other programs."
    example = "kanpde plot results/poisson-kan-0.h5 --csv poisson.csv"
    _plot(command(plot, about, example, {"pictures": [], "files": []}))
    return top


def _plot(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("record", help="record of a run")
    sub.add_argument("--contours", type=int, default=0, metavar="N", help="about N contour lines over the solution")
    sub.add_argument("--quiver", metavar="U,V", help="arrows of two unknowns in the plane")
    sub.add_argument("--streamlines", metavar="U,V", help="streamlines of two unknowns in the plane")
    sub.add_argument("--animate", metavar="FILE", help="film of an evolution: .gif, or .mp4 with ffmpeg")
    sub.add_argument("--vtk", metavar="FILE", help="for ParaView: .vtu, or .pvd for an evolution; needs meshio")
    sub.add_argument("--csv", metavar="FILE", help="table of coordinates, unknowns, reference and error")
    _output(sub, "folder for the pictures (default: named like the record)")


def _solve(sub: argparse.ArgumentParser) -> None:
    _problem(sub)
    _training(sub)
    sub.add_argument("--model", choices=["kan", "mlp"], help="kind of network (default: kan)")
    sub.add_argument("--seed", type=int, help="of points and start values (default: 0)")
    sub.add_argument("--tolerance", type=float, help="stop when the root of the loss is this small")
    sub.add_argument("--resume", metavar="RECORD", help="go on with an interrupted run of the same problem")
    sub.add_argument("--modes", type=int, help="of an eigenvalue problem: how many of the lowest (default: 1)")
    sub.add_argument("--no-reference", action="store_true", help="compute no finite-difference reference for the error")
    _output(sub, "record of the run (default: a new file in results/)")


def _compare(sub: argparse.ArgumentParser) -> None:
    _problem(sub)
    _training(sub)
    sub.add_argument("--seeds", type=int, default=3, help="number of seeds (default: 3)")
    _output(sub, "folder for record and pictures (default: a new one in results/)")


def _reference(sub: argparse.ArgumentParser) -> None:
    _problem(sub)
    about = (
        "finite differences, finite elements by NGSolve, or Runge-Kutta for equations in time alone (default: fem for materials "
        "and domains that are no boxes)"
    )
    sub.add_argument("--method", choices=["differences", "fem", "runge-kutta"], help=about)
    about = "nodes of the coarser grid along each space coordinate; with fem those of the result"
    sub.add_argument("--nodes", type=int, help=about)
    sub.add_argument("--order", type=int, help="order of accuracy: 2, 4 or 6; with fem degree of the first solution")
    _output(sub, "record of the reference (default: none)")


def _problem(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("problem", help="name as in `kanpde list`, or path/to/file.py:Class")
    sub.add_argument(
        "--set", metavar="NAME=NUMBER", action="append", default=[], help="change a parameter of the problem"
    )


def _training(sub: argparse.ArgumentParser) -> None:
    """Options of every training; None where not given, so that what contradicts a resumed run can be refused."""
    sub.add_argument("--width", help="nodes per layer, as in 2,8,1")
    sub.add_argument(
        "--basis",
        choices=["chebyshev", "bspline", "fourier", "gaussian"],
        help="functions on the edges (default: chebyshev)",
    )
    sub.add_argument("--grid", help=f"grid intervals of B-splines: {PER_LAYER.format('14,2')}")
    sub.add_argument("--degree", help=f"polynomial degree: {PER_LAYER.format('30,4')}")
    sub.add_argument(
        "--optimizer", help="gauss-newton (default), adam, lbfgs, ssbfgs, ssbroyden, or several as in adam,gauss-newton"
    )
    sub.add_argument("--seconds", type=float, help="wall-clock budget per run")
    sub.add_argument("--steps", type=int, help="budget in optimiser steps per run")
    sub.add_argument("--points", type=int, help="points per equation (default: 5 times the number of parameters)")
    sub.add_argument("--boundary-points", type=int, help="points per condition (default: an eighth of --points)")
    sub.add_argument("--sampler", help="sobol (default), lhs, uniform or grid")
    sub.add_argument("--threads", type=int, help="of PyTorch (default: 1 for small problems)")
    sub.add_argument(
        "--slabs",
        metavar="N|auto|T1,T2,...",
        help="time slabs, or the instants at which they end (default: as the problem needs)",
    )
    sub.add_argument(
        "--stretch", action="store_true", default=None, help="give room to thin layers along one coordinate"
    )
    sub.add_argument("--stages", type=int, help="networks per slab, each for what the ones before left (default: 1)")
    sub.add_argument(
        "--refine", help="when there is no more progress: grid, degree, width, depth, or several with commas"
    )
    sub.add_argument("--balance", help="of weights: gradient-norm, ntk, residual-attention, adaptive-ratio or causal")
    sub.add_argument("--resample", help="of points: redraw, rad, rar or rar-d")
    sub.add_argument("--regularise", help="of the edge functions of a KAN: sparsity")
    sub.add_argument("--hard", action="store_true", help="build Dirichlet, Initial and Periodic conditions in")


def _output(sub: argparse.ArgumentParser, about: str) -> None:
    sub.add_argument("--out", metavar="PATH", help=about)
    sub.add_argument("--force", action="store_true", help="replace what exists at --out")
