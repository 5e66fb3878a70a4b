"""Expressions as plain lists: the way there and back, and what is refused on the way back."""

import json

import numpy as np
import pytest
import sympy as sp

from kanpde import Coefficient
from kanpde.coefficient import known_function
from kanpde.serialise import HEADS, decode, encode
from kanpde.symbols import Coordinate, Parameter, unknown

X = Coordinate("x", "space", ("x", "y"))
Y = Coordinate("y", "space", ("x", "y"))
T = Coordinate("t", "time", ("x", "y"))
U = unknown("N_u", (X, Y, T))

EXPRESSIONS = [
    sp.Integer(3),
    sp.Rational(-2, 7),
    sp.Float(0.1),
    sp.Float("1e-300"),
    sp.Float("0.1", 40),
    sp.pi * sp.E + sp.GoldenRatio,
    sp.sin(sp.pi * X) * sp.exp(-T) + sp.sqrt(1 + Y**2) / 3,
    sp.Piecewise((X**2, X < 0), (sp.tanh(Y), sp.Ge(X, 0.5)), (0, True)),
    sp.Max(X, 0) + sp.Min(Y, T) + sp.Abs(X) * sp.sign(Y) + sp.Heaviside(X),
    sp.erf(X) + sp.erfc(Y) + sp.besselj(0, X) + sp.atan2(Y, X) + sp.floor(X),
    Parameter(0.3, "k") * U + X * U**2,
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_an_expression_survives_the_way_through_json(expression):
    assert decode(json.loads(json.dumps(encode(expression)))) == expression


def test_a_coordinate_keeps_its_kind_and_frame():
    found = decode(json.loads(json.dumps(encode(T))))
    assert (found.kind, found.frame) == ("time", ("x", "y"))


def test_a_float_keeps_every_bit():
    for value in np.random.default_rng(0).normal(size=100) * 10.0 ** np.arange(-50, 50):
        assert float(decode(encode(sp.Float(value)))) == value


def test_a_coefficient_cannot_be_encoded():
    with pytest.raises(ValueError, match="cannot be written to a record"):
        encode(Coefficient("k", lambda x: x)(X) * U)


@pytest.mark.parametrize(
    "tree",
    [
        "x + y",
        [],
        [["Add"]],
        ["Eval", ["Rational", "1", "1"]],
        ["__import__", "os"],
        ["sympify", "__import__('os').system('true')"],
        ["Coordinate", "x); import os; (", "space", ["x"]],
        ["Coordinate", "__class__", "space", ["x"]],
        ["Unknown", "__import__('os').system", ["Rational", "1", "1"]],
        ["Parameter", "a b", 1.0],
        ["Constant", "os"],
        ["Rational", "1.5", "2"],
    ],
)
def test_anything_but_an_expression_is_refused(tree):
    with pytest.raises(ValueError, match=r"format|invalid literal"):
        decode(tree)


def test_every_head_is_a_class_of_sympy():
    assert all(h.__module__.startswith("sympy.") for h in HEADS.values())


def test_a_known_field_comes_back_by_its_number_with_its_derivatives_and_places():
    facts = {"ranges": (), "fingerprint": "", "known_field": (2, "u")}
    function = known_function("u_2", lambda orders, *arguments: arguments[0], facts)
    expression = X * sp.diff(function(X, T), X, 2) + sp.diff(function(X, T), T).subs(T, sp.Rational(1, 2))
    asked = []
    found = decode(json.loads(json.dumps(encode(expression))), lambda *which: asked.append(which) or function)
    assert found == expression
    assert set(asked) == {(2, "u")}


def test_a_known_field_without_fields_is_refused():
    with pytest.raises(ValueError, match="`Known` is no head of this format"):
        decode(["Known", 0, "u", [0], ["Rational", "1", "2"]])
    with pytest.raises(ValueError, match="is no name of this format"):
        decode(["Known", 0, "__import__", [0], ["Rational", "1", "2"]], lambda *which: sp.sin)
