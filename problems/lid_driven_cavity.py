"""Steady Navier-Stokes equations: a lid drives the flow in a box."""

from kanpde import Data, Dirichlet, Problem, Rectangle, laplacian


class LidDrivenCavity(Problem):
    """Velocity (u, v) and pressure p on [0, 1]^2 with nu = 0.01, walls at rest and a lid of speed 4 x (1 - x).

    The lid is as fast as the walls in the corners, so that the velocity is continuous. With its largest speed, 1, the
    Reynolds number is 100. The pressure is fixed by its value 0 at (0, 0).
    """

    group = "fluids"
    source = "Hao et al. (2023), PINNacle, arXiv:2306.08827, sec. B.1 (lid-driven flow)"
    domain = Rectangle(x=(0, 1), y=(0, 1))
    nu = 0.01

    def residual(self, u, v, p, x, y):
        return {
            "momentum x": u * u.x + v * u.y + p.x - self.nu * laplacian(u),
            "momentum y": u * v.x + v * v.y + p.y - self.nu * laplacian(v),
            "mass": u.x + v.y,
        }

    def conditions(self, x, y):
        return [
            Dirichlet(u=4 * x * (1 - x), v=0, on="y=1"),
            Dirichlet(u=0, v=0, on="y=0"),
            Dirichlet(u=0, v=0, on="x"),
            Data({"x": 0, "y": 0}, p=0),
        ]
