"""Poisson equation in three dimensions."""

from kanpde import Box, Dirichlet, Problem, laplacian, pi, sin


class Poisson3D(Problem):
    """u_xx + u_yy + u_zz = f on [0, 1]^3 with u = sin(pi x) sin(pi y) sin(pi z), zero on the boundary."""

    group = "elliptic"
    source = "manufactured; the first eigenfunction of the Laplacian on the unit cube"
    typical = (3.5e-6, 60)
    domain = Box(x=(0, 1), y=(0, 1), z=(0, 1))
    manufactured = True

    def exact(self, x, y, z):
        return sin(pi * x) * sin(pi * y) * sin(pi * z)

    def residual(self, u, x, y, z):
        return laplacian(u)

    def conditions(self, x, y, z):
        return [Dirichlet(u=0)]
