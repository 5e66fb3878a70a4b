"""Rows beside the residuals: what they are, their derivative, and where they stand in the loss."""

import pytest
import torch
from torch.testing import assert_close

from kanpde.nn import KAN
from kanpde.nn.prune import prune
from kanpde.prior import Prior


def roots(network):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(4, layer.basis.size, len(layer.pairs), generator=generator, dtype=torch.float64)
        for layer in network.layers
    ]


def networks():
    whole = KAN([2, 3, 1], grid=3, k=3, seed=1)
    chosen = prune(whole, torch.rand(50, 2, dtype=torch.float64), remove=[[(0, 1)], [(2, 0)]]).network
    chosen.fix_symbolic(0, 1, 1, "sin")
    return {"whole": whole, "pruned, with a formula": chosen}


@pytest.mark.parametrize("name", networks())
def test_rows_are_products_with_the_coefficients_of_single_edges(name):
    network = networks()[name]
    prior = Prior(network, roots(network))
    layer, root = network.layers[0], prior.roots[0]
    first = prior.rows()[: 4 * len(layer.pairs)].view(4, -1)
    for e in range(len(layer.pairs)):
        assert_close(first[:, e], root[:, :, e] @ layer.functions[:, e])


@pytest.mark.parametrize("name", networks())
def test_the_derivative_is_the_one_of_autograd(name):
    network = networks()[name]
    prior = Prior(network, roots(network))
    parameters = list(network.parameters())
    count = sum(p.numel() for p in parameters)
    rows = prior.rows()
    wanted = torch.stack(
        [
            torch.cat(
                [
                    torch.zeros_like(p).flatten() if g is None else g.flatten()
                    for g, p in zip(found, parameters, strict=True)
                ]
            )
            for row in rows
            for found in [torch.autograd.grad(row, parameters, retain_graph=True, allow_unused=True)]
        ]
    )
    blocks = prior.linearise(count + 1)
    assert sum(len(b.rows) for b in blocks) == prior.size == len(rows)
    assert_close(torch.cat([b.rows for b in blocks]), rows.detach())
    dense = torch.cat([torch.zeros(len(b.rows), count + 1, dtype=torch.float64) for b in blocks])
    for block, part in zip(blocks, dense.split([len(b.rows) for b in blocks]), strict=True):
        block.fill(part, slice(None))
        step = torch.rand(count + 1, dtype=torch.float64)
        assert_close(block.product(step), part @ step)
        assert_close(block.transposed(block.rows), part.T @ block.rows)
    assert_close(dense[:, :-1], wanted)
    assert not dense[:, -1].any()
