"""Functions found again from their values."""

import math

import pytest
import scipy.special
import sympy as sp
import torch

from kanpde.nn.symbolic import LIBRARY, SymbolicFunction, X, matches

INPUTS = torch.linspace(-1.1, 1.5, 1000, dtype=torch.float64)
WANTED = {
    "sin": lambda x: torch.sin(8 * x + 0.5),
    "exp": lambda x: torch.exp(0.7 * x - 1),
    "x^2": lambda x: (x - 0.3) ** 2,
    "x^3": lambda x: (x + 0.2) ** 3,
    "log": lambda x: torch.log(x + 1.3),
    "1/x": lambda x: 1 / (2 - x),
    "sqrt": lambda x: torch.sqrt(1.6 - x),
    "tanh": lambda x: torch.tanh(5 * x),
    "gaussian": lambda x: torch.exp(-9 * x**2),
    "abs": lambda x: (x + 0.1).abs(),
    "atan": lambda x: torch.atan(4 * x - 1),
    "J0": lambda x: torch.as_tensor(scipy.special.j0(20 * x.numpy())),
    "x": lambda x: 3 * x - 1,
}


@pytest.fixture(scope="module")
def found():
    values = torch.stack([f(INPUTS) for f in WANTED.values()], 1)
    return dict(zip(WANTED, matches(INPUTS, values), strict=True))


@pytest.mark.parametrize("name", WANTED)
def test_a_function_of_the_library_is_found_to_rounding(found, name):
    best = found[name][0]
    assert best.function.name == name
    assert best.deviation < 1e-12
    a, b, c, d = best.affine
    values = c * best.function(a * INPUTS + b)[..., 0] + d
    torch.testing.assert_close(values, WANTED[name](INPUTS), rtol=1e-9, atol=1e-9)


def test_noise_does_not_change_what_is_found():
    noise = 1e-3 * torch.randn(len(INPUTS), 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    values = torch.stack([WANTED["sin"](INPUTS), WANTED["exp"](INPUTS)], 1) + noise
    assert [m[0].function.name for m in matches(INPUTS, values)] == ["sin", "exp"]


def test_the_price_decides_between_simple_and_accurate():
    noise = 1e-3 * torch.randn(len(INPUTS), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    values = (INPUTS + 0.05 * INPUTS**2 + noise)[:, None]
    cheap, dear = (matches(INPUTS, values, ["x", "x^2"], price=p)[0][0].function.name for p in (0.1, 5))
    assert (cheap, dear) == ("x^2", "x")


def test_a_function_of_the_user_is_found():
    own = SymbolicFunction("bump", lambda x: sp.exp(-(x**4)))
    best = matches(INPUTS, torch.exp(-((2 * INPUTS - 0.4) ** 4))[:, None], [*LIBRARY, own])[0][0]
    assert best.function is own
    assert best.deviation < 1e-10


def test_a_function_that_is_not_defined_on_the_range_is_missing():
    never = SymbolicFunction("log", sp.log(X), domain=(1e6, None))
    assert matches(INPUTS, INPUTS[:, None], [never]) == [[]]


@pytest.mark.parametrize("name", LIBRARY)
@pytest.mark.parametrize("order", [1, 3])
def test_derivatives_in_the_library_are_those_of_automatic_differentiation(name, order):
    f = LIBRARY[name]
    low, high = f.domain
    ends = (-0.9 if low is None else low + 0.1, 0.9 if high is None else high - 0.1)
    x = torch.linspace(*(ends if ends[0] < ends[1] else (ends[0], ends[0] + 1)), 6, dtype=torch.float64)
    step = 1e-4
    rows, up, down = (f.rows(x + s, order) for s in (0.0, step, -step))
    slope = (up[order - 1] - down[order - 1]) / (2 * step)
    torch.testing.assert_close(rows[order], slope, rtol=1e-5, atol=1e-4 * (1 + float(slope.abs().max())))


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (torch.ones(5), "`x` and `y` must be finite, and `x` not all equal"),
        (torch.full((5,), math.nan), "must be finite"),
    ],
)
def test_inputs_without_a_range_are_refused(x, text):
    with pytest.raises(ValueError, match=text):
        matches(x.double(), torch.ones(5, 1).double())


def test_unknown_names_and_negative_prices_are_refused():
    with pytest.raises(ValueError, match="`sine` is no function of the library: it has 0, x, "):
        matches(INPUTS, INPUTS[:, None], ["sine"])
    with pytest.raises(ValueError, match="`price` must be 0 or above, got -1"):
        matches(INPUTS, INPUTS[:, None], price=-1)
    with pytest.raises(ValueError, match="`formula` must be a function of x alone, got x \\+ y"):
        SymbolicFunction("two", sp.Symbol("x") + sp.Symbol("y"))
