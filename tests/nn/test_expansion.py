"""Layers in blocks: the same sums and gradients as a table and a product, however often they are differentiated."""

import pytest
import torch
from torch.testing import assert_close

from kanpde.nn import expansion as module
from kanpde.nn.basis import BSpline, Chebyshev, SiLU, Union
from kanpde.nn.expansion import expansion

UNEVEN = torch.tensor([-1.0, -0.6, 0.1, 0.3, 1.0], dtype=torch.float64)
BASES = {
    "even": lambda: Union(BSpline(5, 3), SiLU()),
    "uneven": lambda: Union(BSpline(degree=3, grid=UNEVEN), SiLU()),
    "linear outside": lambda: Union(SiLU(), BSpline(4, 4, outside="linear")),
    "chebyshev": lambda: Chebyshev(5),
}
KNOTS_AND_BEYOND = torch.tensor([[-1.3, -1.0], [-0.2, 0.2], [0.6, 1.0], [1.2, 0.05]], dtype=torch.float64)


@pytest.fixture(params=BASES)
def basis(request):
    return BASES[request.param]()


@pytest.fixture(params=["one block", "many blocks", "many blocks made again"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    if request.param != "one block":
        monkeypatch.setattr(module, "BLOCK", 6)
    if request.param == "many blocks made again":
        monkeypatch.setattr(module, "KEPT", 0)


def problem(basis, n):
    draw = torch.Generator().manual_seed(2)
    x = 2.6 * torch.rand(n, 2, generator=draw, dtype=torch.float64) - 1.3
    return torch.randn(2 * basis.size, 3, generator=draw, dtype=torch.float64).requires_grad_(), x.requires_grad_()


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("n", [0, 1, 3, 8])
def test_values_and_gradients_are_those_of_a_table_times_coefficients(basis, n):
    coefficients, x = problem(basis, n)
    found, wanted = expansion(basis, coefficients, x), basis(x).flatten(1) @ coefficients
    assert_close(found, wanted, rtol=1e-13, atol=1e-13)
    weights = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for wrt in ([coefficients, x], [coefficients], [x]):
        exact = torch.autograd.grad(wanted, wrt, weights, retain_graph=True)
        for _ in range(2):  # what was kept for the gradient is as good the second time
            assert_close(torch.autograd.grad(found, wrt, weights, retain_graph=True), exact, rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("blocks")
def test_gradients_to_second_order_match_finite_differences_on_knots_and_beyond(basis):
    coefficients = problem(basis, 1)[0]
    x = KNOTS_AND_BEYOND.clone().requires_grad_()
    call = lambda c, x: expansion(basis, c, x)  # noqa: E731
    if isinstance(basis, Union) and any(getattr(m, "outside", "") == "linear" for m in basis.members):
        x = (KNOTS_AND_BEYOND * 0.99).requires_grad_()  # its slope has a kink at the ends of the grid
    assert torch.autograd.gradcheck(call, (coefficients, x), atol=1e-5)
    assert torch.autograd.gradgradcheck(call, (coefficients, x), atol=1e-4)


@pytest.mark.usefixtures("blocks")
def test_third_derivatives_by_nested_differentiation_are_those_of_the_basis(basis):
    coefficients, x = problem(basis, 5)
    slope = expansion(basis, coefficients, x).sum()
    for _ in range(3):
        (slope,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
    exact = torch.einsum("nic,ico->ni", basis.derivatives(x, 3)[3], coefficients.unflatten(0, (2, -1)))
    assert_close(slope, exact, rtol=1e-10, atol=1e-9)


def test_without_gradients_values_are_the_same():
    coefficients, x = problem(Chebyshev(3), 4)
    wanted = expansion(Chebyshev(3), coefficients, x).detach()
    with torch.no_grad():
        assert torch.equal(expansion(Chebyshev(3), coefficients, x), wanted)
