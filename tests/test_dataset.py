"""create_dataset(): points, values, and how fit() takes them."""

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from kanpde import KAN, create_dataset, fit


def product(x):
    return x[:, 0] * x[:, 1]


def test_points_lie_in_their_ranges_and_values_are_those_of_the_function():
    data = create_dataset(product, ranges=[(0, 1), (2, 5)], train_num=300, test_num=70)
    assert [tuple(data[k].shape) for k in ("train_input", "train_label", "test_input", "test_label")] == [
        (300, 2), (300, 1), (70, 2), (70, 1),
    ]  # fmt: skip
    for part in ("train", "test"):
        points = data[f"{part}_input"]
        assert (points.min(0).values >= torch.tensor([0, 2])).all()
        assert (points.max(0).values <= torch.tensor([1, 5])).all()
        torch.testing.assert_close(data[f"{part}_label"][:, 0], product(points))


def test_seeds_draw_other_points_and_ends_make_them_denser_there():
    even, other, dense = (
        create_dataset(product, **options)["train_input"] for options in ({}, {"seed": 1}, {"ends": True})
    )
    assert torch.equal(even, create_dataset(product)["train_input"])
    assert not torch.equal(even, other)
    assert ((even.abs() > 0.9).double().mean() - 0.1).abs() < 0.03
    assert ((dense.abs() > 0.9).double().mean() - 0.287).abs() < 0.03  # 1 - 2 arcsin(0.9) / pi


def test_fit_takes_a_dataset_and_batches():
    data = create_dataset(product, train_num=200, test_num=100)
    kan = lambda: KAN([2, 2, 1], basis="chebyshev", k=2, seed=0)  # noqa: E731
    whole = fit(kan(), data, steps=20)
    assert whole.run["test_rmse"] < 1e-10
    loader = DataLoader(TensorDataset(data["train_input"], data["train_label"]), batch_size=64)
    batches = fit(kan(), loader, test=(data["test_input"], data["test_label"]), steps=20)
    assert batches.run["test_rmse"] == whole.run["test_rmse"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_var": 0}, "`n_var` must be a whole number of at least 1, got 0"),
        ({"train_num": 2.5}, "`train_num` must be a whole number of at least 1, got 2.5"),
        ({"ranges": (1, -1)}, r"`ranges` must hold ascending ends such as \(-1, 1\), got \(1, -1\)"),
        ({"f": lambda x: x[0]}, r"`f` must give one row per point, 1000, got shape \(2,\)"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        create_dataset(**{"f": product} | options)


@pytest.mark.parametrize("data", [torch.zeros(3, 2), {"train_input": torch.zeros(3, 2)}, []])
def test_points_without_values_are_refused(data):
    with pytest.raises(ValueError, match="must"):
        fit(KAN([2, 1]), data)
