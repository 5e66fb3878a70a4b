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

    Raises:
        ValueError: for sizes that cannot be, or an unknown basis.
    """
    basis = basis or "chebyshev"
    width = list(width) if width is not None else [ansatz.n_inputs, HIDDEN, len(ansatz.outputs)]
    layers = len(width) - 1
    degrees = _per_layer(degree, DEGREES.get(basis, (3,)), layers)
    grids = _per_layer(grid, GRIDS, layers)
    return KAN(width, grid=grids, k=degrees, basis=basis, base=False, seed=seed)


def matching_mlp(ansatz: Ansatz, parameters: int, *, seed: int = 0) -> MLP:
    """The tanh MLP with two hidden layers whose number of parameters is closest to the given one."""
    n, m = ansatz.n_inputs, len(ansatz.outputs)
    first, second = min(
        ((a, b) for a in range(1, 400) for b in range(max(1, a // 2), a + 1)),
        key=lambda ab: (abs((n + 1) * ab[0] + (ab[0] + 1) * ab[1] + (ab[1] + 1) * m - parameters), ab[0] - ab[1]),
    )
    return MLP([n, first, second, m], seed=seed)


def _per_layer(given: Sequence[int] | None, recommended: Sequence[int], layers: int) -> int | list[int]:
    """What the user gave, as it is; else the recommendation, whose last value serves all deeper layers."""
    if given is not None:
        return given[0] if len(given) == 1 else list(given)
    return [*recommended, *[recommended[-1]] * layers][:layers]
