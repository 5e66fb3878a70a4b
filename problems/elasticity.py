"""Plane elasticity: a block under load, its boundary displaced as given."""

from kanpde import Dirichlet, Problem, Rectangle, cos, diff, laplacian, pi, sin


class Elasticity(Problem):
    """(lam + mu) grad div w + mu laplacian w + f = 0 for the displacement w = (u, v) on [0, 1]^2, in plane strain.

    Lame's parameters are lam = 1 and mu = 0.5; u = cos(2 pi x) sin(pi y) and v = sin(pi x) y^4.
    """

    group = "solids"
    source = "Haghighat et al. (2021), Computer Methods in Applied Mechanics and Engineering 379, 113741, sec. 4.1; manufactured"
    domain = Rectangle(x=(0, 1), y=(0, 1))
    manufactured = True
    lam = 1
    mu = 0.5

    def exact(self, x, y):
        return {"u": cos(2 * pi * x) * sin(pi * y), "v": sin(pi * x) * y**4}

    def residual(self, u, v, x, y):
        swelling = u.x + v.y
        return {
            "force x": (self.lam + self.mu) * diff(swelling, x) + self.mu * laplacian(u),
            "force y": (self.lam + self.mu) * diff(swelling, y) + self.mu * laplacian(v),
        }

    def conditions(self, x, y):
        return [Dirichlet(**self.exact(x, y))]
