"""Weights of other libraries: the same outputs, by splines of SciPy here and by the libraries where they are installed."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline as SciPyBSpline

from kanpde import KAN, fit

DEGREE = 3


def state(width, *, same_grids, dtype=torch.float64, scaler=True):
    """What an efficient-kan would save, with random numbers."""
    draw, found = np.random.default_rng(0), {}
    for number, (n_in, n_out) in enumerate(pairwise(width)):
        knots = np.linspace(-1 - DEGREE * 0.4, 1 + DEGREE * 0.4, 6 + 2 * DEGREE) * np.ones((n_in, 1))
        if not same_grids:
            knots = np.sort(knots + draw.uniform(-0.15, 0.15, knots.shape), axis=1)
        arrays = {
            "grid": knots,
            "base_weight": draw.normal(size=(n_out, n_in)),
            "spline_weight": draw.normal(size=(n_out, n_in, knots.shape[1] - DEGREE - 1)),
        }
        if scaler:
            arrays["spline_scaler"] = draw.normal(size=(n_out, n_in))
        found |= {f"layers.{number}.{k}": torch.as_tensor(v).to(dtype) for k, v in arrays.items()}
    return found


def by_scipy(state, layers, x):
    for number in range(layers):
        grid, base, splines, scaler = (
            state[f"layers.{number}.{k}"].numpy() for k in ("grid", "base_weight", "spline_weight", "spline_scaler")
        )
        out = (x / (1 + np.exp(-x))) @ base.T
        for i, knots in enumerate(grid):
            for j in range(splines.shape[2]):
                element = SciPyBSpline.basis_element(knots[j : j + DEGREE + 2], extrapolate=False)
                out += np.nan_to_num(element(x[:, [i]])) * splines[:, i, j] * scaler[:, i]
        x = out
    return x


@pytest.mark.parametrize("same_grids", [True, False])
def test_weights_of_efficient_kan_give_its_outputs_inside_and_outside_of_the_grid(same_grids):
    saved = state([2, 3, 1], same_grids=same_grids)
    kan = KAN.from_efficient_kan(saved)
    x = np.random.default_rng(1).uniform(-3, 3, (400, 2))
    with torch.no_grad():
        np.testing.assert_allclose(kan(torch.as_tensor(x)).numpy(), by_scipy(saved, 2, x), rtol=0, atol=1e-11)
    assert kan.width == [2, 3, 1]


def test_a_converted_network_keeps_its_precision_and_goes_on_being_trained():
    kan = KAN.from_efficient_kan(state([2, 3, 1], same_grids=True, dtype=torch.float32))
    assert next(kan.parameters()).dtype == torch.float32
    double = KAN.from_efficient_kan(state([2, 3, 1], same_grids=True))
    x = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    assert fit(double, x, x[:, 0] * x[:, 1], steps=60).run["train_rmse"] < 1e-2


@pytest.mark.parametrize("saved", [{}, {"layers.0.grid": torch.zeros(2, 12)}, {"weight": torch.zeros(2)}])
def test_other_weights_are_refused(saved):
    with pytest.raises(ValueError, match="`state` must hold"):
        KAN.from_efficient_kan(saved)


@pytest.mark.parametrize("trained", [False, True])
def test_a_checkpoint_of_pykan_gives_its_outputs(tmp_path, monkeypatch, trained):
    pykan = pytest.importorskip("kan")
    monkeypatch.chdir(tmp_path)
    torch.set_default_dtype(torch.float64)
    try:
        model = pykan.KAN(width=[2, 3, 1], grid=5, k=3, seed=0, auto_save=False)
        if trained:
            data = pykan.create_dataset(lambda x: torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2), n_var=2)
            model.fit({k: v.double() for k, v in data.items()}, opt="LBFGS", steps=5)
            model.fix_symbolic(0, 0, 0, "sin", verbose=False)
        model.saveckpt(str(tmp_path / "model"))
        x = 4 * torch.rand(300, 2) - 2
        with torch.no_grad():
            torch.testing.assert_close(KAN.from_pykan(tmp_path / "model")(x), model(x), rtol=0, atol=1e-10)
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_checkpoint_that_does_not_exist_is_named(tmp_path):
    pytest.importorskip("yaml")
    with pytest.raises(FileNotFoundError, match="missing_config"):
        KAN.from_pykan(tmp_path / "missing")
