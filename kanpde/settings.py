"""Settings of a run: points, optimiser, seed, budget; as numbers and text in a record, and back."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any

from .optim import OPTIMIZERS, Optimizer
from .record import RecordError
from .sampling import SAMPLERS
from .training import Budget


@dataclass(frozen=True)
class Points:
    """How many training points, and how they are drawn.

    Args:
        interior: points per equation, at least 1; None for 5 times the number of parameters, at least 500.
        boundary: points per condition, at least 1; None for an eighth of the interior ones.
        sampler: "sobol", "lhs", "uniform" or "grid".

    Raises:
        ValueError: for an empty sample or an unknown sampler.
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
        if self.sampler not in SAMPLERS:
            raise ValueError(f"`sampler` must be one of {', '.join(SAMPLERS)}, got '{self.sampler}'.")

    def resolved(self, parameters: int) -> Points:
        """The same with numbers for a network of that many parameters."""
        interior = self.interior or max(500, 5 * parameters)
        return Points(interior, self.boundary or max(20, interior // 8), self.sampler)


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
    """

    optimizer: Optimizer
    seed: int
    hard: bool
    points: Points
    budget: Budget
    threads: int

    def content(self) -> dict[str, Any]:
        """Numbers and text that `read` makes equal settings from."""
        arguments = [a for a in inspect.signature(type(self.optimizer)).parameters if hasattr(self.optimizer, a)]
        return {
            "seed": self.seed,
            "hard": self.hard,
            "optimizer": self.optimizer.name,
            "optimizer_arguments": json.dumps({a: getattr(self.optimizer, a) for a in arguments}, default=str),
            **asdict(self.points),
            **{f"budget_{k}": v for k, v in asdict(self.budget).items()},
            "threads": self.threads,
        }

    @classmethod
    def read(cls, saved: dict[str, Any], optimizer: Optimizer | None = None) -> Settings:
        """The settings of a recorded run.

        Args:
            saved: what `content` gave.
            optimizer: in place of the recorded one; of the same kind, because it goes on from its state.

        Raises:
            ValueError: for an optimiser of another kind, or one that is not kanpde's and not given.
        """
        name = saved["optimizer"]
        if optimizer is None:
            if name not in OPTIMIZERS:
                raise RecordError(f"`optimizer` {name} is none of {', '.join(OPTIMIZERS)}; give the object again")
            optimizer = OPTIMIZERS[name](**json.loads(saved["optimizer_arguments"]))
        elif optimizer.name != name:
            raise RecordError(f"`optimizer` {optimizer.name} cannot go on from the state of {name}; give that one")
        return cls(
            optimizer,
            int(saved["seed"]),
            bool(saved["hard"]),
            Points(saved["interior"], saved["boundary"], saved["sampler"]),
            Budget(saved["budget_seconds"], saved["budget_steps"], saved["budget_tolerance"]),
            int(saved["threads"]),
        )
