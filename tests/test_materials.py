"""Several materials: values per material, where they meet, and solutions with a kink at the interface."""

import numpy as np
import pytest
import sympy as sp
from numpy.testing import assert_allclose

from kanpde import (
    KAN,
    Dirichlet,
    Disk,
    Initial,
    Interface,
    Interval,
    Plan,
    Points,
    Pole,
    Problem,
    Rectangle,
    Solution,
    Time,
    by_material,
    diff,
    div,
    grad,
    sin,
    solve,
)
from kanpde.ansatz import build_ansatz
from kanpde.expression import numeric
from kanpde.materials import as_piecewise, meeting, within
from kanpde.reference import finite_difference
from kanpde.sampling import Uniform

SQUARE = Rectangle(x=(-1, 1), y=(-1, 1))
DISK = Disk(x=0, y=0, radius=0.5)
X, Y = SQUARE.coordinates


class Rod(Problem):
    """-(k u')' = 1 on two halves: the flux is continuous, the slope is not."""

    domain = Interval(x=(0, 2))
    materials = {"copper": Interval(x=(0, 1)), "steel": Interval(x=(1, 2))}
    k = by_material(copper=100, steel=1)

    def exact(self, x):
        flux = sp.Rational(301, 202)  # k u' at the left end, from u(2) = 0
        copper = (flux * x - x**2 / 2) / 100
        steel = copper.subs(x, 1) + (flux - 1) * (x - 1) - (x - 1) ** 2 / 2
        return by_material(copper=copper, steel=steel)

    def residual(self, u, x):
        return diff(self.k * u.x, x) + 1

    def conditions(self, x, u):
        return [Dirichlet(u=0), Interface(u=0, flux=self.k * u.x)]


class Cylinder(Problem):
    """A conducting cylinder in a uniform field (Jackson, Classical Electrodynamics, ch. 2-4)."""

    domain = SQUARE
    materials = {"inner": DISK, "outer": SQUARE - DISK}
    k = by_material(inner=100, outer=1)

    def exact(self, x, y):
        return by_material(inner=2 * x / 101, outer=x * (1 - sp.Rational(99, 404) / (x**2 + y**2)))

    def residual(self, u, x, y):
        return div(self.k * grad(u))

    def conditions(self, x, y, u):
        _, outer = self.exact(x, y).args
        return [Dirichlet(u=outer), Interface(u=0, flux=self.k * grad(u))]


def test_values_by_material_are_differentiated_one_by_one():
    e = by_material(a=X**2, b=sp.sin(X * Y))
    slope = sp.diff(3 * e + Y, X)
    assert within(slope, "a") == 6 * X
    assert within(slope, "b") == 3 * Y * sp.cos(X * Y)


def test_cases_follow_the_shapes():
    e = as_piecewise(by_material(inner=1, outer=2) * X, {"inner": DISK, "outer": SQUARE - DISK}, SQUARE)
    found = numeric(e, {"x": np.array([0.1, 0.4, 0.8]), "y": np.array([0.0, 0.4, 0.0])})
    assert_allclose(found, [0.1, 0.8, 1.6])


def test_materials_meet_on_the_boundary_between_them_alone():
    ((a, b, place),) = meeting(Cylinder.materials, SQUARE)
    assert (a, b) == ("inner", "outer")
    (points,) = place.sample(300, Uniform(0))
    assert_allclose(np.hypot(points.columns["x"], points.columns["y"]), 0.5)
    assert_allclose(points.extras["n_x"], points.columns["x"] / 0.5)
    three = {
        "left": Rectangle(x=(-1, 0), y=(-1, 1)),
        "upper": Rectangle(x=(0, 1), y=(0, 1)),
        "lower": Rectangle(x=(0, 1), y=(-1, 0)),
    }
    assert [(a, b) for a, b, _ in meeting(three, SQUARE)] == [("left", "upper"), ("left", "lower"), ("upper", "lower")]
    (points,) = meeting(three, SQUARE)[0][2].sample(200, Uniform(0))
    assert_allclose(points.columns["x"], 0, atol=1e-12)
    assert points.columns["y"].min() > 0
    assert len(points) > 100


@pytest.mark.parametrize("cls", [Rod, Cylinder])
def test_the_exact_solution_passes_the_check_and_others_do_not(cls):
    assert cls().check().findings == ()

    class Wrong(cls):
        def exact(self, *coordinates, **named):
            e = super().exact(*coordinates, **named)
            return e.func(e.args[0] * 1.01, e.args[1])

    Wrong.exact.__signature__ = __import__("inspect").signature(cls.exact)
    messages = Wrong().check().errors
    assert any("jump of u" in m for m in messages)
    assert any("jump of the flux" in m for m in messages)


def test_an_interface_without_a_condition_is_named():
    class Loose(Rod):
        def conditions(self, x):
            return [Dirichlet(u=0)]

    assert any("none of 2 conditions hold between copper and steel" in m for m in Loose().check().errors)


@pytest.mark.parametrize("part", [{"u": 0}, {"flux": True}])
def test_an_interface_with_half_of_its_conditions_is_named(part):
    class Half(Rod):
        def conditions(self, x, u):
            given = {**part, "flux": self.k * u.x} if "flux" in part else part
            return [Dirichlet(u=0), Interface(**given)]

    assert any("1 of 2 conditions hold between copper and steel" in m for m in Half().check().errors)


def test_every_equation_and_condition_holds_in_the_materials_where_it_can():
    names = [t.name for t in build_ansatz(Cylinder()).terms]
    assert names == [
        "equation in inner", "equation in outer", "dirichlet u on boundary in outer",
        "jump of u from inner to outer", "jump of the flux from inner to outer",
    ]  # fmt: skip
    names = [t.name for t in build_ansatz(Rod(), hard=True).terms]
    assert "dirichlet u on boundary in copper" not in names


@pytest.mark.slow
@pytest.mark.parametrize(("hard", "bound"), [(False, 1e-10), (True, 1e-4)])  # u over x (2 - x) is no polynomial
def test_a_rod_of_two_materials_is_solved_with_its_kink(tmp_path, hard, bound):
    found = solve(
        Rod(),
        KAN([1, 3, 2], basis="chebyshev", k=[4, 2], base=False, seed=0),
        hard=hard,
        steps=60,
        points=Points(60, 4),
    )
    assert found.error < bound
    assert_allclose(found("x", x=[0.5, 1.5]), [(301 / 202 - 0.5) / 100, 301 / 202 - 1.5], rtol=1e3 * bound)
    assert Solution.load(found.save(tmp_path / "rod.h5"))(x=1.2) == found(x=1.2)


def test_an_evolution_has_materials_at_all_times():
    class Warming(Problem):
        domain = Interval(x=(0, 2)) * Time(t=(0, 1))
        materials = Rod.materials
        k = Rod.k

        def residual(self, u, x, t):
            return u.t - diff(self.k * u.x, x)

        def conditions(self, x, t, u):
            return [Initial(u=1), Dirichlet(u=1, on="x"), Interface(u=0, flux=self.k * u.x)]

    terms = {t.name: t for t in build_ansatz(Warming()).terms}
    assert {"initial u in copper", "initial u in steel", "dirichlet u on x in steel"} <= set(terms)
    (points,) = terms["jump of u from copper to steel"].place.sample(50, Uniform(0))
    assert set(points.columns["x"]) == {1.0}
    assert np.ptp(points.columns["t"]) > 0.8


class Swinging(Problem):
    """A rod of two materials whose temperature keeps its shape; it starts from values per material."""

    domain = Interval(x=(0, 2)) * Time(t=(0, 1))
    materials = {"copper": Interval(x=(0, 1)), "steel": Interval(x=(1, 2))}
    k = by_material(copper=2, steel=1)
    manufactured = True

    def exact(self, x, t):
        return (1 + sin(t)) * by_material(copper=x, steel=2 * x - 1)

    def residual(self, u, x, t):
        return u.t - diff(self.k * u.x, x)

    def conditions(self, x, t, u):
        values = Dirichlet(u=self.exact(x, t))
        return [Initial(u=self.exact(x, 0)), values, Interface(u=0, flux=self.k * u.x)]


def test_an_evolution_on_materials_is_solved():
    model = KAN([2, 5, 2], basis="chebyshev", k=[8, 4], base=False)
    found = solve(Swinging(), model, points=Points(300, 100), steps=120)
    assert float(found.error) < 1e-7


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan(stages=2), "`stages` must be 1 for Swinging, whose materials have functions of their own"),
        (Plan(slabs=2), r"`slabs` must be 1 for Swinging: between its materials \(copper, steel\) the slopes"),
    ],
)
def test_several_networks_and_materials_are_refused(plan, message):
    with pytest.raises(ValueError, match=message):
        solve(Swinging(), plan=plan, steps=1)


def test_names_that_would_make_one_function_of_two_are_refused():
    class Clash(Problem):
        domain = Interval(x=(0, 2))
        materials = {"b": Interval(x=(0, 1)), "a_b": Interval(x=(1, 2))}  # N_u_a of b, and N_u of a_b

        def residual(self, u, u_a, x):
            return {"first": u.xx, "second": u_a.xx}

        def conditions(self, x, u, u_a):
            return [Dirichlet(u=x, u_a=x), Interface(u=0, flux=[u.x]), Interface(u_a=0, flux=[u_a.x])]

    with pytest.raises(
        ValueError, match="`materials` must have names that differ from the ends of unknowns such as u_a"
    ):
        build_ansatz(Clash())


def test_points_that_rounding_puts_outside_keep_their_material():
    rim = as_piecewise(by_material(inner=1, outer=0), {"inner": DISK, "outer": SQUARE - DISK}, SQUARE)
    for angle in np.linspace(0, 7, 50):
        assert float(rim.subs({X: 0.5 * np.cos(angle), Y: 0.5 * np.sin(angle)})) == 1


def test_finite_differences_refuse_interfaces():
    with pytest.raises(ValueError, match="has several materials, whose interfaces finite differences do not see"):
        finite_difference(Rod())


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"materials": {"a": Interval(x=(0, 1)), "b": Interval(x=(0, 1))}}, "the point at x=.* is in none of them"),
        (
            {"materials": {"a": Interval(x=(0, 1)), "b": Interval(x=(1.0005, 2))}},
            "the boundary of 'a' at x=1 is 5.0e-04 away",
        ),
        (
            {"materials": {"a b": Interval(x=(0, 1)), "c": Interval(x=(1, 2))}},
            "must have names such as 'steel' or 'layer_2'",
        ),
        ({"materials": {"a": Interval(x=(0, 1)), "b": Interval(x=(0, 2))}}, "their volumes add up to 3, it has 2"),
        (
            {"materials": {"copper": Interval(x=(0, 1)), "gold": Interval(x=(1, 2))}},
            r"each of the materials \(copper, gold\), got copper, steel",
        ),
        ({"materials": {"a": Interval(y=(0, 1)), "b": Interval(x=(1, 2))}}, "`a` must be a shape in x, got y"),
        ({"materials": {}}, r"each of the materials \(none\), got copper, steel"),
    ],
)
def test_materials_that_do_not_fit_are_refused(members, message):
    with pytest.raises(ValueError, match=message):
        type("Broken", (Rod,), members)()


def test_values_for_other_materials_are_refused_in_fluxes_too():
    class Mistyped(Rod):
        def conditions(self, x, u):
            return [Dirichlet(u=0), Interface(u=0, flux=by_material(copper=1, iron=2) * u.x)]

    with pytest.raises(ValueError, match=r"each of the materials \(copper, steel\), got copper, iron"):
        Mistyped()


def test_one_value_is_no_choice():
    with pytest.raises(ValueError, match="a value for each of several materials, got a"):
        by_material(a=1)
    with pytest.raises(ValueError, match="`Interface` needs a value or a flux"):
        Interface()


def test_singular_terms_beside_materials_are_refused():
    beside = type("Beside", (Cylinder,), {"singularities": [Pole(at=(3, 3))]})
    with pytest.raises(ValueError, match="`singularities` must be empty where there are `materials`"):
        build_ansatz(beside())
