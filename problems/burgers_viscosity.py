"""Inverse problem: the viscosity in Burgers' equation from measurements."""

from __future__ import annotations

import numpy as np

from kanpde import Data, Dirichlet, Initial, Interval, Parameter, Problem, Time, pi, sin

from .burgers import cole_hopf


class BurgersViscosity(Problem):
    """u_t + u u_x = nu u_xx with nu to be found from u at 200 points of [-1, 1] x [0, 1]; it is `truth`, 0.05.

    `noise` is the standard deviation of the measurements relative to the root of their mean square, drawn by
    `noise_seed`.
    """

    group = "inverse"
    source = "Raissi, Perdikaris, Karniadakis (2019), Journal of Computational Physics 378, 686, sec. B.1, with more viscosity"
    typical = (8.1e-6, 54)
    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))
    nu = Parameter(0.1)
    truth = 0.05
    noise = 0
    noise_seed = 0
    points = 200

    closed_form_error = 1e-14

    def residual(self, u, x, t):
        return u.t + u * u.x - self.nu * u.xx

    def conditions(self, x, t):
        generator = np.random.default_rng(1)
        where = {"x": generator.uniform(-1, 1, self.points), "t": generator.uniform(0, 1, self.points)}
        values = self.closed_form(**where)
        spread = float(self.noise) * np.sqrt(np.mean(values**2))
        values = values + spread * np.random.default_rng(self.noise_seed).standard_normal(self.points)
        return [Initial(u=-sin(pi * x)), Dirichlet(u=0, on="x"), Data(where, u=values, sigma=spread or None)]

    def closed_form(self, x, t):
        """Cole-Hopf transformation with the true viscosity."""
        return cole_hopf(x, t, float(self.truth))
