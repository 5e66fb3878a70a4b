"""Boundary conditions, initial conditions and measurements, and the loss terms that they stand for."""

from __future__ import annotations

from .base import RESERVED, Condition, Term, normal, normal_derivative
from .boundary import Dirichlet, Flux, Neumann, Robin
from .data import DEVIATION, Data
from .initial import Initial
from .integral import Integral
from .interface import Interface
from .periodic import Periodic
from .place import AtPoints, AtStart, Interior, OnBoundary, Over, Place, Seam, measurements

__all__ = [
    "DEVIATION",
    "RESERVED",
    "AtPoints",
    "AtStart",
    "Condition",
    "Data",
    "Dirichlet",
    "Flux",
    "Initial",
    "Integral",
    "Interface",
    "Interior",
    "Neumann",
    "OnBoundary",
    "Over",
    "Periodic",
    "Place",
    "Robin",
    "Seam",
    "Term",
    "measurements",
    "normal",
    "normal_derivative",
]
