"""fit(): least squares on values, and what it refuses."""

import signal
from itertools import pairwise

import numpy as np
import pytest
import torch

from kanpde import KAN, MLP, Solution, fit
from kanpde.fitting import scaled_inputs
from kanpde.optim import GaussNewton
from kanpde.optim.factorisation import ConjugateGradients, Gram, Kernel, Orthogonal, Singular
from kanpde.regularisation import Sparsity


def polynomial(x):
    return x[:, 0] ** 3 - 2 * x[:, 0] + x[:, 1] ** 2


def test_a_sum_of_polynomials_is_found_to_rounding():
    draw = np.random.default_rng(0)
    x, other = draw.uniform(-1, 2, (200, 2)), draw.uniform(-1, 2, (50, 2)).clip(-0.9, 1.9)
    found = fit(KAN([2, 1], basis="chebyshev", k=3), x, polynomial(x), test=(other, polynomial(other)), steps=30)
    assert found.run["train_rmse"] < 1e-12
    assert found.run["test_rmse"] < 1e-12


def test_the_tolerance_is_the_root_mean_square_of_the_deviations():
    x = np.linspace(-1, 1, 100)
    found = fit(KAN([1, 1], basis="chebyshev", k=12), x, np.exp(x), tolerance=1e-6, steps=50)
    assert found.stop_reason.startswith("tolerance reached")
    assert found.run["train_rmse"] == pytest.approx(found.residual, rel=1e-3)


def test_values_that_do_not_belong_to_the_points_are_refused():
    with pytest.raises(ValueError, match="`y` must have one row per point, 3, got 2"):
        fit(KAN([1, 1]), [0.0, 0.5, 1.0], [1.0, 2.0])


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="`y` must be finite, got 1 NaN or infinite values"):
        fit(KAN([1, 1]), [0.0, 0.5], [1.0, np.nan])


def test_points_to_test_at_may_lie_beyond_those_to_train_on():
    x, y = np.linspace(-1, 1, 100), np.linspace(-1.2, 1.1, 50)
    found = fit(KAN([1, 1], basis="chebyshev", k=12), x, np.exp(x), test=(y, np.exp(y)), steps=30)
    assert found.run["test_rmse"] < 1e-8


def test_on_finer_grids_the_error_falls_with_the_fourth_power_of_their_number():
    draw = np.random.default_rng(0)
    x, other = draw.uniform(-1, 1, (1000, 2)), draw.uniform(-1, 1, (500, 2))

    def f(x):
        return np.exp(np.sin(np.pi * x[:, 0]) + x[:, 1] ** 2)

    grids = (5, 10, 20)
    kan = KAN([2, 1, 1], base=False, seed=0)
    found = fit(kan, x, f(x), test=(other, f(other)), grids=grids, steps=60)
    errors = found.run["test_rmse_of_trainings"]
    assert found.run["trainings"] == [f"[2, 1, 1] on {g} intervals" for g in grids]
    assert np.polyfit(np.log(grids), np.log(errors), 1)[0] < -4
    assert all(fine < coarse for coarse, fine in pairwise(errors))
    assert [len(layer.basis.grid) - 1 for layer in found.network.layers] == [20, 20]


@pytest.mark.parametrize("grids", [(), (5, 5), (0, 3), (2.5,)])
def test_grids_that_do_not_ascend_are_refused(grids):
    with pytest.raises(ValueError, match="`grids` must be ascending whole numbers of at least 1"):
        fit(KAN([1, 1]), [0.0, 0.5, 1.0], [1.0, 2.0, 3.0], grids=grids)


def test_several_grids_need_splines():
    with pytest.raises(ValueError, match="`model` must have a layer of B-splines"):
        fit(KAN([1, 1], basis="chebyshev"), [0.0, 0.5, 1.0], [1.0, 2.0, 3.0], grids=(3, 5))


def narrow(x):
    return 1 / (1 + np.exp(3 * np.sin(2 * x[:, 0]) * x[:, 1]))


def test_several_narrow_layers_are_trained_one_after_the_other():
    x, other = np.random.default_rng(0).uniform(0, 1, (2, 600, 2))
    x, other = np.cos(np.pi * x), 2 * other - 1  # dense at the ends: beyond the points of training anything may happen
    kan = KAN([2, 3, 2, 1, 1], grid=5, seed=0)
    found = fit(kan, x, narrow(x), test=(other, narrow(other)), starts=3, deepen=True, grids=(5, 10), steps=40)
    widths = ["[2, 3, 1]", "[2, 3, 2, 1]", "[2, 3, 2, 1, 1]", "[2, 3, 2, 1, 1]"]
    wanted = [f"{w} on {g} intervals" for w, g in zip(widths, (5, 5, 5, 10), strict=True)]
    assert found.run["trainings"] == wanted
    errors = found.run["train_rmse_of_trainings"]
    assert all(after <= before for before, after in pairwise(errors))
    assert errors[-1] < 1e-4
    assert found.run["test_rmse"] == found.run["test_rmse_of_trainings"][-1] < 1e-3
    alone = fit(KAN([2, 3, 2, 1, 1], grid=10, seed=0), x, narrow(x), steps=160)
    assert alone.run["train_rmse"] > 10 * errors[-1]


def test_of_several_starts_the_one_with_the_least_deviation_goes_on():
    x = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    each = [fit(KAN([2, 2, 1], grid=3, seed=s), x, narrow(x), steps=20) for s in (0, 1, 2)]
    best = min(each, key=lambda found: found.run["train_rmse"])
    goes_on = fit(best.network, x, narrow(x), steps=20).run["train_rmse"]
    assert fit(KAN([2, 2, 1], grid=3, seed=0), x, narrow(x), starts=3, steps=20).run["train_rmse"] == goes_on


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"starts": 0}, ValueError, "`starts` must be a whole number of at least 1, got 0"),
        (
            {"starts": 2, "model": torch.nn.Linear(1, 1)},
            TypeError,
            "`model` must be a KAN or an MLP for several starts",
        ),
        ({"deepen": True, "model": MLP([1, 3, 3, 1])}, TypeError, "`model` must be a KAN to be deepened, got MLP"),
        (
            {"regularisation": Sparsity(), "model": MLP([1, 3, 1])},
            ValueError,
            "`plan.regularisation` must be None for MLP",
        ),
    ],
)
def test_what_only_a_kan_can_do_is_refused_for_others(options, error, message):
    with pytest.raises(error, match=message):
        fit(**{"model": KAN([1, 2, 1]), "x": [0.0, 0.5, 1.0], "y": [1.0, 2.0, 3.0]} | options)


def test_a_record_holds_the_figures_of_the_fit(tmp_path):
    x = np.linspace(-1, 1, 50)
    fitted = fit(KAN([1, 1]), x, np.exp(x), test=(x, np.exp(x)), grids=(3, 6), steps=5, record=tmp_path / "fit.h5")
    run = Solution.load(tmp_path / "fit.h5").run
    for name in ("train_rmse", "test_rmse"):
        assert run[name] == fitted.run[name]
        assert list(run[f"{name}_of_trainings"]) == fitted.run[f"{name}_of_trainings"]


@pytest.mark.parametrize("options", [{"starts": 2}, {"grids": (3, 5)}, {"deepen": True}])
def test_the_given_network_stays_where_others_are_trained_in_its_place(options):
    kan, x = KAN([1, 2, 1, 1], seed=3), np.linspace(-1, 1, 40)
    before = kan.layers[0].coefficients.detach().clone()
    found = fit(kan, x, np.exp(x), steps=3, **options)
    assert found.network is not kan
    assert torch.equal(kan.layers[0].coefficients, before)


@pytest.mark.parametrize("options", [{"grids": (3, 6, 12)}, {"starts": 3, "grids": (3, 6)}, {"deepen": True}])
def test_after_an_interruption_no_further_training_begins(tmp_path, options):
    x, seen = np.linspace(-1, 1, 60), []

    def interrupt(report):
        seen.append(report.steps)
        if len(seen) == 2:
            signal.raise_signal(signal.SIGINT)

    kan = KAN([1, 2, 1, 1], grid=3, seed=0)
    found = fit(kan, x, np.exp(x), steps=9, on_step=interrupt, record=tmp_path / "fit.h5", **options)
    assert len(seen) == 2
    assert found.stop_reason == "interrupted by Ctrl-C"
    assert len(found.run["trainings"]) == 1
    assert Solution.load(tmp_path / "fit.h5").run["train_rmse"] == found.run["train_rmse"]


def test_a_network_with_formulas_does_not_start_again_where_it_gets_stuck():
    x = np.linspace(-0.9, 0.9, 200)
    y = np.random.default_rng(0).normal(size=200)  # stuck at once
    learned = fit(KAN([1, 1]), x, y, steps=60)
    with_formula = KAN([1, 1])
    with_formula.fix_symbolic(0, 0, 0, "sin")
    assert learned.run["restarts"] > 0
    assert fit(with_formula, x, y, steps=60).run["restarts"] == 0


@pytest.mark.parametrize(
    "optimizer",
    [
        "gauss-newton",
        *(GaussNewton(factorisation=f) for f in (Singular(), Orthogonal(), Kernel(), ConjugateGradients(), Gram())),
        "adam", "lbfgs", "ssbfgs", "ssbroyden",
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("basis", ["chebyshev", "bspline"])
def test_parameters_that_ask_for_no_gradient_keep_their_values(optimizer, basis):
    x = np.linspace(-1, 1, 60)
    kan = KAN([1, 2, 1], basis=basis, k=6, base=False)
    kan.layers[0].requires_grad_(False)
    before = {name: p.detach().clone() for name, p in kan.named_parameters()}
    fit(kan, x, np.exp(x), optimizer=optimizer, steps=20)
    moved = {name: not torch.equal(p, before[name]) for name, p in kan.named_parameters()}
    assert moved == {"layers.0.coefficients": False, "layers.1.coefficients": True}


@pytest.mark.parametrize("options", [{"deepen": True}, {"grids": (3, 6)}, {"starts": 2}], ids=str)
def test_held_parameters_are_refused_where_the_network_is_made_anew(options):
    kan = KAN([1, 2, 2, 1])
    kan.layers[1].requires_grad_(False)
    with pytest.raises(ValueError, match=r"`model` must not hold parameters such as layers\.1\.coefficients to be"):
        fit(kan, np.linspace(-1, 1, 50), np.linspace(-1, 1, 50), **options)


def test_held_parameters_are_held_again_after_loading(tmp_path):
    x = np.linspace(-1, 1, 60)
    kan = KAN([1, 2, 1], basis="chebyshev", k=4)
    kan.layers[0].requires_grad_(False)
    fit(kan, x, np.exp(x), steps=3, record=tmp_path / "held.h5")
    loaded = Solution.load(tmp_path / "held.h5").network
    assert [p.requires_grad for p in loaded.parameters()] == [False, True]


def test_a_network_without_free_parameters_is_refused():
    with pytest.raises(ValueError, match="`model` must have a parameter to train, got none"):
        fit(KAN([1, 1]).requires_grad_(False), [0.0, 0.5], [1.0, 2.0])


@pytest.mark.parametrize(("scale", "shift"), [(1e9, 0), (1, 1e9)])
def test_values_in_other_units_are_fitted_as_closely(scale, shift):
    x = np.random.default_rng(0).uniform(-1, 1, (400, 2))
    y = np.sin(3 * x[:, 0]) + x[:, 1] ** 2
    found = fit(KAN([2, 5, 1]), x, scale * y + shift, steps=60)
    assert found.run["train_rmse"] < 1e-3 * scale * y.std()


def test_a_fit_to_noise_overfits():
    generator = np.random.default_rng(0)
    x, y, z = generator.uniform(-1, 1, (100, 2)), generator.normal(size=100), generator.normal(size=100)
    found = fit(KAN([2, 5, 1], grid=10), x, y, steps=30, test=(0.9 * x, z))
    assert found.held_out == pytest.approx(found.run["test_rmse"])
    assert found.overfits
    alone = fit(KAN([2, 2, 1]), x, y, steps=2)
    assert np.isnan(alone.held_out)
    assert not alone.overfits


def test_inputs_of_a_fit_are_scaled_by_the_range_of_all_its_points():
    generator = np.random.default_rng(0)
    x, wider = generator.uniform(-1, 1, (200, 2)), generator.uniform(-1.3, 1.3, (200, 2))
    y, beyond = (np.sin(3 * p[:, 0]) + p[:, 1] ** 2 for p in (x, wider))
    found = fit(KAN([2, 3, 1]), x, y, steps=20, test=(wider, beyond))
    outputs = found.network(scaled_inputs(x, of=found))[:, 0].detach().numpy()
    assert np.sqrt(np.mean((outputs - y) ** 2)) == pytest.approx(found.run["train_rmse"], rel=1e-9)
    with pytest.raises(ValueError, match="`x` must have 2 columns like the points of the fit, got 3"):
        scaled_inputs(np.zeros((4, 3)), of=found)


def test_values_that_are_far_from_one_are_warned_of():
    x = np.linspace(-1, 1, 50)
    with pytest.warns(RuntimeWarning, match="`y` goes up to 3e-19, far from 1"):
        fit(KAN([1, 1]), x, 1e-19 * np.exp(x), steps=1)


def test_a_file_that_exists_is_refused_before_the_training(tmp_path):
    (tmp_path / "r.h5").touch()
    seen = []
    x = np.linspace(-1, 1, 50)
    with pytest.raises(ValueError, match="exists"):
        fit(KAN([1, 1]), x, x, record=tmp_path / "r.h5", starts=3, steps=1, on_step=seen.append)
    assert seen == []


@pytest.mark.parametrize("option", [{"deepen": True}, {"link": "log"}])
def test_what_would_lose_formulas_is_refused(option):
    kan = KAN([2, 1, 1])
    kan.fix_symbolic(1, 0, 0, "exp")
    with pytest.raises(ValueError, match="`model` must have all its edges, and none that is a formula"):
        fit(kan, [[0, 0], [0, 1], [1, 0]], [1, 2, 3], steps=1, **option)


@pytest.mark.parametrize("option", [{"deepen": True}, {"link": "log"}])
def test_networks_in_single_precision_grow_too(option):
    x = np.random.default_rng(0).uniform(0.5, 2, (100, 2))
    found = fit(KAN([2, 2, 1, 1], dtype=torch.float32), x, x[:, 0] * x[:, 1], steps=8, **option)
    assert next(found.network.parameters()).dtype == torch.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [0.0, 1.0], "y": [0.0, 1.0], "test": ([0.0],)}, "`test` must hold pairs of points and values"),
        ({"x": [([0.0], [1.0], [2.0])]}, "`x` must hold pairs of points and values"),
        ({"x": ["a", "b"], "y": [0, 1]}, "`x` must hold real numbers"),
        ({"x": [0, 1j], "y": [0, 1]}, "`x` must hold real numbers"),
        ({"x": [0, 1], "y": [0, 1], "grids": 5}, "`grids` must be ascending whole numbers"),
    ],
)
def test_data_of_another_kind_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit(KAN([1, 1]), steps=1, **arguments)
