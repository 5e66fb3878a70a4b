"""Diffusion through two materials, one of which conducts a hundred times as well."""

from sympy import Rational

from kanpde import Dirichlet, Interface, Problem, Rectangle, by_material, cos, div, grad, pi, sin


class DiffusionJump(Problem):
    """div(k grad u) = f on [0, 1]^2, k = 1 where x < 1/2 and `contrast`, 100, where x > 1/2.

    u = sin(pi y) (a sin(3 z) + cos(2 z)) with z = x - 1/2, a = `contrast` to the left and 1 to the right, so that u and the
    flux k u_x are continuous at x = 1/2.
    """

    group = "elliptic"
    source = "manufactured"
    domain = Rectangle(x=(0, 1), y=(0, 1))
    materials = {
        "left": Rectangle(x=(0, Rational(1, 2)), y=(0, 1)),
        "right": Rectangle(x=(Rational(1, 2), 1), y=(0, 1)),
    }
    contrast = 100
    manufactured = True

    def conductivity(self):
        return by_material(left=1, right=self.contrast)

    def exact(self, x, y):
        z = x - Rational(1, 2)
        slope = by_material(left=self.contrast, right=1)
        return sin(pi * y) * (slope * sin(3 * z) + cos(2 * z))

    def residual(self, u, x, y):
        return div(self.conductivity() * grad(u))

    def conditions(self, x, y, u):
        return [Dirichlet(u=self.exact(x, y)), Interface(u=0, flux=self.conductivity() * grad(u))]
