"""Navier-Stokes equations: vortices in a square lattice decay."""

from kanpde import Dirichlet, Initial, Problem, Rectangle, Time, cos, exp, laplacian, pi, sin


class TaylorGreen(Problem):
    """Velocity (u, v) and pressure p on [0, 2 pi]^2 x [0, 1]; the velocity is given on the boundary, the pressure at x = 0."""

    group = "fluids"
    source = "Taylor, Green (1937), Proceedings of the Royal Society A 158, 499; the plane case"
    typical = (3.3e-1, 60)
    domain = Rectangle(x=(0, 2 * pi), y=(0, 2 * pi)) * Time(t=(0, 1))
    nu = 0.1

    def exact(self, x, y, t):
        return {
            "u": -cos(x) * sin(y) * exp(-2 * self.nu * t),
            "v": sin(x) * cos(y) * exp(-2 * self.nu * t),
            "p": -(cos(2 * x) + cos(2 * y)) / 4 * exp(-4 * self.nu * t),
        }

    def residual(self, u, v, p, x, y):
        return {
            "momentum x": u.t + u * u.x + v * u.y + p.x - self.nu * laplacian(u),
            "momentum y": v.t + u * v.x + v * v.y + p.y - self.nu * laplacian(v),
            "mass": u.x + v.y,
        }

    def conditions(self, x, y, t):
        known = self.exact(x, y, t)
        u, v, p = known["u"], known["v"], known["p"]
        return [Initial(u=u.subs(t, 0), v=v.subs(t, 0)), Dirichlet(u=u, v=v), Dirichlet(p=p, on="x=0")]
