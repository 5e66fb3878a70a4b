"""Activations against SymPy."""

import pytest
import sympy as sp
import torch
from torch.testing import assert_close

from kanpde.nn.basis import Identity, SiLU, Sine, Tanh

Z = sp.Symbol("z")
FORMULAS = {
    "identity": (Identity(), Z),
    "tanh": (Tanh(), sp.tanh(Z)),
    "silu": (SiLU(), Z / (1 + sp.exp(-Z))),
    "sine": (Sine(3.5), sp.sin(sp.Rational(7, 2) * Z)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_derivatives_up_to_order_5_match_sympy(name):
    activation, formula = FORMULAS[name]
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    table = activation.derivatives(x, 5)
    assert table.shape == (6, 9, 1)
    for m in range(6):
        exact = [float(sp.diff(formula, Z, m).subs(Z, sp.Rational(v)).evalf(30)) for v in x.tolist()]
        assert_close(table[m, :, 0], torch.tensor(exact, dtype=torch.float64), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_match_finite_differences(name):
    x = torch.tensor([-0.8, 0.3], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: FORMULAS[name][0].derivatives(a, 2), (x,))


@pytest.mark.parametrize("name", ["tanh", "silu"])
def test_far_out_nothing_overflows(name):
    table = FORMULAS[name][0].derivatives(torch.tensor([-800.0, 800.0], dtype=torch.float64), 4)
    assert table.isfinite().all()
    assert table[2:].abs().max() < 1e-12


def test_a_frequency_of_zero_is_refused():
    with pytest.raises(ValueError, match="`frequency` must be positive, got 0"):
        Sine(0)
