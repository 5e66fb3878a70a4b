"""What a factorisation of the linearised problem offers: the damped step for any damping, and what it promises."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from jaxtyping import Float
from torch import Tensor

from ...linearisation import Linearisation


class DampedStep(NamedTuple):
    """The minimiser of |r + J d|^2 + damping |d|^2.

    Attributes:
        step: d.
        predicted: |r|^2 - |r + J d|^2, the reduction that the linear model promises.
    """

    step: Float[Tensor, " p"]
    predicted: float


class Metric(Protocol):
    """The change of parameters after which the length of a step is measured."""

    def whiten(self, jacobian: Float[Tensor, "n p"]) -> Float[Tensor, "n p"]:
        """The Jacobian by the new parameters (done in place)."""
        ...

    def unwhiten(self, step: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """A step in the new parameters as one in the old."""
        ...

    def whiten_gradient(self, gradient: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """A gradient by the old parameters as one by the new."""
        ...


class Factor(Protocol):
    """One linearisation, prepared so that a further damping costs little.

    Attributes:
        largest: about the largest eigenvalue of J^T J, at most that and at least a part of it that is one over the number
            of rows or of parameters; damping is judged beside it.
        relative_floor: smallest damping, in units of `largest`, at which steps keep some digits.
    """

    @property
    def largest(self) -> float: ...  # noqa: D102  (described above)

    @property
    def relative_floor(self) -> float: ...  # noqa: D102

    def step(self, damping: float) -> DampedStep | None:
        """The damped step in the parameters of the metric; None if rounding has eaten it."""
        ...

    def correction(self, rows: Float[Tensor, " n"], damping: float) -> Float[Tensor, " p"] | None:
        """The damped step for other rows in place of r, as geodesic acceleration needs it; None like `step`."""
        ...


class Factorisation(Protocol):
    """Makes a factor of a linearisation."""

    def __call__(self, linear: Linearisation, metric: Metric, *, relative: float = 0.0, turn: int = 0) -> Factor:
        """Factor.

        Args:
            linear: rows and Jacobian.
            metric: how the length of a step is measured.
            relative: the damping that will be tried first, in units of the largest eigenvalue; 0 if unknown.
            turn: number of the linearisation, which random draws depend on.
        """
        ...
