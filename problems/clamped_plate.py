"""Biharmonic equation: a plate under load, clamped all round."""

from kanpde import Dirichlet, Neumann, Problem, Rectangle, exp, laplacian, pi, sin


class ClampedPlate(Problem):
    """u_xxxx + 2 u_xxyy + u_yyyy = f on [0, 1]^2 with u = du/dn = 0 and u = sin(pi x)^2 sin(pi y)^2 exp(x y)."""

    group = "solids"
    source = "manufactured; Kirchhoff's plate with unit stiffness"
    domain = Rectangle(x=(0, 1), y=(0, 1))
    manufactured = True

    def exact(self, x, y):
        return sin(pi * x) ** 2 * sin(pi * y) ** 2 * exp(x * y)

    def residual(self, u, x, y):
        return laplacian(laplacian(u))

    def conditions(self, x, y):
        return [Dirichlet(u=0, hard=True), Neumann(u=0, hard=True)]
