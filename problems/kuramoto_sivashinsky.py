"""Kuramoto-Sivashinsky equation: long waves grow, steepen and break into ever more, until chaos sets in."""

from sympy import Rational

from kanpde import Initial, Interval, Periodic, Problem, Time, cos, pi, sin


class KuramotoSivashinsky(Problem):
    """u_t + alpha u u_x + beta u_xx + gamma u_xxxx = 0 on [0, 2 pi] x [0, 0.5], periodic, u = cos x (1 + sin x) at first.

    Beyond t = 0.5 the solution is chaotic: every error grows exponentially.
    """

    group = "parabolic"
    source = "Wang, Sankaran, Perdikaris (2024), Computer Methods in Applied Mechanics and Engineering 421, 116813"
    domain = Interval(x=(0, 2 * pi)) * Time(t=(0, Rational(1, 2)))
    alpha = Rational(100, 16)
    beta = Rational(100, 16**2)
    gamma = Rational(100, 16**4)

    def residual(self, u, x, t):
        return u.t + self.alpha * u * u.x + self.beta * u.xx + self.gamma * u.xxxx

    def conditions(self, x, t):
        return [Initial(u=cos(x) * (1 + sin(x))), Periodic("x")]
