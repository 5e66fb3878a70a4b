"""Modes of a round membrane."""

import numpy as np
from scipy.special import jn_zeros

from kanpde import Dirichlet, Disk, Eigenvalue, Problem, laplacian


class Drum(Problem):
    """-laplacian(u) = lam u in the unit disk, u = 0 on its edge; all eigenvalues but those of round modes are double."""

    group = "elliptic"
    source = "Rayleigh (1877), The Theory of Sound, vol. I, ch. IX"
    typical = (1.8e-09, 36)
    domain = Disk(x=0, y=0, radius=1)
    lam = Eigenvalue()

    def residual(self, u, x, y):
        return laplacian(u) + self.lam * u

    def conditions(self, x, y):
        return [Dirichlet(u=0)]

    def eigenvalues(self, count):
        """Squares of the zeros of Bessel functions."""
        zeros = [z for n in range(count) for z in jn_zeros(n, count) for _ in range(1 + (n > 0))]
        return np.sort(zeros)[:count] ** 2
