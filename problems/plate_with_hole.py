"""A plate with a round hole under tension: the stress at the hole is three times that far away."""

from sympy import Rational

from kanpde import Dirichlet, Disk, Flux, Problem, Rectangle, atan2, cos, diff, sin, sqrt


class PlateWithHole(Problem):
    """div sigma = 0 for the displacement (u, v) in plane stress, E = 1, nu = 0.3; a quarter of the plate, hole of radius 1/2.

    Far away sigma_xx is 1. The hole is free of traction, x = 0 and y = 0 are lines of symmetry, and the displacement of
    Kirsch's infinite plate is given on x = 1 and y = 1. At (0, 1/2) sigma_xx is 3.
    """

    group = "solids"
    source = "Kirsch (1898); Timoshenko, Goodier (1951), Theory of Elasticity, sec. 32"
    domain = Rectangle(x=(0, 1), y=(0, 1)) - Disk(x=0, y=0, radius=0.5)
    E = 1
    nu = Rational(3, 10)

    def exact(self, x, y):
        a, shear, kappa = Rational(1, 2), self.E / (2 * (1 + self.nu)), (3 - self.nu) / (1 + self.nu)
        r, t = sqrt(x**2 + y**2), atan2(y, x)
        far, near = r / a, a / r
        u = far * (kappa + 1) * cos(t) + 2 * near * ((1 + kappa) * cos(t) + cos(3 * t)) - 2 * near**3 * cos(3 * t)
        v = far * (kappa - 3) * sin(t) + 2 * near * ((1 - kappa) * sin(t) + sin(3 * t)) - 2 * near**3 * sin(3 * t)
        return {"u": a / (8 * shear) * u, "v": a / (8 * shear) * v}

    def stress(self, u, v, x, y):
        """sigma_xx, sigma_xy, sigma_yy."""
        factor = self.E / (1 - self.nu**2)
        ux, uy, vx, vy = diff(u, x), diff(u, y), diff(v, x), diff(v, y)
        return factor * (ux + self.nu * vy), factor * (1 - self.nu) / 2 * (uy + vx), factor * (vy + self.nu * ux)

    def residual(self, u, v, x, y):
        xx, xy, yy = self.stress(u, v, x, y)
        return {"force x": diff(xx, x) + diff(xy, y), "force y": diff(xy, x) + diff(yy, y)}

    def conditions(self, x, y, u, v):
        xx, xy, yy = self.stress(u, v, x, y)
        return [
            Dirichlet(**self.exact(x, y), on="x=1"),
            Dirichlet(**self.exact(x, y), on="y=1"),
            Dirichlet(u=0, on="x=0"),
            Flux(v=[xy, yy], on="x=0"),
            Dirichlet(v=0, on="y=0"),
            Flux(u=[xx, xy], on="y=0"),
            Flux(u=[xx, xy], v=[xy, yy], on="hole 1"),
        ]
