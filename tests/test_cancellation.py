"""How far the terms of equations cancel, for one network and several, with numbers that were found."""

import numpy as np
from kanpde.problems.heat_source import HeatSource
from kanpde.problems.kovasznay import Kovasznay
from kanpde.problems.poisson import Poisson

from kanpde import KAN, Dirichlet, Disk, Interval, Plan, Points, Problem, laplacian, relative_residual, sin, solve
from tests.test_march import Heat


def test_it_falls_with_the_error_and_knows_no_units():
    class Scaled(Poisson):
        def residual(self, u, x, y):
            return 1e9 * super().residual(u, x, y)

    few, many = (solve(Poisson(), hard=True, steps=n, points=500) for n in (10, 60))
    shares = [relative_residual(Poisson(), s)["equation"] for s in (few, many)]
    assert shares[1] < 1e-3 * shares[0]
    assert 0.01 < shares[1] / many.error < 100
    np.testing.assert_allclose(relative_residual(Scaled(), many)["equation"], shares[1], rtol=1e-6)


def test_a_network_that_was_not_trained_solves_nothing():
    solution = solve(Kovasznay(), hard=True, steps=1, points=100)
    shares = relative_residual(Kovasznay(), solution)
    assert set(shares) == {"momentum x", "momentum y", "mass"}
    assert max(shares.values()) > 0.1


def test_slabs_are_taken_where_they_are():
    model = KAN([2, 4, 1], basis="chebyshev", k=[8, 3], base=False, seed=0)
    solution = solve(Heat(), model, plan=Plan(slabs=2), steps=80, points=Points(150, 20), hard=True)
    (share,) = relative_residual(Heat(), solution).values()
    assert 0 < share < 0.1


def test_numbers_are_those_that_were_found():
    problem = HeatSource(noise=0)
    solution = solve(problem, hard=True, steps=60)
    (share,) = relative_residual(problem, solution).values()
    assert share < 1e-4


def test_a_single_term_has_nothing_to_cancel_with():
    class Line(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx

        def conditions(self, x):
            return [Dirichlet(u=sin(x))]

    solution = solve(Line(), KAN([1, 1], seed=0), steps=3, points=20)
    assert np.isnan(relative_residual(Line(), solution)["equation"])


def test_a_solution_whose_terms_all_vanish_solves_its_equation():
    """All terms of Laplace's equation are zero for u = x, and all that is left of them is rounding."""

    class Linear(Problem):
        domain = Disk(x=0, y=0, radius=1)

        def residual(self, u, x, y):
            return laplacian(u)

        def conditions(self, x, y):
            return [Dirichlet(u=x)]

    solution = solve(Linear(), KAN([2, 4, 1], basis="chebyshev", k=[4, 2], base=False, seed=0), steps=40)
    assert relative_residual(Linear(), solution)["equation"] < 1e-4
