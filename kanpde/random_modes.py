"""Modes among random functions: the lowest eigenvalues, to some digits, by linear least squares.

The functions that the last layer of a wide random network combines are a basis. With as many rows as there are points, the
eigenvalue problem in it is shifted and inverted by least squares.

Source:
    Saad (2011), Numerical Methods for Large Eigenvalue Problems, ch. 8 (shift and invert).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Complex, Float
from torch import nn

from .ansatz import Ansatz
from .budget import Budget
from .field import Field
from .geometry import Domain
from .leg import Leg, scales_of
from .nn import KAN, Network
from .optim import GaussNewton
from .poles import Pole
from .seeds import Seeds
from .settings import Points, Settings
from .singularity import SINGULAR, Singular, singular_terms

Size = tuple[int, tuple[int, int]]
LINE: tuple[Size, ...] = ((24, (12, 8)),)
WIDE: tuple[Size, ...] = ((50, (6, 4)), (100, (8, 6)))
"""Nodes and Chebyshev degrees of the random networks, with one input and with more; the next where one sees too little."""
RESOLVED, DRIFT = 0.1, 0.01
"""Relative residual up to which a combination of random functions counts as a mode, and how far others may find it."""
OTHER = 1009
"""Between the seeds of the random functions."""
REAL = 1e-3
"""Relative imaginary part up to which an eigenvalue counts as real."""
NEGLIGIBLE = 1e-12
"""Of singular values."""
SHIFT = 0.37
"""How far below the eigenvalue nearest to 0 the shift lies, in eigenvalues."""

Matrix = Float[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Start:
    """Where the training of a mode begins.

    Attributes:
        value: the eigenvalue.
        field: the function, of norm 1.
        singular: the singular terms, with their factors.
    """

    value: float
    field: Field
    singular: tuple[Singular | Pole, ...]


def kan_of_size(ansatz: Ansatz, size: Size, seed: int) -> KAN:
    """A Chebyshev KAN with one hidden layer of these nodes and degrees."""
    width, degrees = size
    shape = [ansatz.n_inputs, width, len(ansatz.outputs)]
    return KAN(shape, basis="chebyshev", k=list(degrees), base=False, seed=seed)


def lowest_modes(ansatz: Ansatz, hard: bool, seed: int, count: int) -> list[Start]:
    """The lowest modes that random functions, and the singular ones, can follow.

    What other random functions do not find at about the same place belongs to the functions, and not to the problem.

    Source:
        Boyd (1996), Journal of Computational Physics 126, 11 (eigenvalues that drift with the resolution are spurious).
    """
    most = 0
    for size in LINE if ansatz.n_inputs == 1 else WIDE:
        legs = [_random(ansatz, size, hard, number) for number in (seed, seed + OTHER)]
        values, combinations = _steady([_pencil(leg, str(ansatz.problem.eigenvalue)) for leg in legs], count)
        if len(values) == count:
            return [_started(legs[0], float(v), c) for v, c in zip(values, combinations.T, strict=True)]
        most = max(most, len(values))
    raise ValueError(
        f"`count` must be at most {most} for {ansatz.problem.name}, got {count}: random functions follow no more modes "
        "closely; they follow more with hard=True."
    )


def _steady(pencils: Sequence[tuple[Matrix, Matrix]], count: int) -> tuple[Float[np.ndarray, " k"], Matrix]:
    """At most `count` eigenvalues, the lowest ones that both pencils have, and the combinations of the first."""
    rough, vectors = _inverted(*pencils[0], 0.0)
    if not len(rough):
        return rough, vectors
    nearest = rough[np.abs(rough).argsort()]
    shift = float(nearest[0]) - SHIFT * float(np.median(np.abs(nearest[: count + 1])))
    (values, combinations), (others, _) = (_inverted(*pencil, shift) for pencil in pencils)
    away = np.abs(values[:, None] - others).min(axis=1, initial=np.inf)
    steady = np.flatnonzero(away <= DRIFT * np.abs(values - shift))
    return values[steady[:count]], combinations[:, steady[:count]]


def _random(ansatz: Ansatz, size: Size, hard: bool, seed: int) -> Leg:
    """A random network of that size at points of the problem."""
    network = kan_of_size(ansatz, size, seed)
    points = Points().resolved(sum(p.numel() for p in network.parameters()), ansatz.problem.domain)
    settings = Settings(GaussNewton(), seed, hard, points, Budget(steps=1), 1)
    return Leg.of(ansatz, network, scales_of(ansatz.problem), settings, Seeds(seed))


def _pencil(leg: Leg, eigenvalue: str) -> tuple[Matrix, Matrix]:
    """The rows of the loss as A + lambda B, by the parameters of the last layer and the factors of singular functions."""
    linear = {id(p) for p in _linear(leg.field)}
    ends = np.cumsum([0, *(p.numel() for p in leg.loss.parameters)])
    columns = np.concatenate(
        [np.arange(a, b) for p, a, b in zip(leg.loss.parameters, ends, ends[1:], strict=False) if id(p) in linear]
    )
    found = []
    for value in (0.0, 1.0):
        with torch.no_grad():
            leg.trial.numbers[eigenvalue].fill_(value)
        found.append(leg.loss.jacobian()[1][:, columns].cpu().double().numpy().copy())
    return found[0], found[1] - found[0]


def _inverted(still: Matrix, slope: Matrix, shift: float) -> tuple[Float[np.ndarray, " k"], Matrix]:
    """Real eigenvalues of `(still + lambda slope) c = 0` that are resolved, ascending, and the combinations c."""
    shifted = still + shift * slope
    inverse, *_ = np.linalg.lstsq(shifted, -slope, rcond=NEGLIGIBLE)
    inverted, vectors = np.linalg.eig(inverse)
    kept = np.abs(inverted) > NEGLIGIBLE * np.abs(inverted).max(initial=0.0)
    inverted, vectors = inverted[kept], vectors[:, kept]
    distance = 1 / inverted
    missed = np.linalg.norm(shifted @ vectors + distance * (slope @ vectors), axis=0)
    sizes = np.linalg.norm(distance * (slope @ vectors), axis=0)
    good = (missed <= RESOLVED * sizes) & (np.abs(distance.imag) <= REAL * np.abs(distance))
    values = shift + distance.real[good]
    order = np.argsort(values)
    return values[order], _as_real(vectors[:, good])[:, order]


def _as_real(vectors: Complex[np.ndarray, "n k"]) -> Matrix:
    """Vectors turned so that their largest entry is real, and its real part."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None], axis=0)
    return np.real(vectors * np.conj(largest) / np.abs(largest))


def _started(leg: Leg, value: float, combination: Float[np.ndarray, " columns"]) -> Start:
    """The function that the combination is, of norm 1."""
    field = Field.of(leg.ansatz, copy.deepcopy(leg.trial))
    terms = [pair for listed in singular_terms(leg.ansatz.problem).values() for pair in listed]
    places = _linear(field)
    with torch.no_grad():
        for p, part in zip(places, torch.as_tensor(combination).split([p.numel() for p in places]), strict=True):
            p.copy_(part.view_as(p))
    scale(field, 1 / norm(leg.ansatz.problem.domain, field))
    singular = [replace(term, start=float(field.trial.numbers[factor.name].detach())) for factor, _, term in terms]
    return Start(value, field, tuple(singular))


def _linear(field: Field) -> list[nn.Parameter]:
    """What a function depends on linearly: the last layer, and the factors of singular terms; nothing in other modules."""
    network, numbers = field.trial.network, field.trial.numbers
    if not isinstance(network, Network):
        return []
    return [*network.layers[-1].parameters(), *(numbers[n] for n in numbers if n.startswith(SINGULAR))]


def scale(field: Field, factor: float) -> None:
    """Multiply a function by a number, where its network has a last layer of its own."""
    with torch.no_grad():
        for p in _linear(field):
            p.mul_(factor)


def norm(domain: Domain, field: Field) -> float:
    """Root of the integral of the sum of squares of the unknowns."""
    rule = domain.quadrature()
    return sum(float(rule.integral(field.values(rule, name) ** 2)[0]) for name in field.unknowns) ** 0.5
