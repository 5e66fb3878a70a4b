"""Labels as a least-squares problem: its loss is the cross-entropy of PyTorch, and classes are told apart."""

import numpy as np
import pytest
import torch

from kanpde import KAN, MLP, fit
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.nn.input_map import InputMap
from kanpde.sampling import Sobol
from kanpde.values import Classes


def rings(count, seed):
    """Three classes, one around the other."""
    x = np.random.default_rng(seed).uniform(-1, 1, (count, 2))
    return x, np.digitize((x**2).sum(1), [0.3, 0.9])


def test_half_the_loss_and_half_its_gradient_are_those_of_the_cross_entropy():
    x, labels = rings(60, 0)
    problem, network = Classes(x, labels, 3), KAN([2, 2, 3], seed=1)
    ansatz = build_ansatz(problem)
    trial = Trial(network, InputMap(problem.domain.bounds))
    loss = build_blocks(ansatz, trial, {t.name: Sobol(0) for t in ansatz.terms}, interior=1, boundary=1, penalty=10)
    rows, jacobian = loss.jacobian()
    points = torch.as_tensor(x)
    entropy = torch.nn.functional.cross_entropy(trial(points), torch.as_tensor(labels))
    torch.testing.assert_close(rows @ rows / 2, entropy.detach(), rtol=1e-10, atol=0)
    wanted = torch.cat([g.flatten() for g in torch.autograd.grad(entropy, list(trial.parameters()))])
    torch.testing.assert_close(jacobian.T @ rows, wanted, rtol=1e-8, atol=1e-12)


def test_classes_are_told_apart_and_points_that_are_certain_do_no_harm():
    (x, labels), test = rings(400, 0), rings(300, 1)
    found = fit(KAN([2, 1, 3], seed=0), x, labels, test=test, loss="cross_entropy", steps=150)
    assert found.run["train_accuracy"] > 0.97
    assert found.run["test_accuracy"] > 0.94
    assert 0 < found.run["train_cross_entropy"] < 0.1
    assert np.isfinite(found.history["loss"]).all()


def test_several_starts_are_compared_by_their_cross_entropy():
    x, labels = rings(200, 0)
    one, several = (
        fit(KAN([2, 1, 3], seed=0), x, labels, loss="cross_entropy", starts=n, steps=20).run["train_cross_entropy"]
        for n in (1, 3)
    )
    assert several < one


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"loss": "hinge"}, ValueError, "`loss` must be one of squares, cross_entropy, got 'hinge'"),
        ({"y": [0, 1, 3]}, ValueError, "`y` must hold numbers of classes from 0 to 2, one per point"),
        ({"y": [0, 1, 1.5]}, ValueError, "`y` must hold numbers of classes from 0 to 2"),
        ({"y": [0, -1, 1]}, ValueError, "`y` must hold numbers of classes from 0 to 2"),
        ({"model": MLP([1, 4, 1])}, ValueError, "`model` must have an output per class, at least 2, got 1"),
        ({"model": torch.nn.Linear(1, 3)}, TypeError, "`model` must be a KAN or an MLP to tell classes, got Linear"),
    ],
)
def test_labels_that_are_none_are_refused(options, error, message):
    given = {"model": KAN([1, 3]), "x": [0.0, 0.5, 1.0], "y": [0, 1, 2], "loss": "cross_entropy", "steps": 2}
    with pytest.raises(error, match=message):
        fit(**given | options)
