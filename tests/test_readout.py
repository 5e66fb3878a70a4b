"""Formulas read off without help, checked by SymPy and on other points."""

import numpy as np
import pytest
import sympy as sp
import torch

from kanpde import KAN, auto_symbolic
from kanpde.nn.basis import BSpline
from kanpde.nn.symbolic import LIBRARY

NAMES = ["x", "x^2", "x^4", "sin", "exp", "log", "tanh", "atanh"]


def quotient():
    x = np.random.default_rng(0).uniform(0.5, 2, (400, 2))
    return x, x[:, 0] / x[:, 1]


@pytest.mark.slow
def test_a_quotient_is_found_as_the_exponential_of_a_difference_of_logarithms():
    x, y = quotient()
    kan = KAN([2, 1, 1], grid=8, k=5, base=False, seed=0)
    before = {k: v.clone() for k, v in kan.state_dict().items()}
    found = auto_symbolic(kan, x, y, functions=NAMES)
    assert found.complete
    assert found.functions == [{(0, 0): "log", (1, 0): "log"}, {(0, 0): "exp"}]
    assert found.errors[-1] < 1e-12
    a, b = found.solution.field.coordinates
    values = sp.lambdify([a, b], found.formula["y"])(0.7, 1.9)
    assert values == pytest.approx(0.7 / 1.9, rel=1e-10)
    assert all((kan.state_dict()[k] == v).all() for k, v in before.items())


@pytest.mark.slow
def test_what_no_function_describes_stays_learned():
    x, y = quotient()
    found = auto_symbolic(KAN([2, 1, 1], grid=8, k=5, base=False, seed=0), x, y, functions=["sign"], steps=60)
    assert not found.complete
    assert len(found.errors) == 2
    with pytest.raises(ValueError, match="is still learned"):
        _ = found.formula


def test_a_function_that_is_unknown_is_refused():
    x, y = quotient()
    with pytest.raises(ValueError, match="`sine` is no function of the library"):
        auto_symbolic(KAN([2, 1, 1], grid=3), x, y, functions=["sine", *LIBRARY], steps=1)


def test_values_that_do_not_depend_on_the_points_become_a_constant():
    x = np.linspace(-1, 1, 60)
    noise = np.random.default_rng(0).normal(size=60)
    kan = KAN([1, 1, 1], basis=[BSpline(1, 1)] * 2, base=False)
    with torch.no_grad():
        kan.layers[0].coefficients.zero_()
    found = auto_symbolic(kan, x, 3 + 1e-3 * (noise - noise.mean()), functions=["0"], steps=10)
    assert found.complete
    assert float(found.formula["y"]) == pytest.approx(3, abs=1e-6)


def test_a_constant_column_and_held_parameters_are_refused():
    x = np.linspace(-1, 1, 60)
    with pytest.raises(ValueError, match="`x` must not have constant columns, got column 1"):
        auto_symbolic(KAN([2, 1]), np.stack([x, np.ones(60)], 1), x)
    kan = KAN([1, 2, 1])
    kan.layers[0].requires_grad_(False)
    with pytest.raises(ValueError, match=r"`model` must not hold parameters such as layers\.0\.coefficients"):
        auto_symbolic(kan, x, x)


def test_one_of_several_edges_alone_gets_another_function():
    x = np.random.default_rng(0).uniform(-1, 1, (400, 2))
    y = np.sin(3 * x[:, 0]) + x[:, 1] ** 2
    found = auto_symbolic(KAN([2, 1], grid=5, k=3), x, y, functions=["x", "x^2", "sin", "exp"], steps=30)
    formula = next(iter(found.snapped(x, y).values()))
    assert str(sp.nsimplify(formula, tolerance=1e-12)) == "x2**2 + sin(3*x1)"


def test_the_first_fit_may_go_through_a_link():
    x, y = quotient()
    kan = KAN([2, 1, 1], grid=8, k=5, base=False)
    found = auto_symbolic(kan, x, y, functions=["x", "exp", "log"], link="log", steps=25)
    assert found.complete
    assert found.errors[-1] < 1e-12
