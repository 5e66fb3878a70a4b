"""Van der Pol's oscillator: slow drift, then a jump."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from kanpde import Initial, Problem, Time


class VanDerPol(Problem):
    """u'' - mu (1 - u^2) u' + u = 0 on [0, 20] with u = 2, u' = 0 at first and mu = 10: one cycle with two jumps."""

    group = "ODEs"
    source = "van der Pol (1926), Philosophical Magazine 2, 978"
    typical = (1.5e-7, 14)
    domain = Time(t=(0, 20))
    mu = 10

    closed_form_error = 1e-11

    def residual(self, u, t):
        return u.tt - self.mu * (1 - u**2) * u.t + u

    def conditions(self, t):
        return [Initial(u=2), Initial(u=0, order=1)]

    def closed_form(self, t):
        """Runge-Kutta of order 8, Dormand and Prince, as near to rounding as it gets."""
        mu = float(self.mu)

        def slope(t, w):
            return [w[1], mu * (1 - w[0] ** 2) * w[1] - w[0]]

        path = solve_ivp(slope, (0, 20), [2, 0], "DOP853", dense_output=True, rtol=1e-13, atol=1e-14).sol
        return path(np.ravel(t))[0].reshape(np.shape(t))
