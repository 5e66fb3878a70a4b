"""Random sketches of rows and columns: for many rows and many parameters, a step from a small random part of J."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ...linearisation import Linearisation
from .base import DampedStep, Metric
from .batches import batch_rows, check_memory
from .gram import GramFactor


@dataclass(frozen=True)
class Sketch:
    """J^T J from random sums of rows, restricted to random columns; the gradient is exact, the model is not.

    Rows are hashed to `rows` sums with random signs (a sparse embedding), parameters are drawn without replacement,
    anew for every linearisation; parameters that are not drawn stay where they are. The predicted reduction is that
    of the full rows.

    Args:
        rows: number of sums, at least 1; more than there are rows means all rows as they are. About 4 times
            `columns` keep the curvature within a factor of two.
        columns: number of parameters that move, at least 1; more than there are means all.
        memory: bytes that a batch of rows of the Jacobian may take.
        seed: of the draws.

    Raises:
        ValueError: for an empty sketch, or a memory that is not positive.

    Source:
        Clarkson, Woodruff (2017), Journal of the ACM 63(6), 54 (sparse embeddings); Pilanci, Wainwright (2016),
        Journal of Machine Learning Research 17, 1842 (exact gradient with sketched curvature).
    """

    rows: int
    columns: int
    memory: float = 2.0**30
    seed: int = 0

    def __post_init__(self) -> None:
        check_memory(self.memory)
        for name in ("rows", "columns"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` must be at least 1, got {getattr(self, name)}: an empty sketch has no curvature."
                )

    def __call__(self, linear: Linearisation, metric: Metric, *, relative: float = 0.0, turn: int = 0) -> SketchFactor:
        """J^T J of the sketch."""
        count, like = linear.parameter_count, linear.rows
        generator = torch.Generator().manual_seed(self.seed + turn)
        picked = torch.arange(count)
        if self.columns < count:
            picked = torch.randperm(count, generator=generator)[: self.columns].sort().values
        sums = like.new_zeros(min(self.rows, linear.size), len(picked))
        start = 0
        for rows, part in linear.batches(batch_rows(linear, self.memory)):
            columns = metric.whiten(part)[:, picked.to(like.device)]
            target, signs = self._hashed(start, len(rows), linear.size, generator)
            sums.index_add_(0, target.to(like.device), columns * signs.to(like)[:, None])
            start += len(rows)
        gradient = metric.whiten_gradient(linear.gradient)[picked.to(like.device)]
        matrix = like.new_zeros(len(picked), len(picked))
        matrix.addmm_(sums.T, sums)
        factor = GramFactor(linear, metric, matrix, gradient, torch.finfo(like.dtype).eps)
        return SketchFactor(linear, metric, picked.to(like.device), factor)

    def _hashed(self, start: int, count: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Which sum each row goes to, and with which sign."""
        if self.rows >= size:
            return torch.arange(start, start + count), torch.ones(count)
        target = torch.randint(self.rows, (count,), generator=generator)
        return target, 2.0 * torch.randint(2, (count,), generator=generator) - 1


@dataclass
class SketchFactor:
    """Normal equations of the drawn parameters."""

    linear: Linearisation
    metric: Metric
    picked: Tensor
    factor: GramFactor

    @property
    def largest(self) -> float:
        """That of the sketch."""
        return self.factor.largest

    @property
    def relative_floor(self) -> float:
        """That of normal equations."""
        return self.factor.relative_floor

    def step(self, damping: float) -> DampedStep | None:
        """The damped step of the sketch, with the reduction that all rows promise."""
        found = self.factor.step(damping)
        if found is None:
            return None
        step = self._spread(found.step)
        change = self.linear.product(self.metric.unwhiten(step))
        return DampedStep(step, float(-2 * (self.linear.rows @ change) - change @ change))

    def correction(self, rows: Float[Tensor, " n"], damping: float) -> Float[Tensor, " p"] | None:
        """None: a correction of second order is lost in the error of the sketch."""
        return None

    def _spread(self, step: Tensor) -> Tensor:
        full = step.new_zeros(self.linear.parameter_count)
        full[self.picked] = step
        return full
