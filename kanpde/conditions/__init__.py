"""Boundary conditions, initial conditions and measurements, and the loss terms that they stand for."""

from __future__ import annotations

from .base import RESERVED, Condition, Term, normal, normal_derivative
from .boundary import Dirichlet, Flux, Neumann, Robin
from .data import Data
from .initial import Initial
from .interface import Interface
from .periodic import Periodic
from .place import AtPoints, AtStart, Interior, OnBoundary, Place, Seam

__all__ = [
    "RESERVED",
    "AtPoints",
    "AtStart",
    "Condition",
    "Data",
    "Dirichlet",
    "Flux",
    "Initial",
    "Interface",
    "Interior",
    "Neumann",
    "OnBoundary",
    "Periodic",
    "Place",
    "Robin",
    "Seam",
    "Term",
    "normal",
    "normal_derivative",
]
