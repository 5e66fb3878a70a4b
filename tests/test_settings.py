"""Settings as text and back: known classes alone are ever made from a file."""

import inspect
import json

import numpy as np
import pytest
import torch

from kanpde import Points
from kanpde.balance import AdaptiveRatio, Causal, GradientNorm, NeuralTangentKernel, NoiseLevel, ResidualAttention
from kanpde.budget import Budget
from kanpde.nn.refine import AdaptedGrid, Deeper, FinerGrid, HigherDegree, MoreNodes
from kanpde.optim import LBFGS, OPTIMIZERS, Adam, GaussNewton, Schedule
from kanpde.optim.factorisation import Automatic, ConjugateGradients, Gram, Kernel, Orthogonal, Singular, Sketch
from kanpde.plan import AdaptiveSlabs, Plan
from kanpde.record import RecordError, complete
from kanpde.regularisation import Sparsity
from kanpde.resampling import RAD, RAR, RARD, Redraw
from kanpde.settings import KNOWN, Settings, described, rebuilt

OBJECTS = [
    Plan(),
    Plan(slabs=3, warm=False, stages=2, refinements=[FinerGrid(), MoreNodes()], balance=Causal(), resampling=RAD()),
    AdaptiveSlabs(first=0.3, tolerance=1e-5, growth=2.0, shortest=0.01),
    Plan(slabs=AdaptiveSlabs(), stretch=True),
    GaussNewton(ratio=0.2, damping=3.0, factorisation=Gram(memory=1e6, dtype=torch.float32), geodesic=0.5),
    GaussNewton(factorisation=Sketch(rows=40, columns=10)),
    Schedule([Adam(rate=1e-2), LBFGS(), GaussNewton()], steps=[5, 7]),
    *(
        Automatic(1e7),
        Gram(1e6),
        ConjugateGradients(rank=7),
        Kernel(),
        Orthogonal(1e7),
        Singular(),
        Sketch(5, 6, seed=3),
    ),
    *(
        AdaptiveRatio(),
        Causal(bins=7),
        GradientNorm(),
        NeuralTangentKernel(),
        NoiseLevel(factor=0.5),
        ResidualAttention(),
    ),
    *(RAD(), RAR(), RARD(), Redraw(every=9)),
    *(AdaptedGrid(), Deeper(2), FinerGrid(), HigherDegree(), MoreNodes(), Sparsity(0.1, every=3)),
    Plan(slabs=[0.25, 1.0]),
]


def through_text(value):
    return rebuilt(json.loads(json.dumps(described(value))), "`plan`")


@pytest.mark.parametrize("value", OBJECTS, ids=lambda v: type(v).__name__)
def test_an_object_comes_back_from_text_as_it_was(value):
    found = through_text(value)
    assert type(found) is type(value)
    assert described(found) == described(value)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_comes_back_from_text(name):
    optimizer = OPTIMIZERS[name]()
    assert described(through_text(optimizer)) == described(optimizer)
    assert through_text(optimizer).name == name


def test_every_known_class_is_tried_here():
    tried = {type(v).__name__ for v in OBJECTS} | {type(make()).__name__ for make in OPTIMIZERS.values()}
    assert set(KNOWN) <= tried


def test_arguments_come_back_as_they_were_given():
    found = through_text(OBJECTS[4])
    assert (found.ratio, found.damping, found.geodesic) == (0.2, 3.0, 0.5)
    assert found.factorisation == Gram(memory=1e6, dtype=torch.float32)
    plan = through_text(OBJECTS[1])
    assert (plan.slabs, plan.warm, plan.stages) == (3, False, 2)
    assert [type(r) for r in plan.refinements] == [FinerGrid, MoreNodes]
    assert through_text(Plan(slabs=AdaptiveSlabs(first=0.3))) == Plan(slabs=AdaptiveSlabs(first=0.3))
    assert through_text(OBJECTS[6]).steps == [5, 7]


@pytest.mark.parametrize("name", ["Popen", "builtins.eval", "Problem", "", "object"])
def test_a_class_that_is_not_known_is_refused(name):
    for saved in ({"class": name, "args": ["true"]}, {"class": "Plan", "balance": {"class": name}}):
        with pytest.raises(RecordError, match=f"`plan` has a part of class {name}, which is not kanpde's; give the"):
            rebuilt(saved, "`plan`")


@pytest.mark.parametrize(
    "saved",
    [{}, {"dtype": "int7"}, {"class": "Plan", "color": 3}, {"class": "Plan", "slabs": 0}, {"class": ["Plan"]}],
)
def test_damaged_text_is_a_damaged_record(saved):
    with pytest.raises(RecordError, match=r"`a\.h5`"), complete("a.h5"):
        rebuilt(saved, "`plan`")


@pytest.mark.parametrize("value", OBJECTS, ids=lambda v: type(v).__name__)
def test_an_object_keeps_all_its_arguments(value):
    for name in inspect.signature(type(value)).parameters:
        assert hasattr(value, name)


def test_whole_numbers_of_numpy_are_numbers():
    assert through_text(Plan(slabs=np.int64(3))) == Plan(slabs=3)


def test_a_class_of_the_same_name_is_not_taken_for_the_known_one():
    own = type("RAD", (RAD,), {})
    with pytest.raises(RecordError, match=r"has a part of class test_settings.RAD, which is not kanpde's"):
        through_text(Plan(resampling=own()))


class Own:
    """An optimiser, or a balance, of the user's."""

    name, penalty, patience, every = "own", 1.0, None, 1

    def __init__(self, rate=0.1):
        self.rate = rate

    def update(self, problem, conditions):
        """Reweigh nothing."""


def settings(optimizer, plan=None):
    return Settings(optimizer, 3, True, Points(50, 7, "lhs"), Budget(5.0, None, 1e-6), 1, plan or Plan())


def test_settings_come_back_from_their_content():
    before = settings(GaussNewton(ratio=0.3), Plan(slabs=2, balance=GradientNorm()))
    after = Settings.read(before.content())
    assert after.content() == before.content()
    assert (after.seed, after.hard, after.points, after.budget) == (3, True, Points(50, 7, "lhs"), before.budget)


def test_an_optimiser_of_other_make_must_be_given_again():
    content = settings(Own(0.3)).content()
    with pytest.raises(
        RecordError, match=r"`optimizer` own has a part of class test_settings\.Own, which is not kanpde's"
    ):
        Settings.read(content)
    given = Own(0.3)
    assert Settings.read(content, given).optimizer is given


def test_a_plan_with_parts_of_other_make_must_be_given_again():
    content = settings(Adam(), Plan(balance=Own())).content()
    with pytest.raises(
        RecordError, match=r"`plan` has a part of class test_settings\.Own, which is not kanpde's; give the object"
    ):
        Settings.read(content)
    given = Plan(balance=Own())
    assert Settings.read(content, plan=given).plan is given


def test_an_optimiser_of_another_kind_is_refused():
    with pytest.raises(RecordError, match="`optimizer` adam cannot go on from the state of gauss-newton"):
        Settings.read(settings(GaussNewton()).content(), Adam())
