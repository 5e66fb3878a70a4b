"""Families of functions of one variable that the edges of a network are expanded in."""

from .activation import Activation, Identity, SiLU, Sine, Tanh
from .base import Basis
from .bspline import BSpline
from .chebyshev import Chebyshev
from .fourier import Fourier
from .gaussian import Gaussian
from .union import Union

__all__ = [
    "Activation", "BSpline", "Basis", "Chebyshev", "Fourier", "Gaussian", "Identity", "SiLU", "Sine", "Tanh", "Union",
]  # fmt: skip
