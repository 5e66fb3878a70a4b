"""Van der Pol's oscillator: slow drift, then a jump."""

from __future__ import annotations

from kanpde import Initial, Problem, Time


class VanDerPol(Problem):
    """u'' - mu (1 - u^2) u' + u = 0 on [0, 20] with u = 2, u' = 0 at first and mu = 10: one cycle with two jumps."""

    group = "ODEs"
    source = "van der Pol (1926), Philosophical Magazine 2, 978"
    typical = (1.5e-7, 14)
    domain = Time(t=(0, 20))
    mu = 10

    def residual(self, u, t):
        return u.tt - self.mu * (1 - u**2) * u.t + u

    def conditions(self, t):
        return [Initial(u=2), Initial(u=0, order=1)]
