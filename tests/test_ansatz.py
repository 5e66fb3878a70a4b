"""Trial solutions: hard conditions hold to rounding for every network, and data that cannot be built are refused."""

import numpy as np
import pytest
import sympy as sp
import torch

from kanpde import (
    Annulus,
    Box,
    Data,
    Dirichlet,
    Disk,
    Ellipse,
    Initial,
    Interval,
    Neumann,
    Periodic,
    Polygon,
    Problem,
    Rectangle,
    Robin,
    Time,
    cos,
    exp,
    laplacian,
    pi,
    sin,
)
from kanpde.ansatz import build_ansatz, input_names
from kanpde.blocks import Trial
from kanpde.expression import numeric
from kanpde.field import Field
from kanpde.geometry import Face
from kanpde.nn import KAN
from kanpde.nn.input_map import InputMap
from kanpde.sampling import Uniform


def problem_with(domain, conditions, residual=lambda u: laplacian(u)):
    """A problem in one unknown u; what its equation says matters little here."""
    members = {"domain": domain, "residual": staticmethod(residual), "conditions": staticmethod(conditions)}
    return type("Sample", (Problem,), members)()


def random_field(problem, *, seed=0, hard=True):
    ansatz = build_ansatz(problem, hard=hard)
    network = KAN([ansatz.n_inputs, 4, len(ansatz.outputs)], basis="chebyshev", k=[5, 3], seed=seed)
    trial = Trial(network, InputMap(problem.domain.bounds, ansatz.periodic))
    return Field.of(ansatz, trial)


def face_points(domain, axis, upper, n=50):
    return domain.sample_face(Face(axis, upper), n, Uniform(3))


def on_points(expression, points):
    """Values of a SymPy expression in the coordinates, by SymPy's own lambdify."""
    symbols = list(expression.free_symbols)
    columns = [points.columns[s.name] for s in symbols]
    return np.broadcast_to(sp.lambdify(symbols, expression, "numpy")(*columns), len(points))


LINE = Interval(x=(-1, 2))
SQUARE = Rectangle(x=(-1, 2), y=(0, 1))
CUBE = Box(x=(0, 1), y=(-1, 1), z=(0, 2))
X, Y, Z = CUBE.coordinates


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("domain", "data"),
    [
        (LINE, lambda x: 3 * x**2 - 1),
        (SQUARE, lambda x, y: sin(x) * exp(y) + x),
        (CUBE, lambda x, y, z: sin(x + 2 * y) * cos(z) + x * y * z),
    ],
    ids=["1-D", "2-D", "3-D"],
)
def test_dirichlet_values_hold_on_every_face_for_every_network(domain, data, seed):
    exact = data(*domain.coordinates)
    field = random_field(problem_with(domain, lambda: [Dirichlet(u=exact)]), seed=seed)
    for face in domain.faces:
        points = face_points(domain, face.axis, face.upper)
        np.testing.assert_allclose(field.values(points, "u"), on_points(exact, points), rtol=0, atol=1e-13)


@pytest.mark.parametrize("on", ["x=-1", "x=2", "y=0", "x", "y"])
def test_conditions_on_some_faces_leave_the_others_free(on):
    problem = problem_with(SQUARE, lambda x, y: [Dirichlet(u=sin(x) * exp(y), on=on)])
    field, exact = random_field(problem), sin(SQUARE.coordinate("x")) * exp(SQUARE.coordinate("y"))
    held = set(SQUARE.boundary(on).faces)
    for face in SQUARE.faces:
        points = face_points(SQUARE, face.axis, face.upper)
        miss = np.abs(field.values(points, "u") - on_points(exact, points)).max()
        assert miss < 1e-13 if face in held else miss > 1e-3


def test_different_faces_may_have_different_data_that_meet():
    problem = problem_with(
        SQUARE,
        lambda x, y: [Dirichlet(u=x**2, on="y=0"), Dirichlet(u=x**2 + 1, on="y=1"), Dirichlet(u=1 + y**3, on="x=-1")],
    )
    field = random_field(problem)
    for axis, upper, data in (
        ("y", False, lambda p: p["x"] ** 2),
        ("y", True, lambda p: p["x"] ** 2 + 1),
        ("x", False, lambda p: 1 + p["y"] ** 3),
    ):
        points = face_points(SQUARE, axis, upper)
        np.testing.assert_allclose(field.values(points, "u"), data(points.columns), rtol=0, atol=1e-13)


def test_initial_value_and_slope_hold_together_with_dirichlet_values():
    domain = Interval(x=(0, 1)) * Time(t=(0.5, 2))
    problem = problem_with(
        domain,
        lambda x, t: [Initial(u=sin(pi * x)), Initial(u=x * (1 - x), order=1), Dirichlet(u=0)],
        lambda u: u.tt - u.xx,
    )
    field = random_field(problem)
    points = domain.sample_start(40, Uniform(1))
    x = points.columns["x"]
    np.testing.assert_allclose(field.values(points, "u"), np.sin(np.pi * x), rtol=0, atol=1e-13)
    np.testing.assert_allclose(field.values(points, "u", "t"), x * (1 - x), rtol=0, atol=1e-12)
    for upper in (False, True):
        assert np.abs(field.values(face_points(domain, "x", upper), "u")).max() < 1e-13


def test_an_initial_value_alone_leaves_the_slope_free():
    domain = Interval(x=(0, 1)) * Time(t=(0, 1))
    fields = [
        random_field(problem_with(domain, lambda x, t: [Initial(u=x)], lambda u: u.t - u.xx), seed=s) for s in (0, 1)
    ]
    points = domain.sample_start(20, Uniform(1))
    for field in fields:
        np.testing.assert_allclose(field.values(points, "u"), points.columns["x"], rtol=0, atol=1e-13)
    assert np.abs(fields[0].values(points, "u", "t") - fields[1].values(points, "u", "t")).max() > 1e-2


def test_periodic_values_and_derivatives_agree_at_both_ends():
    domain = Interval(x=(-1, 3)) * Time(t=(0, 1))
    problem = problem_with(domain, lambda x, t: [Periodic("x"), Initial(u=sin(pi * x / 2))], lambda u: u.t + u.xxx)
    field = random_field(problem)
    assert field.trial.network.width[0] == 3
    low, high = face_points(domain, "x", False), face_points(domain, "x", True)
    for derivative in ("", "x", "xx", "xxx", "xt"):
        left, right = field.values(low, "u", derivative), field.values(high, "u", derivative)
        np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-11 * (1 + np.abs(left).max()))
    start = domain.sample_start(30, Uniform(2))
    np.testing.assert_allclose(field.values(start, "u"), np.sin(np.pi * start.columns["x"] / 2), rtol=0, atol=1e-13)


def test_of_boundary_data_only_the_values_on_the_face_reach_the_lift():
    """Data given as the exact solution must not hand it to the inside: the lift is the same for data that vanish there."""
    x, y = SQUARE.coordinates
    exact = sin(x) * exp(y)
    bubble = (x + 1) * (2 - x) * y * (1 - y) * cos(7 * x * y)
    lifts = []
    for data in (exact, exact + bubble):
        conditions = [Dirichlet(u=data)]
        ansatz = build_ansatz(problem_with(SQUARE, conditions.copy), hard=True)
        lifts.append(ansatz.forms["u"].subs(ansatz.outputs["u"], 0))
    assert sp.simplify(lifts[0] - lifts[1]) == 0
    assert abs(float((lifts[0] - exact).subs({x: 0.4, y: 0.5}))) > 1e-3


class Known(Problem):
    """With a part of the solution that is known, and that meets the data on one side alone."""

    domain = SQUARE

    def residual(self, u, x, y):
        return laplacian(u)

    def conditions(self, x, y):
        return [Dirichlet(u=sin(x), on="y=0"), Dirichlet(u=sin(x) + y**2, on="x")]

    def lift(self, x, y):
        return sin(x) * (1 + y)


def test_what_is_known_of_a_solution_is_added_and_what_it_lacks_of_the_data_interpolated():
    field = random_field(Known())
    for axis, upper in (("y", False), ("x", False), ("x", True)):
        points = face_points(SQUARE, axis, upper)
        x, y = points.columns["x"], points.columns["y"]
        np.testing.assert_allclose(field.values(points, "u"), np.sin(x) + y**2, rtol=0, atol=1e-13)
    ansatz = build_ansatz(Known(), hard=True)
    lift = ansatz.forms["u"].subs(ansatz.outputs["u"], 0)
    x, y = SQUARE.coordinates
    assert sp.diff(lift, x, 2).subs({x: 0.3, y: 0}) == -sp.sin(sp.Float(0.3))  # nothing is added where nothing lacks


def test_penalties_leave_what_is_known_as_it_is():
    ansatz = build_ansatz(Known())
    x, y = SQUARE.coordinates
    assert sp.simplify(ansatz.forms["u"] - ansatz.outputs["u"] - sp.sin(x) * (1 + y)) == 0


def test_what_is_known_counts_on_shapes_too():
    disk = Disk(x=0, y=0, radius=1)

    class OnDisk(Known):
        domain = disk

        def conditions(self, x, y):
            return [Dirichlet(u=x)]

    points = disk.boundary().sample(40, Uniform(0))
    np.testing.assert_allclose(random_field(OnDisk()).values(points, "u"), points.columns["x"], rtol=0, atol=1e-13)


def test_the_lift_of_a_bilinear_function_is_the_function():
    x, y = SQUARE.coordinates
    ansatz = build_ansatz(problem_with(SQUARE, lambda x, y: [Dirichlet(u=2 + x - 3 * y + 5 * x * y)]), hard=True)
    assert sp.expand(ansatz.forms["u"].subs(ansatz.outputs["u"], 0) - (2 + x - 3 * y + 5 * x * y)) == 0


def test_a_condition_that_is_built_in_is_no_loss_term_any_more():
    conditions = lambda x, y: [Dirichlet(u=0, on="x"), Neumann(u=1, on="y")]  # noqa: E731
    soft, hard = (build_ansatz(problem_with(SQUARE, conditions), hard=h) for h in (False, True))
    assert [t.name for t in soft.terms] == ["equation", "dirichlet u on x", "neumann u on y"]
    assert [t.name for t in hard.terms] == ["equation", "neumann u on y"]


def test_a_single_condition_may_be_hard():
    problem = problem_with(SQUARE, lambda x, y: [Dirichlet(u=1, on="x", hard=True), Dirichlet(u=y, on="y")])
    field = random_field(problem, hard=False)
    np.testing.assert_allclose(field.values(face_points(SQUARE, "x", True), "u"), 1.0, rtol=0, atol=1e-13)
    assert [t.name for t in build_ansatz(problem).terms] == ["equation", "dirichlet u on y"]


def test_without_hard_conditions_the_unknown_is_the_output():
    ansatz = build_ansatz(problem_with(SQUARE, lambda x, y: [Dirichlet(u=0)]))
    assert ansatz.forms["u"] == ansatz.outputs["u"]
    assert (ansatz.n_inputs, ansatz.input_names) == (2, ("x", "y"))


def test_a_periodic_coordinate_takes_two_inputs():
    assert input_names(("x", "y", "t"), ("y",)) == ("x", "cos y", "cos(y - 1.94)", "t")


def test_the_mask_vanishes_to_first_order_only():
    """Else the network could not change the normal derivative."""
    x = LINE.coordinate("x")
    ansatz = build_ansatz(problem_with(LINE, lambda x: [Dirichlet(u=0)]), hard=True)
    mask = sp.diff(ansatz.forms["u"], ansatz.outputs["u"])
    assert mask.subs(x, -1) == mask.subs(x, 2) == 0
    assert sp.diff(mask, x).subs(x, -1) != 0
    assert mask.subs(x, sp.Rational(1, 2)) == 1


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (lambda x, t: [Dirichlet(u=0), Initial(u=cos(x))], "it contradicts another hard condition where the two meet"),
        (lambda x, t: [Dirichlet(u=t, on="x=0"), Initial(u=1 + x)], "it contradicts another hard condition"),
        (lambda x, t: [Periodic("x"), Initial(u=x)], "do not continue each other periodically"),
        (lambda x, t: [Periodic("x"), Dirichlet(u=0, on="x=0")], "do not continue each other periodically"),
    ],
)
def test_data_that_contradict_each_other_are_refused(conditions, reason):
    problem = problem_with(Interval(x=(0, 1)) * Time(t=(0, 1)), conditions, lambda u: u.t - u.xx)
    with pytest.raises(ValueError, match=f"`hard=True` cannot be built for .*{reason}"):
        build_ansatz(problem, hard=True)


def test_rounding_of_high_derivatives_is_no_jump_at_the_seam():
    """The third derivative of the series is about 1e4, of which rounding at 2 pi leaves 2e-11."""

    def conditions(x, t):
        return [Initial(u=sum(sp.sin(j * x + j**2) / (1 + j) for j in range(1, 30))), Periodic("x")]

    domain = Interval(x=(0, 2 * sp.pi)) * Time(t=(0, 1))
    assert build_ansatz(problem_with(domain, conditions, lambda u: u.t + u.xxxx), hard=True).periodic == ("x",)


def test_faces_whose_data_jump_at_the_corner_are_refused():
    problem = problem_with(SQUARE, lambda x, y: [Dirichlet(u=0, on="x"), Dirichlet(u=1, on="y")])
    with pytest.raises(ValueError, match="contradicts another hard condition where the two meet"):
        build_ansatz(problem, hard=True)


def test_hard_measurements_are_refused():
    measured = Data({"x": [1.0], "y": [0.5]}, u=[1.0])
    measured.hard = True
    problem = problem_with(SQUARE, lambda x, y: [measured])
    with pytest.raises(ValueError, match=r"only conditions on the boundary and at the start can\. Use a penalty"):
        build_ansatz(problem)


def misses(problem, conditions, seed=0, count=200):
    """How far a trial solution with an arbitrary network misses conditions, at points of their places."""
    ansatz = build_ansatz(problem)
    x = problem.domain.coordinates
    network = sp.exp(sp.Add(*[c * (i + 1) / 3 for i, c in enumerate(x)])) + sp.sin(3 * x[0])
    factors = {c: sp.Integer(2) for c in ansatz.numbers}
    forms = {n: f.subs({ansatz.outputs[n]: network, **factors}).doit() for n, f in ansatz.forms.items()}
    found = []
    for term in [t for c in conditions for t in problem.terms_of(c)]:
        for points in term.place.sample(count, Uniform(seed)):
            residual = problem.substitute(forms, term.expression)
            found.append(float(np.abs(numeric(residual, points.known)).max()))
    return found


def test_slopes_and_values_that_are_built_in_hold_for_every_network_on_a_box():
    given = [
        Dirichlet(u=0, on="x=0", hard=True),
        Neumann(u=1, on="x=2", hard=True),
    ]
    problem = problem_with(Rectangle(x=(0, 2), y=(0, 1)), lambda x, y: given)
    assert max(misses(problem, given)) <= 1e-12


@pytest.mark.parametrize(
    "given",
    [
        [Dirichlet(u=0, on="x", hard=True), Neumann(u=0, on="y", hard=True)],
        [Neumann(u=0, on="x", hard=True), Neumann(u=0, on="y", hard=True)],
        [Dirichlet(u=0, on="x", hard=True), Robin(u=0, a=1, b=2, on="y", hard=True)],
    ],
    ids=["value and slope", "slopes", "value and both"],
)
def test_trial_solutions_are_finite_in_corners_where_built_in_slopes_meet_other_conditions(given):
    problem = problem_with(Rectangle(x=(0, 1), y=(0, 1)), lambda x, y: given)
    assert max(misses(problem, given, count=5000)) <= 1e-12
    ansatz = build_ansatz(problem)
    x, y = problem.domain.coordinates
    form = ansatz.forms["u"].subs(ansatz.outputs["u"], 1 + x * y).doit()
    corners = {"x": np.array([0.0, 1.0, 0.0, 1.0]), "y": np.array([0.0, 0.0, 1.0, 1.0])}
    for expression in (form, sp.diff(form, x), sp.diff(form, y, 2)):
        assert np.isfinite(numeric(expression, corners)).all()
    if isinstance(given[0], Dirichlet):
        assert np.abs(numeric(form, corners)).max() <= 1e-15


def test_values_of_edges_continue_each_other_in_corners_to_the_last_digits():
    outline = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
    domain = Polygon(outline)
    x, y = domain.coordinates
    values = {1: x**2, 2: 4 - y**2, 3: x**2 - 1, 4: 1 - y**2, 5: x**2 - 4, 6: -(y**2)}
    given = [Dirichlet(u=value, on=f"edge {i}", hard=True) for i, value in values.items()]
    problem = problem_with(domain, lambda x, y: given)
    assert max(misses(problem, given, count=20_000)) <= 1e-12
    ansatz = build_ansatz(problem)
    form = ansatz.forms["u"].subs({ansatz.outputs["u"]: 1 + x * y, **dict.fromkeys(ansatz.numbers, 1)}).doit()
    corners = dict(zip("xy", np.array(outline, float).T, strict=True))
    np.testing.assert_allclose(numeric(form, corners), corners["x"] ** 2 - corners["y"] ** 2, atol=1e-12)


def test_value_and_slope_are_built_in_on_the_same_part():
    clamped = Rectangle(x=(0, 1), y=(0, 1))
    given = [Dirichlet(u=0, hard=True), Neumann(u=0, hard=True)]
    assert max(misses(problem_with(clamped, lambda x, y: given), given)) <= 1e-12
    ring = Annulus(x=0, y=0, inner=1, outer=2)
    x, y = ring.coordinates
    given = [Dirichlet(u=x, on="outer", hard=True), Neumann(u=y, on="outer", hard=True)]
    assert max(misses(problem_with(ring, lambda x, y: given), given)) <= 1e-12


SHAPES = {
    "disk": (Disk(x=0, y=1, radius=2), "outer"),
    "ellipse": (Ellipse(x=0, y=1, radii=(2, 1)).rotated(0.4), "outer"),
    "polygon": (Polygon([(-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1)]), "outer"),
    "holes": (Rectangle(x=(-1, 1), y=(-1, 1)) - Disk(x=0.5, y=0, radius=0.2) - Disk(x=-0.5, y=0, radius=0.2), "holes"),
    "lens": (Disk(x=0, y=0, radius=1) & Disk(x=1, y=0, radius=1), None),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_that_is_built_in_holds_on_every_shape(shape):
    domain, part = SHAPES[shape]
    x, y = domain.coordinates
    given = [Dirichlet(u=x * y + 1, on=part, hard=True)]
    assert max(misses(problem_with(domain, lambda x, y: given), given)) <= 1e-12


def test_values_of_several_parts_are_built_in_together():
    domain = Annulus(x=0, y=0, inner=1, outer=2)
    given = [Dirichlet(u=0, on="outer", hard=True), Dirichlet(u=domain.coordinates[0], on="hole 1", hard=True)]
    assert max(misses(problem_with(domain, lambda x, y: given), given)) <= 1e-12


def test_a_robin_condition_is_built_in_on_a_circle_beside_a_value_on_another():
    domain = Annulus(x=0, y=0, inner=1, outer=2)
    x, y = domain.coordinates
    given = [Robin(u=x, a=2, b=3, on="outer", hard=True), Dirichlet(u=y, on="hole 1", hard=True)]
    assert max(misses(problem_with(domain, lambda x, y: given), given)) <= 1e-12


def test_a_slope_is_built_in_for_an_evolution_that_starts_with_it():
    domain = Disk(x=0, y=0, radius=1) * Time(t=(0, 1))
    x, y, _ = domain.coordinates
    given = [Neumann(u=0, hard=True), Initial(u=(1 - x**2 - y**2) ** 2, hard=True)]
    assert max(misses(problem_with(domain, lambda x, y, t: given, lambda u: u.t - u.xx), given)) <= 1e-12


def test_a_value_on_one_edge_alone_leaves_the_network_free_on_the_others():
    domain, _ = SHAPES["polygon"]
    given = [Dirichlet(u=0, on="edge 3", hard=True)]
    problem = problem_with(domain, lambda x, y: given)
    assert max(misses(problem, given)) <= 1e-12
    (output,), (form,) = build_ansatz(problem).outputs.values(), build_ansatz(problem).forms.values()
    for name in ("edge 1", "edge 2", "edge 4", "edge 5", "edge 6"):
        points = domain.boundary(name).sample(50, Uniform(0))
        assert np.abs(numeric(sp.diff(form, output), points.known)).min() > 1e-6


def test_a_hard_initial_slope_without_the_value_is_refused():
    problem = problem_with(
        Interval(x=(0, 1)) * Time(t=(0, 1)), lambda x, t: [Initial(u=0, order=1)], lambda u: u.tt - u.xx
    )
    with pytest.raises(
        ValueError, match="needs the initial value of u and every time derivative below the highest, got order 1"
    ):
        build_ansatz(problem, hard=True)


def test_each_unknown_of_a_system_has_its_own_lift():
    class Pair(Problem):
        domain = SQUARE

        def residual(self, u, v, x, y):
            return {"first": laplacian(u) - v, "second": laplacian(v)}

        def conditions(self, x, y):
            return [Dirichlet(u=x, v=x * y)]

    field = random_field(Pair())
    points = face_points(SQUARE, "y", True)
    np.testing.assert_allclose(field.values(points, "u"), points.columns["x"], rtol=0, atol=1e-13)
    np.testing.assert_allclose(field.values(points, "v"), points.columns["x"], rtol=0, atol=1e-13)


def test_the_trial_solution_has_the_precision_of_the_network():
    problem = problem_with(SQUARE, lambda x, y: [Dirichlet(u=0)])
    ansatz = build_ansatz(problem, hard=True)
    trial = Trial(KAN([2, 3, 1], dtype=torch.float32), InputMap(SQUARE.bounds))
    side = Field.of(ansatz, trial).side("u", face_points(SQUARE, "x", False))
    assert side.values().dtype == torch.float32


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (lambda u: Dirichlet(u=u**3 - 1, on="edge 1", hard=True), "what it gives depends on the unknown"),
        (lambda u: Neumann(u=1, on="edge 4", hard=True), "the trial solution has no value or slope there"),
    ],
)
def test_conditions_that_cannot_be_built_in_are_named(condition, message):
    class Plate(Problem):
        domain = Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])

        def residual(self, u, x, y):
            return laplacian(u)

        def conditions(self, x, y, u):
            return [condition(u)]

    with pytest.raises(ValueError, match=f"cannot be built for .*: {message}"):
        build_ansatz(Plate())
