"""Structures as plain data and back."""

import json

import pytest
import torch

from kanpde.nn import KAN, MLP, Layer, Network
from kanpde.nn.basis import BSpline, Chebyshev, Fourier, Gaussian, Identity, SiLU, Sine, Tanh, Union
from kanpde.nn.layout import build, describe

UNEVEN = torch.tensor([-1.0, -0.2, 0.1, 1.0], dtype=torch.float64)
NETWORKS = {
    "KAN": KAN([2, 3, 1], grid=[4, 3], k=[3, 5], seed=2),
    "Chebyshev KAN": KAN([2, 3, 1], basis="chebyshev", k=[7, 2], seed=2),
    "Fourier KAN": KAN([2, 3, 1], basis=[Fourier(5, 2.0), Fourier(3, 3.5)], seed=2),
    "Gaussian KAN": KAN([2, 3, 1], basis=[Gaussian(5, 1.5), Union(Gaussian(3), SiLU())], seed=2),
    "smooth KAN": KAN([2, 3, 1], basis="chebyshev", k=[7, 2], decay=3.0, seed=2),
    "squashed KAN": KAN([1, 2, 1], squash=True, seed=2),
    "uneven KAN": KAN([1, 2, 1], basis=[BSpline(grid=UNEVEN, degree=4, outside="linear"), Union(Chebyshev(2), SiLU())]),
    "MLP": MLP([2, 4, 4, 1], seed=2),
    "sine MLP": MLP([2, 4, 1], activation=Sine(3.0), seed=2),
    "linear MLP": MLP([2, 1], seed=2),
    "mixture": Network(
        [Layer(2, Tanh(), torch.ones(2, 3).double(), bias=True), Layer(3, Identity(), torch.ones(3, 1).double())]
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_comes_back_from_its_layout_and_weights(name):
    network = NETWORKS[name]
    layout = json.loads(json.dumps(describe(network)))
    again = build(layout)
    again.load_state_dict(network.state_dict())
    x = torch.rand(7, network.width[0], generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2.2 - 1.1
    assert torch.equal(again(x), network(x))
    assert (again.kind, again.width, type(again)) == (network.kind, network.width, type(network))
    assert json.loads(json.dumps(describe(again))) == layout


@pytest.mark.parametrize("name", ["KAN", "Chebyshev KAN", "Fourier KAN", "Gaussian KAN", "squashed KAN", "MLP"])
def test_a_network_from_a_layout_restarts_as_the_original_does(name):
    again, network = build(describe(NETWORKS[name])), build(describe(NETWORKS[name]))
    network.load_state_dict(NETWORKS[name].state_dict())
    for n in (again, network):
        n.reset(11)
    for p, q in zip(again.parameters(), network.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize("grid", [3, 5, 7])
def test_a_network_in_single_precision_comes_back_with_the_same_bits(grid):
    """Its grid is recorded as it was rounded, and is still one of equal intervals."""
    kan = KAN([2, 3, 1], grid=grid, dtype=torch.float32, seed=1)
    again = build(json.loads(json.dumps(describe(kan))), torch.float32)
    again.load_state_dict(kan.state_dict())
    x = 2.4 * torch.rand(100, 2) - 1.2
    assert torch.equal(again(x), kan(x))


def test_the_dtype_is_the_one_asked_for():
    assert next(build(describe(NETWORKS["KAN"]), torch.float32).parameters()).dtype == torch.float32


def test_the_layout_names_what_each_basis_was_made_from():
    bases = [layer["basis"] for layer in describe(NETWORKS["uneven KAN"])["layers"]]
    assert bases[0] == {"type": "BSpline", "degree": 4, "outside": "linear", "grid": UNEVEN.tolist()}
    assert bases[1] == {"type": "Union", "members": [{"type": "Chebyshev", "degree": 2}, {"type": "SiLU"}]}
    assert describe(NETWORKS["sine MLP"])["layers"][1]["basis"] == {"type": "Sine", "frequency": 3.0}
    assert describe(NETWORKS["Gaussian KAN"])["layers"][0]["basis"] == {
        "type": "Gaussian",
        "intervals": 5,
        "width": 1.5,
    }


def test_other_modules_have_no_layout():
    assert describe(torch.nn.Linear(2, 1)) is None


def test_an_unknown_basis_is_refused():
    layout = describe(NETWORKS["MLP"])
    layout["layers"][1]["basis"] = {"type": "os.system"}
    with pytest.raises(ValueError, match=r"`os\.system` is no basis that this version of kanpde knows"):
        build(layout)
