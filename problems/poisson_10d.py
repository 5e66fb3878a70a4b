"""Laplace equation in ten dimensions."""

from kanpde import Box, Dirichlet, Problem, laplacian


class Poisson10D(Problem):
    """Laplacian u = 0 on [0, 1]^10 with u = x1 x2 + x3 x4 + ... + x9 x10, a sum of functions of two variables each."""

    group = "many dimensions"
    source = "E, Yu (2018), Communications in Mathematics and Statistics 6, 1, sec. 3.3"
    domain = Box(**{f"x{i}": (0, 1) for i in range(1, 11)})

    def exact(self, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
        return x1 * x2 + x3 * x4 + x5 * x6 + x7 * x8 + x9 * x10

    def residual(self, u):
        return laplacian(u)

    def conditions(self, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
        return [Dirichlet(u=self.exact(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10))]
