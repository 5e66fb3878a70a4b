"""Which factorisation suits the size, the device and the damping."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...linearisation import Linearisation
from .base import Factor, Factorisation, Metric
from .batches import check_memory
from .conjugate import ConjugateGradients
from .gram import Gram
from .kernel import Kernel
from .orthogonal import Orthogonal
from .singular import Singular

MANY = 10_000
"""Parameters above which the square matrix J^T J is not formed."""
LEAST = {torch.float64: 1e-10, torch.float32: 1e-3}
"""Damping, beside the largest eigenvalue, that half of the digits of a type are enough for."""
WORTH_SINGLE = 800
"""Parameters from which float32 pays."""


@dataclass(frozen=True)
class Automatic:
    """Choose anew at every linearisation, by the damping that will be tried first beside the largest eigenvalue.

    More than 10,000 parameters: conjugate gradients. Fewer rows than parameters: the kernel form, or singular values
    once the damping is small. Otherwise normal equations while the damping is above 1e-10 of the largest eigenvalue,
    then orthogonal triangles. Parameters in float32 leave the normal equations, and the kernel form, at 1e-3; those in
    float64 have their product in float32 above that, from 800 parameters on.

    Args:
        memory: bytes that a batch of rows of the Jacobian may take, above 0. Fewer rows than parameters are taken at once:
            they are less than the square matrix that is formed of more rows, which does not count either.

    Raises:
        ValueError: for a memory that is not positive.
    """

    memory: float = 2.0**30

    def __post_init__(self) -> None:
        check_memory(self.memory)

    def __call__(self, linear: Linearisation, metric: Metric, *, relative: float = 0.0, turn: int = 0) -> Factor:
        """A factor of the kind that suits."""
        return self.chosen(linear, relative)(linear, metric, relative=relative, turn=turn)

    def chosen(self, linear: Linearisation, relative: float) -> Factorisation:
        """The factorisation for these rows and this damping, in units of the largest eigenvalue."""
        if linear.parameter_count > MANY:
            return ConjugateGradients()
        small = relative <= LEAST[linear.rows.dtype]
        if linear.size < linear.parameter_count:
            return Singular() if small else Kernel()
        if small:
            return Orthogonal(self.memory)
        single = relative > LEAST[torch.float32] and linear.parameter_count >= WORTH_SINGLE
        return Gram(self.memory, torch.float32 if single else None)
