"""Korteweg-de Vries equation: a cosine breaks up into a train of solitons."""

from kanpde import Initial, Interval, Periodic, Problem, Time, cos, pi


class KortewegDeVries(Problem):
    """u_t + u u_x + delta^2 u_xxx = 0 on [-1, 1] x [0, 1], periodic, u = cos(pi x) at first, delta = 0.022."""

    group = "hyperbolic"
    source = (
        "Zabusky, Kruskal (1965), Physical Review Letters 15, 240; Raissi, Perdikaris, Karniadakis (2019), sec. 4.2.2"
    )
    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))
    delta = 0.022

    def residual(self, u, x, t):
        return u.t + u * u.x + self.delta**2 * u.xxx

    def conditions(self, x, t):
        return [Initial(u=cos(pi * x)), Periodic("x")]
