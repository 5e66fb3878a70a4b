"""Poisson equation whose solution has waves of four lengths."""

from kanpde import Dirichlet, Problem, Rectangle, laplacian, pi, sin


class MultiscalePoisson(Problem):
    """u_xx + u_yy = f on [0, 1]^2 with u = sum of sin(w pi x) sin(w pi y) over w = 4, 8, 12, 16, zero on the boundary."""

    group = "elliptic"
    source = "manufactured; a sum of eigenfunctions of the Laplacian on the unit square"
    typical = (7.4e-2, 47)
    domain = Rectangle(x=(0, 1), y=(0, 1))
    manufactured = True
    waves = (4, 8, 12, 16)

    def exact(self, x, y):
        return sum(sin(w * pi * x) * sin(w * pi * y) for w in self.waves)

    def residual(self, u, x, y):
        return laplacian(u)

    def conditions(self, x, y):
        return [Dirichlet(u=0)]
