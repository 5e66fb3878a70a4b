"""Poisson equation in five dimensions with a solution that is no sum of functions of fewer variables."""

from kanpde import Box, Dirichlet, Problem, exp, laplacian, sin


class Poisson5D(Problem):
    """Laplacian u = f on [-1, 1]^5 with u = exp(-(x1^2 + ... + x5^2)/2) + sin(x1 x2) x3 + x4 x5^2."""

    group = "many dimensions"
    source = "manufactured; neither a sum nor a product over the coordinates"
    typical = (1.8e-2, 60)
    domain = Box(x1=(-1, 1), x2=(-1, 1), x3=(-1, 1), x4=(-1, 1), x5=(-1, 1))
    manufactured = True

    def exact(self, x1, x2, x3, x4, x5):
        bump = exp(-(x1**2 + x2**2 + x3**2 + x4**2 + x5**2) / 2)
        return bump + sin(x1 * x2) * x3 + x4 * x5**2

    def residual(self, u, x1, x2, x3, x4, x5):
        return laplacian(u)

    def conditions(self, x1, x2, x3, x4, x5):
        # with a weight of 1 the values end at 3e-7 and the equation at 2e-4
        return [Dirichlet(u=self.exact(x1, x2, x3, x4, x5), weight=0.01)]
