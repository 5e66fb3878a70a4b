"""Stationary states of the quantum harmonic oscillator."""

import numpy as np

from kanpde import Dirichlet, Eigenvalue, Interval, Problem


class QuantumOscillator(Problem):
    """-u'' / 2 + x^2 u / 2 = E u on [-8, 8], u = 0 at the ends, where the lower states have about exp(-32)."""

    group = "elliptic"
    source = "Schroedinger (1926), Annalen der Physik 384, 489"
    typical = (6.4e-13, 14)
    domain = Interval(x=(-8, 8))
    E = Eigenvalue()

    def residual(self, u, x):
        return -u.xx / 2 + x**2 * u / 2 - self.E * u

    def conditions(self, x):
        return [Dirichlet(u=0)]

    def eigenvalues(self, count):
        """Those on the whole line."""
        return np.arange(count) + 0.5
