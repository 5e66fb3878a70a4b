"""The Poisson equation of the KAN paper."""

from kanpde import Dirichlet, Problem, Rectangle, laplacian, pi, sin


class PoissonKanPaper(Problem):
    """u_xx + u_yy = f on [-1, 1]^2 with u = sin(pi x) sin(pi y^2), zero on the boundary."""

    group = "elliptic"
    source = "Liu et al. (2024), KAN: Kolmogorov-Arnold Networks, arXiv:2404.19756, sec. 3.4"
    typical = (3.7e-15, 14)
    domain = Rectangle(x=(-1, 1), y=(-1, 1))

    def exact(self, x, y):
        return sin(pi * x) * sin(pi * y**2)

    def residual(self, u, x, y):
        return laplacian(u) - laplacian(self.exact(x, y))

    def conditions(self, x, y):
        return [Dirichlet(u=0)]
