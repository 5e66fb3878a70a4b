"""Corner functions are harmonic and keep the conditions of both sides; a run finds their factors."""

import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose

from kanpde import (
    KAN,
    Dirichlet,
    Disk,
    Interval,
    Neumann,
    Points,
    Polygon,
    Problem,
    Rectangle,
    Singular,
    Solution,
    Time,
    Triangle,
    atan2,
    laplacian,
    pi,
    sin,
    solve,
)
from kanpde.ansatz import build_ansatz
from kanpde.expression import numeric
from kanpde.geometry.corners import corners_of
from kanpde.sampling import Uniform
from kanpde.singularity import MOST, singular_terms

L_SHAPE = Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)])
WEDGE = Polygon([(0, 0), (2, 0), (-1, 1)])
RIGHT = Triangle((0, 0), (1, 0), (0, 1))


def poisson_on(shape, conditions=lambda x, y: [Dirichlet(u=0)], **members):
    members |= {
        "domain": shape,
        "residual": staticmethod(lambda u, x, y: laplacian(u) + 1),
        "conditions": staticmethod(conditions),
    }
    return type("Sample", (Problem,), members)()


@pytest.mark.parametrize(
    ("shape", "openings"),
    [
        (L_SHAPE, [0.5] * 5 + [1.5]),
        (Rectangle(x=(-1, 1), y=(-1, 1)) - Rectangle(x=(0, 1), y=(-1, 0)), [0.5] * 5 + [1.5]),
        (Triangle((0, 0), (1, 0), (0, 1)), [0.25, 0.25, 0.5]),
        (Triangle((0, 0), (0, 1), (1, 0)).rotated(1.0), [0.25, 0.25, 0.5]),
        (Disk(x=0, y=0, radius=1), []),
        (Disk(x=0, y=0, radius=1) & Disk(x=1, y=0, radius=1), [2 / 3, 2 / 3]),
        (Disk(x=0, y=0, radius=1) | Disk(x=1, y=0, radius=1), [4 / 3, 4 / 3]),
    ],
)
def test_corners_have_their_openings(shape, openings):
    assert_allclose(sorted(c.opening / np.pi for c in corners_of(shape.region)), openings, atol=1e-9)


@pytest.mark.parametrize("shape", [L_SHAPE, WEDGE, L_SHAPE.rotated(0.3)])
def test_the_bisector_of_a_corner_points_into_the_shape(shape):
    for corner in corners_of(shape.region):
        x = corner.point[0] + 1e-3 * np.cos(corner.bisector)
        y = corner.point[1] + 1e-3 * np.sin(corner.bisector)
        assert shape.distance(x=x, y=y) < 0


def mixed(x, y):
    return [Dirichlet(u=0, on="edge 1"), Neumann(u=0, on="edge 2"), Neumann(u=0, on="edge 3")]


@pytest.mark.parametrize(
    ("shape", "conditions"),
    [
        (L_SHAPE, lambda x, y: [Dirichlet(u=0)]),
        (L_SHAPE, lambda x, y: [Neumann(u=0)]),
        (WEDGE, lambda x, y: [Dirichlet(u=0)]),
        (WEDGE, mixed),
        (RIGHT, mixed),
        (RIGHT, lambda x, y: [Neumann(u=0, on="edge 1"), Dirichlet(u=0, on=["edge 2", "edge 3"])]),
    ],
    ids=["values", "slopes", "acute", "mixed", "values first", "slopes first"],
)
def test_corner_functions_are_harmonic_and_keep_the_conditions_of_both_sides(shape, conditions):
    problem = poisson_on(shape, conditions)
    terms = [term for listed in singular_terms(problem).values() for term in listed]
    assert terms
    x, y = problem.domain.coordinates
    inside = problem.domain.sample(200, Uniform(0)).columns
    for _, function, singular in terms:
        smooth = sp.Add(*[a for a in sp.Add.make_args(function) if a.is_polynomial(x, y)])
        bend = sp.diff(function - smooth, x, 2) + sp.diff(function - smooth, y, 2)
        assert_allclose(numeric(bend, inside), 0, atol=1e-8)
        corner = singular.corner(problem)
        sides = [
            (piece, c)
            for piece in (corner.right, corner.left)
            for c in problem.condition_list
            if piece in problem.domain.boundary(c.on).faces
        ]
        for piece, condition in sides:
            if singular.logarithmic and isinstance(condition, Neumann):
                continue  # there a polynomial is left, which the network follows
            (term,) = problem.terms_of(condition)
            points = problem.domain.sample_face(piece, 50, Uniform(1))
            held = problem.substitute({"u": function}, term.expression)
            assert_allclose(numeric(held, points.known), 0, atol=1e-9)


def test_terms_are_found_at_corners_of_steady_laplacians_alone():
    assert singular_terms(poisson_on(Disk(x=0, y=0, radius=1))) == {}
    assert singular_terms(poisson_on(Rectangle(x=(0, 1), y=(0, 1)))) == {}
    assert singular_terms(poisson_on(L_SHAPE, singularities=())) == {}
    found = singular_terms(poisson_on(L_SHAPE))["u"]
    reentrant = [(round(s.exponent, 4), s.logarithmic) for _, _, s in found if s.at == (0, 0)]
    assert reentrant == [
        (0.6667, False), (1.3333, False), (2, True), (2.6667, False), (3.3333, False), (4, True), (4.6667, False),
    ]  # fmt: skip


def test_outlines_of_many_vertices_have_few_terms():
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    smooth = Polygon([(float(np.cos(a)), float(np.sin(a))) for a in angles])
    assert singular_terms(poisson_on(smooth)) == {}  # corners of 171 degrees
    radii = np.where(np.arange(20) % 2, 1.0, 0.5)
    star = Polygon([(float(r * np.cos(a)), float(r * np.sin(a))) for r, a in zip(radii, angles[::2], strict=True)])
    found = [s.exponent for _, _, s in singular_terms(poisson_on(star))["u"]]
    assert len(found) == MOST
    assert found == sorted(found)
    assert found[9] < 1  # of all ten re-entrant corners


def test_evolutions_and_other_operators_have_none_unasked():
    class Heat(Problem):
        domain = L_SHAPE * Time(t=(0, 1))

        def residual(self, u, x, y, t):
            return u.t - laplacian(u)

    class Skew(Problem):
        domain = L_SHAPE

        def residual(self, u, x, y):
            return u.xx + 2 * u.yy

    assert singular_terms(Heat()) == {}
    assert singular_terms(Skew()) == {}


def test_values_hold_exactly_with_singular_terms_in_the_trial_solution():
    problem = poisson_on(L_SHAPE)
    ansatz = build_ansatz(problem, hard=True)
    network = sp.exp(problem.domain.coordinates[0])
    (form,) = [f.subs(ansatz.outputs[n], network) for n, f in ansatz.forms.items()]
    assert len(ansatz.numbers) == 17
    form = form.subs({c: i + 1 for i, c in enumerate(ansatz.numbers)})
    assert_allclose(numeric(form, problem.domain.boundary().sample(300, Uniform(0)).known), 0, atol=1e-11)


class Known(Problem):
    """A harmonic function whose corner term has the factor 0.7."""

    domain = L_SHAPE
    singularities = [Singular(at=(0, 0), exponent=2 / 3)]

    def exact(self, x, y):
        theta = atan2(-(x + y), y - x) + 3 * pi / 4
        return 0.7 * (x**2 + y**2) ** sp.Rational(1, 3) * sin(2 * theta / 3) + x * y + x

    def residual(self, u, x, y):
        return laplacian(u)

    def conditions(self, x, y):
        return [Dirichlet(u=self.exact(x, y))]


@pytest.mark.slow
def test_a_run_finds_the_factor_of_a_corner_term_and_its_record_keeps_it(tmp_path):
    found = solve(
        Known(), KAN([2, 4, 1], basis="chebyshev", k=[4, 3], base=False, seed=0), steps=60, points=Points(600, 300)
    )
    assert_allclose(found.numbers["singular_u_1"], 0.7, atol=1e-6)
    assert found.error < 1e-6
    again = Solution.load(found.save(tmp_path / "known.h5"))
    assert again.numbers == found.numbers
    assert again(x=-0.5, y=0.25) == found(x=-0.5, y=0.25)
    with pytest.raises(ValueError, match="must lie in the domain, got 1 of 1 points outside"):
        again(x=0.5, y=-0.5)


def test_a_term_at_a_point_that_is_no_corner_is_refused():
    with pytest.raises(ValueError, match=r"`at` must be a corner of the domain, got \(0.5, 0.5\): its corners are"):
        build_ansatz(poisson_on(L_SHAPE, singularities=[Singular(at=(0.5, 0.5), exponent=0.5)]))
    with pytest.raises(ValueError, match="`exponent` must be above 0"):
        Singular(at=(0, 0), exponent=-1)


def test_boxes_in_one_dimension_have_no_corners():
    class Line(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx

    assert singular_terms(Line()) == {}
