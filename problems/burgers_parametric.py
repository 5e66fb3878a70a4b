"""Viscous Burgers equation for all viscosities of a range at once."""

from __future__ import annotations

from kanpde import Dirichlet, Initial, Problem, Rectangle, Time, pi, sin

from .burgers import cole_hopf


class BurgersParametric(Problem):
    """u_t + u u_x = nu u_xx, u = -sin(pi x) at first, where nu in [0.01/pi, 0.1] is a coordinate without derivatives."""

    group = "many dimensions"
    source = "Basdevant et al. (1986), Computers & Fluids 14, 23, with the viscosity as a coordinate"
    logarithmic = ("nu",)
    symmetric = {"x": "odd"}
    domain = Rectangle(x=(-1, 1), nu=(0.01 / pi, 0.1)) * Time(t=(0, 1))

    closed_form_error = 1e-14

    def residual(self, u, x, nu, t):
        return u.t + u * u.x - nu * u.xx

    def conditions(self, x, nu, t):
        return [Initial(u=-sin(pi * x)), Dirichlet(u=0, on="x")]

    def closed_form(self, x, nu, t):
        """Cole-Hopf transformation."""
        return cole_hopf(x, t, nu)
