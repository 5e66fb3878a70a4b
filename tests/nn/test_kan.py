"""Kolmogorov-Arnold networks: structure, start values, copies and what is refused."""

import warnings

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from kanpde import fit
from kanpde.nn import KAN, KANLayer
from kanpde.nn.basis import BSpline, Chebyshev, Fourier, Gaussian, SiLU, Union
from kanpde.nn.prune import prune

KINDS = {
    "bspline": {"grid": [4, 3], "k": [3, 5]},
    "chebyshev": {"basis": "chebyshev", "k": [7, 3]},
    "squashed": {"basis": "chebyshev", "k": 4, "squash": True},
    "fourier": {"basis": "fourier", "k": [5, 3]},
    "gaussian": {"basis": "gaussian", "grid": [8, 3]},
    "mixed": {"basis": ["chebyshev", "bspline"], "k": [7, 3]},
    "own bases": {"basis": [BSpline(3, 2, outside="linear"), Chebyshev(4)]},
}


def cube(n, d):
    return 2 * torch.rand(n, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1


def test_an_output_is_the_sum_of_the_edge_functions():
    """phi_io(x) = sum_c coefficients[i, c, o] B_c(x), summed by loops."""
    layer = KANLayer(2, 3, Chebyshev(4), generator=torch.Generator().manual_seed(5))
    x = cube(6, 2)
    edges = layer.coefficients.detach().reshape(2, 5, 3)
    wanted = torch.zeros(6, 3, dtype=torch.float64)
    for i in range(2):
        for c in range(5):
            for o in range(3):
                wanted[:, o] += edges[i, c, o] * torch.cos(c * torch.acos(x[:, i]))
    assert_close(layer(x).detach(), wanted, rtol=1e-12, atol=1e-13)


def test_layers_follow_one_another():
    network, x = KAN([2, 3, 4, 1], seed=2), cube(5, 2)
    first, second, third = network.layers
    assert_close(network(x), third(second(first(x))), rtol=0, atol=0)


def test_squashed_hidden_values_are_tanh():
    network, x = KAN([2, 3, 1], squash=True), cube(5, 2)
    assert_close(network(x), network.layers[1](torch.tanh(network.layers[0](x))), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    ("settings", "per_edge"),
    [
        ({"grid": 5, "k": 3}, [9, 9]),
        ({"grid": 5, "k": 3, "base": False}, [8, 8]),
        ({"grid": [5, 2], "k": [3, 1]}, [9, 4]),
        ({"basis": "chebyshev", "k": [20, 4]}, [21, 5]),
        ({"basis": "chebyshev", "k": 4, "base": True}, [6, 6]),
        ({"basis": "fourier", "k": [8, 2]}, [17, 5]),
        ({"basis": "gaussian", "grid": [8, 3]}, [19, 14]),
        ({"basis": ["fourier", Chebyshev(6)], "k": [8, 2]}, [17, 7]),
        ({"basis": ["chebyshev", "bspline"], "grid": [99, 5], "k": [7, 3]}, [8, 9]),
    ],
)
def test_the_parameter_count_is_edges_times_functions(settings, per_edge):
    network = KAN([2, 6, 1], **settings)
    assert network.parameter_count == 12 * per_edge[0] + 6 * per_edge[1]
    assert network.parameter_count == sum(p.numel() for p in network.parameters())


def test_the_silu_of_the_paper_comes_with_b_splines_only():
    assert isinstance(KAN([1, 1]).layers[0].basis, Union)
    assert isinstance(KAN([1, 1]).layers[0].basis.members[1], SiLU)
    assert isinstance(KAN([1, 1], basis="chebyshev").layers[0].basis, Chebyshev)
    assert isinstance(KAN([1, 1], basis=[Chebyshev(3)]).layers[0].basis, Chebyshev)


def test_bases_are_chosen_by_name_layer_by_layer():
    names = ["fourier", "gaussian", "chebyshev", "bspline"]
    network = KAN([1, 2, 2, 2, 1], basis=names, base=False, grid=6, k=4)
    assert [type(layer.basis) for layer in network.layers] == [Fourier, Gaussian, Chebyshev, BSpline]
    with_base = KAN([1, 2, 2, 2, 1], basis=names).layers
    assert [isinstance(layer.basis, Union) for layer in with_base] == [False, False, False, True]


@pytest.mark.parametrize("kind", KINDS)
def test_a_reset_gives_the_weights_of_a_new_network(kind):
    network = KAN([2, 3, 1], seed=0, **KINDS[kind])
    network.reset(7)
    for p, q in zip(network.parameters(), KAN([2, 3, 1], seed=7, **KINDS[kind]).parameters(), strict=True):
        assert torch.equal(p, q)


def test_a_reset_in_single_precision_gives_the_weights_of_a_new_network():
    network = KAN([2, 3, 1], seed=0, basis="chebyshev", k=6, dtype=torch.float32)
    network.reset(7)
    for p, q in zip(network.parameters(), KAN([2, 3, 1], seed=7, basis="chebyshev", k=6).parameters(), strict=True):
        assert p.dtype == torch.float32
        assert torch.equal(p, q.float())


def test_seeds_differ_and_leave_the_global_generator_alone():
    state = torch.random.get_rng_state()
    first, second = KAN([2, 3, 1], seed=0), KAN([2, 3, 1], seed=1)
    assert not torch.equal(first.layers[0].coefficients, second.layers[0].coefficients)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_no_edge_behind_the_first_layer_has_a_constant_before_the_ranges_are_filled():
    """A constant of an inner edge only repeats what the edges before it can do."""
    layer = KANLayer(1, 4, Chebyshev(5), constant=False)
    assert layer.coefficients.detach().reshape(6, 4)[0].abs().max() < 1e-14


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": [2]}, r"`width` must have at least two entries of at least 1, got \[2\]"),
        ({"width": [2, 0, 1]}, r"`width` must have at least two entries of at least 1, got \[2, 0, 1\]"),
        ({"width": [2, 1.5, 1]}, r"`width` must have at least two entries"),
        ({"width": 3}, "`width` must be a list of numbers"),
        ({"width": ["a", 1]}, "`width` must be a list of numbers"),
        ({"grid": 0}, "`grid` must be at least 1, got 0: a spline needs one interval"),
        ({"grid": [3, -1]}, "`grid` must be at least 1, got -1"),
        ({"grid": 2.5}, "`grid` must be at least 1, got 2.5"),
        ({"k": 0}, "`k` must be at least 1, got 0: a constant cannot see its input"),
        ({"k": 0, "basis": "chebyshev"}, "`k` must be at least 1, got 0"),
        ({"grid": [5, 5, 5]}, "`grid` must be one number or one per layer, 2, got 3"),
        ({"k": [3]}, "`k` must be one number or one per layer, 2, got 1"),
        ({"basis": "wavelet"}, "`basis` must be one of bspline, chebyshev, fourier, gaussian, got 'wavelet'"),
        ({"basis": ["fourier", "wavelet"]}, "`basis` must be one of bspline, chebyshev, fourier, gaussian, got 'wave"),
        ({"basis": [Chebyshev(3)]}, "`basis` must hold one basis per layer, 2, got 1"),
    ],
)
def test_what_cannot_be_a_network_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        KAN(**({"width": [2, 3, 1]} | arguments))


def test_what_is_neither_name_nor_basis_is_refused():
    with pytest.raises(TypeError, match="`basis` must be one of bspline, chebyshev, fourier, gaussian or a list"):
        KAN([2, 3, 1], basis=Chebyshev(3))
    with pytest.raises(TypeError, match=r"`basis` must hold names \(bspline, .*\) or bases, got 3"):
        KAN([2, 3, 1], basis=["chebyshev", 3])


def test_a_refinement_that_moves_the_function_says_so():
    kan = KAN([2, 2, 1], grid=3, seed=0)
    with torch.no_grad():
        kan.layers[0].coefficients.mul_(4)
    with pytest.warns(RuntimeWarning, match="The refined network differs by"):
        kan.refine(k=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kan.refine(6)


@pytest.mark.parametrize("x", [np.zeros((5, 3)), np.zeros(5), np.full((5, 2), np.nan)])
def test_inputs_to_look_at_must_be_finite_and_as_many_as_the_network_has(x):
    with pytest.raises(ValueError, match="`x` must be finite inputs of the network, shape"):
        KAN([2, 1]).attribution(x)


def test_inputs_to_look_at_may_be_an_array():
    x = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    kan = KAN([2, 2, 1], seed=0)
    torch.testing.assert_close(kan.attribution(x).nodes, kan.attribution(torch.as_tensor(x)).nodes)


def test_formulas_without_a_value_at_some_inputs_are_named():
    kan = KAN([1, 1, 1], seed=0)
    seen = torch.linspace(0.5, 1, 20, dtype=torch.float64)[:, None]
    with torch.no_grad():
        kan.layers[0].coefficients[:] = torch.linspace(0, 2, len(kan.layers[0].coefficients))[:, None]
    kan.fix_symbolic(1, 0, 0, "sqrt", seen)
    with torch.no_grad():
        kan.layers[1].symbolic.affine[0, :2] = torch.tensor([1.0, -0.5])
    with pytest.raises(ValueError, match="inputs at which all edges have values"):
        kan.attribution()
    with pytest.raises(ValueError, match=r"`sqrt` on edge \(0, 0\) of layer 1 must have values on all of"):
        kan.unfix_symbolic(1, 0, 0)


def test_weights_bring_their_grids_along():
    source = KAN([2, 3, 1], basis=[BSpline(grid=torch.tensor([0, 1, 3, 4, 5.0], dtype=torch.float64))] * 2, base=False)
    other = KAN([2, 3, 1], grid=4, base=False, seed=1)
    other.load_state_dict(source.state_dict())
    x = 4 * cube(50, 2).abs()
    assert_close(other(x), source(x))


def test_weights_bring_the_edges_along_that_were_left():
    x = cube(50, 2)
    kan = KAN([2, 2, 1], seed=0)
    first, second = (prune(kan, x, remove=[[pair], []]).network for pair in ((0, 0), (1, 1)))
    second.load_state_dict(first.state_dict())
    assert_close(second(x), first(x))
    older = {name: value for name, value in first.state_dict().items() if not name.endswith("edges")}
    first.load_state_dict(older)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((3, 2)), TypeError, "`x` must be a tensor, got ndarray"),
        (torch.zeros(3, 2), TypeError, "`x` must be of torch.float64 like the parameters, got torch.float32"),
        (cube(3, 1), ValueError, "`x` must have 2 columns, one per input, got shape"),
    ],
)
def test_what_a_network_cannot_be_called_with_is_named(x, error, message):
    with pytest.raises(error, match=message):
        KAN([2, 1])(x)


def test_formulas_for_all_edges_are_functions_and_say_how_far_they_moved():
    x = cube(300, 2)
    kan = fit(KAN([2, 2, 1], seed=0), x, torch.sin(3 * x[:, 0]), steps=30).network
    with pytest.warns(RuntimeWarning, match=r"As formulas the network differs by .* from what it was"):
        found = kan.auto_symbolic(functions=["0", "x", "sqrt"])
    assert {match.function.name for match in found[1].values()} != {"0"}


def test_a_formula_that_is_learned_again_says_how_far_it_moved():
    kan = KAN([1, 1, 1], grid=2, k=1, base=False)
    kan.fix_symbolic(1, 0, 0, "exp")
    with torch.no_grad():
        kan.layers[1].symbolic.affine[0, 0] = 9.0
    with pytest.warns(RuntimeWarning, match=r"Edge \(0, 0\) of layer 1 moved the outputs by"):
        kan.unfix_symbolic(1, 0, 0)


def test_inputs_that_are_not_scaled_are_warned_of():
    with pytest.warns(RuntimeWarning, match=r"`x` goes to 9\.\d+, far beyond \[-1, 1\]"):
        KAN([2, 2, 1]).attribution(10 * torch.rand(50, 2, generator=torch.Generator().manual_seed(0)))
