"""Pendulum with large swings."""

from __future__ import annotations

import numpy as np
from scipy.special import ellipj

from kanpde import Initial, Problem, Time, pi, sin


class Pendulum(Problem):
    """u'' + omega^2 sin(u) = 0 on [0, 10], let go at the angle 2 pi / 3."""

    group = "ODEs"
    source = "Whittaker (1904), A Treatise on the Analytical Dynamics of Particles and Rigid Bodies, sec. 44"
    typical = (1e-14, 4)
    domain = Time(t=(0, 10))
    omega = 1
    angle = 2 * pi / 3

    closed_form_error = 1e-14

    def residual(self, u, t):
        return u.tt + self.omega**2 * sin(u)

    def conditions(self, t):
        return [Initial(u=self.angle), Initial(u=0, order=1)]

    def closed_form(self, t):
        """sin(u / 2) = k cn / dn of omega t, Jacobi's elliptic functions with the modulus k = sin(angle / 2)."""
        k = np.sin(float(self.angle) / 2)
        _, cn, dn, _ = ellipj(float(self.omega) * np.asarray(t, float), k**2)
        return 2 * np.arcsin(k * cn / dn)
