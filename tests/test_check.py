"""The self-check: what it finds wrong, and what it says."""

import numpy as np
import pytest
import sympy as sp

from kanpde import (
    Data,
    Dirichlet,
    Initial,
    Integral,
    Interval,
    Neumann,
    Parameter,
    Periodic,
    Piecewise,
    Problem,
    Rectangle,
    Robin,
    Time,
    cos,
    exp,
    laplacian,
    log,
    pi,
    sin,
    sqrt,
)

LINE = Interval(x=(0, 1))
SQUARE = Rectangle(x=(0, 1), y=(0, 1))
STRIP = LINE * Time(t=(0, 1))


def report(residual, *conditions, domain=SQUARE, exact=None, **attributes):
    """What the check says about a problem with these conditions."""
    attributes |= {"domain": domain, "residual": residual, "conditions": lambda self: list(conditions)}
    if exact is not None:
        attributes["exact"] = exact
    return type("Sketch", (Problem,), attributes)().check()


def poisson(self, u):
    return laplacian(u) - 1


def heat(self, u):
    return u.t - u.xx


def wave(self, u):
    return u.tt - u.xx


# -------------------------------------------------------------------- the report


def test_a_report_without_findings_says_so():
    x, y = SQUARE.coordinates
    found = report(poisson, Dirichlet(u=x + y**2))
    assert found.ok
    assert str(found) == "Sketch: nothing wrong found"


def test_warnings_do_not_make_a_problem_unready():
    found = report(heat, Initial(u=1), Dirichlet(u=0), domain=STRIP)
    assert found.ok
    assert found.errors == ()
    assert [f.severity for f in found.findings] == ["warning", "warning"]


def test_an_error_makes_a_problem_unready():
    found = report(poisson, Dirichlet(u=0, on="x"))
    assert not found.ok
    assert str(found).splitlines()[0] == "Sketch: not ready"


# -------------------------------------------------------------------- the exact solution


def test_an_exact_solution_goes_into_residual_and_every_condition():
    x, y = SQUARE.coordinates
    u = exp(x) * sin(y)
    conditions = [
        Dirichlet(u=u, on="x=0"),
        Neumann(u=u, on="x=1"),
        Robin(u=u - 2 * exp(x) * cos(y), b=2, on="y=0"),
        Dirichlet(u=u, on="y=1"),
        Data([[0.5, 0.5]], u=float(u.subs({x: 0.5, y: 0.5}))),
    ]
    assert report(lambda self, u: laplacian(u), *conditions, exact=lambda self, x, y: exp(x) * sin(y)).findings == ()


@pytest.mark.parametrize(
    ("exact", "term"),
    [
        (lambda self, x, t: exp(-t) * sin(pi * x), "equation"),
        (lambda self, x, t: 2 * exp(-(pi**2) * t) * sin(pi * x), "initial u"),
        (lambda self, x, t: exp(-(pi**2) * t) * sin(pi * x) + x, "dirichlet u on boundary"),
    ],
)
def test_a_wrong_exact_solution_is_told_where_it_fails(exact, term):
    x = STRIP.coordinate("x")
    found = report(heat, Initial(u=sin(pi * x)), Dirichlet(u=0), domain=STRIP, exact=exact)
    assert any(f"`exact` does not satisfy '{term}" in e and "misses by" in e for e in found.errors)


def test_an_error_far_below_the_size_of_what_cancels_is_rounding():
    found = report(
        lambda self, u, x: u.xxxx - 1e12 * u,
        *[Dirichlet(u=exp(1000 * (LINE.coordinate("x") - 1))), Neumann(u=0, on="x=0", weight=1)],
        domain=LINE,
        exact=lambda self, x: exp(1000 * (x - 1)),
    )
    assert not [e for e in found.errors if "'equation'" in e]


def test_an_exact_solution_without_value_is_an_error_and_no_crash():
    x = LINE.coordinate("x")
    found = report(poisson, Dirichlet(u=log(x)), domain=LINE, exact=lambda self, x: log(x))
    assert any("log(x)` is not finite at x=0" in e for e in found.errors)


def test_noisy_measurements_do_not_contradict_the_exact_solution():
    def findings(measured):
        return report(
            poisson,
            *[Dirichlet(u=0), Data([[0.5]], u=measured, sigma=0.1)],
            domain=LINE,
            exact=lambda self, x: x * (x - 1) / 2,
        ).findings

    assert findings(-0.2) == ()
    (far,) = findings(2.0)
    assert far.severity == "warning"
    assert "`exact` is 21 sigma away from the measurement 'data u' at x=0.5" in far.message


def test_an_exact_solution_for_one_value_of_an_unknown_number_is_not_checked_there():
    found = report(
        lambda self, u: u.t - self.k * u.xx,
        *[Initial(u=sin(pi * STRIP.coordinate("x"))), Dirichlet(u=0)],
        domain=STRIP,
        exact=lambda self, x, t: exp(-0.3 * pi**2 * t) * sin(pi * x),
        k=Parameter(1),
    )
    assert found.ok
    messages = [f.message for f in found.findings]
    assert messages[0] == "`exact` is not checked in 'equation': it holds for one value of k only."
    assert messages[1].startswith("k: unknown, but nothing was measured")


def test_an_exact_solution_with_the_unknown_number_in_it_is_checked():
    def found(factor):
        return report(
            lambda self, u: u.t - self.k * u.xx,
            *[Initial(u=sin(pi * STRIP.coordinate("x"))), Dirichlet(u=0)],
            domain=STRIP,
            exact=lambda self, x, t: exp(-factor * self.k * pi**2 * t) * sin(pi * x),
            k=Parameter(1),
        )

    assert found(1).ok
    assert not found(2).ok


# -------------------------------------------------------------------- the boundary


@pytest.mark.parametrize(
    ("residual", "domain", "conditions"),
    [
        (poisson, LINE, [Dirichlet(u=0, on="x=0"), Neumann(u=0, on="x=1")]),
        (poisson, SQUARE, [Dirichlet(u=0, on="x"), Robin(u=0, on="y")]),
        (poisson, SQUARE, [Dirichlet(u=0, on="x"), Periodic("y")]),
        (lambda self, u: laplacian(u) + u, SQUARE, [Periodic("x", "y")]),
        (lambda self, u: u.xxxx - 1, LINE, [Dirichlet(u=0), Neumann(u=0)]),
        (lambda self, u: u.x + u, LINE, [Dirichlet(u=1, on="x=0")]),
        (lambda self, u: u.xxx + u, LINE, [Dirichlet(u=0), Neumann(u=0, on="x=0")]),
        (lambda self, u: u.x - u.yy, SQUARE, [Dirichlet(u=0, on="x=0"), Dirichlet(u=0, on="y")]),
        (lambda self, u, v: {"a": u.x + v, "b": v.x - u}, LINE, [Dirichlet(u=0, on="x=0"), Dirichlet(v=1, on="x=1")]),
    ],
)
def test_as_many_conditions_as_the_order_are_right(residual, domain, conditions):
    assert report(residual, *conditions, domain=domain).findings == ()


@pytest.mark.parametrize(
    ("residual", "domain", "conditions", "messages"),
    [
        (
            poisson,
            SQUARE,
            [Dirichlet(u=0, on="x"), Neumann(u=0, on="y=1")],
            ["`u` has 0 of 1 conditions on y=0: add Dirichlet(u=..., on='y=0'), Neumann, Robin or Periodic('y')."],
        ),
        (
            lambda self, u: u.xxxx - u,
            LINE,
            [Dirichlet(u=0), Neumann(u=0, on="x=0")],
            ["`u` has 1 of 2 conditions on x=1: add"],
        ),
        (lambda self, u: u.x + u, LINE, [], ["`u` has 0 of 1 conditions on the two ends of x: add"]),
        (
            lambda self, u, v: {"a": u.xx + v, "b": v.xx - u},
            LINE,
            [Dirichlet(u=0)],
            ["`v` has 0 of 1 conditions on x=0", "`v` has 0 of 1 conditions on x=1"],
        ),
    ],
)
def test_missing_conditions_are_named(residual, domain, conditions, messages):
    errors = report(residual, *conditions, domain=domain).errors
    assert len(errors) == len(messages)
    assert all(e.startswith(m) for e, m in zip(errors, messages, strict=True))


@pytest.mark.parametrize(
    ("conditions", "messages"),
    [
        (
            [Dirichlet(u=0), Neumann(u=1, on="x=1")],
            ["`u` has 2 conditions on x=1, 1 can hold: remove one of Dirichlet(u=0), Neumann(u=1, on='x=1')."],
        ),
        (
            [Dirichlet(u=0), Periodic("y")],
            [
                "`u` has 2 conditions on both ends of y, which are one point, 1 can hold: remove one of Periodic('y'), Dir"
            ],
        ),
        (
            [Dirichlet(u=0, on="x"), Periodic("y"), Periodic("y")],
            ["`u` has 2 conditions on both ends of y, which are one point, 1 can hold: remove one of Periodic"],
        ),
    ],
)
def test_conflicting_conditions_are_named(conditions, messages):
    errors = report(poisson, *conditions).errors
    assert [e[: len(m)] for e, m in zip(errors, messages, strict=True)] == messages


def test_a_surplus_is_only_a_warning_where_the_direction_of_travel_decides():
    found = report(lambda self, u: u.x + u, Dirichlet(u=0), domain=LINE)
    assert found.ok
    assert "`u` has 2 conditions on the two ends of x, 1 can hold" in found.findings[0].message


def test_measurements_may_stand_in_for_conditions():
    found = report(poisson, Data([[0.5, 0.5]], u=0))
    assert found.ok
    assert len(found.findings) == 4


# -------------------------------------------------------------------- the start


def test_the_start_needs_a_value_and_for_second_order_a_speed():
    assert report(wave, Initial(u=0), Initial(u=1, order=1), Dirichlet(u=0), domain=STRIP).findings == ()
    assert report(wave, Initial(u=0), Dirichlet(u=0), domain=STRIP).errors == (
        "`u` has no initial time derivative of order 1, the equation has order 2 in t: add Initial(u=..., order=1).",
    )
    assert report(heat, Dirichlet(u=0), domain=STRIP).errors == (
        "`u` has no initial value, the equation has order 1 in t: add Initial(u=...).",
    )


def test_the_start_holds_each_value_once():
    doubled = report(heat, Initial(u=0), Initial(u=0), Dirichlet(u=0), domain=STRIP)
    assert doubled.errors == ("`u` has 2 conditions Initial(u=...): keep one.",)
    surplus = report(heat, Initial(u=0), Initial(u=0, order=1), Dirichlet(u=0), domain=STRIP)
    assert surplus.errors == ("`u` has an initial condition of order 1, the equation has order 1 in t: remove it.",)


def test_an_initial_value_that_jumps_at_the_boundary_is_a_warning():
    x = STRIP.coordinate("x")
    found = report(heat, Initial(u=x), Dirichlet(u=0), domain=STRIP)
    assert [f.message for f in found.findings] == [
        "the initial value of u misses Dirichlet on x=1 by 1: the solution jumps at the start, which networks and differences "
        "follow slowly."
    ]


@pytest.mark.parametrize(("side", "by"), [(Neumann(u=3, on="x=1"), "2"), (Robin(u=4, a=1, b=2, on="x=1"), "1")])
def test_an_initial_slope_that_jumps_at_the_boundary_is_a_warning(side, by):
    x = STRIP.coordinate("x")
    found = report(heat, Initial(u=x), Dirichlet(u=0, on="x=0"), side, domain=STRIP)
    kind = type(side).__name__
    assert [f.message for f in found.findings] == [
        f"the initial value of u misses {kind} on x=1 by {by}: the slope of u jumps at the start, which networks and "
        "differences follow slowly."
    ]
    assert report(heat, Initial(u=x), Dirichlet(u=0, on="x=0"), Neumann(u=1, on="x=1"), domain=STRIP).findings == ()


def test_initial_slopes_that_are_small_infinite_or_of_unknown_numbers_are_no_findings():
    x, t = STRIP.coordinate("x"), STRIP.coordinate("t")
    for start, side in [
        (exp(-(((x - 0.5) / 0.12) ** 2)), Neumann(u=0)),
        (sqrt(x), Neumann(u=0, on="x=0")),
        (Piecewise((0, x < 0.5), (1, True)), Neumann(u=0)),
        (x, Neumann(u=1 / sqrt(t), on="x=1")),
        (x, Robin(u=0, a=Parameter(1.0, name="h"), b=1, on="x=1")),
    ]:
        found = report(heat, Initial(u=start), side, domain=STRIP).findings
        assert not any("misses" in f.message or "finite" in f.message for f in found), (start, side)


def test_corners_are_compared_along_the_whole_edge_and_at_the_start():
    domain = SQUARE * Time(t=(1, 2))
    x, y, t = domain.coordinates

    def findings(side):
        return report(
            lambda self, u: u.t - laplacian(u),
            *[Initial(u=x * y), Dirichlet(u=side, on="x"), Dirichlet(u=x * y * t, on="y")],
            domain=domain,
        ).findings

    assert findings(x * y * t**2) == ()
    assert len(findings(x * y * t + y * (1 - y))) == 2


# -------------------------------------------------------------------- periodicity


def test_values_on_a_periodic_coordinate_are_periodic():
    x, t = STRIP.coordinates

    def found(start):
        return report(heat, Initial(u=start), Periodic("x"), domain=STRIP)

    assert found(cos(2 * pi * x) + t).findings == ()
    assert found(sin(pi * x)).ok  # the slope jumps
    assert (
        "the derivative of order 1 in x of Initial(u=sin(pi*x)) jumps by 6.28" in found(sin(pi * x)).findings[0].message
    )
    assert found(x).errors == (
        "Initial(u=x) jumps by 1 from x=0 to x=1, which are one point: make it periodic or take other conditions.",
    )


def test_values_that_depend_on_the_other_coordinates_are_compared_too():
    x, y = SQUARE.coordinates
    assert report(poisson, Periodic("x"), Dirichlet(u=sin(2 * pi * x) * exp(y), on="y")).findings == ()
    assert "jumps by" in report(poisson, Periodic("x"), Dirichlet(u=x * y, on="y")).errors[0]


# -------------------------------------------------------------------- the loose constant


@pytest.mark.parametrize("conditions", [[Neumann(u=0.25)], [Periodic("x", "y")], [Periodic("x"), Neumann(u=0, on="y")]])
def test_a_solution_up_to_a_constant_is_an_error(conditions):
    assert report(poisson, *conditions).errors == (
        "`u` is fixed only up to a constant, because only its derivatives occur: give its value on a part of the "
        "boundary, its mean as in Integral(u=0), or its value at a point as in Data({'x': 0.5, 'y': 0.5}, u=0).",
    )


@pytest.mark.parametrize(
    ("residual", "conditions", "domain"),
    [
        (poisson, [Neumann(u=0.25), Data([[0.5, 0.5]], u=0)], SQUARE),
        (poisson, [Robin(u=0, on="x=0"), Neumann(u=0, on="x=1"), Neumann(u=0, on="y")], SQUARE),
        (lambda self, u: laplacian(u) - u, [Neumann(u=0)], SQUARE),
        (heat, [Neumann(u=0), Initial(u=1)], STRIP),
    ],
)
def test_one_term_in_the_unknown_itself_fixes_the_constant(residual, conditions, domain):
    assert report(residual, *conditions, domain=domain).findings == ()


def test_the_constant_of_a_pressure_is_found_beside_fixed_velocities():
    def stokes(self, u, v, p):
        return {"x": p.x - laplacian(u), "y": p.y - laplacian(v), "mass": u.x + v.y}

    (error,) = report(stokes, Dirichlet(u=0, v=0)).errors
    assert error.startswith("`p` is fixed only up to a constant")
    assert report(stokes, Dirichlet(u=0, v=0), Data([[0, 0]], p=0)).findings == ()


@pytest.mark.parametrize("unit", [1e-10, 1.0, 1e8])
def test_the_exact_solution_is_judged_by_its_own_size(unit):
    def found(source):
        line = Interval(x=(0, 1))
        return report(
            lambda self, u, x: u.xx + source * unit * sin(pi * x),
            Dirichlet(u=0),
            domain=line,
            exact=lambda self, x: unit * sin(pi * x),
        )

    assert found(pi**2).ok
    assert not found(2).ok


def test_a_pressure_must_be_fixed_at_every_instant():
    def stokes(self, u, v, p):
        return {"x": u.t + p.x - laplacian(u), "y": v.t + p.y - laplacian(v), "mass": u.x + v.y}

    def found(*fixing):
        given = [Dirichlet(u=0, v=0), Initial(u=0, v=0), *fixing]
        return report(stokes, *given, domain=SQUARE * Time(t=(0, 1))).errors

    (loose,) = found()
    assert loose.endswith("give its value on a part of the boundary or its mean as in Integral(p=0).")
    (once,) = found(Data({"x": 0.5, "y": 0.5, "t": 0.5}, p=0))
    assert once.startswith("`p` is fixed only up to a function of t")
    many = np.linspace(0, 1, 9)
    assert found(Data({"x": 0 * many, "y": 0 * many, "t": many}, p=0 * many)) == ()
    assert found(Integral(p=0)) == ()


def test_a_value_at_the_seam_fixes_the_constant_of_a_periodic_solution_on_a_line():
    def bent(self, u, x):
        return u.xx - sin(2 * pi * x)

    line = Interval(x=(0, 1))
    assert report(bent, Periodic("x"), Dirichlet(u=0, on="x=1"), domain=line).errors == ()
    bound = report(lambda self, u: u.xx - u, Periodic("x"), Dirichlet(u=0, on="x=1"), domain=line)
    assert "which are one point" in bound.errors[0]


def test_in_systems_of_first_order_either_unknown_may_have_both_ends():
    def waves(self, u, v):
        return {"u": u.t + v.x, "v": v.t + u.x}

    assert report(waves, Dirichlet(u=0), Initial(u=0, v=0), domain=STRIP).findings == ()


def test_values_with_unknowns_in_them_are_left_to_the_training():
    found = type(
        "Coupled",
        (Problem,),
        {
            "domain": STRIP,
            "residual": lambda self, u, v: {"a": u.t - u.xx, "b": v.t - v.xx},
            "conditions": lambda self, u, x: [Initial(u=x, v=x), Dirichlet(u=x, v=u)],
        },
    )().check()
    assert found.findings == ()


def test_what_training_cannot_evaluate_is_said_once():
    (message,) = report(
        lambda self, u: u.t - u.xx + sp.bessely(0, u), Dirichlet(u=0), Initial(u=0), domain=STRIP
    ).errors
    assert "cannot be evaluated by torch" in message


@pytest.mark.parametrize(
    ("start", "meets"),
    [
        (lambda x: 1e8 * sin(pi * x), True),
        (lambda x: 1e-10 * (1 + x), False),
        (lambda x: 1e-10 * sin(pi * x), True),
    ],
)
def test_whether_initial_values_meet_the_boundary_does_not_depend_on_units(start, meets):
    class Heat(Problem):
        domain = Interval(x=(0, 1)) * Time(t=(0, 1))

        def residual(self, u, x, t):
            return u.t - u.xx

        def conditions(self, x, t):
            return [Initial(u=start(x)), Dirichlet(u=0, on="x")]

    assert ("misses Dirichlet" in str(Heat().check())) != meets
