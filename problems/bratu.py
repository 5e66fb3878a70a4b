"""Bratu's equation: temperature in a slab that reacts, on the branch that is stable."""

from kanpde import Dirichlet, Interval, Problem, Rational, cosh, exp, log


class Bratu(Problem):
    """u_xx + lam exp(u) = 0 on [0, 1], zero ends, lam = theta^2 / (2 cosh(theta / 4)^2) = 1.57 for theta = 2.

    Below theta = 4.799, where lam has its largest value 3.514, this is the lower one of two solutions.
    """

    group = "elliptic"
    source = "Bratu (1914), Bulletin de la Societe Mathematique de France 42, 113"
    domain = Interval(x=(0, 1))
    theta = 2

    def exact(self, x):
        return -2 * log(cosh((2 * x - 1) * self.theta / 4) / cosh(Rational(1, 4) * self.theta))

    def residual(self, u, x):
        return u.xx + self.theta**2 / (2 * cosh(Rational(1, 4) * self.theta) ** 2) * exp(u)

    def conditions(self, x):
        return [Dirichlet(u=0)]
