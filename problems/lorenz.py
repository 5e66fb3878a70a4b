"""Lorenz's equations: convection that never repeats."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

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

    closed_form_error = 1e-11

    def residual(self, x, y, z, t):
        return {
            "x": x.t - self.sigma * (y - x),
            "y": y.t - x * (self.rho - z) + y,
            "z": z.t - x * y + self.beta * z,
        }

    def conditions(self, t):
        return [Initial(x=1, y=1, z=1)]

    def closed_form(self, t):
        """Runge-Kutta of order 8, Dormand and Prince, as near to rounding as it gets."""
        sigma, rho, beta = map(float, (self.sigma, self.rho, self.beta))

        def slope(t, w):
            return [sigma * (w[1] - w[0]), w[0] * (rho - w[2]) - w[1], w[0] * w[1] - beta * w[2]]

        path = solve_ivp(slope, (0, 3), [1, 1, 1], "DOP853", dense_output=True, rtol=1e-13, atol=1e-14).sol
        return dict(zip("xyz", path(np.ravel(t)).reshape(3, *np.shape(t)), strict=True))
