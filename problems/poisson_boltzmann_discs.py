"""Linearised Poisson-Boltzmann equation on a square with four round holes."""

from kanpde import Dirichlet, Disk, Problem, Rectangle, cos, laplacian, pi, sin


class PoissonBoltzmannDiscs(Problem):
    """-lap u + k^2 u = f on [-1, 1]^2 without four discs, k = 8; u is 0.2 on the square and 1 on the circles.

    f = 10 (17 + x^2 + y^2) sin(pi x) cos(4 pi y).
    """

    group = "elliptic"
    source = "Hao et al. (2023), PINNacle, arXiv:2306.08827 (Poisson-Boltzmann 2d-CG)"
    domain = (
        Rectangle(x=(-1, 1), y=(-1, 1))
        - Disk(x=0.5, y=0.5, radius=0.2)
        - Disk(x=0.4, y=-0.4, radius=0.4)
        - Disk(x=-0.2, y=-0.7, radius=0.1)
        - Disk(x=-0.6, y=0.5, radius=0.3)
    )
    k = 8

    def residual(self, u, x, y):
        f = 10 * (17 + x**2 + y**2) * sin(pi * x) * cos(4 * pi * y)
        return -laplacian(u) + self.k**2 * u - f

    def conditions(self, x, y):
        return [Dirichlet(u=0.2, on="outer"), Dirichlet(u=1, on="holes")]
