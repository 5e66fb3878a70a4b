"""Wave equation: two standing waves on a string."""

from kanpde import Dirichlet, Initial, Interval, Problem, Time, cos, pi, sin


class Wave(Problem):
    """u_tt = c^2 u_xx on [0, 1] x [0, 1] with two modes of the string, at rest at first."""

    group = "hyperbolic"
    source = "Wang, Yu, Perdikaris (2022), Journal of Computational Physics 449, 110768, sec. 7.2"
    typical = (4.6e-10, 29)
    domain = Interval(x=(0, 1)) * Time(t=(0, 1))
    c = 2

    def exact(self, x, t):
        return sin(pi * x) * cos(self.c * pi * t) + sin(4 * pi * x) * cos(4 * self.c * pi * t) / 2

    def residual(self, u, x, t):
        return u.tt - self.c**2 * u.xx

    def conditions(self, x, t):
        return [
            Initial(u=sin(pi * x) + sin(4 * pi * x) / 2),
            Initial(u=0, order=1),
            Dirichlet(u=0, on="x"),
        ]
