"""Allen-Cahn equation: two phases separate and a thin front sharpens between them."""

from kanpde import Initial, Interval, Periodic, Problem, Time, cos, pi


class AllenCahn(Problem):
    """u_t = 1e-4 u_xx + 5 (u - u^3) on [-1, 1] x [0, 1], periodic, u = x^2 cos(pi x) at first.

    The slope of the initial value jumps across the seam x = -1 = 1; diffusion smooths it at once.
    """

    source = "Raissi, Perdikaris, Karniadakis (2019), Journal of Computational Physics 378, 686, sec. 3.2.1"
    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))
    diffusivity = 1e-4
    rate = 5

    def residual(self, u, x, t):
        return u.t - self.diffusivity * u.xx - self.rate * (u - u**3)

    def conditions(self, x, t):
        return [Initial(u=x**2 * cos(pi * x)), Periodic("x")]
