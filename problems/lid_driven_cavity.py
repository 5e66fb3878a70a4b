"""Steady Navier-Stokes equations: a lid drives the flow in a box."""

from kanpde import Data, Dirichlet, Problem, Rectangle, atan, laplacian, log, pi, sqrt

TINY = 1e-150
"""Keeps logarithm and angle finite in the corners."""


class LidDrivenCavity(Problem):
    """Velocity (u, v) and pressure p on [0, 1]^2 with nu = 0.01, walls at rest and a lid of speed 4 x (1 - x).

    The lid is as fast as the walls in the corners, so that the velocity is continuous. With its largest speed, 1, the
    Reynolds number is 100. The pressure is fixed by its value 0 at (0, 0).

    In the corners below the lid viscosity alone counts, and the speed of the lid grows with the distance r from them:
    there the pressure is infinite like log r, and the shear depends on the angle. The lift has both.
    """

    group = "fluids"
    source = (
        "Hao et al. (2023), PINNacle, arXiv:2306.08827, sec. B.1 (lid-driven flow); Botella, Peyret (1998), "
        "Computers & Fluids 27, 421 (what is known of the corners taken out)"
    )
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

    def lift(self, x, y):
        """Stokes flow in each of the two corners, psi = r^2 (sin 2a + 2a - pi (1 - cos 2a) / 2) with the angle a below the lid."""

        def corner(along, below):
            r = sqrt(along**2 + below**2 + TINY)
            angle = 2 * atan(below / (along + r))
            return 4 * along - 4 * below * (pi / 2 - angle), 4 * along * angle, 8 * self.nu * log(r)

        left, right = corner(x, 1 - y), corner(1 - x, 1 - y)
        return {"u": left[0] + right[0], "v": left[1] - right[1], "p": left[2] - right[2]}
