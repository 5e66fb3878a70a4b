"""Navier-Stokes equations in three dimensions: a flow whose vorticity is parallel to its velocity."""

from kanpde import Box, Dirichlet, Initial, Problem, Time, cos, exp, laplacian, sin


class Beltrami(Problem):
    """Velocity (u, v, w) and pressure p on [-1, 1]^3 x [0, 1], Re = 1, with the shape parameters a = d = 1.

    The velocity is given on the boundary, the pressure at x = -1.
    """

    group = "fluids"
    source = "Ethier, Steinman (1994), International Journal for Numerical Methods in Fluids 19, 369"
    domain = Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)) * Time(t=(0, 1))
    a = 1
    d = 1
    nu = 1

    def exact(self, x, y, z, t):
        a, d, decay = self.a, self.d, exp(-self.nu * self.d**2 * t)

        def velocity(x, y, z):
            return -a * (exp(a * x) * sin(a * y + d * z) + exp(a * z) * cos(a * x + d * y)) * decay

        def pressure(x, y, z):
            return exp(2 * a * x) + 2 * sin(a * x + d * y) * cos(a * z + d * x) * exp(a * (y + z))

        p = -(a**2) / 2 * (pressure(x, y, z) + pressure(y, z, x) + pressure(z, x, y)) * decay**2
        return {"u": velocity(x, y, z), "v": velocity(y, z, x), "w": velocity(z, x, y), "p": p}

    def residual(self, u, v, w, p, x, y, z):
        def momentum(q, slope):
            return q.t + u * q.x + v * q.y + w * q.z + slope - self.nu * laplacian(q)

        equations = {"momentum x": momentum(u, p.x), "momentum y": momentum(v, p.y), "momentum z": momentum(w, p.z)}
        return equations | {"mass": u.x + v.y + w.z}

    def conditions(self, x, y, z, t):
        known = self.exact(x, y, z, t)
        p = known.pop("p")
        start = {name: e.subs(t, 0) for name, e in known.items()}
        return [Initial(**start), Dirichlet(**known), Dirichlet(p=p, on="x=-1")]
