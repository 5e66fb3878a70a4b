"""Pictures: what is drawn, how opaque, and which input is refused."""

import math

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba

from kanpde import KAN
from kanpde.nn.diagram import LEARNED, SYMBOLIC


def even(count=500, inputs=2):
    return torch.rand(count, inputs, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


def test_every_edge_that_matters_is_drawn_as_opaque_as_its_score():
    kan, x = KAN([2, 3, 1], seed=1), even()
    axes = kan.plot(x, beta=2).axes[0]
    scores = torch.cat([s.flatten() for s in kan.attribution(x).edges])
    wanted = [math.tanh(2 * s) for s in scores.tolist() if math.tanh(2 * s) > 0.02]
    assert sorted(line.get_alpha() for line in axes.lines) == pytest.approx(sorted(wanted))


def test_formulas_are_of_another_colour():
    kan = KAN([2, 2, 1], seed=1)
    kan.fix_symbolic(0, 1, 0, "sin")
    lines = kan.plot(even()).axes[0].lines
    colours = [to_rgba(line.get_color()) for line in lines]
    assert colours.count(to_rgba(SYMBOLIC)) == 1
    assert colours.count(to_rgba(LEARNED)) == len(lines) - 1


def test_the_curve_in_a_box_is_the_edge_function():
    kan, x = KAN([1, 1], seed=1), even(inputs=1)
    (line,) = kan.plot(x).axes[0].lines
    order = torch.argsort(x[:, 0])
    values = kan(x).detach()[order, 0].numpy()
    drawn = np.interp(np.linspace(0.1, 0.9, 9), *(_unit(v) for v in (line.get_xdata(), line.get_ydata())))
    wanted = np.interp(np.linspace(0.1, 0.9, 9), _unit(x[order, 0].numpy()), _unit(values))
    np.testing.assert_allclose(drawn, wanted, atol=0.02)


def _unit(values):
    return (values - np.min(values)) / (np.max(values) - np.min(values))


def test_nodes_have_names(tmp_path):
    figure = KAN([2, 2, 2]).plot(inputs=["mass", "speed"], outputs=["p", "E"])
    assert {t.get_text() for t in figure.axes[0].texts} == {"mass", "speed", "p", "E"}
    for name in ("kan.svg", "kan.png"):
        figure.savefig(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000


def test_a_close_up_shows_the_grid_and_the_values_that_are_seen():
    kan = KAN([2, 3, 1], grid=7)
    upper, lower = kan.plot_edge(1, 2, 0).axes
    assert len(upper.lines) == 1 + 8
    assert sum(patch.get_height() for patch in lower.patches) == 1024
    assert lower.get_xlabel() == "values of node 2"


def test_impossible_wishes_are_refused():
    with pytest.raises(ValueError, match="`beta` must be positive, got 0"):
        KAN([2, 1]).plot(beta=0)
    with pytest.raises(ValueError, match="`inputs` must hold 2 names, one per node, got 1"):
        KAN([2, 1]).plot(inputs=["a"])
    with pytest.raises(ValueError, match=r"`i`, `o` must name an edge of layer 0, got \(5, 0\)"):
        KAN([2, 1]).plot_edge(0, 5, 0)
