"""A layer in the place of torch.nn.Linear."""

import pytest
import torch

from kanpde import KANLinear


def test_it_stands_where_linear_stands_in_a_model_of_torch():
    torch.manual_seed(0)
    model = torch.nn.Sequential(KANLinear(3, 8), torch.nn.LayerNorm(8), KANLinear(8, 2))
    x = torch.randn(4, 7, 3)
    out = model(x)
    assert out.shape == (4, 7, 2)
    assert out.dtype == torch.get_default_dtype()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    first = last = None
    for _ in range(60):
        loss = (model(x) - torch.stack([x[..., 0] * x[..., 1], x[..., 2] ** 2], -1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        first, last = first or loss.item(), loss.item()
    assert last < 0.3 * first


def test_two_layers_start_differently_and_a_seed_of_torch_gives_the_same_again():
    torch.manual_seed(5)
    first, second = KANLinear(2, 3).coefficients, KANLinear(2, 3).coefficients
    torch.manual_seed(5)
    assert torch.equal(KANLinear(2, 3).coefficients, first)
    assert not torch.equal(first, second)


def test_beyond_the_grid_the_splines_are_straight():
    layer = KANLinear(1, 1, grid_size=4, grid_range=(0, 2), base=False, dtype=torch.float64)
    x = torch.tensor([[2.5], [3.5], [4.5]], dtype=torch.float64)
    values = layer(x)[:, 0]
    torch.testing.assert_close(values[2] - values[1], values[1] - values[0])
    assert (layer.in_features, layer.out_features, layer.grid_size, layer.spline_order) == (1, 1, 4, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_features": 0}, "`in_features` must be a whole number of at least 1, got 0"),
        ({"grid_size": 0}, "`intervals` must be at least 1, got 0"),
        ({"grid_range": (1, 1)}, r"`grid_range` must ascend, got \(1, 1\)"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        KANLinear(**{"in_features": 2, "out_features": 2} | arguments)


def test_it_computes_in_its_own_type_under_autocast():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), KANLinear(4, 2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model(torch.randn(3, 4)).dtype == torch.float32


@pytest.mark.parametrize(("dtype", "atol"), [(torch.bfloat16, 0.05), (torch.float16, 0.005)])
def test_half_precision_gives_the_same_values_to_its_rounding(dtype, atol):
    layer, x = KANLinear(2, 3), 2.4 * torch.rand(200, 2) - 1.2
    expected = layer(x)
    torch.testing.assert_close(layer.to(dtype)(x.to(dtype)).float(), expected, rtol=0, atol=atol)


@pytest.mark.filterwarnings("ignore")  # PyTorch's compiler warns of its own code
def test_compiled_layers_have_the_same_values_and_gradients():
    model, x = torch.nn.Sequential(KANLinear(2, 4), KANLinear(4, 1)), 2.4 * torch.rand(50, 2) - 1.2
    compiled = torch.compile(model, backend="aot_eager")
    gradients = [torch.autograd.grad(f(x).square().sum(), list(model.parameters())) for f in (model, compiled)]
    torch.testing.assert_close(compiled(x), model(x))
    torch.testing.assert_close(*gradients)
