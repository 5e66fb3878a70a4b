"""Lotka-Volterra equations: hunters and prey in cycles."""

from __future__ import annotations

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

    def residual(self, u, v, t):
        return {
            "prey": u.t - self.alpha * u + self.beta * u * v,
            "hunters": v.t - self.delta * u * v + self.gamma * v,
        }

    def conditions(self, t):
        return [Initial(u=4, v=1)]
