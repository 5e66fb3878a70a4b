"""Steady Navier-Stokes equations: laminar flow behind a grid of parallel rods."""

from kanpde import Data, Dirichlet, Problem, Rectangle, cos, exp, laplacian, pi, sin, sqrt


class Kovasznay(Problem):
    """Velocity (u, v) and pressure p on [-0.5, 1] x [-0.5, 1.5], Re = 40; the velocity is given on the boundary.

    The pressure is fixed by its value 0 at (0, 0).
    """

    group = "fluids"
    source = "Kovasznay (1948), Mathematical Proceedings of the Cambridge Philosophical Society 44, 58"
    typical = (1.2e-6, 60)
    domain = Rectangle(x=(-0.5, 1), y=(-0.5, 1.5))
    Re = 40

    def exact(self, x, y):
        rate = self.Re / 2 - sqrt(self.Re**2 / 4 + 4 * pi**2)
        return {
            "u": 1 - exp(rate * x) * cos(2 * pi * y),
            "v": rate / (2 * pi) * exp(rate * x) * sin(2 * pi * y),
            "p": (1 - exp(2 * rate * x)) / 2,
        }

    def residual(self, u, v, p, x, y):
        return {
            "momentum x": u * u.x + v * u.y + p.x - laplacian(u) / self.Re,
            "momentum y": u * v.x + v * v.y + p.y - laplacian(v) / self.Re,
            "mass": u.x + v.y,
        }

    def conditions(self, x, y):
        known = self.exact(x, y)
        return [Dirichlet(u=known["u"], v=known["v"]), Data({"x": 0, "y": 0}, p=0)]
