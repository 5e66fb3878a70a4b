"""What KANs and MLPs share: shapes, gradients, copies, files and devices."""

import copy

import pytest
import torch
from torch.testing import assert_close

from kanpde.jet import JetPlan, coordinate_jet
from kanpde.nn import KAN, MLP, KANLayer, Layer, Network
from kanpde.nn.basis import BSpline, Chebyshev, Identity

NETWORKS = {
    "bspline": lambda: KAN([2, 3, 2], grid=3, seed=1),
    "chebyshev": lambda: KAN([2, 3, 2], basis="chebyshev", k=[6, 3], seed=1),
    "squashed": lambda: KAN([2, 3, 2], squash=True, seed=1),
    "mlp": lambda: MLP([2, 4, 2], seed=1),
}


@pytest.fixture(params=NETWORKS)
def network(request):
    return NETWORKS[request.param]()


def points(n=5):
    return 2 * torch.rand(n, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1


def test_batches_of_any_shape_are_mapped_point_by_point(network):
    x = points(12)
    assert network(x).shape == (12, 2)
    assert_close(network(x.reshape(3, 4, 2)), network(x).reshape(3, 4, 2), rtol=1e-13, atol=1e-13)
    assert_close(network(x[0]), network(x)[0], rtol=1e-13, atol=1e-13)
    assert network(x[:0]).shape == (0, 2)


def test_width_and_kind_tell_the_structure():
    assert KAN([2, 3, 4, 1]).width == [2, 3, 4, 1]
    assert (KAN([1, 1]).kind, MLP([1, 1]).kind) == ("KAN", "MLP")


def test_gradients_match_finite_differences(network):
    weights = [p.detach().clone().requires_grad_() for p in network.parameters()]
    names = [name for name, _ in network.named_parameters()]
    x = points(3).requires_grad_()

    def call(x, *weights):
        return torch.func.functional_call(network, dict(zip(names, weights, strict=True)), (x,))

    assert torch.autograd.gradcheck(call, (x, *weights), atol=1e-6)


def test_gradients_of_propagated_derivatives_match_finite_differences(network):
    plan = JetPlan([(2, 0), (1, 1)])
    weights = [p.detach().clone().requires_grad_() for p in network.parameters()]

    def jet(*values):
        with torch.no_grad():
            for p, v in zip(network.parameters(), values, strict=True):
                p.copy_(v)
        return network.propagate(coordinate_jet(points(2), plan), plan)

    base = torch.randn(jet(*weights).shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    exact = torch.autograd.grad((jet(*weights) * base).sum(), list(network.parameters()))
    step = 1e-6
    for i, weight in enumerate(weights):
        j = weight.numel() // 2
        shift = torch.zeros_like(weight).flatten()
        shift[j] = step
        moved = [[w + s * shift.view_as(w) if k == i else w for k, w in enumerate(weights)] for s in (1, -1)]
        up, down = ((jet(*w) * base).sum().item() for w in moved)
        slope = (up - down) / (2 * step)
        assert exact[i].flatten()[j].item() == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_a_trace_holds_features_and_outputs_of_every_layer(network):
    plan = JetPlan([(2, 0), (0, 1)])
    jet = coordinate_jet(points(), plan)
    features = network.first_features(jet, plan)
    traces = network.trace(features, plan)
    assert [t.layer for t in traces] == list(network.layers)
    assert_close(traces[-1].outputs.detach(), network.propagate(jet, plan).detach(), rtol=1e-13, atol=1e-13)
    for trace in traces:
        assert_close(trace.outputs.detach(), trace.layer.mix(trace.features, plan).detach(), rtol=1e-13, atol=1e-13)
    (adjoint,) = torch.autograd.grad(traces[-1].outputs.sum(), traces[0].outputs)
    assert adjoint.shape == traces[0].outputs.shape


def test_a_deep_copy_is_equal_and_independent(network):
    twin, x = copy.deepcopy(network), points()
    before = network(x).detach().clone()
    assert torch.equal(twin(x), before)
    twin.reset(9)
    assert torch.equal(network(x), before)
    assert not torch.equal(twin(x), before)


def test_a_state_dict_goes_through_a_file_without_pickled_code(network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    other = copy.deepcopy(network)
    other.reset(5)
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(other(points()), network(points()))


def test_single_precision_agrees_to_its_own_digits(network):
    x = points()
    wanted = network(x).detach()
    found = network.to(torch.float32)(x.float())
    assert found.dtype == torch.float32
    assert_close(found.detach().double(), wanted, rtol=1e-4, atol=1e-5)


def test_a_network_without_memory_still_knows_its_shapes(network):
    assert network.to("meta")(torch.empty(4, 2, dtype=torch.float64, device="meta")).shape == (4, 2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
def test_on_an_accelerator_values_are_the_same(network):
    x = points()
    wanted = network(x).detach()
    assert_close(network.to("cuda")(x.to("cuda")).detach().cpu(), wanted, rtol=1e-12, atol=1e-12)


def test_a_network_of_no_layers_is_refused():
    with pytest.raises(ValueError, match="`layers` must hold at least one layer"):
        Network([])


def test_layers_that_do_not_fit_are_refused():
    wide = Layer(1, Chebyshev(2), torch.zeros(3, 4))
    with pytest.raises(ValueError, match=r"`layers\[1\]` must have 4 inputs as layer 0 has outputs, got 2"):
        Network([wide, Layer(2, Identity(), torch.zeros(2, 1))])


def test_edge_functions_have_equal_means_once_the_drift_is_out_of_a_step():
    basis = BSpline(grid=torch.tensor([-1, -0.97, -0.5, 0.6, 1], dtype=torch.float64), degree=12)
    layer = KANLayer(3, 2, basis)
    step = torch.randn(layer.coefficients.numel(), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    moved = layer.without_drift(step, basis.one(), basis.mean()).view(3, basis.size, 2)
    means = torch.einsum("pb,ibo->pio", basis.table(basis.fit_points(), 0)[0], moved).mean(0)
    assert_close(means, means.mean(0).expand(3, 2))
