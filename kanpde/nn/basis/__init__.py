"""Families of functions of one variable that the edges of a network are expanded in."""

from .activation import Activation, Identity, SiLU, Sine, Tanh
from .base import Basis
from .bspline import BSpline
from .chebyshev import Chebyshev
from .union import Union

__all__ = ["Activation", "BSpline", "Basis", "Chebyshev", "Identity", "SiLU", "Sine", "Tanh", "Union"]
