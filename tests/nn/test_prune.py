"""Attribution and pruning of networks whose parts are known."""

import copy

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from kanpde import KAN, MLP, Solution, fit
from kanpde.nn.attribution import attribution
from kanpde.nn.edge_layer import EdgeLayer
from kanpde.nn.prune import prune

POINTS = torch.rand(500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


def known_kan():
    """y = T1(h0) + 2 + 1e-3 T2(h1), h0 = x0 / 2 + 0.3, h1 = x1, h2 unused."""
    kan = KAN([2, 3, 1], basis="chebyshev", k=2)
    with torch.no_grad():
        for p in kan.parameters():
            p.zero_()
        first, second = kan.layers[0].coefficients.unflatten(0, (2, 3)), kan.layers[1].coefficients.unflatten(0, (3, 3))
        first[0, :, 0] = torch.tensor([0.3, 0.5, 0], dtype=torch.float64)
        first[1, 1, 1] = first[1, 1, 2] = 1.0
        second[0, :, 0] = torch.tensor([2.0, 1, 0], dtype=torch.float64)
        second[1, 2, 0] = 1e-3
        second[1, 0, 0] = 5.0
    return kan


def test_scores_are_shares_of_the_spread_and_pass_from_layer_to_layer():
    kan = known_kan()
    scores = attribution(kan, POINTS)
    outputs = kan.layers[1].edge_values(kan.layers[0](POINTS).detach())
    shares = outputs.std(0)[:, 0] / outputs.sum(1).std(0)
    assert_close(scores.edges[1][:, 0], shares)
    assert_close(scores.nodes[1], shares)
    assert_close(scores.nodes[0], torch.stack([shares[0], shares[1]]))
    assert scores.nodes[2].item() == 1.0
    assert scores.magnitudes[0][0, 0] == pytest.approx(0.25, rel=0.1)


def test_what_does_not_matter_is_left_out_and_its_mean_is_kept():
    kan = known_kan()
    before = copy.deepcopy(kan.state_dict())
    found = prune(kan, POINTS, threshold=0.01)
    assert found.network.width == [2, 1, 1]
    assert (found.nodes, found.edges, found.inputs) == (2, 7, [0])
    assert found.change < 3e-3
    gap = (found.network(POINTS) - kan(POINTS)).detach()
    assert abs(gap.mean()) < 1e-12
    assert gap.abs().max() < 3e-3
    assert all(torch.equal(kan.state_dict()[k], v) for k, v in before.items())


def test_without_a_threshold_the_change_stays_below_the_tolerance():
    kan = KAN([2, 5, 1], seed=1)
    found = [prune(kan, POINTS, tolerance=t) for t in (0.02, 0.3)]
    assert all(f.change <= t for f, t in zip(found, (0.02, 0.3), strict=True))
    assert found[0].edges <= found[1].edges
    assert found[1].edges > 0


def test_edges_are_left_out_by_hand():
    found = prune(known_kan(), POINTS, remove=[[(0, 0), (1, 0)], []])
    assert found.network.width == [2, 2, 1]
    assert found.change > 0.5
    assert found.nodes == 1


def test_an_output_keeps_its_strongest_way_from_the_inputs():
    found = prune(known_kan(), POINTS, threshold=1e9)
    assert found.network.width == [2, 1, 1]
    assert [layer.pairs for layer in found.network.layers] == [[(0, 0)], [(0, 0)]]


def test_prune_train_save_load_and_refine_follow_each_other(tmp_path):
    x = POINTS.numpy()
    y = np.exp(np.sin(np.pi * x[:, 0]) + x[:, 1] ** 2)
    kan = fit(KAN([2, 4, 1], grid=4, k=3, seed=0), x, y, steps=40).network
    pruned = fit(kan.prune(tolerance=0.2), x, y, steps=20)
    pruned.save(tmp_path / "pruned.h5")
    loaded = Solution.load(tmp_path / "pruned.h5").network
    assert torch.equal(loaded(POINTS), pruned.network(POINTS))
    finer = loaded.refine(8)
    assert_close(finer(POINTS), loaded(POINTS), rtol=1e-11, atol=1e-11)
    again = fit(finer, x, y, steps=20)
    assert again.run["train_rmse"] <= pruned.run["train_rmse"]
    smaller = again.network.prune(tolerance=0.5)
    assert isinstance(smaller, KAN)
    assert torch.isfinite(smaller(POINTS)).all()


def test_formulas_are_pruned_like_other_edges():
    kan = known_kan()
    kan.fix_symbolic(0, 1, 1, "x")
    kan.fix_symbolic(0, 0, 0, "x")
    found = prune(kan, POINTS, threshold=0.01)
    layer = found.network.layers[0]
    assert isinstance(layer, EdgeLayer)
    assert (layer.pairs, layer.symbolic.pairs) == ([], [(0, 0)])
    assert found.change < 3e-3


def test_impossible_wishes_are_refused():
    kan = known_kan()
    with pytest.raises(ValueError, match="`threshold` must be 0 or above, got -1"):
        prune(kan, POINTS, threshold=-1)
    with pytest.raises(ValueError, match="`tolerance` must be positive, got 0"):
        prune(kan, POINTS, tolerance=0)
    with pytest.raises(ValueError, match=r"`remove\[1\]` must name edges of layer 1, got \(4, 0\)"):
        prune(kan, POINTS, remove=[[], [(4, 0)]])
    with pytest.raises(ValueError, match="`remove` must hold one collection of edges per layer, 2, got 1"):
        prune(kan, POINTS, remove=[[(0, 0)]])
    with pytest.raises(ValueError, match="`x` must hold at least 2 points, got 1"):
        prune(kan, POINTS[:1])
    with pytest.raises(ValueError, match="`network` must be a KAN, got one with biases"):
        prune(MLP([2, 3, 1]), POINTS)
