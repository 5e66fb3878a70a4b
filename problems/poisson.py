"""Poisson equation with a product of sines."""

from kanpde import Dirichlet, Problem, Rectangle, laplacian, pi, sin


class Poisson(Problem):
    """u_xx + u_yy = f on [-1, 1]^2 with u = sin(pi x) sin(pi y), zero on the boundary."""

    group = "elliptic"
    source = "pykan 0.2, PDE tutorial (Liu et al. 2024)"
    typical = (1.7e-15, 7)
    domain = Rectangle(x=(-1, 1), y=(-1, 1))

    def exact(self, x, y):
        return sin(pi * x) * sin(pi * y)

    def residual(self, u, x, y):
        return laplacian(u) - laplacian(self.exact(x, y))

    def conditions(self, x, y):
        return [Dirichlet(u=0)]
