"""Advection-diffusion equation: a cloud drifts and spreads."""

from kanpde import Dirichlet, Initial, Interval, Problem, Time, exp, sqrt


class AdvectionDiffusion(Problem):
    """u_t + speed u_x = D u_xx on [0, 2] x [0, 1], a Gaussian that starts at x = 0.5 with the variance D / 2."""

    group = "parabolic"
    source = "Crank (1975), The Mathematics of Diffusion, sec. 2.1 (instantaneous plane source), in a moving frame"
    domain = Interval(x=(0, 2)) * Time(t=(0, 1))
    speed = 0.8
    D = 0.01

    def exact(self, x, t):
        spread = 1 + 4 * t
        return exp(-((x - 0.5 - self.speed * t) ** 2) / (self.D * spread)) / sqrt(spread)

    def residual(self, u, x, t):
        return u.t + self.speed * u.x - self.D * u.xx

    def conditions(self, x, t):
        return [Initial(u=self.exact(x, 0)), Dirichlet(u=self.exact(x, t), on="x")]
