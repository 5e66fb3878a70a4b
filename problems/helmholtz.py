"""Helmholtz equation with a different number of waves in x and y."""

from kanpde import Dirichlet, Problem, Rectangle, laplacian, pi, sin


class Helmholtz(Problem):
    """u_xx + u_yy + k^2 u = f on [-1, 1]^2 with u = sin(a pi x) sin(b pi y), zero on the boundary."""

    group = "elliptic"
    source = "Wang, Teng, Perdikaris (2021), SIAM Journal on Scientific Computing 43, A3055, sec. 4.1"
    typical = (2.5e-11, 14)
    domain = Rectangle(x=(-1, 1), y=(-1, 1))
    manufactured = True
    a = 1
    b = 4
    k = 1

    def exact(self, x, y):
        return sin(self.a * pi * x) * sin(self.b * pi * y)

    def residual(self, u, x, y):
        return laplacian(u) + self.k**2 * u

    def conditions(self, x, y):
        return [Dirichlet(u=self.exact(x, y))]
