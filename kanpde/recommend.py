"""The network that a problem gets if the user names none, and an MLP of about the same number of parameters."""

from __future__ import annotations

from collections.abc import Sequence

from .ansatz import Ansatz
from .nn import KAN, MLP

HIDDEN = 6
GRIDS = (14, 2)
DEGREES = {"chebyshev": (30, 4), "bspline": (8, 4)}


def recommended_kan(ansatz: Ansatz, *, seed: int = 0) -> KAN:
    """A Chebyshev KAN with one hidden layer of 6 nodes, degrees 30 and 4, edges without base function.

    With Gauss-Newton it reaches 1e-10 and below on smooth solutions that are sums of a few products; solutions of
    other shapes gain from a second hidden layer, as in `KAN([n, 6, 6, 1], basis="chebyshev", k=[12, 5, 5])`.
    """
    return kan_from(ansatz, seed=seed)


def kan_from(
    ansatz: Ansatz,
    *,
    basis: str | None = None,
    width: Sequence[int] | None = None,
    grid: Sequence[int] | None = None,
    degree: Sequence[int] | None = None,
    seed: int = 0,
) -> KAN:
    """A KAN with the given sizes; what is None is recommended.

    Args:
        ansatz: says how many inputs and outputs there are.
        basis: "chebyshev" or "bspline".
        width: nodes per layer.
        grid: grid intervals of B-splines, one number or one per layer.
        degree: polynomial degree, one number or one per layer.
        seed: of the start values.
    """
    basis = basis or "chebyshev"
    width = list(width) if width is not None else [ansatz.n_inputs, HIDDEN, len(ansatz.outputs)]
    layers = len(width) - 1
    degrees = _spread(degree or DEGREES[basis], layers, given=degree is not None)
    grids = _spread(grid or GRIDS, layers, given=grid is not None)
    return KAN(width, grid=grids, k=degrees, basis=basis, base=False, seed=seed)


def matching_mlp(ansatz: Ansatz, parameters: int, *, seed: int = 0) -> MLP:
    """The tanh MLP with two hidden layers whose number of parameters is closest to the given one."""
    n, m = ansatz.n_inputs, len(ansatz.outputs)
    first, second = min(
        ((a, b) for a in range(1, 400) for b in range(max(1, a // 2), a + 1)),
        key=lambda ab: (abs((n + 1) * ab[0] + (ab[0] + 1) * ab[1] + (ab[1] + 1) * m - parameters), ab[0] - ab[1]),
    )
    return MLP([n, first, second, m], seed=seed)


def _spread(values: Sequence[int], layers: int, *, given: bool) -> int | list[int]:
    """One value per layer: a recommendation's last value serves all deeper layers, a user's list is left as it is."""
    values = list(values)
    if len(values) == 1:
        return values[0]
    return values if given else (values + values[-1:] * layers)[:layers]
