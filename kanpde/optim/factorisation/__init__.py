"""Ways to solve (J^T J + lambda) d = -J^T r for one linearisation and any damping lambda."""

from .automatic import Automatic
from .base import Factor, Factorisation, Metric
from .conjugate import ConjugateGradients
from .gram import Gram
from .kernel import Kernel
from .orthogonal import Orthogonal
from .singular import Singular
from .sketch import Sketch

__all__ = [
    "Automatic",
    "ConjugateGradients",
    "Factor",
    "Factorisation",
    "Gram",
    "Kernel",
    "Metric",
    "Orthogonal",
    "Singular",
    "Sketch",
]
