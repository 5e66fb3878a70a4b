"""Sine-Gordon equation: a breather, a kink and an antikink that swing about each other."""

from kanpde import Dirichlet, Initial, Interval, Problem, Rational, Time, atan, cosh, diff, sin, sqrt


class SineGordon(Problem):
    """u_tt - u_xx + sin(u) = 0 on [-5, 5] x [0, 6], the breather of angular frequency omega in (0, 1)."""

    group = "hyperbolic"
    source = "Ablowitz, Kaup, Newell, Segur (1973), Physical Review Letters 30, 1262"
    domain = Interval(x=(-5, 5)) * Time(t=(0, 6))
    omega = Rational(1, 2)

    def exact(self, x, t):
        decay = sqrt(1 - self.omega**2)
        return 4 * atan(decay / self.omega * sin(self.omega * t) / cosh(decay * x))

    def residual(self, u, x, t):
        return u.tt - u.xx + sin(u)

    def conditions(self, x, t):
        u = self.exact(x, t)
        return [Initial(u=0), Initial(u=diff(u, t).subs(t, 0), order=1), Dirichlet(u=u, on="x")]
