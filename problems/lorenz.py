"""Lorenz's equations: convection that never repeats."""

from __future__ import annotations

from kanpde import Initial, Problem, Rational, Time


class Lorenz(Problem):
    """x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z on [0, 3] with x = y = z = 1 at first.

    The motion is chaotic: an error grows about as exp(0.9 t).
    """

    group = "ODEs"
    source = "Lorenz (1963), Journal of the Atmospheric Sciences 20, 130"
    typical = (1e-11, 34)
    domain = Time(t=(0, 3))
    sigma = 10
    rho = 28
    beta = Rational(8, 3)

    def residual(self, x, y, z, t):
        return {
            "x": x.t - self.sigma * (y - x),
            "y": y.t - x * (self.rho - z) + y,
            "z": z.t - x * y + self.beta * z,
        }

    def conditions(self, t):
        return [Initial(x=1, y=1, z=1)]
