"""Problems: reading what the user declared, parameters, manufactured sources, fingerprints and LaTeX."""

import copy
import importlib
import math
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import sympy as sp
import torch

from kanpde import (
    Coefficient,
    Data,
    Dirichlet,
    Initial,
    Interval,
    Neumann,
    Parameter,
    Periodic,
    Problem,
    Rectangle,
    Robin,
    Time,
    cos,
    diff,
    exp,
    laplacian,
    pi,
    sin,
)

SQUARE = Rectangle(x=(0, 1), y=(0, 1))
STRIP = Interval(x=(0, 1)) * Time(t=(0, 1))


class Heat(Problem):
    domain = STRIP
    alpha = 0.4
    modes = 1

    def exact(self, x, t):
        return exp(-self.alpha * (self.modes * pi) ** 2 * t) * sin(self.modes * pi * x)

    def residual(self, u, x, t):
        return u.t - self.alpha * u.xx

    def conditions(self, x, t):
        return [Initial(u=sin(self.modes * pi * x)), Dirichlet(u=0, on="x")]


class Flow(Problem):
    domain = SQUARE

    def residual(self, u, v, p, x, y):
        return {
            "x": u * u.x + v * u.y + p.x - laplacian(u),
            "y": u * v.x + v * v.y + p.y - laplacian(v),
            "mass": u.x + v.y,
        }

    def conditions(self):
        return [Dirichlet(u=0, v=0), Data({"x": 0, "y": 0}, p=0)]


def problem(residual, conditions=None, domain=SQUARE, **attributes):
    """A problem with these attributes, as a user would write it in a class."""
    attributes |= {"domain": domain, "residual": residual}
    if conditions is not None:
        attributes["conditions"] = conditions
    return type("Sketch", (Problem,), attributes)()


# -------------------------------------------------------------------- what was declared


def test_unknowns_are_the_arguments_that_are_no_coordinates():
    assert list(Flow().unknown) == ["u", "v", "p"]
    assert list(Flow().equations) == ["x", "y", "mass"]


def test_orders_are_the_highest_per_unknown_and_coordinate():
    orders = Flow().orders
    assert (orders["u", "x"], orders["v", "y"], orders["p", "x"]) == (2, 2, 1)
    assert Heat().orders == {("u", "x"): 2, ("u", "t"): 1}
    assert (Heat().time_order, Flow().time_order) == (1, 0)


def test_a_problem_may_live_in_time_alone():
    oscillator = problem(
        lambda self, u: u.tt + u,
        lambda self: [Initial(u=0), Initial(u=1, order=1)],
        domain=Time(t=(0, 1)),
        exact=lambda self, t: sin(t),
    )
    assert oscillator.time_order == 2
    assert oscillator.check().findings == ()


def test_an_unknown_field_without_its_own_equation_is_declared():
    found = problem(lambda self, u, k: diff(k * u.x, self.domain.coordinate("x")) - 1, unknowns=("u", "k"))
    assert found.orders["k", "x"] == 1


def test_terms_have_different_names():
    pair = [Data([[0, 0]], u=1, sigma=1), Data([[1, 1]], u=2, sigma=1)]
    sketch = problem(lambda self, u: {"data u": laplacian(u)}, lambda self: pair)
    assert [t.name for t in sketch.terms] == ["data u", "data u (2)", "data u (3)"]
    assert [sketch.terms_of(c)[0].name for c in pair] == ["data u (2)", "data u (3)"]


def test_one_condition_need_not_be_in_a_list():
    assert len(problem(lambda self, u: laplacian(u), lambda self: Dirichlet(u=0)).condition_list) == 1


def test_conditions_may_name_unknowns():
    radiating = problem(lambda self, u: laplacian(u), lambda self, u: [Neumann(u=1 - u**4)])
    assert radiating.terms[1].expression.has(radiating.unknown["u"] ** 4)


def test_a_value_from_exact_may_be_differentiated_in_conditions():
    sketch = problem(
        lambda self, u: laplacian(u),
        lambda self, x, y: [
            Dirichlet(u=self.exact(x, y), on="y"),
            Neumann(u=-diff(self.exact(x, y), x), on="x=0"),
            Robin(u=x * self.exact(x, y) + y * diff(self.exact(x, y), x), a=x, b=y, on="x=1"),
        ],
        exact=lambda self, x, y: exp(x) * sin(y),
    )
    assert sketch.check().findings == ()


# -------------------------------------------------------------------- parameters


@pytest.mark.parametrize("value", [2, 0.5, pi, sp.Rational(1, 3), np.float64(0.5), np.int64(3), np.float32(0.5)])
def test_a_parameter_takes_any_number(value):
    heat = Heat(alpha=value)
    x = heat.domain.coordinate("x")
    slope = heat.equations["equation"].coeff(diff(heat.unknown["u"], x, 2))
    assert float(slope) == -float(value)
    assert heat.check().ok


def test_problems_of_one_class_are_independent():
    one, two = Heat(alpha=1), Heat(alpha=2)
    assert (one.parameters["alpha"], two.parameters["alpha"], Heat.alpha) == (1, 2, 0.4)
    assert one.equations != two.equations


def test_a_built_problem_does_not_change():
    heat = Heat()
    with pytest.raises(
        AttributeError, match="`alpha` cannot change once the problem is built: make a new one with alpha=9"
    ):
        heat.alpha = 9


def test_parameters_are_the_numbers_and_nothing_else():
    class Noted(Heat):
        source = "a book"
        closed_form_error = 1e-9
        unknowns = ("u",)
        flag = True
        label = "abc"
        _hidden = 3
        k = Coefficient("k", torch.exp)
        beta = sp.Rational(1, 2)

        @property
        def twice(self):
            return 2 * self.alpha

    assert Noted().parameters == {"alpha": 0.4, "modes": 1, "beta": sp.Rational(1, 2)}
    assert repr(Noted(beta=3)) == "Noted(alpha=0.4, modes=1, beta=3)"


def test_a_subclass_inherits_and_changes_parameters_and_residual():
    class Reacting(Heat):
        alpha = 3
        rate = 1

        def residual(self, u, x, t):
            return super().residual(u, x, t) + self.rate * u

    reacting = Reacting(rate=5)
    u = reacting.unknown["u"]
    assert reacting.equations["equation"] == u.t - 3 * u.xx + 5 * u
    assert Heat().parameters == {"alpha": 0.4, "modes": 1}


def test_an_unknown_number_in_place_of_a_parameter_gets_its_name():
    heat = Heat(alpha=Parameter(2.0))
    assert [(p.name, p.initial) for p in heat.inverse_parameters] == [("alpha", 2.0)]
    assert Heat().inverse_parameters == ()


def test_a_declared_unknown_number_may_be_given():
    class Inverse(Heat):
        alpha = Parameter(1.0)

    assert [p.initial for p in Inverse(alpha=Parameter(3)).inverse_parameters] == [3.0]
    assert Inverse(alpha=2).inverse_parameters == ()


# -------------------------------------------------------------------- manufactured problems


def test_a_manufactured_nonlinear_problem_has_its_exact_solution():
    sketch = problem(
        lambda self, u: u.t + u * u.x - sin(u) * u.xx,
        lambda self, x, t: [Initial(u=self.exact(x, 0)), Dirichlet(u=self.exact(x, t))],
        domain=STRIP,
        exact=lambda self, x, t: exp(x) * cos(t),
        manufactured=True,
    )
    assert sketch.check().findings == ()


def test_a_manufactured_system_has_its_exact_solution():
    sketch = problem(
        lambda self, u, v: {"a": laplacian(u) + v**2, "b": laplacian(v) - u * v.x},
        lambda self, x, y: [Dirichlet(**self.exact(x, y))],
        exact=lambda self, x, y: {"v": exp(y), "u": sin(x)},
        manufactured=True,
    )
    assert sketch.check().findings == ()
    x, y = sketch.domain.coordinates
    u, v = sketch.unknown.values()
    assert sketch.equations["a"] == laplacian(u) + v**2 + sin(x) - exp(2 * y)


# -------------------------------------------------------------------- mistakes are named at construction


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"alfa": 1}, ValueError, "`alfa` is not a parameter of Heat: its parameters are alpha"),
        ({"domain": 1}, ValueError, "`domain` is not a parameter of Heat: its parameters are"),
        ({"alpha": "0.3"}, TypeError, "`alpha` must be a number or an expression, got '0.3'"),
        ({"alpha": None}, TypeError, "`alpha` must be a number or an expression, got None"),
        ({"alpha": True}, TypeError, "`alpha` must be a number or an expression, got True"),
        ({"alpha": math.nan}, ValueError, "`alpha` must be finite and real, got nan"),
        ({"alpha": sp.oo}, ValueError, "`alpha` must be finite and real, got oo"),
        ({"alpha": sp.I}, ValueError, "`alpha` must be finite and real, got I"),
        ({"alpha": sp.Symbol("q")}, ValueError, "`q` in alpha is neither a coordinate"),
    ],
)
def test_bad_parameters_are_refused(parameters, error, message):
    with pytest.raises(error, match=message):
        Heat(**parameters)


@pytest.mark.parametrize(
    ("residual", "error", "message"),
    [
        (lambda self, u: None, TypeError, "`Sketch.residual` must return an expression that vanishes, .* got None"),
        (lambda self, u: [u.x], TypeError, "`Sketch.residual` must return an expression that vanishes, or a dict"),
        (lambda self, u: u.x == 0, TypeError, "got False: write left - right for an equation"),
        (lambda self, u: sp.Eq(u.x, 0), TypeError, "write left - right for an equation"),
        (lambda self, u: sp.Matrix([u.x]), TypeError, "or a dict of them by name"),
        (lambda self, u: 0, ValueError, "`u` occurs in no equation of Sketch"),
        (lambda self, u, x: {"a": u.x, "b": x}, ValueError, "has the equation 'b' without an unknown: x = 0"),
        (lambda self, x, y: x, ValueError, "`Sketch.residual` names no unknown"),
        (lambda self, u, z: u.x, ValueError, r"gives 1 equation\(s\) for 2 unknowns \(u, z\)"),
        (lambda self, *u: 0, ValueError, r"`\*u` in .*: unknowns and coordinates are passed by name, name each"),
        (lambda self, a: a.x, ValueError, "`a` cannot name an unknown: it is a coordinate .x, y. or a keyword"),
        (lambda self, u: u.z, ValueError, "`u.z` is not a partial derivative"),
        (lambda self, u: u.xxxxx, ValueError, "is a derivative of order 5, the highest is 4"),
        (lambda self, u: u.x - sp.Symbol("x"), ValueError, "`x` in Sketch.residual is neither a coordinate"),
        (lambda self, u, x: u.x - math.sin(x), TypeError, "calls a function of numbers on a symbol: take sin"),
        (lambda self, u, x: u.x - np.sin(x), TypeError, "calls a function of numbers on a symbol: take sin"),
        (
            lambda self, u, x: u.x - torch.sin(x),
            TypeError,
            "take sin, exp, ... from kanpde, not from math, numpy or torch",
        ),
        (lambda self, u: u.x.x, AttributeError, r"has no attribute 'x': a derivative of a derivative is written u\.xx"),
        (lambda self, u, x: u.x if x > 0 else u.y, TypeError, "compares symbols: write a case with Piecewise"),
        (lambda self, u, x: u - u.subs(x, -x), ValueError, r"`u\(-x, y\)` has no value"),
        (lambda self, u: Parameter(1) * u + Parameter(2) * u.x, ValueError, "`parameter` names two things in Sketch"),
        (lambda self, u, x: Parameter(1, "x") * u.x, ValueError, "`x` names two things in Sketch"),
    ],
)
def test_bad_residuals_are_refused(residual, error, message):
    with pytest.raises(error, match=message):
        problem(residual)


@pytest.mark.parametrize(
    ("conditions", "error", "message"),
    [
        (
            lambda self: None,
            TypeError,
            r"`Sketch.conditions` must return a list such as \[Dirichlet\(u=0\)\], got None",
        ),
        (lambda self, z: [], ValueError, "`z` in Sketch.conditions.* is not a coordinate: the domain has x, y"),
        (lambda self: [Dirichlet(u=sin(sp.Symbol("x")))], ValueError, r"`x` in Dirichlet\(u=sin\(x\)\) is neither"),
        (lambda self: [Dirichlet(w=0)], ValueError, r"`Dirichlet\(w=...\)` names no unknown"),
        (lambda self, u: [Dirichlet(u=u.z)], ValueError, "`u.z` is not a partial derivative"),
        (lambda self: [Initial(u=0)], ValueError, "`Initial` needs a time"),
    ],
)
def test_bad_conditions_are_refused(conditions, error, message):
    with pytest.raises(error, match=message):
        problem(lambda self, u: laplacian(u), conditions)


@pytest.mark.parametrize(
    ("exact", "error", "message"),
    [
        (lambda self, x: (x,), TypeError, "`Sketch.exact` must be a number or an expression"),
        (lambda self, x: {"v": x}, ValueError, "`Sketch.exact` must give u, got v"),
        (lambda self, x: x * sp.Symbol("q"), ValueError, "`q` in Sketch.exact is neither a coordinate"),
    ],
)
def test_bad_exact_solutions_are_refused(exact, error, message):
    with pytest.raises(error, match=message):
        problem(lambda self, u: laplacian(u), exact=exact)


def test_an_inherited_solution_can_be_switched_off():
    solved = problem(
        lambda self, u: laplacian(u), lambda self, x, y: Dirichlet(u=x * y), exact=lambda self, x, y: x * y
    )

    class Unknown(type(solved)):
        exact = None

    assert solved.exact_solution is not None
    assert Unknown().exact_solution is None
    assert Unknown().check().ok


def test_a_problem_needs_domain_and_residual():
    class Bare(Problem):
        def residual(self, u, x):
            return u.x

    class Mute(Problem):
        domain = SQUARE

    with pytest.raises(ValueError, match=r"`Bare.domain` must be a domain, as in domain = Interval"):
        Bare()
    with pytest.raises(ValueError, match=r"`Mute.residual` is missing: define residual\(self, u, x, y\)"):
        Mute()


def test_a_manufactured_problem_needs_an_exact_solution():
    with pytest.raises(ValueError, match=r"`Sketch.manufactured` needs the method `exact`, which is missing"):
        problem(lambda self, u: laplacian(u), manufactured=True)


def test_the_names_of_problem_itself_are_no_parameters():
    with pytest.raises(
        ValueError, match="`orders` cannot name a parameter: every problem has an attribute of that name"
    ):
        problem(lambda self, u: laplacian(u), orders=3)


@pytest.mark.parametrize("unknowns", ["uv", ("u", "u")])
def test_unknowns_are_declared_as_different_names(unknowns):
    with pytest.raises(ValueError, match=r"`Sketch.unknowns` must be a tuple of different names"):
        problem(lambda self, u: laplacian(u), unknowns=unknowns)


def test_a_table_must_cover_the_domain():
    k = Coefficient("k", [0, 0.5], [1, 2])
    with pytest.raises(ValueError, match=r"`k\(x\)` is tabulated for x in \[0, 0.5\], the domain has \[0, 1\]: extend"):
        problem(lambda self, u, x: k(x) * laplacian(u))


# -------------------------------------------------------------------- copies, fingerprints, print


class Sketchy(Problem):
    """A problem of which every part can be changed by hand."""

    domain = STRIP
    k = Coefficient("k", torch.exp)
    speed = 1
    conditions_given = (Initial(u=0), Dirichlet(u=0, on="x"), Data([[0.5, 0.5]], u=1))

    def residual(self, u, x, t):
        return u.t - self.k(x) * u.xx + self.speed * u

    def conditions(self):
        return list(self.conditions_given)


@pytest.mark.parametrize("duplicate", [lambda p: pickle.loads(pickle.dumps(p)), copy.deepcopy])
@pytest.mark.parametrize("original", [Heat(alpha=7), Sketchy(speed=2)])
def test_copies_of_a_problem_are_the_same_problem(duplicate, original):
    twin = duplicate(original)
    assert twin.parameters == original.parameters
    assert twin.definition_hash == original.definition_hash


def changed(**attributes):
    return type("Sketchy", (Sketchy,), attributes)().definition_hash


def test_the_fingerprint_changes_with_everything_that_defines_the_problem():
    start, sides, data = Sketchy.conditions_given
    points = [[0.5, 0.5]]
    hashes = [
        Sketchy().definition_hash,
        changed(speed=2),
        changed(domain=Interval(x=(0, 1)) * Time(t=(0, 2))),
        changed(domain=Rectangle(x=(0, 1), t=(0, 1)), conditions_given=(sides, data)),
        changed(conditions_given=(sides, data)),
        changed(conditions_given=(start, Dirichlet(u=1, on="x"), data)),
        changed(conditions_given=(start, Neumann(u=0, on="x"), data)),
        changed(conditions_given=(start, Dirichlet(u=0, on="x=0"), data)),
        changed(conditions_given=(start, Dirichlet(u=0, on="x", weight=2), data)),
        changed(conditions_given=(start, Dirichlet(u=0, on="x", hard=True), data)),
        changed(conditions_given=(start, sides, Data(points, u=2))),
        changed(conditions_given=(start, sides, Data([[0.5, 0.6]], u=1))),
        changed(conditions_given=(start, sides, Data(points, u=1, sigma=0.1))),
        changed(k=Coefficient("k", torch.cos)),
        changed(k=Coefficient("k", [0, 0.5, 1], [1, 2, 3])),
        changed(k=Coefficient("k", [0, 0.5, 1], [1, 2, 4])),
        changed(speed=Parameter(1)),
    ]
    assert len(set(hashes)) == len(hashes)


def test_the_fingerprint_does_not_change_without_reason():
    again = changed(k=Coefficient("k", lambda a: torch.exp(a)))
    assert again == Sketchy().definition_hash == Sketchy(speed=1).definition_hash
    assert changed(speed=Parameter(1)) == changed(speed=Parameter(2))


def test_fingerprint_and_print_are_the_same_in_every_process():
    module, name = "helmholtz", "Helmholtz"
    code = f"from kanpde.problems.{module} import {name} as P; print(P().definition_hash, *P().latex(), sep='\\n')"
    other = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "12345"},  # sets of symbols come in another order there
        capture_output=True,
        text=True,
        check=True,
    )
    here = getattr(importlib.import_module(f"kanpde.problems.{module}"), name)()
    assert other.stdout.splitlines() == [here.definition_hash, *here.latex()]


def test_latex_has_subscripts_and_no_arguments():
    assert Heat(alpha=2).latex() == [
        r"u_{t} - 2 u_{xx} = 0",
        r"- \sin{\left(\pi x \right)} + u = 0 \quad \text{(initial u)}",
        r"u = 0 \quad \text{(dirichlet u on x)}",
        r"u_\text{exact} = e^{- 2 \pi^{2} t} \sin{\left(\pi x \right)}",
    ]


def test_latex_of_several_letters_and_of_periodicity():
    disk = problem(
        lambda self, u, r: u.rr + u.r / r + u.thetatheta / r**2,
        lambda self: [Periodic("theta"), Dirichlet(u=0, on="r")],
        domain=Rectangle(r=(1, 2), theta=(0, 2 * pi)),
    )
    lines = disk.latex()
    assert lines[0] == r"u_{rr} + \frac{u_{r}}{r} + \frac{u_{\theta\theta}}{r^{2}} = 0"
    assert r"\left[u_{\theta}\right]_{\theta=0}^{\theta=2 \pi} = 0 \quad \text{(periodic u.theta in theta)}" in lines


# -------------------------------------------------------------------- scales


class Family(Problem):
    """A parameter as a coordinate."""

    domain = Rectangle(x=(0, 1), k=(0.01, 1)) * Time(t=(0, 1))
    logarithmic = ("k",)

    def residual(self, u, x, k, t):
        return u.t - k * u.xx


def test_coordinates_without_derivatives_are_told_apart():
    assert Family().differentiated == ("x",)


def test_the_scale_of_a_coordinate_is_part_of_the_definition():
    class Linear(Family):
        logarithmic = ()

    assert Linear().definition_hash != Family().definition_hash


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("k", r"`logarithmic` must be a tuple of names, got 'k'"),
        (("z",), r"`logarithmic` must name coordinates of space \(x, k\), got 'z'"),
        (("t",), r"`logarithmic` must name coordinates of space \(x, k\), got 't'"),
        (("x",), "`logarithmic` must name coordinates that are positive, got 'x' from 0 on"),
    ],
)
def test_a_scale_that_cannot_be_logarithmic_is_refused(names, message):
    class Wrong(Family):
        logarithmic = names

    with pytest.raises(ValueError, match=message):
        Wrong()
