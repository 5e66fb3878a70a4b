"""Liouville's equation: a nonlinear Poisson equation that is solved by any analytic function."""

from kanpde import Dirichlet, Problem, Rectangle, cos, exp, laplacian, log, sin, sinh


class Liouville(Problem):
    """u_xx + u_yy + exp(u) = 0 on [-1, 1]^2 with u = log(8 |f'|^2 / (1 + |f|^2)^2), f = sin(x + i y)."""

    group = "elliptic"
    source = "Liouville (1853), Journal de Mathematiques Pures et Appliquees 18, 71"
    domain = Rectangle(x=(-1, 1), y=(-1, 1))

    def exact(self, x, y):
        return log(8 * (cos(x) ** 2 + sinh(y) ** 2)) - 2 * log(1 + sin(x) ** 2 + sinh(y) ** 2)

    def residual(self, u, x, y):
        return laplacian(u) + exp(u)

    def conditions(self, x, y):
        return [Dirichlet(u=self.exact(x, y))]
