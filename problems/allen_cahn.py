"""Allen-Cahn equation: two phases separate and a thin front sharpens between them."""

from kanpde import Initial, Interval, Periodic, Problem, Time, cos, erfc, exp, pi, sqrt


class AllenCahn(Problem):
    """u_t = 1e-4 u_xx + 5 (u - u^3) on [-1, 1] x [0, 1], periodic, u = x^2 cos(pi x) at first.

    The slope of the initial value jumps across the seam x = -1 = 1; diffusion smooths it at once.
    """

    group = "parabolic"
    source = "Raissi, Perdikaris, Karniadakis (2019), Journal of Computational Physics 378, 686, sec. 3.2.1"
    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))
    diffusivity = 1e-4
    rate = 5
    symmetric = {"x": "even"}

    def residual(self, u, x, t):
        return u.t - self.diffusivity * u.xx - self.rate * (u - u**3)

    def conditions(self, x, t):
        return [Initial(u=x**2 * cos(pi * x)), Periodic("x")]

    def lift(self, x, t):
        """The initial value, whose kink at the seam spreads by diffusion and decays by the reaction at u = -1.

        The kink of 1 - x^2 is that of the initial value; on the whole line it spreads as the integrated error function.
        """
        start, kink = x**2 * cos(pi * x), 1 - x**2
        width = sqrt(4 * self.diffusivity * (t + 1e-24))

        def spread(distance):
            return width / sqrt(pi) * exp(-((distance / width) ** 2)) - distance * erfc(distance / width)

        return start - kink + exp(-2 * self.rate * t) * (kink + 2 * (spread(1 - x) + spread(1 + x)))
