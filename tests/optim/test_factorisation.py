"""Every factorisation against the damped least-squares problem itself, solved with all its digits."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch.testing import assert_close

from kanpde.linearisation import BlockLinearisation, DenseSlopes, Linearisation
from kanpde.optim.factorisation import Automatic, ConjugateGradients, Gram, Kernel, Orthogonal, Singular, Sketch

DAMPINGS = [1e3, 1.0, 1e-2, 1e-4]
MATRICES = {"tall": (90, 17), "square": (20, 20), "wide": (12, 25), "one column": (30, 1), "one row": (1, 6)}
FEW_ROWS = 8.0 * 7 * 17
"""Bytes of 7 rows of the tall matrix."""

ALL = {
    "gram": Gram(),
    "gram in batches": Gram(memory=FEW_ROWS),
    "gram without bound": Gram(memory=math.inf),
    "kernel": Kernel(),
    "orthogonal": Orthogonal(),
    "orthogonal in batches": Orthogonal(memory=FEW_ROWS),
    "singular": Singular(),
    "conjugate": ConjugateGradients(rank=5, tolerance=1e-13),
    "sketch of everything": Sketch(rows=1000, columns=1000),
    "automatic": Automatic(),
}


class Scaled:
    """A metric in which parameter i counts 1 + i / 10 times as much."""

    def __init__(self, count, dtype=torch.float64):
        self.scale = 1 + torch.arange(count, dtype=dtype) / 10

    def whiten(self, jacobian):
        return jacobian.div_(self.scale)

    def unwhiten(self, step):
        return step / self.scale

    def whiten_gradient(self, gradient):
        return gradient / self.scale


class Counted:
    """An operator that notes its calls."""

    def __init__(self, operator, calls):
        self.operator, self.calls = operator, calls
        self.linear, self.metric = operator.linear, operator.metric

    def __call__(self, step):
        self.calls.append(step)
        return self.operator(step)


def linearisation(rows, count, *, condition=100.0, dtype=torch.float64):
    """Random rows in two blocks; the singular values fall from 1 to 1 / condition."""
    generator = torch.Generator().manual_seed(7)
    plain = torch.randn(rows, count, dtype=torch.float64, generator=generator)
    u, s, vh = torch.linalg.svd(plain, full_matrices=False)
    s = torch.logspace(0, -math.log10(condition), len(s), dtype=torch.float64) if len(s) > 1 else s / s
    matrix = ((u * s) @ vh).to(dtype)
    right = torch.randn(rows, dtype=torch.float64, generator=generator).to(dtype)
    cut = rows // 3
    blocks = [BlockLinearisation(right[part], [[DenseSlopes(matrix[part])]]) for part in (slice(cut), slice(cut, None))]
    return Linearisation([b for b in blocks if len(b.rows)])


def wanted(linear, metric, damping, rows=None):
    """Step and predicted reduction by least squares of the stacked system."""
    jacobian = metric.whiten(linear.dense()).double()
    rows = (linear.rows if rows is None else rows).double()
    count = jacobian.shape[1]
    stacked = torch.cat([jacobian, math.sqrt(damping) * torch.eye(count, dtype=torch.float64)])
    right = torch.cat([-rows, torch.zeros(count, dtype=torch.float64)])
    step = torch.linalg.lstsq(stacked, right[:, None], driver="gelsd").solution[:, 0]
    return step, float(rows @ rows - (rows + jacobian @ step).square().sum())


@pytest.mark.parametrize("shape", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("factorisation", ALL.values(), ids=ALL)
def test_step_and_promise_are_those_of_damped_least_squares(factorisation, shape):
    linear, metric = linearisation(*shape), Scaled(shape[1])
    factor = factorisation(linear, metric, relative=1e-3)
    for damping in (*DAMPINGS, DAMPINGS[0]):
        step, predicted = wanted(linear, metric, damping)
        found = factor.step(damping)
        assert_close(found.step, step, rtol=1e-9, atol=1e-9 * float(step.norm()))
        assert found.predicted == pytest.approx(predicted, rel=1e-8, abs=1e-14)


@pytest.mark.parametrize("shape", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("name", [n for n in ALL if not n.startswith("sketch")])
def test_a_correction_is_the_step_for_other_rows(name, shape):
    linear, metric = linearisation(*shape), Scaled(shape[1])
    factor, rows = ALL[name](linear, metric), torch.linspace(-1, 2, shape[0], dtype=torch.float64)
    for damping in DAMPINGS:
        step, _ = wanted(linear, metric, damping, rows)
        assert_close(factor.correction(rows, damping), step, rtol=1e-7, atol=1e-7 * float(step.norm()))


@pytest.mark.parametrize("name", ALL)
def test_the_largest_eigenvalue_is_met_within_a_factor_of_two(name):
    for shape in MATRICES.values():
        linear, metric = linearisation(*shape), Scaled(shape[1])
        exact = float(torch.linalg.matrix_norm(metric.whiten(linear.dense()), 2)) ** 2
        assert exact / 2 <= ALL[name](linear, metric).largest <= 2 * exact


@pytest.mark.parametrize("name", ALL)
def test_the_largest_eigenvalue_is_met_where_the_gradient_does_not_see_it(name):
    rows = torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64)
    matrix = torch.diag(torch.tensor([1e4, 1e-3, 1e-3], dtype=torch.float64))
    linear = Linearisation([BlockLinearisation(rows, [[DenseSlopes(matrix)]])])
    assert ALL[name](linear, Scaled(3)).largest == pytest.approx(1e8)


@pytest.mark.parametrize("name", ["gram", "kernel", "orthogonal", "singular"])
@pytest.mark.parametrize("size", [1e-12, 1e10])
def test_the_largest_eigenvalue_is_met_in_single_precision_too(name, size):
    """Its square, times the gradient, is beyond what float32 can hold."""
    plain, metric = linearisation(60, 9, condition=10, dtype=torch.float32), Scaled(9, torch.float32)
    linear = Linearisation([BlockLinearisation(size * plain.rows, [[DenseSlopes(size * plain.dense())]])])
    exact = float(torch.linalg.matrix_norm(metric.whiten(linear.dense()), 2)) ** 2
    assert exact / 2 <= ALL[name](linear, metric).largest <= 2 * exact


@pytest.mark.parametrize("name", ["orthogonal", "orthogonal in batches", "singular"])
@pytest.mark.parametrize("shape", [MATRICES["tall"], MATRICES["wide"]])
def test_orthogonal_methods_keep_their_digits_where_normal_equations_have_none(name, shape):
    """Condition 1e9, its square 1e18: the step may be off by the condition times rounding."""
    linear, metric = linearisation(*shape, condition=1e9), Scaled(shape[1])
    factor = ALL[name](linear, metric)
    for damping in (1e-12, 1e-16):
        assert damping > factor.relative_floor
        step, predicted = wanted(linear, metric, damping)
        found = factor.step(damping)
        assert_close(found.step, step, rtol=0, atol=1e-6 * float(step.norm()))
        assert found.predicted == pytest.approx(predicted, rel=1e-9)


@pytest.mark.parametrize("name", ["gram", "kernel"])
def test_normal_equations_say_when_rounding_has_eaten_the_step(name):
    linear, metric = linearisation(20, 20), Scaled(20)
    factor = ALL[name](linear, metric)
    factor.matrix.diagonal().sub_(1.0)
    assert factor.step(1e-3) is None
    assert factor.correction(linear.rows, 1e-3) is None
    assert 0 < factor.relative_floor < 1e-12


def test_triangles_say_when_there_is_no_step():
    linear = linearisation(5, 3)
    linear = Linearisation([BlockLinearisation(linear.rows, [[DenseSlopes(torch.zeros_like(linear.dense()))]])])
    assert Orthogonal()(linear, Scaled(3)).step(0.0) is None


@pytest.mark.parametrize("name", ["gram", "kernel", "orthogonal", "singular", "sketch of everything", "automatic"])
def test_single_precision_gives_the_step_to_its_digits(name):
    """A condition of 10 and a damping of 1e-2: four digits of seven are left to the normal equations."""
    linear, metric = linearisation(60, 9, condition=10, dtype=torch.float32), Scaled(9, torch.float32)
    step, predicted = wanted(linear, metric, 1e-2)
    found = ALL[name](linear, metric, relative=1e-2).step(1e-2)
    assert found.step.dtype == torch.float32
    assert_close(found.step.double(), step, rtol=0, atol=1e-4 * float(step.norm()))
    assert found.predicted == pytest.approx(predicted, rel=1e-3)


def test_conjugate_gradients_ask_single_precision_for_no_more_than_it_has():
    """Seven digits: some iterations, not all 300, and a step to the digits that a condition of 100 leaves."""
    linear, metric = linearisation(60, 9, condition=10, dtype=torch.float32), Scaled(9, torch.float32)
    factor, calls = ConjugateGradients(rank=3)(linear, metric), []
    step, _ = wanted(linear, metric, 1e-2)
    normal = factor.operator
    factor.operator = Counted(normal, calls)
    found = factor.step(1e-2)
    assert len(calls) < 30
    assert_close(found.step.double(), step, rtol=0, atol=1e-3 * float(step.norm()))
    assert factor.relative_floor == pytest.approx(100 * torch.finfo(torch.float32).eps)


def test_a_product_in_single_precision_is_good_above_its_floor():
    linear, metric = linearisation(90, 17), Scaled(17)
    factor = Gram(dtype=torch.float32)(linear, metric)
    assert factor.relative_floor == pytest.approx(100 * torch.finfo(torch.float32).eps)
    step, _ = wanted(linear, metric, 1e-2)
    assert factor.step(1e-2).step.dtype == torch.float64
    assert_close(factor.step(1e-2).step, step, rtol=0, atol=1e-3 * float(step.norm()))


def test_a_matrix_of_many_columns_is_multiplied_in_blocks(monkeypatch):
    monkeypatch.setattr("kanpde.optim.factorisation.gram.LEAF", 5)
    test_step_and_promise_are_those_of_damped_least_squares(Gram(), MATRICES["tall"])
    test_step_and_promise_are_those_of_damped_least_squares(Kernel(), MATRICES["wide"])


# -------------------------------------------------------------------- conjugate gradients


@pytest.mark.parametrize("rank", [1, 5, 17, 100])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-10])
def test_conjugate_gradients_end_at_their_tolerance(rank, tolerance):
    linear, metric = linearisation(90, 17, condition=1e3), Scaled(17)
    jacobian = metric.whiten(linear.dense())
    gradient = jacobian.T @ linear.rows
    factor = ConjugateGradients(rank=rank, tolerance=tolerance)(linear, metric)
    for damping in (1e-2, 1e-4, 1e-6):
        step = factor.step(damping).step
        miss = jacobian.T @ (jacobian @ step) + damping * step + gradient
        assert miss.norm() <= 1.01 * tolerance * gradient.norm()


def test_the_preconditioner_saves_iterations():
    """Five large singular values of 60: with rank 10 they are gone, and the rest is well conditioned."""
    linear, metric = linearisation(80, 60), Scaled(60)
    metric.scale.fill_(1.0)
    u, s, vh = torch.linalg.svd(linear.dense(), full_matrices=False)
    s = torch.cat([torch.full((5,), 1e3, dtype=s.dtype), torch.ones(55, dtype=s.dtype)])
    linear = Linearisation([BlockLinearisation(linear.rows, [[DenseSlopes((u * s) @ vh)]])])
    short = ConjugateGradients(rank=10, iterations=12, tolerance=1e-9)(linear, metric).step(1e-3).step
    step, _ = wanted(linear, metric, 1e-3)
    assert_close(short, step, rtol=0, atol=1e-5 * float(step.norm()))


def test_a_vanishing_jacobian_has_no_step():
    plain = linearisation(30, 4)
    linear = Linearisation([BlockLinearisation(plain.rows, [[DenseSlopes(0 * plain.dense())]])])
    for name, factorisation in ALL.items():
        factor = factorisation(linear, Scaled(4))
        found = factor.step(1e-3)
        assert torch.equal(found.step.abs(), torch.zeros(4, dtype=torch.float64)), name
        assert (found.predicted, factor.largest) == (0.0, 0.0), name


def test_a_vanishing_gradient_has_no_step():
    linear = linearisation(30, 4)
    linear = Linearisation([BlockLinearisation(0 * linear.rows, [[DenseSlopes(linear.dense())]])])
    for name, factorisation in ALL.items():
        found = factorisation(linear, Scaled(4)).step(1e-3)
        assert torch.equal(found.step.abs(), torch.zeros(4, dtype=torch.float64)), name
        assert found.predicted == 0.0, name


# -------------------------------------------------------------------- sketches


def test_a_sketch_moves_its_columns_alone_and_promises_what_all_rows_promise():
    linear, metric = linearisation(90, 17), Scaled(17)
    found = Sketch(rows=40, columns=6)(linear, metric).step(1.0)
    assert int((found.step != 0).sum()) == 6
    change = metric.whiten(linear.dense()) @ found.step
    assert found.predicted == pytest.approx(float(-2 * (linear.rows @ change) - change @ change), rel=1e-10)


def test_a_sketched_step_goes_down():
    """With the damping of the largest eigenvalue the gradient alone decides, and it is exact."""
    linear, metric = linearisation(90, 17), Scaled(17)
    for turn in range(10):
        assert Sketch(rows=30, columns=8)(linear, metric, turn=turn).step(2.0).predicted > 0


def test_sketches_of_different_turns_differ_and_those_of_one_agree():
    linear, metric, sketch = linearisation(90, 17), Scaled(17), Sketch(rows=30, columns=8, seed=3)
    first, again, other = (sketch(linear, metric, turn=turn).step(1.0).step for turn in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_sketch_is_the_same_in_batches():
    linear, metric = linearisation(90, 17), Scaled(17)
    whole = Sketch(rows=30, columns=8)(linear, metric).step(1.0).step
    parts = Sketch(rows=30, columns=8, memory=FEW_ROWS)(linear, metric)
    assert int((parts.step(1.0).step != 0).sum()) == int((whole != 0).sum()) == 8


def test_a_sketch_has_no_correction():
    linear, metric = linearisation(90, 17), Scaled(17)
    assert Sketch(rows=30, columns=8)(linear, metric).correction(linear.rows, 1.0) is None


def test_sums_of_many_rows_keep_the_curvature():
    """The squared singular values of a sketch with 400 rows for 5 columns are off by a fifth at most."""
    linear = linearisation(3000, 5, condition=2)
    factor = Sketch(rows=400, columns=5)(linear, Scaled(5))
    jacobian = Scaled(5).whiten(linear.dense())
    found = torch.linalg.eigvalsh(factor.factor.matrix)
    assert_close(found, torch.linalg.eigvalsh(jacobian.T @ jacobian), rtol=0.2, atol=0.0)


# -------------------------------------------------------------------- the choice


@pytest.mark.parametrize(
    ("rows", "count", "relative", "kind"),
    [
        (10**5, 10_001, 1.0, ConjugateGradients()),
        (10**5, 10_000, 1e-5, Gram()),
        (10**5, 800, 1e-2, Gram(dtype=torch.float32)),
        (10**5, 799, 1e-2, Gram()),
        (10**5, 800, 1e-4, Gram()),
        (10**5, 100, 1e-11, Orthogonal()),
        (10**5, 100, 0.0, Orthogonal()),
        (50, 100, 1e-5, Kernel()),
        (50, 100, 1e-11, Singular()),
        (100, 100, 1e-5, Gram()),
    ],
)
def test_the_choice_is_by_size_and_damping(rows, count, relative, kind):
    assert Automatic().chosen(sized(rows, count), relative) == kind


@pytest.mark.parametrize(
    ("rows", "count", "relative", "kind"),
    [
        (10**5, 100, 1e-2, Gram()),
        (10**5, 100, 1e-4, Orthogonal()),
        (50, 100, 1e-2, Kernel()),
        (50, 100, 1e-4, Singular()),
    ],
)
def test_single_precision_leaves_normal_equations_early(rows, count, relative, kind):
    assert Automatic().chosen(sized(rows, count, torch.float32), relative) == kind


def sized(rows, count, dtype=torch.float64):
    """What the choice sees of a linearisation."""
    return SimpleNamespace(size=rows, parameter_count=count, rows=torch.zeros(1, dtype=dtype))


def test_the_choice_hands_its_memory_on():
    big = sized(10**5, 100)
    assert Automatic(memory=5e6).chosen(big, 0.0) == Orthogonal(5e6)
    assert Automatic(memory=5e6).chosen(big, 1e-5) == Gram(5e6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Gram(memory=-1), "`memory` must be positive, got -1: it is a number of bytes"),
        (lambda: Gram(memory=math.nan), "`memory` must be positive, got nan"),
        (lambda: Orthogonal(memory=0), "`memory` must be positive, got 0"),
        (lambda: Automatic(memory=-1), "`memory` must be positive, got -1"),
        (lambda: Sketch(rows=5, columns=5, memory=-1), "`memory` must be positive, got -1"),
        (lambda: Sketch(rows=0, columns=5), "`rows` must be at least 1, got 0: an empty sketch"),
        (lambda: Sketch(rows=5, columns=0), "`columns` must be at least 1, got 0: an empty sketch"),
        (lambda: ConjugateGradients(rank=0), "`rank` must be at least 1, got 0: 100 is usual"),
        (lambda: ConjugateGradients(iterations=0), "`iterations` must be at least 1, got 0"),
        (lambda: ConjugateGradients(tolerance=0.0), "`tolerance` must be between 0 and 1, got 0.0"),
        (lambda: ConjugateGradients(tolerance=1.0), "`tolerance` must be between 0 and 1, got 1.0"),
    ],
)
def test_a_setting_out_of_range_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
