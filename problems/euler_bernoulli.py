"""Euler-Bernoulli beam: the first mode of a bar that is clamped at both ends."""

from sympy import Float, Rational

from kanpde import Dirichlet, Initial, Interval, Neumann, Problem, Time, cos, cosh, sin, sinh, sqrt


class EulerBernoulli(Problem):
    """u_tt + stiffness u_xxxx = 0 on [0, 1] x [0, 3], u = du/dn = 0 at both ends, at rest at first.

    The wave number of the mode is the first root of cos(q) cosh(q) = 1 above 0.
    """

    group = "solids"
    source = "Rayleigh (1894), The Theory of Sound, vol. 1, sec. 161 to 173"
    domain = Interval(x=(0, 1)) * Time(t=(0, 3))
    stiffness = Rational(1, 100)
    _root = Float("4.7300407448627040260240481008338848", 34)

    def exact(self, x, t):
        q = self._root
        share = (cosh(q) - cos(q)) / (sinh(q) - sin(q))
        mode = cosh(q * x) - cos(q * x) - share * (sinh(q * x) - sin(q * x))
        return mode * cos(sqrt(self.stiffness) * q**2 * t)

    def residual(self, u, x, t):
        return u.tt + self.stiffness * u.xxxx

    def conditions(self, x, t):
        return [Initial(u=self.exact(x, 0)), Initial(u=0, order=1), Dirichlet(u=0, on="x"), Neumann(u=0, on="x")]
