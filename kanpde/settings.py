"""Settings of a run: points, optimiser, seed, budget; as numbers and text in a record, and back."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, dataclass, field
from numbers import Integral
from typing import Any

import torch

from .balance import AdaptiveRatio, Causal, GradientNorm, NeuralTangentKernel, NoiseLevel, ResidualAttention
from .budget import Budget
from .geometry import Domain
from .nn.refine import AdaptedGrid, Deeper, FinerGrid, HigherDegree, MoreNodes
from .optim import LBFGS, Adam, GaussNewton, Optimizer, Schedule, SelfScaledBFGS, SelfScaledBroyden
from .optim.factorisation import Automatic, ConjugateGradients, Gram, Kernel, Orthogonal, Singular, Sketch
from .plan import AdaptiveSlabs, Plan
from .record import RecordError
from .regularisation import Sparsity
from .resampling import RAD, RAR, RARD, Redraw
from .sampling import SAMPLERS

MOST_POINTS = 10_000_000
PER_SIDE = 10
"""Boundary points for each dimension and each side of a domain, at least."""


@dataclass(frozen=True)
class Points:
    """How many training points, and how they are drawn.

    Args:
        interior: points per equation, from 1 to 10,000,000; None for 5 times the number of parameters, at least 500.
        boundary: points per condition, from 1 to 10,000,000; None for an eighth of the interior ones, or `PER_SIDE` for each dimension
            and side if that is more.
        sampler: "sobol", "lhs", "uniform" or "grid".

    Raises:
        ValueError: for an empty or too large sample, or an unknown sampler.
    """

    interior: int | None = None
    boundary: int | None = None
    sampler: str = "sobol"

    def __post_init__(self) -> None:
        for name in ("interior", "boundary"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, Integral) or value < 1):
                raise ValueError(
                    f"`points` must be a whole number of at least 1, got {value} ({name}): "
                    "an empty sample has no residual."
                )
            if value is not None and int(value) > MOST_POINTS:
                raise ValueError(
                    f"`points` must be at most {MOST_POINTS:,}, got {value} ({name}): every point takes as many numbers of "
                    "memory as the network has functions. Redraw them between steps instead, Plan(resampling=Redraw())."
                )
        if self.sampler not in SAMPLERS:
            raise ValueError(f"`sampler` must be one of {', '.join(SAMPLERS)}, got '{self.sampler}'.")

    def resolved(self, parameters: int, domain: Domain) -> Points:
        """The same with numbers for a network of that many parameters; the more dimensions, the more points for a side."""
        interior = self.interior or max(500, 5 * parameters)
        sides = PER_SIDE * domain.dimension * len(domain.faces)
        return Points(interior, self.boundary or max(20, interior // 8, sides), self.sampler)


@dataclass(frozen=True)
class Settings:
    """What decides, beside problem and network, how a run goes.

    Attributes:
        optimizer: as it is at the first step.
        seed: of points and restarts.
        hard: whether conditions are built in.
        points: with numbers in them.
        budget: when to stop at the latest.
        threads: of PyTorch.
        plan: what happens around the steps.
    """

    optimizer: Optimizer
    seed: int
    hard: bool
    points: Points
    budget: Budget
    threads: int
    plan: Plan = field(default_factory=Plan)

    def content(self) -> dict[str, Any]:
        """Numbers and text that `read` makes equal settings from."""
        return {
            "seed": self.seed,
            "hard": self.hard,
            "optimizer": self.optimizer.name,
            "optimizer_arguments": json.dumps(described(self.optimizer)),
            "plan": json.dumps(described(self.plan)),
            **asdict(self.points),
            **{f"budget_{k}": v for k, v in asdict(self.budget).items()},
            "threads": self.threads,
        }

    @classmethod
    def read(cls, saved: dict[str, Any], optimizer: Optimizer | None = None, plan: Plan | None = None) -> Settings:
        """The settings of a recorded run.

        Args:
            saved: what `content` gave.
            optimizer: in place of the recorded one; of the same kind, because it goes on from its state.
            plan: in place of the recorded one, needed if that has parts that are not kanpde's.

        Raises:
            ValueError: for an optimiser of another kind, or one that is not kanpde's and not given.
        """
        name = saved["optimizer"]
        if optimizer is None:
            optimizer = rebuilt(json.loads(saved["optimizer_arguments"]), f"`optimizer` {name}")
        elif optimizer.name != name:
            raise RecordError(f"`optimizer` {optimizer.name} cannot go on from the state of {name}; give that one")
        return cls(
            optimizer,
            int(saved["seed"]),
            bool(saved["hard"]),
            Points(saved["interior"], saved["boundary"], saved["sampler"]),
            Budget(saved["budget_seconds"], saved["budget_steps"], saved["budget_tolerance"]),
            int(saved["threads"]),
            rebuilt(json.loads(saved["plan"]), "`plan`") if plan is None else plan,
        )


KNOWN: dict[str, type] = {
    c.__name__: c
    for c in (
        *(Plan, AdaptiveSlabs, Schedule, GaussNewton, Adam, LBFGS, SelfScaledBFGS, SelfScaledBroyden),
        *(Automatic, ConjugateGradients, Gram, Kernel, Orthogonal, Singular, Sketch),
        *(
            AdaptiveRatio,
            Causal,
            GradientNorm,
            NeuralTangentKernel,
            NoiseLevel,
            ResidualAttention,
            RAD,
            RAR,
            RARD,
            Redraw,
        ),
        *(AdaptedGrid, Deeper, FinerGrid, HigherDegree, MoreNodes, Sparsity),
    )
}
"""Classes whose objects a record can hold as a name and arguments; no others are ever made from a file."""


def described(value: Any) -> Any:
    """Numbers, text, lists and dicts for an object of a known class, its name and its arguments; of others the name."""
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, (list, tuple)):
        return [described(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    kind = type(value)
    if kind not in KNOWN.values():
        return {"class": f"{kind.__module__}.{kind.__qualname__}"}
    return {"class": kind.__name__, **{a: described(getattr(value, a)) for a in inspect.signature(kind).parameters}}


def rebuilt(saved: Any, what: str) -> Any:
    """The object that `described` made this of.

    Raises:
        RecordError: for a class that is not known.
    """
    if isinstance(saved, list):
        return tuple(rebuilt(v, what) for v in saved)
    if not isinstance(saved, dict):
        return saved
    if "class" not in saved:
        return {"float32": torch.float32, "float64": torch.float64}[saved["dtype"]]
    if saved["class"] not in KNOWN:
        raise RecordError(f"{what} has a part of class {saved['class']}, which is not kanpde's; give the object again")
    return KNOWN[saved["class"]](**{k: rebuilt(v, what) for k, v in saved.items() if k != "class"})
