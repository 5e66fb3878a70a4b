"""Solutions that are even or odd about the middle of a coordinate."""

import numpy as np
import pytest
import sympy as sp
import torch

from kanpde import (
    KAN,
    Dirichlet,
    Disk,
    Flux,
    Initial,
    Integral,
    Interval,
    Neumann,
    Parameter,
    Periodic,
    Plan,
    Points,
    Polygon,
    Problem,
    Rectangle,
    Robin,
    Solution,
    Time,
    cos,
    cosh,
    diff,
    grad,
    pi,
    sin,
    solve,
)
from kanpde.ansatz import build_ansatz
from kanpde.catalog import problem_class, shipped_names
from kanpde.nn.input_map import InputMap
from kanpde.nn.stretch import Front, Stretch, symmetrised
from kanpde.optim import GaussNewton
from kanpde.symmetry import found_symmetries


class Odd(Problem):
    """Burgers' equation away from the origin: u is odd about x = 1."""

    domain = Interval(x=(0, 2)) * Time(t=(0, 1))
    symmetric = {"x": "odd"}

    def residual(self, u, x, t):
        return u.t + u * u.x - 0.3 * u.xx

    def conditions(self, x, t):
        return [Initial(u=sin(pi * x)), Dirichlet(u=0, on="x")]


class Pair(Problem):
    """On a ring: u is even and v is odd."""

    domain = Interval(x=(-pi, pi)) * Time(t=(0, 1))
    symmetric = {"x": {"u": "even", "v": "odd"}}

    def residual(self, u, v, x, t):
        return {"first": u.t - v.x, "second": v.t - u.x}

    def conditions(self, x, t):
        return [Initial(u=cos(x), v=0), Periodic("x")]

    def exact(self, x, t):
        return {"u": cos(x) * cos(t), "v": -sin(x) * sin(t)}


class Plate(Problem):
    """Even in x and odd in y."""

    domain = Rectangle(x=(-1, 1), y=(-1, 3))
    symmetric = {"x": "even", "y": "odd"}
    manufactured = True

    def residual(self, u, x, y):
        return u.xx + u.yy + x**2 * u

    def conditions(self, x, y):
        return [Dirichlet(u=self.exact(x, y))]

    def exact(self, x, y):
        return cosh(x) * sin(y - 1)


def small(ansatz, seed=0):
    return KAN([ansatz.n_inputs, 4, len(ansatz.outputs)], basis="chebyshev", k=[8, 4], base=False, seed=seed)


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("problem", [Odd, Pair, Plate])
def test_a_solution_is_symmetric_to_rounding_before_any_training(problem, hard):
    problem = problem()
    solution = solve(problem, small(build_ansatz(problem, hard=hard)), hard=hard, steps=1, seed=1)
    rng = np.random.default_rng(0)
    points = {n: rng.uniform(lo, hi, 50) for n, (lo, hi) in problem.domain.bounds.items()}
    here = solution(**points)
    for axis, parities in problem.parities.items():
        lo, hi = problem.domain.bounds[axis]
        there = solution(**points | {axis: lo + hi - points[axis]})
        for name, sign in parities.items():
            a, b = (v[name] if isinstance(v, dict) else v for v in (here, there))
            assert np.abs(a).max() > 1e-3
            assert np.abs(b - sign * a).max() < 1e-12


@pytest.mark.parametrize(("problem", "inputs"), [(Odd, ("x^2", "t")), (Pair, ("cos x", "t")), (Plate, ("x^2", "y^2"))])
def test_the_network_sees_what_is_even(problem, inputs):
    assert build_ansatz(problem(), hard=True).input_names == inputs


def test_symmetry_brings_more_digits_from_the_same_network_and_points():
    errors = {}
    for symmetric in (Plate.symmetric, {}):
        problem = type("Tried", (Plate,), {"symmetric": symmetric})()
        model = KAN([2, 4, 1], basis="chebyshev", k=[5, 3], base=False, seed=0)
        errors[len(symmetric)] = solve(problem, model, hard=True, steps=60, seed=0, points=Points(400)).error
    assert errors[2] < 1e-3 * errors[0]


def test_it_is_solved_in_slabs_with_stretched_coordinates_and_recorded(tmp_path):
    """The layer at the middle is found in later slabs; the record gives the same solution, and symmetry is kept."""
    problem = type("Thin", (Odd,), {"residual": lambda self, u, x, t: u.t + u * u.x - u.xx / 50})()
    ansatz = build_ansatz(problem, hard=True)
    plan, path = Plan(slabs=4, stretch=True), tmp_path / "odd.h5"
    model = KAN([ansatz.n_inputs, 5, 1], basis="chebyshev", k=[14, 5], base=False, seed=0)
    solution = solve(problem, model, hard=True, steps=160, seed=0, points=Points(700), plan=plan, record=path)
    assert any(part.trial.input_map.stretches for part in solution.field.parts)
    x, t = np.linspace(0, 2, 41), np.full(41, 0.9)
    u = solution(x=x, t=t)
    expected = problem_class("burgers")(nu=0.02).closed_form(x - 1, t)
    assert np.abs(u + u[::-1]).max() < 1e-12
    assert np.abs(u - expected).max() < 5e-4
    assert np.array_equal(Solution.load(path)(x=x, t=t), u)


def test_the_formula_of_a_solution_has_the_symmetry_in_it():
    problem = Plate()
    model = KAN([2, 1, 1], basis="chebyshev", k=3, seed=0)
    for layer, edges in ((0, (0, 1)), (1, (0,))):
        for i in edges:
            model.fix_symbolic(layer, i, 0, "x^2")
    solution = solve(problem, model, steps=1, seed=0)
    formula = solution.symbolic_formula()["u"]
    x, y = sp.symbols("x y", real=True)
    values = sp.lambdify([x, y], formula.subs({s: {"x": x, "y": y}[s.name] for s in formula.free_symbols}))
    assert values(0.3, 2.0) == pytest.approx(solution(x=0.3, y=2.0), rel=1e-10)
    assert values(-0.3, 0.0) == pytest.approx(-values(0.3, 2.0), rel=1e-10)


def test_parity_of_a_ring_with_a_stretched_seam():
    problem = problem_class("allen_cahn")()
    ansatz = build_ansatz(problem, hard=True)
    model = KAN([2, 4, 1], basis="chebyshev", k=[8, 4], base=False, seed=0)
    solution = solve(problem, model, hard=True, steps=6, seed=0, points=Points(300), plan=Plan(slabs=2, stretch=True))
    assert ansatz.input_names == ("cos x", "t")
    assert any(part.trial.input_map.stretches for part in solution.field.parts)
    x = np.linspace(0, 1, 30)
    for order in ("", "x", "xx"):
        sign = -1 if order == "x" else 1
        right, left = solution(order, x=x, t=np.full(30, 0.7)), solution(order, x=-x, t=np.full(30, 0.7))
        assert np.abs(left - sign * right).max() < 1e-9 * np.abs(right).max()


def on_line(symmetric, residual, *conditions, **more):
    """A steady problem on [-1, 1]."""
    body = {
        "domain": Interval(x=(-1, 1)),
        "symmetric": {"x": symmetric},
        "residual": residual,
        "conditions": lambda self, x: list(conditions),
    }
    return type("Line", (Problem,), body | more)()


def plain(self, u, x):
    return u.xx - u


X = Interval(x=(-1, 1)).coordinate("x")
ENDS = Dirichlet(u=0)
CHANGES = [
    (
        {"symmetric": {"x": "even"}},
        r"`symmetric` = {'x': 'even'} does not fit 'equation', which differs by .* mirrored",
    ),
    (
        {"conditions": lambda self, x, t: [Initial(u=sin(pi * x) + x), Dirichlet(u=0, on="x")]},
        "does not fit 'initial u'",
    ),
    ({"conditions": lambda self, x, t: [Initial(u=sin(pi * x)), Dirichlet(u=t, on="x")]}, "not fit 'dirichlet u on x'"),
    (
        {"conditions": lambda self, x, t: [Initial(u=sin(pi * x)), Dirichlet(u=0, on="x=0")]},
        "'dirichlet u on x=0', which has no mirror image: correct one of the two",
    ),
    ({"exact": lambda self, x, t: x * t}, "does not fit `exact` of u"),
    (
        {
            "domain": Interval(x=(0, 2e-3)) * Time(t=(0, 1e8)),
            "residual": lambda self, u, x, t: u.t - 1e-14 * u.xx + 1e-11 * u.x,
            "conditions": lambda self, x, t: [Initial(u=sin(1000 * pi * x)), Dirichlet(u=0)],
        },
        "does not fit 'equation'",
    ),
    ({"k": Parameter(0.0), "residual": lambda self, u, x, t: u.t + self.k * u.x - u.xx}, "does not fit 'equation'"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_what_is_not_symmetric_is_refused(change, message):
    problem = type("Wrong", (Odd,), change)()
    with pytest.raises(ValueError, match=message):
        build_ansatz(problem, hard=True)
    assert any("`symmetric`" in e for e in problem.check().errors)


DIFFERENT = [
    on_line("even", plain, Robin(u=0, a=1, b=1, on="x=-1"), Robin(u=0, a=5, b=1, on="x=1")),
    on_line("even", plain, Neumann(u=1, on="x=-1"), Neumann(u=-1, on="x=1")),
    on_line("odd", plain, ENDS, Integral(u=1)),
    on_line("even", plain, Dirichlet(u=1e-10 * X)),
    on_line("even", plain, Dirichlet(u=X * Parameter(1.0, "k"))),
    type(
        "Fluxes",
        (Problem,),
        {
            "domain": Interval(x=(-1, 1)),
            "symmetric": {"x": "even"},
            "residual": plain,
            "conditions": lambda self, u, x: [Flux(u=grad(u), value=1, on="x=1"), Flux(u=grad(u), value=0, on="x=-1")],
        },
    )(),
    type(
        "OnDisk",
        (Problem,),
        {
            "domain": Disk(x=0, y=0, radius=1),
            "symmetric": {"x": "even"},
            "residual": lambda self, u, x, y: u.xx + u.yy,
            "conditions": lambda self, x, y: [Dirichlet(u=x)],
        },
    )(),
]


@pytest.mark.parametrize("problem", DIFFERENT)
def test_conditions_that_differ_on_the_two_sides_are_refused(problem):
    with pytest.raises(ValueError, match=r"`symmetric` = .* does not fit"):
        build_ansatz(problem)


SAME = [
    on_line("even", plain, Robin(u=1, a=2, b=1)),
    on_line("odd", plain, Neumann(u=1, on="x=-1"), Neumann(u=-1, on="x=1")),
    on_line("even", plain, ENDS, Integral(u=1)),
    on_line("odd", plain, ENDS, Integral(u=0)),
    on_line("even", lambda self, u, x: diff(u**1.5, x, 2) - 1, Dirichlet(u=2)),
    on_line("even", lambda self, u, v, x: {"a": u.xx - v, "b": v.xx - u}, Dirichlet(u=1, v=1, on="x=-1"),
            Dirichlet(u=1, on="x=1"), Dirichlet(v=1, on="x=1")),
    on_line("odd", lambda self, u, x: u.xx - u, Dirichlet(u=0), domain=Interval(x=(1e6, 1e6 + 1))),
]  # fmt: skip


@pytest.mark.parametrize("problem", SAME)
def test_conditions_that_are_each_others_image_are_taken(problem):
    assert build_ansatz(problem).even == ("x",)


@pytest.mark.parametrize(
    ("symmetric", "message"),
    [
        ({"t": "odd"}, r"`symmetric` must name coordinates of space \(x\), got 't'"),
        ({"x": "straight"}, r"`symmetric` must say 'even' or 'odd' of all unknowns \(u\) in x, got 'straight'"),
        ({"x": {"v": "odd"}}, "of all unknowns"),
        ({"x": ["odd"]}, r"of all unknowns \(u\) in x, got \['odd'\]"),
        ("x", r"`symmetric` must be a dict such as \{'x': 'odd'\}, got 'x'"),
    ],
)
def test_what_cannot_be_read_is_refused(symmetric, message):
    with pytest.raises(ValueError, match=message):
        type("Wrong", (Odd,), {"symmetric": symmetric})()


def test_a_lift_without_the_symmetry_is_refused():
    problem = type("Wrong", (Plate,), {"lift": lambda self, x, y: x * y})()
    with pytest.raises(ValueError, match="does not fit what is built in for u"):
        build_ansatz(problem)


def test_a_shape_has_to_be_symmetric_itself():
    def problem(hole, radius=0.1):
        shape = Disk(x=0, y=0, radius=1) - Disk(x=hole, y=0, radius=radius)
        body = {
            "domain": shape,
            "symmetric": {"x": "even"},
            "residual": lambda self, u, x, y: u.xx + u.yy,
            "conditions": lambda self, x, y: [Dirichlet(u=1)],
        }
        return type("Holed", (Problem,), body)()

    assert build_ansatz(problem(0), hard=True).even == ("x",)
    with pytest.raises(ValueError, match="does not fit the domain, whose 'hole 1' has no mirror image"):
        build_ansatz(problem(0.5, 0.004))


def test_unknown_numbers_start_where_they_start():
    body = {"k": Parameter(2.0), "residual": lambda self, u, x, t: u.t + u * u.x - self.k * u.xx}
    assert build_ansatz(type("Open", (Odd,), body)(), hard=True).even == ("x",)


def test_problems_that_come_with_kanpde_are_as_symmetric_as_they_say():
    symmetric = [name for name in shipped_names() if problem_class(name).symmetric]
    assert {"burgers", "allen_cahn", "schroedinger"} <= set(symmetric)
    for name in symmetric:
        problem = problem_class(name)()
        assert problem.check().ok
        if hasattr(problem, "closed_form"):
            points = problem.domain.sample(40, lambda n, d: np.random.default_rng(0).random((n, d)))
            given = problem.closed_form(**points.columns)
            for axis, parities in problem.parities.items():
                lo, hi = problem.domain.bounds[axis]
                image = problem.closed_form(**points.columns | {axis: lo + hi - points.columns[axis]})
                for u, sign in parities.items():
                    a, b = (v[u] if isinstance(v, dict) else v for v in (given, image))
                    assert np.abs(b - sign * a).max() < 1e-9 + problem.closed_form_error


def test_an_optimiser_moves_an_odd_solution():
    problem = Odd()
    model = small(build_ansatz(problem, hard=True))
    before = [p.clone() for p in model.parameters()]
    solve(problem, model, hard=True, steps=3, seed=0, optimizer=GaussNewton())
    assert not all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_layer_at_the_seam_of_a_ring_is_its_own_mirror_image():
    body = {
        "domain": Interval(x=(-1, 1)) * Time(t=(0, 1)),
        "symmetric": {"x": "odd"},
        "residual": lambda self, u, x, t: u.t + u * u.x - u.xx / 100,
        "conditions": lambda self, x, t: [Initial(u=sin(pi * x)), Periodic("x")],
    }
    problem = type("Shock", (Problem,), body)()
    model = KAN([2, 4, 1], basis="chebyshev", k=[14, 5], base=False, seed=0)
    solution = solve(problem, model, hard=True, steps=60, seed=0, points=Points(300), plan=Plan(slabs=4, stretch=True))
    fronts = solution.field.parts[-1].trial.input_map.stretches["x"].fronts
    assert any(front.centre == 1.0 for front in fronts)


@pytest.mark.parametrize("ring", [True, False])
def test_fronts_are_made_symmetric(ring):
    given = [Front(-0.01, 0.1, 0.3), Front(0.5, 0.04, 0.2), Front(-0.49, 0.06, 0.2), Front(0.2, 0.02, 0.1)]
    found = {(f.centre, round(f.width, 9), round(f.share, 9)) for f in symmetrised(given, ring=ring)}
    assert found == {(0.0, 0.1, 0.3), (0.5, 0.05, 0.2), (-0.5, 0.05, 0.2), (0.2, 0.02, 0.05), (-0.2, 0.02, 0.05)}
    assert Stretch(symmetrised(given, ring=ring), ring).is_odd
    assert not Stretch(tuple(given), ring).is_odd


def test_a_network_that_is_even_needs_an_odd_stretch():
    with pytest.raises(ValueError, match="`stretches` of 'x' must be odd about the middle"):
        InputMap({"x": (0.0, 1.0)}, (), {"x": Stretch((Front(0.5, 0.1),))}, ["x"])


def test_a_logarithm_has_no_middle():
    body = {"logarithmic": ("x",), "domain": Interval(x=(1, 2)), "symmetric": {"x": "even"}, "residual": plain}
    with pytest.raises(ValueError, match="`symmetric` must not name 'x', which `logarithmic` names"):
        type("Scaled", (Problem,), body)()


def test_corner_terms_are_refused_with_a_remedy():
    body = {
        "domain": Polygon([(-1, -1), (1, -1), (1, 1), (-1, 1)]),
        "symmetric": {"x": "even"},
        "residual": lambda self, u, x, y: u.xx + u.yy + 1,
        "conditions": lambda self, x, y: [Dirichlet(u=0)],
    }
    with pytest.raises(
        ValueError, match=r"terms are added at corners and in holes: take it or those out, by `singularities = \(\)`"
    ):
        build_ansatz(type("Square", (Problem,), body)())
    assert build_ansatz(type("Square", (Problem,), body | {"singularities": ()})(), hard=True).even == ("x",)


@pytest.mark.parametrize(
    ("problem", "found"),
    [
        (Odd, {"x": "odd"}),
        (Pair, {"x": {"u": "even", "v": "odd"}}),
        (Plate, {"x": "even", "y": "odd"}),
        (problem_class("kuramoto_sivashinsky"), {}),
        (problem_class("diffusion_jump"), {}),
    ],
)
def test_the_check_finds_symmetries_that_are_not_used(problem, found):
    plain, told = type("Plain", (problem,), {"symmetric": {}})(), problem()
    assert found_symmetries(plain) == found
    assert all(str({axis: words}) in str(plain.check()) for axis, words in found.items())
    assert len(plain.check().symmetries) == len(found)
    assert told.check().symmetries == ()
