"""Self-scaled BFGS and Broyden: the whole inverse Hessian, rescaled before every update.

With s the step, y the change of the gradient, B the approximation of the Hessian and H its inverse, and with

    b = s^T B s / s^T y,    h = y^T H y / s^T y,    a = b h - 1,    v = s / s^T y - H y / y^T H y,

the update is

    H <- (H - H y y^T H / y^T H y + phi y^T H y v v^T) / tau + s s^T / s^T y,    phi = (1 - theta) / (1 + a theta).

The member theta = 0 of the family is BFGS, theta = 1 is DFP. One update costs as much as a few products H g.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from .quasi_newton import Move, QuasiNewton


class DenseInverse:
    """The inverse Hessian as a symmetric positive definite matrix.

    Before its first update it is s^T y / y^T y times the identity.

    Args:
        member: theta as a function of b and a.

    Source:
        Scaling: Al-Baali (1998), Comput. Optim. Appl. 9, 191; Urban, Stefanou, Pons (2025), J. Comput. Phys. 523,
        113656, eqs. 11 and 13-23. First matrix: Nocedal, Wright (2006), "Numerical Optimization", eq. 6.20.
    """

    def __init__(self, member: Callable[[float, float], float]):
        self.member = member
        self.matrix: Float[Tensor, "p p"] | None = None

    @property
    def empty(self) -> bool:
        """Whether there was no update yet."""
        return self.matrix is None

    def times(self, gradient: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """H times a gradient."""
        assert self.matrix is not None
        return self.matrix @ gradient

    def learn(self, move: Move) -> None:
        """Rescale and update."""
        s, y, sy, count = move.step, move.change, move.curvature, len(move.step)
        first, matrix = self.matrix is None, self.matrix
        b = move.expected / sy
        if matrix is None:
            initial = sy / float(y @ y)
            matrix = initial * torch.eye(count, dtype=s.dtype, device=s.device)
            b = float(s @ s) / (initial * sy)
        hy = matrix @ y
        yhy = float(y @ hy)
        a = max(b * yhy / sy - 1, torch.finfo(s.dtype).eps)
        theta = self.member(b, a)
        sigma = 1 + theta * a
        tau = 1 / sigma if first else scaling(theta, sigma, b, count)
        phi = (1 - theta) / sigma
        v = (yhy * abs(phi) / tau) ** 0.5 * (s / sy - hy / yhy)
        hy, s = hy / (yhy * tau) ** 0.5, s / sy**0.5
        # products u u^T with a factor of 1 or -1 only: they keep the matrix symmetric to the last bit
        self.matrix = (matrix / tau).addr_(hy, hy, alpha=-1).addr_(v, v, alpha=math.copysign(1, phi)).addr_(s, s)

    def state(self) -> dict[str, Tensor]:
        """The matrix."""
        return {} if self.matrix is None else {"matrix": self.matrix}

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over a saved matrix."""
        self.matrix = state.get("matrix")


def scaling(theta: float, sigma: float, b: float, count: int) -> float:
    """The scale tau that belongs to a member of the family in so many dimensions; min(1, 1 / b) for BFGS."""
    rho, root = min(1.0, 1 / b), sigma ** (-1 / max(count - 1, 1))
    return min(rho * root, sigma) if theta <= 0 else rho * min(root, 1 / theta)


def bfgs(b: float, a: float) -> float:
    """The member BFGS."""
    return 0.0


def broyden(b: float, a: float) -> float:
    """The member that is closest to 1 / b - 1 within the interval in which the self-scaled update converges."""
    reach = b * (1 + math.sqrt(a / (1 + a)))
    shortest = min(1.0, 1 / reach)
    return max((shortest - 1) / a, min(1 / shortest, 1 / b - 1))


class SelfScaledBFGS(QuasiNewton):
    """Self-scaled BFGS with the whole inverse Hessian.

    Memory and time of a step grow with the square of the number of parameters: for networks of up to some thousands.

    Args:
        objective: what is minimised: the loss ("square"), its "root" or its "log".

    Raises:
        ValueError: for another objective.

    Source:
        Al-Baali (1998), Comput. Optim. Appl. 9, 191; Urban, Stefanou, Pons (2025), J. Comput. Phys. 523, 113656.
    """

    name = "ssbfgs"

    def __init__(self, *, objective: str = "root"):
        super().__init__(objective)

    def _unlearned(self) -> DenseInverse:
        return DenseInverse(bfgs)


class SelfScaledBroyden(QuasiNewton):
    """Self-scaled Broyden with the whole inverse Hessian.

    Memory and time of a step grow with the square of the number of parameters: for networks of up to some thousands.

    Args:
        objective: what is minimised: the loss ("square"), its "root" or its "log".

    Raises:
        ValueError: for another objective.

    Source:
        Al-Baali, Khalfan (2005), "Wide interval for efficient self-scaling quasi-Newton algorithms", Optim. Methods
        Softw. 20, 679; Urban, Stefanou, Pons (2025), J. Comput. Phys. 523, 113656.
    """

    name = "ssbroyden"

    def __init__(self, *, objective: str = "root"):
        super().__init__(objective)

    def _unlearned(self) -> DenseInverse:
        return DenseInverse(broyden)
