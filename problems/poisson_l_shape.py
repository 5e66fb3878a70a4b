"""Poisson's equation on an L-shaped domain, whose solution has an infinite slope in the re-entrant corner."""

from kanpde import Dirichlet, Polygon, Problem, laplacian


class PoissonLShape(Problem):
    """-(u_xx + u_yy) = 1 on [-1, 1]^2 without the lower right quarter, zero on the boundary.

    Near the re-entrant corner u goes like r^(2/3), near the others like r^2 log r: these terms are found and added to the
    network. The integral of u is 0.21407580.
    """

    group = "elliptic"
    source = "Grisvard (1985), Elliptic Problems in Nonsmooth Domains, ch. 4"
    domain = Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])

    def residual(self, u, x, y):
        return laplacian(u) + 1

    def conditions(self, x, y):
        return [Dirichlet(u=0)]
