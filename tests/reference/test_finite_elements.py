import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose

from kanpde import (
    Annulus,
    Ball,
    Box,
    Coefficient,
    Data,
    Dirichlet,
    Disk,
    Ellipse,
    Flux,
    HalfSpace,
    Initial,
    Integral,
    Interface,
    Interval,
    Neumann,
    Parameter,
    Periodic,
    Piecewise,
    Polygon,
    Problem,
    Rectangle,
    Robin,
    Time,
    by_material,
    cos,
    diff,
    div,
    exp,
    grad,
    laplacian,
    sin,
    sqrt,
)
from kanpde.catalog import problem_class
from kanpde.geometry import Part
from kanpde.reference import (
    ReferenceFailed,
    exact_reference,
    finite_difference,
    finite_elements,
    harmonic,
    numerical_reference,
)

pytest.importorskip("ngsolve", reason='finite elements need NGSolve: pip install "kanpde[fem]"')

SQUARE = Rectangle(x=(0, 1), y=(0, 1))


def error_of(problem, reference):
    """Relative L2 error over all unknowns, inside the domain."""
    exact = exact_reference(problem, axes=reference.axes).values
    miss = sum(np.nansum((reference.values[n] - v) ** 2) for n, v in exact.items())
    return float(np.sqrt(miss / sum(np.nansum(v**2) for v in exact.values())))


class Manufactured(Problem):
    """A problem whose source term follows from its solution."""

    manufactured = True


class TurnedEllipse(Manufactured):
    """Nonlinear, a system, with a mixed derivative."""

    domain = Ellipse(x=0, y=0, radii=(2, 1)).rotated(0.4)

    def exact(self, x, y):
        return {"u": sin(x) * exp(y / 2), "v": cos(x + y)}

    def residual(self, u, v, x, y):
        first = -div((2 + sin(x) * v) * grad(u)) + u.xy / 2 + u**3 + v.x
        return {"first": first, "second": laplacian(v) + x * u.x - exp(u * v / 4)}

    def conditions(self, x, y):
        return [Dirichlet(**self.exact(x, y))]


class Ring(Manufactured):
    """Values on the outer circle, a Robin condition on the inner one; the coefficient is not constant."""

    domain = Annulus(x=0, y=0, inner=0.5, outer=1)

    def exact(self, x, y):
        return exp(x) * sin(2 * y)

    def residual(self, u, x, y):
        return -div((2 + x * y) * grad(u)) + u * u.x

    def conditions(self, x, y):
        u = self.exact(x, y)
        slope = -2 * (x * diff(u, x) + y * diff(u, y))  # out of the domain, into the hole
        return [Dirichlet(u=u, on="outer"), Robin(u=(1 + x**2) * u + 3 * slope, a=1 + x**2, b=3, on="hole 1")]


@pytest.mark.parametrize(("kind", "largest"), [(TurnedEllipse, 0.3), (Ring, 0.12)])
@pytest.mark.parametrize("order", [2, 3])
def test_the_error_falls_with_the_order_of_the_elements_plus_one(kind, largest, order):
    sizes = largest / np.array([1, 2, 3])  # the first is about what the curvature of the boundary asks for
    found = [finite_elements(kind(), order=order - 1, size=s, nodes=41) for s in sizes]
    errors = [error_of(kind(), r) for r in found]
    counts = [r.details["elements"] for r in found]  # of curved ones, which are not all of the largest size
    slope = -2 * np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert order + 0.6 < slope < order + 2
    assert all(e < r.error for e, r in zip(errors, found, strict=True))


@pytest.mark.parametrize("kind", [TurnedEllipse, Ring])
def test_high_order_is_accurate_on_curved_domains(kind):
    found = finite_elements(kind(), order=8)
    error = error_of(kind(), found)
    assert error < found.error < 1e-7
    assert error < 1e-8
    inside = kind.domain.contains(found.points)
    assert np.array_equal(np.isfinite(found.values["u"]).ravel(), inside)


DOMAINS = [
    Rectangle(x=(0, 1), y=(-1, 1)),
    Ellipse(x=0.5, y=0, radii=(0.5, 1)).rotated(0.3),
    SQUARE - Disk(x=0, y=0, radius=0.5),
    SQUARE | Disk(x=1, y=0.5, radius=0.3),
    Disk(x=0, y=0, radius=1) & HalfSpace(x=1, y=0.5, through=(0.1, 0)),
    Disk(x=0, y=0, radius=1) - HalfSpace(x=1, y=0.5, through=(0.1, 0)),
    Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)]).scaled(0.7).rotated(1.0).translated(x=3),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_every_piece_of_a_plane_boundary_has_its_mesh_with_the_normal_outward(domain):
    class Field(Manufactured):
        def exact(self, x, y):
            return sin(x + 2 * y)

        def residual(self, u, x, y):
            return laplacian(u) - u

        def conditions(self, x, y):
            first, *rest = [Part(self.domain, self.domain.face_name(p), (p,)) for p in self.domain.faces]
            return [Dirichlet(u=self.exact(x, y), on=first), *(Slope(u=self.exact(x, y), on=p) for p in rest)]

    Field.domain = domain
    found = finite_elements(Field(), order=6, nodes=41)
    assert error_of(Field(), found) < 1e-6


class Slope(Neumann):
    """The normal derivative of a given function."""

    def residual(self, u, domain, value):
        return super().residual(u - value, domain, sp.S.Zero)


def test_elements_shrink_towards_a_re_entrant_corner():
    found = finite_elements(problem_class("poisson_l_shape")(), order=8, nodes=21)
    finer = finite_elements(problem_class("poisson_l_shape")(), order=11, nodes=21)
    assert found.details["layers at corners"] == 11
    miss = np.nanmax(np.abs(found.values["u"] - finer.values["u"]))
    assert miss < found.error < 1e-5


def test_the_integral_over_the_l_shape_is_the_known_one():
    import ngsolve

    from kanpde.reference.fem.discretisation import Discretisation
    from kanpde.reference.fem.mesh import grading_for, meshed
    from kanpde.weak_form import weak_form

    problem = problem_class("poisson_l_shape")()
    mesh = meshed(problem.domain, 0.25, grading_for(problem.domain, set()))
    system = Discretisation(problem, weak_form(problem), mesh, 8)
    system.add(0)
    system.solve()
    total = ngsolve.Integrate(system.component(0, "u"), mesh.mesh, order=16)
    assert total == pytest.approx(0.21407580, abs=1e-8)


@pytest.mark.parametrize(("name", "bound"), [("stokes", 1e-7), ("kovasznay", 1e-6)])
def test_flows_are_found_with_their_pressure(name, bound):
    problem = problem_class(name)()
    found = numerical_reference(problem)
    assert found.name.startswith("finite elements")
    exact = exact_reference(problem, axes=found.axes).values
    for unknown, values in exact.items():
        assert np.linalg.norm(found.values[unknown] - values) < bound * np.linalg.norm(values)
    assert error_of(problem, found) < 2 * found.error


def test_tractions_are_natural_conditions_of_elasticity():
    problem = problem_class("plate_with_hole")()
    found = finite_elements(problem, order=6)
    assert error_of(problem, found) < found.error < 1e-6


def test_four_discs_are_cut_out_of_a_square():
    problem = problem_class("poisson_four_discs")()
    found = finite_elements(problem)
    assert found.error < 1e-6
    u, other = found.values["u"], harmonic(problem, axes=found.axes).values["u"]
    assert np.nanmax(np.abs(u - other)) < 1e-6  # by another method
    assert np.nanmax(np.abs(u - u.T)) < 1e-8  # the problem is symmetric, the mesh is not
    assert np.nanmin(u) > -1e-9
    assert np.nanmax(u) < 1 + 1e-9


class Warming(Manufactured):
    """A quasilinear evolution with a source, a Robin condition that changes in time, on a ring."""

    domain = Annulus(x=0, y=0, inner=0.5, outer=1) * Time(t=(0, 1))

    def exact(self, x, y, t):
        return exp(-t) * cos(2 * x) * sin(y + 3 * t)

    def residual(self, u, x, y, t):
        return (1 + x**2) * u.t - div((1 + x**2) * grad(u)) + u * u.x

    def conditions(self, x, y, t):
        u = self.exact(x, y, t)
        slope = -2 * (x * diff(u, x) + y * diff(u, y))
        return [Initial(u=u), Dirichlet(u=u, on="outer"), Robin(u=(1 + t) * u + slope, a=1 + t, b=1, on="hole 1")]


def test_evolutions_are_of_order_four_in_time_with_boundary_values_that_change():
    errors = [error_of(Warming(), finite_elements(Warming(), order=5, size=0.5, instants=n, nodes=11)) for n in (3, 5)]
    (order,) = -np.diff(np.log2(errors))
    assert order > 3.8
    assert errors[-1] < 1e-5


def test_boxes_of_one_and_three_dimensions_are_meshed():
    class Line(Manufactured):
        domain = Interval(x=(0, 2))

        def exact(self, x):
            return sin(2 * x) + x / 2

        def residual(self, u, x):
            return u.xx + exp(u) / 2

        def conditions(self, x):
            u, slope = self.exact(x), diff(self.exact(x), x)
            return [Neumann(u=-slope, on="x=0"), Robin(u=3 * u + 2 * slope, a=3, b=2, on="x=2")]

    class Cube(Manufactured):
        domain = Box(x=(0, 1), y=(0, 1), z=(0, 1))

        def exact(self, x, y, z):
            return sin(x + y) * exp(z)

        def residual(self, u, x, y, z):
            return laplacian(u) - u + u.xz / 3

        def conditions(self, x, y, z):
            u = self.exact(x, y, z)
            sides = [Dirichlet(u=u, on=part) for part in ("x", "y", "z=0")]
            return [*sides, Neumann(u=diff(u, z), on="z=1")]

    assert error_of(Line(), finite_elements(Line())) < 1e-11
    assert error_of(Cube(), finite_elements(Cube(), order=3, nodes=9)) < 1e-5


def test_balls_are_meshed():
    class Round(Manufactured):
        domain = Ball(x=0, y=0, z=0, radius=1)

        def exact(self, x, y, z):
            return x * exp(y) + z

        def residual(self, u, x, y, z):
            return laplacian(u)

        def conditions(self, x, y, z):
            u = self.exact(x, y, z)
            slope = sum(c * diff(u, c) for c in (x, y, z))
            return [Robin(u=u + slope, a=1, b=1)]

    found = finite_elements(Round(), order=3, size=0.7, nodes=11)
    assert error_of(Round(), found) < 1e-4


def test_a_cube_without_a_corner_is_meshed_and_a_cap_is_refused():
    class Corner(Manufactured):
        domain = Box(x=(0, 1), y=(0, 1), z=(0, 1)) - HalfSpace(x=1, y=1, z=1, through=(0.8, 0, 0))

        def exact(self, x, y, z):
            return x * exp(y) + z

        def residual(self, u, x, y, z):
            return laplacian(u)

        def conditions(self, x, y, z):
            u = self.exact(x, y, z)
            slope = -sum(diff(u, c) for c in (x, y, z)) / sqrt(3)
            return [Dirichlet(u=u, on="outer"), Neumann(u=slope, on="hole 1")]

    assert error_of(Corner(), finite_elements(Corner(), order=3, size=0.7, nodes=9)) < 1e-4
    Corner.domain = Ball(x=0, y=0, z=0, radius=1) & HalfSpace(x=0, y=0, z=1, through=(0, 0, 0.5), name="hole 1")
    with pytest.raises(
        ValueError, match=r"`domain` cuts ball.* by a plane.*finite elements take bodies with flat sides"
    ):
        finite_elements(Corner())


def test_coefficients_may_have_cases():
    class Cases(Manufactured):
        domain = Ellipse(x=0, y=0, radii=(1, 0.5))

        def exact(self, x, y):
            return sqrt(4 + x) * cos(y)

        def residual(self, u, x, y):
            return laplacian(u) - Piecewise((1, (x > 0) & (y > 0)), (1 + x**2, x > 0), (1, True)) * u

        def conditions(self, x, y):
            return [Dirichlet(u=self.exact(x, y))]

    assert error_of(Cases(), finite_elements(Cases(), order=6)) < 1e-7


class Crossed(Problem):
    """A conductivity that jumps inside of elements, in the weak form with a flux that does not."""

    domain = Rectangle(x=(0, 1), y=(0, 1))
    place, left = 0.4123, 100

    def residual(self, u, x, y):
        return div(Piecewise((self.left, x < self.place), (1, True)) * grad(u))

    def conditions(self, x, y):
        return [Dirichlet(u=0, on="x=0"), Dirichlet(u=1, on="x=1"), Neumann(u=0, on="y")]


@pytest.mark.parametrize("left", [100, 0.01])
def test_the_stated_error_is_above_the_true_one_where_a_coefficient_jumps_inside_of_elements(left):
    reference, place = finite_elements(Crossed(left=left)), Crossed.place
    x = reference.axes["x"][:, None]
    flux = 1 / (place / left + 1 - place)
    true = np.where(x < place, flux * x / left, 1 - flux * (1 - x)) + 0 * reference.values["u"]
    miss = np.linalg.norm(reference.values["u"] - true) / np.linalg.norm(true)
    assert miss < reference.error < 10 * miss


class Pulse(Problem):
    """Initial values that jump at vertices of the mesh; a sine series solves it."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t - u.xx / 100

    def conditions(self, x, t):
        return [Initial(u=Piecewise((0, x < 0.3), (1, x < 0.7), (0, True))), Dirichlet(u=0, on="x")]


def test_the_stated_error_is_above_the_true_one_where_initial_values_jump():
    reference = finite_elements(Pulse())
    x, t = reference.axes["x"][:, None, None], reference.axes["t"][1:, None]
    n = np.pi * np.arange(1, 1500)
    series = 2 * (np.cos(0.3 * n) - np.cos(0.7 * n)) / n * np.sin(n * x) * np.exp(-(n**2) * t / 100)
    true = series.sum(-1)
    miss = np.linalg.norm(reference.values["u"][:, 1:] - true) / np.linalg.norm(true)
    assert miss < reference.error < 10 * miss


# -------------------------------------------------------------------- refusals


def test_what_has_no_solution_is_refused():
    with pytest.raises(ValueError, match="the equation of u has no solution: its source comes to 1"):
        finite_elements(problem_with(lambda u, x, y: laplacian(u) + 1, [Neumann(u=0), Integral(u=0)]))
    with pytest.raises(ValueError, match="`integral u` gives the mean of u, which the other conditions fix"):
        finite_elements(problem_with(lambda u, x, y: laplacian(u), [Dirichlet(u=0), Integral(u=1)]))


def test_a_domain_that_is_too_thin_somewhere_for_elements_is_refused():
    thin = Disk(x=0, y=0, radius=1) - Disk(x=0.5, y=0, radius=0.49999)
    with pytest.raises(ReferenceFailed, match=r"the mesh holds 99\.\d+ % of the domain"):
        finite_elements(problem_with(lambda u, x, y: laplacian(u) + 1, domain=thin), order=3)


def problem_with(equation, conditions=None, domain=SQUARE, **members):
    """A problem for u in x and y."""

    class Given(Problem):
        def residual(self, u, x, y):
            return equation(u, x, y)

    Given.domain = domain
    Given.conditions = lambda self, x, y: conditions or [Dirichlet(u=0)]
    for name, value in members.items():
        setattr(Given, name, value)
    return Given()


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (problem_with(lambda u, x, y: diff(u, x, 4) + 1), "cannot be held by finite elements, which take second"),
        (problem_with(lambda u, x, y: u.xx * u.yy - 1), "does not occur linearly: finite elements need an equation in"),
        (problem_with(lambda u, x, y: (1 + u.x**2) * u.xx + u.yy - 1), "depends on derivatives of the solution"),
        (problem_with(lambda u, x, y: u.x + u.y - 1), "nor is it an equation of mass, because it contains u"),
        (problem_with(lambda u, x, y: laplacian(u), [Periodic("x")]), "cannot be held by finite elements here"),
        (
            problem_with(lambda u, x, y: laplacian(u), [Dirichlet(u=0, on="x")]),
            "gives 0 conditions with derivatives on y=0, where u has no Dirichlet value",
        ),
        (
            problem_with(lambda u, x, y: laplacian(u), [Dirichlet(u=0), Dirichlet(u=1, on="x=1")]),
            "`dirichlet u on x=1` gives a value where another condition has given one",
        ),
        (problem_with(lambda u, x, y: laplacian(u), [Neumann(u=0)]), "`u` is fixed only up to a constant: give its"),
        (problem_with(lambda u, x, y: laplacian(u) - Parameter(1.0, "k")), "`k` is unknown: finite elements need"),
        (
            problem_with(lambda u, x, y: laplacian(u), [Flux(u=[u_ := 1, u_])]),
            "`flux u on boundary` does not fix what the equation leaves on x=0",
        ),
        (
            problem_with(lambda u, x, y: laplacian(u) - sp.besselj(0, x)),
            r"`besselj\(0, x\)` cannot be evaluated by NGSolve",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(problem, message):
    with pytest.raises(ValueError, match=message):
        finite_elements(problem)


def test_a_pressure_is_fixed_by_its_mean():
    class Flow(Problem):
        domain = SQUARE

        def exact(self, x, y):
            return {"u": y * (1 - y), "v": 0 * x, "p": 1 - 2 * x}

        def residual(self, u, v, p, x, y):
            return {"x": p.x - laplacian(u), "y": p.y - laplacian(v), "mass": u.x + v.y}

        def conditions(self, x, y):
            return [Dirichlet(u=y * (1 - y), v=0), Integral(p=0)]

    found = finite_elements(Flow())
    assert_allclose(found.values["p"], np.tile(1 - 2 * found.axes["x"][:, None], len(found.axes["y"])), atol=1e-9)


def test_waves_are_refused():
    class Wave(Problem):
        domain = SQUARE * Time(t=(0, 1))

        def residual(self, u, x, y, t):
            return u.tt - laplacian(u)

        def conditions(self, x, y, t):
            return [Initial(u=0), Initial(u=0, order=1), Dirichlet(u=0)]

    with pytest.raises(ValueError, match="has derivatives of order 2 in t: finite elements take order 1"):
        finite_elements(Wave())


class Halves(Manufactured):
    """A nonlinear equation on a disk of two halves, whose flux through the rim is given."""

    domain = Disk(x=0, y=0, radius=1)
    materials = {
        "left": domain & HalfSpace(x=1, y=0, through=(0, 0)),
        "right": domain & HalfSpace(x=-1, y=0, through=(0, 0)),
    }
    k = by_material(left=1, right=3)

    def exact(self, x, y):
        return by_material(left=3 * sin(x), right=sin(x)) * cos(y)

    def residual(self, u, x, y):
        return div(self.k * grad(u)) - u - u**3

    def conditions(self, x, y, u):
        e = self.exact(x, y)
        flux = self.k * (diff(e, x) * x + diff(e, y) * y)
        return [Flux(u=self.k * grad(u), value=flux), Interface(u=0, flux=-2 * self.k * grad(u))]


class Pipe(Manufactured):
    """A round core in a ring, whose common line is curved."""

    domain = Disk(x=0, y=0, radius=2)
    materials = {"core": Disk(x=0, y=0, radius=1), "ring": Annulus(x=0, y=0, inner=1, outer=2)}
    k = by_material(core=5, ring=1)

    def exact(self, x, y):
        square = x**2 + y**2
        return by_material(core=square / 5, ring=square - sp.Rational(4, 5))

    def residual(self, u, x, y):
        return div(self.k * grad(u))

    def conditions(self, x, y, u):
        return [Dirichlet(u=self.exact(x, y)), Interface(u=0, flux=self.k * grad(u))]


class ChargedSheet(Manufactured):
    """A flux that jumps."""

    domain = Rectangle(x=(-1, 1), y=(0, 1))
    materials = {"left": Rectangle(x=(-1, 0), y=(0, 1)), "right": Rectangle(x=(0, 1), y=(0, 1))}

    def exact(self, x, y):
        return by_material(left=x * (1 + x), right=-x * (1 - x)) * sin(sp.pi * y)

    def residual(self, u, x, y):
        return laplacian(u)

    def conditions(self, x, y, u):
        return [Dirichlet(u=0), Interface(u=0, flux=grad(u), flux_jump=-2 * sin(sp.pi * y))]


class Bar(Manufactured):
    """An evolution in three materials, the first of which does not come first in space."""

    domain = Interval(x=(0, 3)) * Time(t=(0, 1))
    materials = {"c": Interval(x=(2, 3)), "a": Interval(x=(0, 1)), "b": Interval(x=(1, 2))}
    k = by_material(a=1, b=2, c=4)

    def exact(self, x, t):
        return (1 + sin(t)) * by_material(a=x, b=(x + 1) / 2, c=(x + 4) / 4)

    def residual(self, u, x, t):
        return u.t - div(self.k * grad(u))

    def conditions(self, x, t, u):
        return [
            Initial(u=self.exact(x, 0)),
            Dirichlet(u=0, on="x=0"),
            Neumann(u=(1 + sin(t)) / 4, on="x=3"),
            Interface(u=0, flux=self.k * grad(u)),
        ]


class Laminate(Manufactured):
    """Two elastic materials; the mixed derivatives of an equation may belong to several stresses."""

    domain = Rectangle(x=(0, 2), y=(0, 1))
    materials = {"soft": Rectangle(x=(0, 1), y=(0, 1)), "hard": Rectangle(x=(1, 2), y=(0, 1))}
    mu, lam = by_material(soft=1, hard=5), by_material(soft=2, hard=3)

    def exact(self, x, y):
        z = x - 1
        return {
            "u": by_material(soft=13 * z, hard=4 * z) * sin(y) * cos(z),
            "v": by_material(soft=5 * z, hard=z) * cos(y) * (1 + z**2),
        }

    def stress(self, u, v):
        trace = self.lam * (u.x + v.y)
        return trace + 2 * self.mu * u.x, self.mu * (u.y + v.x), trace + 2 * self.mu * v.y

    def residual(self, u, v, x, y):
        xx, xy, yy = self.stress(u, v)
        return {"force x": div([xx, xy]), "force y": div([xy, yy])}

    def conditions(self, x, y, u, v):
        xx, xy, yy = self.stress(u, v)
        return [Dirichlet(**self.exact(x, y)), Interface(u=0, flux=[xx, xy]), Interface(v=0, flux=[xy, yy])]


@pytest.mark.parametrize("kind", [Halves, Pipe, ChargedSheet, Bar, Laminate])
def test_materials_have_elements_of_their_own(kind):
    problem = kind()
    reference = finite_elements(problem)
    assert error_of(problem, reference) < 1e-11
    assert reference.error < 1e-10


def test_a_problem_on_materials_has_a_reference():
    class Unknown(ChargedSheet):
        manufactured = False
        exact = None

    assert numerical_reference(Unknown()).name.startswith("finite elements")


@pytest.mark.parametrize(
    ("between", "message"),
    [
        (lambda u: Interface(u=1, flux=grad(u)), "`u` must be continuous where materials meet"),
        (lambda u: Interface(u=0), "gives 0 fluxes between materials for 1 unknowns"),
        (
            lambda u: Interface(u=0, flux=by_material(left=1, right=2) * grad(u)),
            "a multiple that is the same in all mat",
        ),
        (lambda u: Interface(u=0, flux=[u.x, 2 * u.y]), "must have what the divergence in the equation is taken of"),
    ],
)
def test_what_elements_cannot_hold_between_materials_is_refused(between, message):
    class Other(ChargedSheet):
        def conditions(self, x, y, u):
            return [Dirichlet(u=0), between(u)]

    with pytest.raises(ValueError, match=message):
        finite_elements(Other())


def test_a_table_between_materials_is_refused():
    table = Coefficient("table", lambda x: 1 + x**2)

    class Tabulated(ChargedSheet):
        manufactured = False
        exact = None

        def residual(self, u, x, y):
            return div(table(x) * grad(u))

        def conditions(self, x, y, u):
            return [Dirichlet(u=0), Interface(u=0, flux=table(x) * grad(u))]

    with pytest.raises(ValueError, match="has a coefficient without a formula"):
        finite_elements(Tabulated())


def test_materials_in_space_are_refused():
    class Cubes(Problem):
        domain = Box(x=(0, 2), y=(0, 1), z=(0, 1))
        materials = {"left": Box(x=(0, 1), y=(0, 1), z=(0, 1)), "right": Box(x=(1, 2), y=(0, 1), z=(0, 1))}

        def residual(self, u, x, y, z):
            return laplacian(u)

        def conditions(self, x, y, z, u):
            return [Dirichlet(u=x), Interface(u=0, flux=grad(u))]

    with pytest.raises(ValueError, match="has several materials in 3 space coordinates"):
        finite_elements(Cubes())


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"order": 0}, "`order` must be at least 1, got 0: a constant has no slope"),
        ({"size": 0.0}, "`size` must be above 0, got 0.0"),
        ({"nodes": 1}, "`nodes` must be at least 2, got 1"),
    ],
)
def test_numbers_out_of_range_are_refused(argument, message):
    with pytest.raises(ValueError, match=message):
        finite_elements(problem_with(lambda u, x, y: laplacian(u) + 1), **argument)


def test_a_constant_is_fixed_by_a_value_at_a_point():
    class Loose(Manufactured):
        domain = Disk(x=0, y=0, radius=1)

        def exact(self, x, y):
            return x**2 - y**2 + 3

        def residual(self, u, x, y):
            return laplacian(u)

        def conditions(self, x, y):
            return [Neumann(u=2 * x**2 - 2 * y**2), Data({"x": 0.5, "y": 0.5}, u=3)]

    assert error_of(Loose(), finite_elements(Loose(), order=5)) < 1e-9


def test_without_ngsolve_the_command_to_install_it_is_named(monkeypatch):
    monkeypatch.setattr("kanpde.reference.fem.library.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"needs NGSolve, which is not installed: pip install \"kanpde\[fem\]\""):
        finite_elements(problem_with(lambda u, x, y: laplacian(u) + 1))


def test_what_differences_cannot_take_goes_to_finite_elements():
    class Mean(Problem):
        """A cosine, whose mean is all that fixes the constant."""

        domain = Rectangle(x=(0, 1), y=(0, 1))

        def exact(self, x, y):
            return cos(sp.pi * x) * cos(sp.pi * y)

        def residual(self, u, x, y):
            return laplacian(u) + 2 * sp.pi**2 * cos(sp.pi * x) * cos(sp.pi * y)

        def conditions(self, x, y):
            return [Neumann(u=0), Integral(u=0)]

    found = numerical_reference(Mean())
    assert found.name.startswith("finite elements")
    assert found.error <= 1e-8

    class Clamped(Problem):
        """Tractions meet in corners, where the rows of a grid say the same thing twice."""

        domain = Rectangle(x=(0, 2), y=(0, 1))

        def residual(self, u, v, x, y):
            return {"x": div([2 * u.x + 0.6 * v.y, u.y + v.x]), "y": div([u.y + v.x, 2 * v.y + 0.6 * u.x])}

        def conditions(self, x, y, u, v):
            forces = {"u": [2 * u.x + 0.6 * v.y, u.y + v.x], "v": [u.y + v.x, 2 * v.y + 0.6 * u.x]}
            pull, free = Flux(**forces, value={"u": 1, "v": 0}, on="x=2"), Flux(**forces, value=0, on="y")
            return [Dirichlet(u=0, v=0, on="x=0"), pull, free]

    with pytest.raises(ReferenceFailed, match="the linear equations on the grid are singular"):
        finite_difference(Clamped(), nodes=11)
