"""Jets: partial derivatives through networks against closed forms and nested automatic differentiation."""

from itertools import product

import pytest
import sympy as sp
import torch
from torch import nn
from torch.testing import assert_close

from kanpde.jet import JetPlan, coordinate_jet, derivatives, expand, expand_and_mix, nested_autograd, propagates
from kanpde.nn import KAN, MLP
from kanpde.nn.basis import Chebyshev, Sine

EXACT = {"rtol": 1e-10, "atol": 1e-10}


def points(n, d, seed=0):
    return 1.8 * torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 0.9


def all_indices(dimension, order):
    return [i for i in product(range(order + 1), repeat=dimension) if sum(i) <= order]


def relative_miss(found, wanted):
    return max((found[i] - wanted[i]).abs().max().item() / (1 + wanted[i].abs().max().item()) for i in wanted)


NETWORKS = {
    "cubic B-splines with base": lambda d: KAN([d, 3, 2, 2], grid=4, k=3, seed=1),
    "B-splines of degree 6": lambda d: KAN([d, 3, 1], grid=3, k=6, base=False, seed=2),
    "Chebyshev": lambda d: KAN([d, 3, 2], basis="chebyshev", k=[6, 4], seed=3),
    "squashed": lambda d: KAN([d, 3, 1], basis="chebyshev", k=5, squash=True, seed=4),
    "tanh": lambda d: MLP([d, 4, 4, 2], seed=5),
    "sine": lambda d: MLP([d, 4, 3, 1], activation=Sine(2.5), seed=6),
}


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", NETWORKS)
def test_every_derivative_up_to_order_4_is_that_of_nested_autograd(kind, dimension):
    order = 4 if dimension <= 3 else 2
    network, x, wanted = NETWORKS[kind](dimension), points(4, dimension), all_indices(dimension, order)
    if dimension > 3:
        unit = torch.eye(dimension, dtype=torch.int).tolist()
        wanted += [
            tuple(4 * u for u in unit[0]),
            (1, 1, 1, *(dimension - 4) * [0], 1),
            (2, 0, 0, *(dimension - 4) * [0], 2),
        ]
    found = derivatives(network, x, wanted)
    assert relative_miss(found, derivatives(network, x, wanted, autograd=True)) < 1e-10


def test_a_module_that_is_no_network_is_differentiated_by_autograd():
    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(3.0, dtype=torch.float64))

        def forward(self, x):
            return torch.stack([self.scale * x[:, 0] ** 3 * x[:, 1] ** 2, x[:, 0]], dim=1)

    x = points(6, 2)
    a, b = x.T
    assert not propagates(Product())
    found = derivatives(Product(), x, [(0, 0), (2, 1), (3, 1), (0, 3)])
    zero = torch.zeros_like(a)
    assert_close(found[0, 0].detach(), torch.stack([3 * a**3 * b**2, a], 1), **EXACT)
    assert_close(found[2, 1].detach(), torch.stack([36 * a * b, zero], 1), **EXACT)
    assert_close(found[3, 1].detach(), torch.stack([36 * b, zero], 1), **EXACT)
    assert_close(found[0, 3].detach(), torch.stack([zero, zero], 1), **EXACT)


def test_a_sequential_module_has_the_derivatives_of_the_equal_mlp():
    ours = MLP([2, 5, 1], seed=3)
    plain = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    with torch.no_grad():
        for linear, layer in zip((plain[0], plain[2]), ours.layers, strict=True):
            linear.weight.copy_(layer.coefficients.T)
            linear.bias.copy_(layer.bias)
    x, wanted = points(5, 2), all_indices(2, 4)
    assert relative_miss(derivatives(ours, x, wanted), derivatives(plain, x, wanted)) < 1e-12


def test_a_jet_of_a_composition_of_polynomials_and_sines_matches_sympy():
    """sin(2.5 (w1 T2(x) + w2 T3(y))) + w3 T1(...), differentiated by SymPy."""
    x, y = sp.symbols("x y")
    weights = [sp.Rational(2, 5), sp.Rational(-3, 7)]
    inner = weights[0] * sp.chebyshevt(2, x) + weights[1] * sp.chebyshevt(3, y)
    outer = sp.sin(sp.Rational(5, 2) * inner)
    at = points(7, 2)
    plan = JetPlan(all_indices(2, 4))
    jet = coordinate_jet(at, plan)
    features = expand(Chebyshev(3), jet, plan)
    hidden = features[:, :, 0, 2] * float(weights[0]) + features[:, :, 1, 3] * float(weights[1])
    found = expand(Sine(2.5), hidden[..., None], plan)[:, :, 0, 0]
    for index, row in plan.rows.items():
        exact = sp.lambdify((x, y), sp.diff(outer, x, index[0], y, index[1]), "numpy")
        assert_close(found[row], torch.as_tensor(exact(*at.T.numpy())).expand(7), rtol=1e-12, atol=1e-11)


def test_the_jet_of_the_coordinates_has_unit_slopes_and_no_curvature():
    x, plan = points(3, 2), JetPlan([(2, 1)])
    jet = coordinate_jet(x, plan)
    assert_close(jet[plan.rows[0, 0]], x)
    assert_close(jet[plan.rows[1, 0]], torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(3, 2))
    assert_close(jet[plan.rows[0, 1]], torch.tensor([[0.0, 1.0]], dtype=torch.float64).expand(3, 2))
    assert jet[plan.rows[2, 0]].abs().max() == jet[plan.rows[1, 1]].abs().max() == jet[plan.rows[2, 1]].abs().max() == 0


def test_a_plan_holds_every_part_of_what_is_wanted_and_nothing_else():
    plan = JetPlan([(2, 1), (0, 0)])
    assert plan.indices[0] == (0, 0)
    assert set(plan.indices) == {(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (2, 1)}
    assert [sum(i) for i in plan.indices] == sorted(sum(i) for i in plan.indices)
    assert (len(plan), plan.order, plan.dimension) == (6, 3, 2)


def test_the_number_of_chains_of_a_fourth_derivative_is_the_bell_number():
    plan = JetPlan([(1, 1, 1, 1)])
    chains = plan.chains[plan.rows[1, 1, 1, 1]]
    assert sum(multiplicity for products in chains.values() for multiplicity, _ in products) == 15
    assert [sum(c for c, _ in chains[m]) for m in (1, 2, 3, 4)] == [1, 7, 6, 1]  # Stirling numbers of the second kind


def test_mixing_row_by_row_is_expanding_and_multiplying_with_the_same_gradients():
    plan, basis = JetPlan([(2, 0), (1, 1), (0, 3)]), Chebyshev(4)
    generator = torch.Generator().manual_seed(1)
    jet = torch.randn(len(plan), 6, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(15, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    direction = torch.randn(len(plan), 6, 2, generator=generator, dtype=torch.float64)
    direction[1] = 0.0
    quick, plain = expand_and_mix(basis, weights, jet, plan), expand(basis, jet, plan).flatten(2) @ weights
    assert_close(quick, plain, rtol=1e-13, atol=1e-13)
    gradients = [torch.autograd.grad(out, [jet, weights], direction) for out in (quick, plain)]
    assert_close(gradients[0], gradients[1], rtol=1e-12, atol=1e-12)


def test_a_second_gradient_through_the_quick_path_is_refused():
    plan, jet = JetPlan([(1,)]), torch.ones(2, 3, 1, dtype=torch.float64, requires_grad=True)
    out = expand_and_mix(Chebyshev(2), torch.ones(3, 1, dtype=torch.float64), jet, plan)
    (first,) = torch.autograd.grad(out.square().sum(), jet, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_the_values_of_nested_autograd_carry_gradients_to_the_weights():
    network = nn.Linear(2, 1).double()
    jet = nested_autograd(network, points(3, 2), JetPlan([(1, 0)]))
    (slope,) = torch.autograd.grad(jet[1].sum(), network.weight)
    assert_close(slope, torch.tensor([[3.0, 0.0]], dtype=torch.float64))


def test_derivatives_follow_the_dtype_of_the_points():
    found = derivatives(KAN([1, 2, 1], dtype=torch.float32), points(4, 1).float(), [(2,)])
    assert found[(2,)].dtype == torch.float32


def test_an_empty_plan_is_refused():
    with pytest.raises(ValueError, match="`wanted` must name at least one multi-index"):
        JetPlan([])


def test_a_fifth_derivative_is_refused():
    with pytest.raises(ValueError, match="`wanted` has a derivative of order 5, the highest is 4"):
        derivatives(KAN([2, 2, 1]), points(1, 2), [(3, 2)])
