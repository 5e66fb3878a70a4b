"""Logarithms and poles in holes are harmonic; a run finds their factors, and is closer with them than without."""

import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose

from kanpde import (
    KAN,
    Annulus,
    Dirichlet,
    Disk,
    Interval,
    Points,
    Pole,
    Problem,
    Rectangle,
    Time,
    laplacian,
    log,
    solve,
)
from kanpde.ansatz import build_ansatz
from kanpde.expression import numeric
from kanpde.poles import MOST, ORDER
from kanpde.reference import reference_for
from kanpde.sampling import Uniform
from kanpde.singularity import Singular, singular_terms

SQUARE = Rectangle(x=(-1, 1), y=(-1, 1))
HOLE = SQUARE - Disk(x=0.1, y=-0.2, radius=0.2)


def laplace_on(shape, residual=lambda u, x, y: laplacian(u), **members):
    members |= {
        "domain": shape,
        "residual": staticmethod(residual),
        "conditions": staticmethod(lambda x, y: [Dirichlet(u=1 + x)]),
    }
    return type("Sample", (Problem,), members)()


def poles(problem):
    return [term for _, _, term in singular_terms(problem).get("u", []) if isinstance(term, Pole)]


def test_poles_are_harmonic_and_of_size_one_around_their_hole():
    problem = laplace_on(HOLE)
    x, y = problem.domain.coordinates
    inside, rim = (
        problem.domain.sample(200, Uniform(0)).columns,
        problem.domain.boundary("hole 1").sample(200, Uniform(0)),
    )
    angle = np.arctan2(rim.columns["y"] + 0.2, rim.columns["x"] - 0.1)
    found = poles(problem)
    assert [(p.order, p.odd) for p in found] == [
        (0, False),
        *((n, odd) for n in range(1, ORDER + 1) for odd in (False, True)),
    ]
    for pole in found:
        f = pole.expression(problem)
        assert_allclose(numeric(sp.diff(f, x, 2) + sp.diff(f, y, 2), inside), 0, atol=1e-8)
        wanted = (np.sin if pole.odd else np.cos)(pole.order * angle) if pole.order else 0
        assert_allclose(numeric(f, rim.columns), wanted, atol=1e-9)


def test_poles_are_added_for_steady_laplacians_around_holes_alone():
    assert not poles(laplace_on(SQUARE))
    assert not poles(laplace_on(HOLE, singularities=()))
    assert not poles(laplace_on(HOLE, residual=lambda u, x, y: u.xx + 2 * u.yy))
    assert not singular_terms(laplace_on(HOLE * Time(t=(0, 1)), residual=lambda u, x, y, t: u.t - u.xx - u.yy))
    assert not poles(laplace_on(SQUARE - Disk(x=0, y=0, radius=0.2), symmetric={"x": "even"}, singularities=()))
    assert len(poles(laplace_on(HOLE, residual=lambda u, x, y: laplacian(u) - u**3))) == 2 * ORDER + 1


def test_many_holes_have_few_poles_each():
    plate = SQUARE
    for x in np.linspace(-0.8, 0.8, 4):
        for y in np.linspace(-0.8, 0.8, 4):
            plate = plate - Disk(x=float(x), y=float(y), radius=0.1)
    found = poles(laplace_on(plate))
    assert len({p.at for p in found}) == 16
    assert len(found) <= MOST
    assert max(p.order for p in found) == 2


def test_what_is_no_pole_of_a_problem_is_refused():
    with pytest.raises(ValueError, match="`order` must be a whole number"):
        Pole(at=(0, 0), order=-1)
    with pytest.raises(ValueError, match="`odd` must be False with order 0"):
        Pole(at=(0, 0), odd=True)
    with pytest.raises(ValueError, match="`radius` must be above 0"):
        Pole(at=(0, 0), radius=0)
    with pytest.raises(ValueError, match="`at` must lie outside of the domain"):
        build_ansatz(laplace_on(HOLE, singularities=[Pole(at=(0.5, 0.5))]))
    with pytest.raises(ValueError, match="`at` must lie outside of the domain"):
        build_ansatz(laplace_on(HOLE, singularities=[Pole(at=(0.3, -0.2))]))  # on the edge
    for at in (0, (0, 0, 0), (0, np.nan)):
        with pytest.raises(ValueError, match="`at` must be a point"):
            Pole(at=at)
    with pytest.raises(ValueError, match="poles belong to plane shapes without time"):
        build_ansatz(type("Line", (Problem,), {
            "domain": Interval(x=(0, 1)), "residual": lambda self, u, x: u.xx, "singularities": [Pole(at=(2, 0))],
            "conditions": lambda self, x: [Dirichlet(u=0)],
        })())  # fmt: skip


def test_runs_with_other_terms_are_of_other_problems():
    hashes = {
        laplace_on(HOLE, singularities=terms).definition_hash
        for terms in (None, (), [Pole(at=(0.1, -0.2))], [Pole(at=(0.1, -0.2), order=1)])
    }
    assert len(hashes) == 4
    moved = [laplace_on(HOLE, singularities=[Pole(at=(0.1, -0.2), start=s)]).definition_hash for s in (0.0, 1.0)]
    assert moved[0] == moved[1]


def test_the_factor_of_a_logarithm_is_found():
    class Pipe(Problem):
        """Heat through the wall of a pipe."""

        domain = Annulus(x=0, y=0, inner=0.2, outer=1)
        singularities = (Pole(at=(0, 0), radius=0.2),)

        def residual(self, u, x, y):
            return laplacian(u)

        def exact(self, x, y):
            return 3 * log((x**2 + y**2) / 0.04) / 2 + x

        def conditions(self, x, y):
            return [Dirichlet(u=self.exact(x, y))]

    network = KAN([2, 2, 1], basis="chebyshev", k=[3, 2], base=False, seed=0)
    found = solve(Pipe(), network, steps=60, points=Points(100, 80), seed=0)
    assert found.error < 1e-9
    assert_allclose(found.numbers["singular_u_1"], 3, rtol=1e-9)


@pytest.mark.slow
def test_a_run_is_closer_with_poles_than_without():
    def error(**members):
        body = {"conditions": lambda self, x, y: [Dirichlet(u=0, on="outer"), Dirichlet(u=1 + x * y, on="holes")]}
        problem = type("Heated", (type(laplace_on(HOLE)),), body | members)()
        network = KAN([2, 6, 1], basis="chebyshev", k=[10, 6], base=False, seed=0)
        options = {"steps": 80, "points": Points(800, 300), "seed": 0}
        return solve(problem, network, reference=reference_for(problem), **options).error

    assert error() < 1e-2 * error(singularities=())


def test_conditions_that_are_built_in_hold_with_poles_beside_corner_terms():
    shape = SQUARE - Rectangle(x=(-0.25, 0.25), y=(-0.25, 0.25))
    problem = laplace_on(shape)
    kinds = [type(term) for _, _, term in singular_terms(problem)["u"]]
    assert {Singular, Pole} == set(kinds)
    build_ansatz(problem, hard=True)  # refuses a trial solution that misses a condition
