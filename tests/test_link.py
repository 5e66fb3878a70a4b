"""Links: what is fitted before the last edge, and what that edge starts as."""

import signal

import numpy as np
import pytest
import torch

from kanpde import KAN, MLP, fit
from kanpde.link import LINKS, with_last_edge
from kanpde.nn.basis import BSpline, Chebyshev, SiLU, Union


def quotient(x):
    return x[:, 0] / ((x[:, 1] + 1) ** 2 + (x[:, 2] - x[:, 3]) ** 2)


def points(count, seed):
    return np.random.default_rng(seed).uniform(0.2, 1, (count, 4))


@pytest.fixture(scope="module")
def data():
    return points(800, 0), points(400, 1)


def narrow(seed=0):
    return KAN([4, 3, 1, 1], basis=[BSpline(5, 5, outside="linear") for _ in range(3)], base=False, seed=seed)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_quotient_is_found_through_its_inverse(data, seed):
    x, other = data
    options = {"test": (other, quotient(other)), "steps": 80, "grids": (2, 5), "seed": seed}
    through = fit(narrow(seed), x, quotient(x), link="inverse", **options)
    assert through.run["test_rmse"] < 1e-4  # after 40 steps without a link it is anything from 6e-5 to 1e2
    assert through.network.width == [4, 3, 1, 1]
    assert through.run["trainings"] == ["[4, 3, 1, 1] on 5 intervals"]


def test_the_given_network_stays_as_it_is(data):
    kan = narrow()
    before = [p.clone() for p in kan.parameters()]
    fit(kan, data[0], quotient(data[0]), link="inverse", steps=15)
    assert all(torch.equal(a, b) for a, b in zip(before, kan.parameters(), strict=True))


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize(
    "basis",
    [BSpline(40, outside="linear"), Chebyshev(30), Union(BSpline(40), SiLU())],
    ids=["splines", "chebyshev", "union"],
)
def test_the_last_edge_is_the_inverse_of_the_link(name, basis):
    x = torch.linspace(-1, 1, 500, dtype=torch.float64)[:, None]
    values = (1.5 + torch.sin(2 * x)).numpy()
    sums = KAN([1, 1], basis=[Chebyshev(30)], base=False)
    fit(sums, x, LINKS[name].forward(values), steps=30)
    joined = with_last_edge(sums, basis, LINKS[name], x, values)
    with torch.no_grad():
        assert np.abs(joined(x).numpy() - values).max() < 1e-4


def test_a_sum_that_is_constant_still_gets_its_edge():
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None]
    sums = KAN([1, 1], grid=3, base=False)
    with torch.no_grad():
        sums.layers[0].coefficients.zero_()
        joined = with_last_edge(sums, BSpline(4), LINKS["inverse"], x, np.linspace(0.5, 2, 50)[:, None])
        assert joined(x).isfinite().all()


def test_a_log_may_be_the_sum_of_an_only_layer():
    x = points(300, 2)[:, :2]
    found = fit(KAN([2, 1, 1], grid=10, base=False), x, x[:, 0] * x[:, 1] ** 2, link="log", steps=30)
    assert found.run["train_rmse"] < 1e-4


def test_an_interruption_ends_both_trainings(data):
    seen = []

    def interrupt(report):
        seen.append(report.steps)
        if len(seen) == 2:
            signal.raise_signal(signal.SIGINT)

    found = fit(narrow(), data[0], quotient(data[0]), link="inverse", steps=9, on_step=interrupt)
    assert len(seen) == 3  # the last edge takes one step
    assert found.stop_reason == "interrupted by Ctrl-C"
    assert found.network.width == [4, 3, 1, 1]


@pytest.mark.parametrize(
    ("model", "link", "y", "message"),
    [
        (KAN([2, 1, 1]), "cube", [1, 2, 3], "`link` must be one of inverse, log, square, got 'cube'"),
        (KAN([2, 2, 1]), "log", [1, 2, 3], "`model` must end in one hidden node and one output"),
        (KAN([2, 1]), "log", [1, 2, 3], "`model` must end in one hidden node and one output"),
        (KAN([2, 1, 1]), "log", [1, 0, 3], "`y` must be positive to be fitted through a link, got 0"),
        (KAN([2, 1, 1]), "inverse", [1, 1, 1], "`y` must be numbers whose inverse is finite and not the same for all"),
        (KAN([2, 1, 1]), ["log"], [1, 2, 3], "`link` must be one of inverse, log, square"),
    ],
)
def test_what_has_no_link_is_refused(model, link, y, message):
    with pytest.raises(ValueError, match=message):
        fit(model, [[0, 0], [0, 1], [1, 0]], y, link=link, steps=1)


def test_another_network_has_no_last_edge():
    with pytest.raises(TypeError, match="`model` must be a KAN to start with a link, got MLP"):
        fit(MLP([2, 1, 1]), [[0, 0], [0, 1], [1, 0]], [1, 2, 3], link="log", steps=1)


def test_classes_have_no_link():
    with pytest.raises(ValueError, match="`link` must be None for classes, got 'log'"):
        fit(KAN([1, 1, 2]), [0.0, 0.5, 1.0], [0, 1, 1], loss="cross_entropy", link="log", steps=1)


def test_the_last_edge_lies_on_the_last_grid():
    x = points(200, 3)[:, :2]
    found = fit(KAN([2, 1, 1], grid=5), x, x[:, 0] * x[:, 1], link="log", grids=(3, 12), steps=8)
    assert [len(layer.basis.members[0].grid) - 1 for layer in found.network.layers] == [12, 12]


def test_a_link_that_does_not_suit_the_values_is_warned_of():
    v = 10 ** np.random.default_rng(0).uniform(-12, 0, 200)
    x = np.stack([np.log10(v), np.random.default_rng(1).uniform(-1, 1, 200)], 1)
    with pytest.warns(RuntimeWarning, match="`link` 'inverse' starts .* away from `y`"):
        fit(KAN([2, 1, 1]), x, v, link="inverse", steps=3)
