"""Inverse problem: the conductivity along a rod from its temperature."""

from __future__ import annotations

import numpy as np
import sympy as sp

from kanpde import Data, Dirichlet, Interval, Problem, diff, exp, pi, sin


class HeatConductivity(Problem):
    """(k u_x)_x = f on [0, 1] with the field k to be found from u at 200 points; k is given at x = 0, u at both ends.

    u = x + sin(2 pi x) / (4 pi) and k = 1 + exp(-(x - 0.6)^2 / 0.08) / 2. `noise` is the standard deviation of the
    measurements relative to the root of their mean square, drawn by `noise_seed`.
    """

    group = "inverse"
    source = (
        "manufactured; Richter (1981), SIAM Journal on Applied Mathematics 41, 210, on why one value of k is needed"
    )
    typical = (9.9e-1, 18)
    domain = Interval(x=(0, 1))
    unknowns = ("u", "k")
    manufactured = True
    noise = 0.01
    noise_seed = 0
    points = 200

    def exact(self, x):
        return {"u": x + sin(2 * pi * x) / (4 * pi), "k": 1 + exp(-((x - 0.6) ** 2) / 0.08) / 2}

    def residual(self, u, k, x):
        return diff(k * u.x, x)

    def conditions(self, x):
        known, where = self.exact(x), np.random.default_rng(1).uniform(0, 1, self.points)
        values = sp.lambdify(x, known["u"])(where)
        spread = float(self.noise) * np.sqrt(np.mean(values**2))
        values = values + spread * np.random.default_rng(self.noise_seed).standard_normal(self.points)
        return [
            Dirichlet(u=known["u"]),
            Dirichlet(k=known["k"], on="x=0"),
            Data({"x": where}, u=values, sigma=spread or None),
        ]
