"""Inverse problem: strength and place of a source of heat from the temperature."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

from kanpde import Data, Dirichlet, Interval, Parameter, Problem, exp


class HeatSource(Problem):
    """u_xx + strength exp(-((x - place) / 0.1)^2) = 0 on [0, 1], zero ends; strength 5 and place 0.35 are to be found.

    From u at 20 points; `noise` is the standard deviation of the measurements relative to the root of their mean
    square, drawn by `noise_seed`.
    """

    group = "inverse"
    source = "manufactured; steady conduction, the source integrated twice"
    typical = (3.2e-16, 4)
    domain = Interval(x=(0, 1))
    strength = Parameter(1)
    place = Parameter(0.5)
    noise = 0
    noise_seed = 0
    points = 20

    closed_form_error = 1e-15

    def residual(self, u, x):
        return u.xx + self.strength * exp(-(((x - self.place) / 0.1) ** 2))

    def conditions(self, x):
        where = np.random.default_rng(1).uniform(0, 1, self.points)
        values = self.closed_form(where)
        spread = float(self.noise) * np.sqrt(np.mean(values**2))
        values = values + spread * np.random.default_rng(self.noise_seed).standard_normal(self.points)
        return [Dirichlet(u=0), Data({"x": where}, u=values, sigma=spread or None)]

    def closed_form(self, x):
        """Two integrals of the true source, and the line that makes both ends zero."""

        def twice(x):
            z = (x - 0.35) / 0.1
            return -5 * 0.01 * (np.sqrt(np.pi) / 2 * z * erf(z) + np.exp(-(z**2)) / 2)

        return twice(x) - (1 - x) * twice(0) - x * twice(1)
