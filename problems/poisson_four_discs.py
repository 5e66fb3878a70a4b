"""Laplace's equation on a square with four round holes."""

from kanpde import Dirichlet, Disk, Problem, Rectangle, laplacian


class PoissonFourDiscs(Problem):
    """u_xx + u_yy = 0 on [-0.5, 0.5]^2 without four discs of radius 0.1; u is 1 on the square and 0 on the circles."""

    group = "elliptic"
    source = "Hao et al. (2023), PINNacle, arXiv:2306.08827 (Poisson 2d-C)"
    domain = (
        Rectangle(x=(-0.5, 0.5), y=(-0.5, 0.5))
        - Disk(x=-0.3, y=-0.3, radius=0.1)
        - Disk(x=0.3, y=-0.3, radius=0.1)
        - Disk(x=-0.3, y=0.3, radius=0.1)
        - Disk(x=0.3, y=0.3, radius=0.1)
    )

    def residual(self, u, x, y):
        return laplacian(u)

    def conditions(self, x, y):
        return [Dirichlet(u=1, on="outer"), Dirichlet(u=0, on="holes")]
