"""Nagumo's equation: a front between two stable states travels towards the weaker one."""

from kanpde import Dirichlet, Initial, Interval, Problem, Time, laplacian, sqrt, tanh


class Nagumo(Problem):
    """u_t = D u_xx + u (1 - u) (u - threshold) on [-10, 10] x [0, 10], a front of speed sqrt(D / 2) (1 - 2 threshold)."""

    group = "parabolic"
    source = "Nagumo, Arimoto, Yoshizawa (1962), Proceedings of the IRE 50, 2061; Murray (2002), Mathematical Biology I, sec. 13.5"
    domain = Interval(x=(-10, 10)) * Time(t=(0, 10))
    D = 1
    threshold = 0.25

    def exact(self, x, t):
        distance = x - sqrt(self.D) * (1 - 2 * self.threshold) * t / sqrt(2)
        return (1 - tanh(distance / sqrt(8 * self.D))) / 2

    def residual(self, u, x, t):
        return u.t - self.D * laplacian(u) - u * (1 - u) * (u - self.threshold)

    def conditions(self, x, t):
        return [Initial(u=self.exact(x, 0)), Dirichlet(u=self.exact(x, t), on="x")]
