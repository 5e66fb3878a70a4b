"""What every regularisation offers: rows beside the residuals, made anew between steps."""

from __future__ import annotations

from typing import Protocol

from jaxtyping import Float
from torch import Tensor

from ..nn import Network
from ..prior import Prior


class Regularisation(Protocol):
    """One wish that the edge functions of a KAN should fulfil beside the residual; it remembers nothing.

    Between two updates it is a plain sum of squares, so every optimiser sees the same least-squares problem.

    Attributes:
        name: as on the command line.
        every: number of steps between two updates, at least 1.
    """

    @property
    def name(self) -> str: ...  # noqa: D102  (described above)

    @property
    def every(self) -> int: ...  # noqa: D102

    def prior(self, network: Network, x: Float[Tensor, "n inputs"], loss: float) -> Prior:
        """The rows for the present network.

        Args:
            network: of layers with functions on their edges.
            x: its inputs at the training points, at least 2.
            loss: sum of squares of the residuals.
        """
        ...
