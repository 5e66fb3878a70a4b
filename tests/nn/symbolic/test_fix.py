"""Edges that become formulas and learned functions again, and what is read off in the end."""

import numpy as np
import pytest
import sympy as sp
import torch
from torch.testing import assert_close

from kanpde import KAN, fit
from kanpde.fitting import scaled_inputs
from kanpde.nn.symbolic import SymbolicFunction

GRID = torch.rand(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


def product_kan():
    """x1 x2 = ((x1 + x2)^2 - (x1 - x2)^2) / 4, as Chebyshev series."""
    kan = KAN([2, 2, 1], basis="chebyshev", k=2)
    with torch.no_grad():
        for p in kan.parameters():
            p.zero_()
        first, second = (layer.coefficients.unflatten(0, (2, 3)) for layer in kan.layers)
        first[:, 1] = torch.tensor([[0.5, 0.5], [0.5, -0.5]], dtype=torch.float64)
        second[0, :, 0] = torch.tensor([0.5, 0, 0.5], dtype=torch.float64)
        second[1, :, 0] = -torch.tensor([0.5, 0, 0.5], dtype=torch.float64)
    return kan


def fixed(kan):
    for layer, function in enumerate(["x", "x^2"]):
        for i, o in list(kan.layers[layer].pairs):
            kan.fix_symbolic(layer, i, o, function)
    return kan


def test_the_formula_of_a_network_is_the_function_that_it_is():
    kan = product_kan()
    assert_close(kan(GRID)[:, 0], GRID[:, 0] * GRID[:, 1], rtol=1e-14, atol=1e-14)
    (formula,) = fixed(kan).symbolic_formula(["a", "b"])
    a, b = sp.symbols("a b", real=True)
    assert max(abs(c) for c in sp.Poly(sp.expand(formula - a * b), a, b).coeffs()) < 1e-12
    values = sp.lambdify([a, b], formula)(*GRID.T.numpy())
    np.testing.assert_allclose(values, kan(GRID)[:, 0].detach(), rtol=1e-13, atol=1e-13)


def test_fixing_says_how_well_the_function_fits_and_suggesting_changes_nothing():
    kan = product_kan()
    before = kan(GRID)
    assert kan.suggest_symbolic(1, 0, 0, GRID)[0].function.name == "x^2"
    assert torch.equal(kan(GRID), before)
    assert kan.fix_symbolic(1, 0, 0, "x^2").deviation < 1e-13
    assert kan.fix_symbolic(1, 1, 0, "x").r2 < 0.5
    assert kan.layers[1].pairs == []


def test_an_edge_that_is_fixed_and_unfixed_is_the_same_function():
    kan = product_kan()
    before = kan(GRID)
    kan.fix_symbolic(1, 0, 0, "x^2")
    kan.unfix_symbolic(1, 0, 0)
    assert sorted(kan.layers[1].pairs) == [(0, 0), (1, 0)]
    assert_close(kan(GRID), before, rtol=1e-12, atol=1e-12)


def test_a_network_with_formulas_is_trained_to_rounding():
    """Velocities add as u + v over 1 + u v, the hyperbolic tangent of a sum of inverse ones."""
    kan = KAN([2, 1, 1], grid=10, k=5, base=False, seed=0)
    u, v = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 500))
    x, y = np.stack([u, v], 1), (u + v) / (1 + u * v)
    trained = fit(kan, x, y, steps=400).network
    inputs = scaled_inputs(x)
    for i in range(2):
        assert trained.fix_symbolic(0, i, 0, "atanh", inputs).deviation < 0.05
    trained = fit(trained, x, y, steps=100).network
    assert trained.fix_symbolic(1, 0, 0, "tanh", inputs).deviation < 0.05
    found = fit(trained, x, y, steps=100)
    assert found.run["train_rmse"] < 1e-9
    (formula,) = found.network.symbolic_formula()
    assert {f.func for f in formula.atoms(sp.Function)} == {sp.tanh, sp.atanh}


def test_a_formula_is_not_given_while_an_edge_is_learned():
    kan = product_kan()
    kan.fix_symbolic(0, 0, 0, "x")
    with pytest.raises(ValueError, match=r"edge \(0, 1\) of layer 0 is still learned: fix it"):
        kan.symbolic_formula()
    with pytest.raises(ValueError, match="`inputs` must name the 2 inputs of the network, got 1"):
        kan.symbolic_formula(["x"])


def test_edges_and_layers_that_do_not_exist_are_refused():
    kan = product_kan()
    with pytest.raises(ValueError, match="`layer` must be between 0 and 1, got 2"):
        kan.fix_symbolic(2, 0, 0, "sin")
    with pytest.raises(ValueError, match=r"`i`, `o` must name an edge of layer 0, got \(2, 0\)"):
        kan.suggest_symbolic(0, 2, 0)
    with pytest.raises(ValueError, match=r"`layer` 0 must have a formula on edge \(0, 0\) to unfix"):
        kan.unfix_symbolic(0, 0, 0)
    with pytest.raises(ValueError, match=r"`function` must be defined on the range of edge \(0, 0\)"):
        kan.fix_symbolic(0, 0, 0, SymbolicFunction("far", sp.log, domain=(1e9, None)))


def test_every_edge_becomes_the_formula_that_it_looks_like_or_none_does():
    kan = product_kan()
    before = kan(GRID)
    with pytest.raises(ValueError, match=r"`functions` must hold one that is defined on edge \(0, 0\) of layer 0"):
        kan.auto_symbolic(functions=[SymbolicFunction("nowhere", lambda x: sp.log(-1 - x**2))])
    assert torch.equal(kan(GRID), before)
    assert not kan.has_formulas
    found = kan.auto_symbolic()
    assert [{m.function.name for m in layer.values()} for layer in found] == [{"x"}, {"x^2"}]
    assert_close(kan(GRID), before)


def test_the_formula_of_a_network_that_squashes_has_the_hyperbolic_tangents():
    kan, x = KAN([1, 1, 1], squash=True), torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None]
    kan.fix_symbolic(0, 0, 0, "x^2", x)
    kan.fix_symbolic(1, 0, 0, "exp", x)
    (formula,) = kan.symbolic_formula()
    values = sp.lambdify(sp.Symbol("x1", real=True), formula)(x[:, 0].numpy())
    assert_close(torch.as_tensor(values), kan(x)[:, 0].detach(), rtol=1e-13, atol=1e-13)


def test_a_formula_that_takes_the_next_one_out_of_its_range_is_warned_of():
    x = scaled_inputs(np.random.default_rng(0).uniform(-1, 2, (120, 2)))[:, :1]
    kan = KAN([1, 1, 1], seed=8)
    kan.fix_symbolic(1, 0, 0, "sqrt", x)
    with pytest.warns(RuntimeWarning, match=r"Edge \(0, 0\) of layer 0 as x takes \d+ of 120 inputs out of the range"):
        kan.fix_symbolic(0, 0, 0, "x", x)


@pytest.mark.parametrize("basis", ["bspline", "chebyshev", "fourier", "gaussian"])
def test_edges_are_fixed_pruned_and_freed_in_single_precision(basis):
    kan = KAN([2, 2, 1], basis=basis, dtype=torch.float32, seed=1)
    kan.fix_symbolic(0, 0, 0, "sin")
    kan.fix_symbolic(0, 1, 1, "0")
    assert kan.prune(2 * torch.rand(64, 2) - 1).layers[0].coefficients.dtype == torch.float32
    assert all(bool(nodes.isfinite().all()) for nodes in kan.attribution().nodes)
