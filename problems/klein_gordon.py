"""Klein-Gordon equation in two space dimensions: a nonlinear wave over many periods."""

from kanpde import Dirichlet, Initial, Problem, Rectangle, Time, cos, diff, laplacian, sin


class KleinGordon(Problem):
    """u_tt - u_xx - u_yy + u^2 = f on [-1, 1]^2 x [0, 10] with u = (x + y) cos(k t) + x y sin(k t), k = 2."""

    group = "hyperbolic"
    source = "Cho et al. (2023), Separable Physics-Informed Neural Networks, NeurIPS 36, arXiv:2306.15969"
    domain = Rectangle(x=(-1, 1), y=(-1, 1)) * Time(t=(0, 10))
    manufactured = True
    k = 2

    def exact(self, x, y, t):
        return (x + y) * cos(self.k * t) + x * y * sin(self.k * t)

    def residual(self, u, x, y, t):
        return u.tt - laplacian(u) + u**2

    def conditions(self, x, y, t):
        u = self.exact(x, y, t)
        return [Initial(u=u.subs(t, 0)), Initial(u=diff(u, t).subs(t, 0), order=1), Dirichlet(u=u)]
