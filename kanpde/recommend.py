"""The network that a problem gets if the user names none, and an MLP of about the same number of parameters."""

from __future__ import annotations

from .ansatz import Ansatz
from .nn import KAN, MLP

HIDDEN = 6
DEGREES = (30, 4)


def recommended_kan(ansatz: Ansatz, *, seed: int = 0) -> KAN:
    """A Chebyshev KAN with one hidden layer of 6 nodes, degrees 30 and 4, edges without base function.

    With Gauss-Newton it reaches 1e-10 and below on smooth solutions that are sums of a few products; solutions of
    other shapes gain from a second hidden layer, as in `KAN([n, 6, 6, 1], basis="chebyshev", k=[12, 5, 5])`.
    """
    width = [ansatz.n_inputs, HIDDEN, len(ansatz.outputs)]
    return KAN(width, basis="chebyshev", k=DEGREES, seed=seed)


def matching_mlp(ansatz: Ansatz, parameters: int, *, seed: int = 0) -> MLP:
    """The tanh MLP with two hidden layers whose number of parameters is closest to the given one."""
    n, m = ansatz.n_inputs, len(ansatz.outputs)
    first, second = min(
        ((a, b) for a in range(1, 400) for b in range(max(1, a // 2), a + 1)),
        key=lambda ab: (abs((n + 1) * ab[0] + (ab[0] + 1) * ab[1] + (ab[1] + 1) * m - parameters), ab[0] - ab[1]),
    )
    return MLP([n, first, second, m], seed=seed)
