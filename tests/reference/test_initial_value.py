"""Initial-value problems of ordinary differential equations, against closed forms."""

import numpy as np
import pytest

from kanpde import Coefficient, Data, Dirichlet, Initial, Interval, Parameter, Problem, Time, cos, exp, sin
from kanpde.reference import ReferenceFailed, initial_value, reference_for


def problem_with(equations, conditions, end=1.0, **members):
    """A problem in time alone, for the unknowns that `equations` takes."""
    members |= {"domain": Time(t=(0, end)), "residual": equations, "conditions": lambda self, t: conditions}
    return type("Given", (Problem,), members)()


def miss(reference, exact):
    """Relative L2 error over all unknowns."""
    t = reference.axes["t"]
    wrong = sum(np.sum((reference.values[n] - f(t)) ** 2) for n, f in exact.items())
    return np.sqrt(wrong / sum(np.sum(f(t) ** 2) for f in exact.values()))


CASES = {
    "decay": (
        problem_with(lambda self, u, t: u.t + 3 * u - exp(-3 * t), [Initial(u=2)]),
        {"u": lambda t: (2 + t) * np.exp(-3 * t)},
    ),
    "oscillator": (
        problem_with(lambda self, u, t: u.tt + 400 * u, [Initial(u=1), Initial(u=0, order=1)], end=10.0),
        {"u": lambda t: np.cos(20 * t)},
    ),
    "two that are implicit": (
        problem_with(
            lambda self, u, v, t: {
                "sum": u.t + 2 * v.t - 2 * cos(t) + sin(t),
                "difference": 3 * u.t - v.t + 3 * sin(t) + cos(t),
            },
            [Initial(u=1, v=0)],
        ),
        {"u": np.cos, "v": np.sin},
    ),
    "third order beside first": (
        problem_with(
            lambda self, u, v, t: {"u": u.ttt - v, "v": v.t - v},
            [Initial(u=1, v=1), Initial(u=1, order=1), Initial(u=1, order=2)],
        ),
        {"u": np.exp, "v": np.exp},
    ),
    "stiff": (
        problem_with(lambda self, u, t: u.t + 1e6 * (u - cos(t)) + sin(t), [Initial(u=1)]),
        {"u": np.cos},
    ),
    "a tabulated force": (
        problem_with(
            lambda self, u, t: u.t - Coefficient("f", lambda t: 3 * t**2)(t),
            [Initial(u=0), Data({"t": [0.5]}, u=[7.0])],
        ),
        {"u": lambda t: t**3},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_stated_error_is_above_the_true_one(name):
    problem, exact = CASES[name]
    reference = initial_value(problem)
    assert miss(reference, exact) < reference.error < 1e-8
    assert reference_for(problem).name == reference.name
    assert reference.details["method"] == ("Radau" if name == "stiff" else "DOP853")


def test_a_solution_that_becomes_infinite_is_said_to():
    with pytest.raises(ReferenceFailed, match="the integration stopped at t=0\\.5"):
        initial_value(problem_with(lambda self, u, t: u.t - 2 * u**2, [Initial(u=1)]))


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (
            problem_with(lambda self, u, t: u.tt + u, [Initial(u=1)]),
            r"`u` needs 2 initial values.*add Initial\(u=\.\.\.\)",
        ),
        (
            problem_with(lambda self, u, t: u.t**2 - u, [Initial(u=1)]),
            "must be linear in the highest derivatives of the unknowns",
        ),
        (
            problem_with(lambda self, u, v, t: {"u": u.t * v.t - u, "v": v.t - u}, [Initial(u=1, v=1)]),
            "'u' must be linear in the highest derivatives",
        ),
        (
            problem_with(lambda self, u, v, t: {"u": u.t - v, "v": v - u}, [Initial(u=1)]),
            "`v` has no derivative in t: express it by the other unknowns",
        ),
        (problem_with(lambda self, u, t: u.t - self.k * u, [Initial(u=1)], k=Parameter(1.0)), "`k` is unknown"),
    ],
)
def test_what_is_no_initial_value_problem_is_refused(problem, message):
    with pytest.raises(ValueError, match=message):
        initial_value(problem)


def test_domains_with_space_and_too_few_instants_are_refused():
    class Line(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx

        def conditions(self, x):
            return [Dirichlet(u=0)]

    with pytest.raises(ValueError, match="`domain` must be Time alone"):
        initial_value(Line())
    with pytest.raises(ValueError, match="`nodes` must be at least 2, got 1"):
        initial_value(CASES["decay"][0], nodes=1)
