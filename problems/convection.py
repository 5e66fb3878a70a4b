"""Linear convection: a sine wave travels round a ring."""

from kanpde import Initial, Interval, Periodic, Problem, Time, pi, sin


class Convection(Problem):
    """u_t + speed u_x = 0 on [0, 2 pi] x [0, 1], periodic, u = sin(x) at first; `speed=50` is the hard case."""

    group = "hyperbolic"
    source = "Krishnapriyan et al. (2021), NeurIPS 34, sec. 3.1"
    typical = (1.0e-12, 14)
    domain = Interval(x=(0, 2 * pi)) * Time(t=(0, 1))
    speed = 1

    def exact(self, x, t):
        return sin(x - self.speed * t)

    def residual(self, u, x, t):
        return u.t + self.speed * u.x

    def conditions(self, x, t):
        return [Initial(u=sin(x)), Periodic("x")]
