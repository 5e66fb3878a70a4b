"""Losses of networks so small that their weights have a closed form."""

import pytest
import torch
from torch import nn

from kanpde import Dirichlet, Initial, Interval, Problem, Time, sin
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.nn import KAN
from kanpde.nn.input_map import InputMap
from kanpde.sampling import Sobol


class Slope(Problem):
    """On u = w x + b the residuals are w - 3 everywhere and w + b at the right end."""

    domain = Interval(x=(-1, 1))

    def residual(self, u, x):
        return u.x - 3

    def conditions(self, x):
        return [Dirichlet(u=0, on="x=1")]


class Level(Slope):
    """On u = w x + b the conditions at both ends ask for w = b = 0."""

    def conditions(self, x):
        return [Dirichlet(u=0, on="x")]


class Heat(Problem):
    """Nonlinear, with two conditions."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 2))

    def residual(self, u, x, t):
        return u.t - u.xx + u**3

    def conditions(self, x, t):
        return [Initial(u=sin(3 * x)), Dirichlet(u=t, on="x")]


def build(problem, network, *, interior=64, boundary=16, penalty=3.0):
    """The loss of a network, and the names of the blocks that are conditions."""
    ansatz = build_ansatz(problem)
    trial = Trial(network, InputMap(problem.domain.bounds), problem.inverse_parameters)
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    loss = build_blocks(ansatz, trial, samplers, interior=interior, boundary=boundary, penalty=penalty)
    return loss, [t.name for t in ansatz.terms[len(problem.equations) :]]


@pytest.fixture
def least_squares():
    return build


@pytest.fixture
def line():
    """The network w x + b on a problem with one condition, or with one at each end."""

    def make(w, b, *, both=False, **settings):
        network = nn.Linear(1, 1).double()
        with torch.no_grad():
            network.weight.fill_(w)
            network.bias.fill_(b)
        return build(Level() if both else Slope(), network, **settings)

    return make


@pytest.fixture
def heat():
    """A KAN of 45 parameters on a nonlinear problem."""

    def make(seed=0):
        return build(Heat(), KAN([2, 3, 1], basis="chebyshev", k=4, base=False, seed=seed))

    return make


@pytest.fixture
def weights_of():
    def weights(loss):
        return {b.name: b.weight for b in loss.blocks}

    return weights
