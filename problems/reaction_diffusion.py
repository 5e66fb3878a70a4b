"""Fisher's equation: a population spreads as a travelling wave."""

from kanpde import Dirichlet, Initial, Interval, Problem, Time, exp, laplacian, sqrt


class ReactionDiffusion(Problem):
    """u_t = D u_xx + r u (1 - u) on [-5, 5] x [0, 2], the travelling wave of speed 5 sqrt(r D / 6)."""

    group = "parabolic"
    source = "Ablowitz, Zeppetella (1979), Bulletin of Mathematical Biology 41, 835"
    typical = (7.1e-12, 15)
    domain = Interval(x=(-5, 5)) * Time(t=(0, 2))
    D = 1
    r = 1

    def exact(self, x, t):
        return (1 + exp(sqrt(self.r) / sqrt(self.D) * x / sqrt(6) - 5 * self.r * t / 6)) ** -2

    def residual(self, u, x, t):
        return u.t - self.D * laplacian(u) - self.r * u * (1 - u)

    def conditions(self, x, t):
        return [Initial(u=self.exact(x, 0)), Dirichlet(u=self.exact(x, t), on="x")]
