"""Heat equation in a material that conducts much better in one direction than in the other."""

from kanpde import Dirichlet, Initial, Problem, Rectangle, Time, exp, pi, sin


class HeatMultiscale(Problem):
    """u_t = u_xx / (500 pi)^2 + u_yy / pi^2 on [0, 1]^2 x [0, 5], u = sin(20 pi x) sin(pi y) at first, zero boundary."""

    group = "parabolic"
    source = "Hao et al. (2023), PINNacle, arXiv:2306.08827, sec. B.1 (Heat2d-MS)"
    domain = Rectangle(x=(0, 1), y=(0, 1)) * Time(t=(0, 5))
    along_x = 1 / (500 * pi) ** 2
    along_y = 1 / pi**2
    waves = 20

    def exact(self, x, y, t):
        rate = pi**2 * (self.waves**2 * self.along_x + self.along_y)
        return sin(self.waves * pi * x) * sin(pi * y) * exp(-rate * t)

    def residual(self, u, x, y, t):
        return u.t - self.along_x * u.xx - self.along_y * u.yy

    def conditions(self, x, y, t):
        return [Initial(u=sin(self.waves * pi * x) * sin(pi * y)), Dirichlet(u=0)]
