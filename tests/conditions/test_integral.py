"""Integrals that are given: what they stand for, their derivative, and problems that they alone make unique."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.testing import assert_close

from kanpde import (
    KAN,
    MLP,
    Data,
    Dirichlet,
    Disk,
    Flux,
    Initial,
    Integral,
    Interface,
    Interval,
    Neumann,
    Parameter,
    Points,
    Problem,
    Rectangle,
    Time,
    by_material,
    cos,
    exp,
    grad,
    laplacian,
    pi,
    solve,
)
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import Trial
from kanpde.conditions import Over
from kanpde.nn.input_map import InputMap
from kanpde.nn.prune import prune
from kanpde.sampling import Sobol
from kanpde.symbols import unknown

SQUARE = Rectangle(x=(0, 1), y=(0, 2))
X, Y = SQUARE.coordinates
U, V = unknown("u", SQUARE.coordinates), unknown("v", SQUARE.coordinates)
UNKNOWNS = {"u": U, "v": V}


def small(width, *, degrees=(8, 4), seed=0):
    return KAN(width, basis="chebyshev", k=list(degrees), base=False, seed=seed)


class Pipe(Problem):
    """Slow flow through a channel: its flux and the mean pressure are all that is given at the ends."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def exact(self, x, y):
        return {"u": 6 * y * (1 - y), "v": 0 * x, "p": 6 - 12 * x}

    def residual(self, u, v, p, x, y):
        return {"momentum x": p.x - laplacian(u), "momentum y": p.y - laplacian(v), "mass": u.x + v.y}

    def conditions(self, u, v, x, y):
        through = Integral(of=[u, v], value=1, on="x=1")
        return [Dirichlet(u=0, v=0, on="y"), Neumann(u=0, on="x"), Dirichlet(v=0, on="x"), through, Integral(p=0)]


class Insulated(Problem):
    """A disk with a hole through whose edges nothing goes; the total heat is all that fixes the temperature."""

    domain = Disk(x=0, y=0, radius=1) - Disk(x=0.2, y=0, radius=0.3)
    manufactured = True

    def exact(self, x, y):
        return exp(x) * cos(y)

    def residual(self, u, x, y):
        return laplacian(u)

    def conditions(self, u, x, y):
        slope = grad(exp(x) * cos(y))
        (total,) = self.heat.integral(np.exp(self.heat.columns["x"]) * np.cos(self.heat.columns["y"]))
        return [Flux(u=grad(u) - slope), Integral(u=total)]

    heat = domain.quadrature()


class Cooling(Problem):
    """Heat in an insulated rod, whose total falls as a known function of time."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def exact(self, x, t):
        return exp(-t) + cos(pi * x) * exp(-(pi**2) * t)

    def residual(self, u, x, t):
        return u.t - u.xx + exp(-t)

    def conditions(self, x, t):
        return [Initial(u=1 + cos(pi * x)), Neumann(u=0, on="x=0"), Integral(u=exp(-t))]


class Bar(Problem):
    """Two materials between given fluxes."""

    domain = Interval(x=(-1, 1))
    materials = {"left": Interval(x=(-1, 0)), "right": Interval(x=(0, 1))}
    k = by_material(left=1, right=10)

    def exact(self, x):
        return x / self.k

    def residual(self, u, x):
        return (self.k * u.x).diff(x)

    def conditions(self, u, x):
        ends = [Flux(u=[self.k * u.x], value=v, on=f"x={v}") for v in (-1, 1)]
        return [*ends, Interface(u=0, flux=self.k * u.x), Integral(u=-0.45)]


def test_an_unknown_is_given_its_integral():
    (term,) = Integral(u=3).terms(SQUARE, UNKNOWNS)
    assert term.name == "integral u"
    assert term.expression == U - 3 / 2  # the area is 2


def test_an_expression_over_a_part_of_the_boundary():
    (term,) = Integral(of=U**2 * V, value=5, on="x=1").terms(SQUARE, UNKNOWNS)
    assert term.name == "integral on x=1"
    assert term.expression == U**2 * V - 5 / 2
    (points,) = term.place.sample(1, Sobol(0))
    assert set(points.columns["x"]) == {1.0}


def test_a_vector_stands_for_its_flux():
    (term,) = Integral(of=[U, V], value=1, on="y=2").terms(SQUARE, UNKNOWNS)
    assert {str(s) for s in term.expression.free_symbols} >= {"n_x", "n_y"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Integral(), "`Integral` needs an unknown or `of`"),
        (lambda: Integral(u=1, of=U), "`Integral` needs an unknown or `of`"),
        (lambda: Integral(u=1, value=2), "`value` belongs to `of`, got 2 without it: write Integral\\(u=2\\)"),
        (lambda: Integral(of=[U, V]).terms(SQUARE, UNKNOWNS), "`of` is a vector, whose flux goes through"),
        (lambda: Integral(of=[U], on="x=1").terms(SQUARE, UNKNOWNS), "`of` must have 2 components, got 1"),
        (lambda: Integral(u=X).terms(SQUARE, UNKNOWNS), "`value` of 'integral u' must not depend on space, got x"),
        (lambda: Integral(w=0).terms(SQUARE, UNKNOWNS), "names no unknown: this problem has u, v"),
        (lambda: Integral(u=0).terms(Time(t=(0, 1)), {"u": unknown("u", Time(t=(0, 1)).coordinates)}), "is over space"),
    ],
)
def test_wrong_integrals_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


class Everything(Problem):
    """Integrals of products and slopes, inside and on the boundary, with time and an unknown number."""

    domain = Rectangle(x=(0, 1), y=(0, 1)) * Time(t=(0, 1))
    rate = Parameter(0.5)

    def residual(self, u, x, y, t):
        return u.t - self.rate * laplacian(u) + u**2

    def conditions(self, u, x, y, t):
        inside = Integral(of=u**2 * x + self.rate * u.x, value=exp(-t))
        return [Initial(u=x), inside, Integral(of=grad(u) * u, value=1, on="x=1", weight=3), Data([[0, 0, 1]], u=[1.0])]


def foreign():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        layers = [torch.nn.Linear(3, 4, dtype=torch.float64), torch.nn.Linear(4, 1, dtype=torch.float64)]
    return torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1])


NETWORKS = {
    "KAN": lambda: small([3, 3, 1], degrees=(4, 3)),
    "MLP with biases": lambda: MLP([3, 4, 4, 1], seed=1),
    "pruned KAN": lambda: (
        prune(KAN([3, 4, 1], grid=3, k=3, seed=2), torch.rand(50, 3, dtype=torch.float64), threshold=0.3).network
    ),
    "foreign module": foreign,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_jacobian_is_that_of_automatic_differentiation(name):
    problem = Everything()
    ansatz = build_ansatz(problem)
    trial = Trial(NETWORKS[name](), InputMap(problem.domain.bounds), problem.inverse_parameters)
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    loss = build_blocks(ansatz, trial, samplers, interior=10, boundary=5, penalty=2.0)
    assert (
        loss.size == 10 + 5 + 5 + 5 + 1
    )  # points of the equation and of the start, instants of the integrals, one value
    rows, matrix = loss.jacobian()
    assert_close(rows, loss.residual())
    for i in range(loss.size):
        gradient = torch.autograd.grad(loss.rows()[i], loss.parameters, allow_unused=True, materialize_grads=True)
        assert_close(matrix[i], torch.cat([g.flatten() for g in gradient]), rtol=1e-9, atol=1e-9)
    linear, step = loss.linearise(), torch.linspace(-1, 1, loss.parameter_count, dtype=torch.float64)
    assert_close(linear.product(step), matrix @ step, rtol=1e-9, atol=1e-9)
    assert_close(linear.transposed(rows), matrix.T @ rows, rtol=1e-9, atol=1e-9)


def test_rows_are_deviations_of_the_mean():
    problem = Pipe()
    ansatz = build_ansatz(problem)
    trial = Trial(small([2, 2, 3]), InputMap(problem.domain.bounds))
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    loss = build_blocks(ansatz, trial, samplers, interior=10, boundary=5, penalty=1.0)
    block = next(b for b in loss.blocks if b.name == "integral p")
    rule = problem.domain.quadrature()
    pressure = trial(torch.as_tensor(rule.array))[:, 2].detach().numpy()
    assert_allclose(block.residuals().detach(), rule.integral(pressure), rtol=1e-12)


@pytest.mark.parametrize("problem", [Pipe(), Insulated(), Cooling(), Bar()])
def test_the_check_finds_nothing_wrong_and_a_wrong_value_is_seen(problem):
    assert problem.check().ok

    class Wrong(type(problem)):
        pass

    Wrong.conditions = lambda self: [Integral(**{next(iter(self.unknown)): 77})]
    assert any("does not satisfy 'integral" in e for e in Wrong().check().errors)


def test_a_constant_that_only_an_integral_fixes_is_no_error():
    class Loose(Pipe):
        def conditions(self, u, v):
            return [c for c in super().conditions(u, v, None, None) if "p" not in c.values]

    assert any("`p` is fixed only up to a constant" in e and "Integral(p=0)" in e for e in Loose().check().errors)


@pytest.mark.slow
def test_flux_and_mean_pressure_drive_a_pipe_to_1e_9():
    solution = solve(Pipe(), small([2, 4, 3]), steps=80, hard=True, points=Points(600, 200))
    assert solution.error < 1e-9


@pytest.mark.slow
def test_heat_in_an_insulated_disk_with_a_hole_to_1e_6():
    solution = solve(Insulated(), small([2, 6, 1], degrees=(10, 6)), steps=120, points=Points(800, 300))
    rule = Insulated.domain.quadrature()
    wanted = np.exp(rule.columns["x"]) * np.cos(rule.columns["y"])
    assert np.abs(solution(**rule.columns) - wanted).max() < 1e-6


@pytest.mark.slow
def test_a_total_in_place_of_a_boundary_condition_to_1e_6():
    solution = solve(Cooling(), small([2, 4, 1], degrees=(14, 4)), steps=160, points=Points(800, 200))
    assert solution.error < 1e-6


@pytest.mark.slow
def test_a_mean_over_two_materials_to_1e_9():
    solution = solve(Bar(), small([1, 3, 2], degrees=(4, 3)), steps=60, points=Points(200, 50))
    assert solution.error < 1e-9


def test_materials_are_integrated_one_by_one():
    terms = build_ansatz(Bar()).terms
    (place,) = [t.place for t in terms if isinstance(t.place, Over)]
    (rule,) = place.sample(1, Sobol(0))
    assert_allclose(rule.integral(np.sign(rule.columns["x"]) + 1.0), 2.0, rtol=1e-13)
