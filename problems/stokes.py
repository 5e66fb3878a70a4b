"""Stokes equations: slow flow of a viscous liquid in a box."""

from kanpde import Data, Dirichlet, Problem, Rectangle, laplacian


class Stokes(Problem):
    """-laplacian (u, v) + grad p = f and div (u, v) = 0 on [0, 1]^2, at rest on the boundary; p = 0 at (0, 0).

    The solution is a polynomial: a vortex with stream function x^2 (1 - x)^2 y^2 (1 - y)^2 and the pressure x (1 - x).
    """

    group = "fluids"
    source = "Donea, Huerta (2003), Finite Element Methods for Flow Problems, sec. 6.8.1; manufactured"
    domain = Rectangle(x=(0, 1), y=(0, 1))
    manufactured = True

    def exact(self, x, y):
        return {
            "u": x**2 * (1 - x) ** 2 * (2 * y - 6 * y**2 + 4 * y**3),
            "v": -(y**2) * (1 - y) ** 2 * (2 * x - 6 * x**2 + 4 * x**3),
            "p": x * (1 - x),
        }

    def residual(self, u, v, p, x, y):
        return {"momentum x": p.x - laplacian(u), "momentum y": p.y - laplacian(v), "mass": u.x + v.y}

    def conditions(self, x, y):
        return [Dirichlet(u=0, v=0), Data({"x": 0, "y": 0}, p=0)]
