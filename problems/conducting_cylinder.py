"""A conducting cylinder in a uniform field."""

from sympy import Rational

from kanpde import Dirichlet, Disk, Interface, Problem, Rectangle, by_material, div, grad


class ConductingCylinder(Problem):
    """div(k grad u) = 0 on [-1, 1]^2, k = `contrast`, 100, in the disc of radius 1/2 and 1 around it.

    u = x (1 - c / (4 r^2)) outside, with c = (contrast - 1) / (contrast + 1), and 2 x / (contrast + 1) inside.
    """

    group = "elliptic"
    source = "Jackson (1999), Classical Electrodynamics, sec. 4.4, in the plane"
    domain = Rectangle(x=(-1, 1), y=(-1, 1))
    materials = {"cylinder": Disk(x=0, y=0, radius=0.5), "around": domain - Disk(x=0, y=0, radius=0.5)}
    contrast = 100

    def outside(self, x, y):
        c = Rational(self.contrast - 1, self.contrast + 1)
        return x * (1 - c / (4 * (x**2 + y**2)))

    def exact(self, x, y):
        return by_material(cylinder=2 * x / (self.contrast + 1), around=self.outside(x, y))

    def residual(self, u, x, y):
        return div(by_material(cylinder=self.contrast, around=1) * grad(u))

    def conditions(self, x, y, u):
        flux = by_material(cylinder=self.contrast, around=1) * grad(u)
        return [Dirichlet(u=self.outside(x, y)), Interface(u=0, flux=flux)]
