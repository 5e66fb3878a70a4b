"""Heat equation: a half sine wave decays."""

from kanpde import Dirichlet, Initial, Interval, Problem, Time, exp, laplacian, pi, sin


class Heat(Problem):
    """u_t = alpha u_xx on [0, 1] x [0, 1] with u = sin(pi x) at first and zero ends."""

    group = "parabolic"
    source = "the heat equation of the DeepXDE examples (Lu et al. 2021, SIAM Review 63, 208)"
    typical = (6.7e-15, 14)
    domain = Interval(x=(0, 1)) * Time(t=(0, 1))
    alpha = 0.4

    def exact(self, x, t):
        return exp(-self.alpha * pi**2 * t) * sin(pi * x)

    def residual(self, u, x, t):
        return u.t - self.alpha * laplacian(u)

    def conditions(self, x, t):
        return [Initial(u=sin(pi * x)), Dirichlet(u=0, on="x")]
