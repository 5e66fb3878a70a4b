"""Lotka-Volterra equations: hunters and prey in cycles."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from kanpde import Initial, Problem, Time


class LotkaVolterra(Problem):
    """u' = alpha u - beta u v, v' = delta u v - gamma v on [0, 10] with u = 4, v = 1 at first: a little over one cycle."""

    group = "ODEs"
    source = "Lotka (1920), Proceedings of the National Academy of Sciences 6, 410; Volterra (1926), Nature 118, 558"
    typical = (1e-11, 20)
    domain = Time(t=(0, 10))
    alpha = 1
    beta = 1
    gamma = 1
    delta = 0.5

    closed_form_error = 1e-11

    def residual(self, u, v, t):
        return {
            "prey": u.t - self.alpha * u + self.beta * u * v,
            "hunters": v.t - self.delta * u * v + self.gamma * v,
        }

    def conditions(self, t):
        return [Initial(u=4, v=1)]

    def closed_form(self, t):
        """Runge-Kutta of order 8, Dormand and Prince, as near to rounding as it gets."""
        alpha, beta, gamma, delta = map(float, (self.alpha, self.beta, self.gamma, self.delta))

        def slope(t, w):
            return [w[0] * (alpha - beta * w[1]), w[1] * (delta * w[0] - gamma)]

        path = solve_ivp(slope, (0, 10), [4, 1], "DOP853", dense_output=True, rtol=1e-13, atol=1e-14).sol
        return dict(zip("uv", path(np.ravel(t)).reshape(2, *np.shape(t)), strict=True))
