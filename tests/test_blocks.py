"""Residual vectors and their Jacobian, against finite differences and automatic differentiation."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from kanpde import (
    Data,
    Dirichlet,
    Initial,
    Interval,
    Neumann,
    Parameter,
    Periodic,
    Problem,
    Rectangle,
    Time,
    exp,
    laplacian,
    pi,
    sin,
)
from kanpde.ansatz import build_ansatz
from kanpde.assembly import build_blocks
from kanpde.blocks import LeastSquares, Trial
from kanpde.nn import KAN, MLP, KANLinear
from kanpde.nn.input_map import InputMap
from kanpde.nn.prune import prune
from kanpde.nn.stretch import Front, Stretch
from kanpde.sampling import Sobol


class Nonlinear(Problem):
    """Values, slopes and mixed derivatives in products, on all kinds of terms."""

    domain = Rectangle(x=(0, 2), y=(-1, 1))

    def residual(self, u, x, y):
        return u.xx + sin(x) * u.yy + u * u.xy - exp(y) * u**3 + u.x**2

    def conditions(self, x, y):
        return [Dirichlet(u=x * y, on="x"), Neumann(u=1, on="y=1", weight=3)]


class Wave(Problem):
    """Periodic in space: two point sets per term."""

    domain = Interval(x=(0, 2 * pi)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.tt - u.xx

    def conditions(self, x, t):
        return [Periodic("x"), Initial(u=sin(x)), Initial(u=0, order=1)]


class System(Problem):
    """Two unknowns that meet in both equations."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, v, x, y):
        return {"first": laplacian(u) + v.x * u, "second": v.y - u**2}

    def conditions(self, x, y):
        return [Dirichlet(u=0, v=y, on="x=0")]


class Inverse(Problem):
    """Two unknown numbers, one of them inside a product with the unknown."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))
    diffusivity = Parameter(0.3)
    rate = Parameter(-1.5)

    def residual(self, u, x, t):
        return u.t - self.diffusivity * u.xx - self.rate * u

    def conditions(self, x, t):
        points = {"x": [0.1, 0.5, 0.9], "t": [0.2, 0.4, 0.8]}
        return [Data(points, u=[1.0, 2.0, 0.5], sigma=0.1), Dirichlet(u=self.rate, on="x=0")]


class Fourth(Problem):
    """A fourth derivative."""

    domain = Interval(x=(0, 1))

    def residual(self, u, x):
        return u.xxxx - u * u.xxx

    def conditions(self, x):
        return [Dirichlet(u=0), Neumann(u=0)]


def plain(n_in, n_out):
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(n_in, 5), nn.Tanh(), nn.Linear(5, n_out)).double()


def with_kan_layers(n_in, n_out):
    draw = torch.Generator().manual_seed(3)
    layers = [KANLinear(a, b, spline_order=6, generator=draw, dtype=torch.float64) for a, b in ((n_in, 3), (3, n_out))]
    return nn.Sequential(*layers)


NETWORKS = {
    "bspline": lambda n, m: KAN([n, 3, m], grid=3, seed=1),
    "octic bspline": lambda n, m: KAN([n, 2, 2, m], grid=2, k=8, base=False, seed=1),
    "chebyshev": lambda n, m: KAN([n, 3, m], basis="chebyshev", k=[6, 3], seed=1),
    "squashed": lambda n, m: KAN([n, 3, m], basis="chebyshev", k=4, squash=True, seed=1),
    "mlp": lambda n, m: MLP([n, 5, 5, m], seed=1),
    "sine mlp": lambda n, m: MLP([n, 5, m], activation="sine", seed=1),
    "torch module": plain,
    "torch module with KAN layers": with_kan_layers,
}
PROBLEMS = [Nonlinear, Wave, System, Inverse, Fourth]


def least_squares(problem, network="chebyshev", *, hard=False, interior=23, boundary=7, penalty=3.0):
    ansatz = build_ansatz(problem, hard=hard)
    model = NETWORKS[network](ansatz.n_inputs, len(ansatz.outputs))
    trial = Trial(model, InputMap(problem.domain.bounds, ansatz.periodic), problem.inverse_parameters)
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    return build_blocks(ansatz, trial, samplers, interior=interior, boundary=boundary, penalty=penalty)


def by_autograd(loss):
    """The Jacobian, row by row."""
    rows, out = loss.rows(), []
    for r in rows:
        gradient = torch.autograd.grad(r, loss.parameters, retain_graph=True, allow_unused=True)
        flat = [torch.zeros_like(p) if g is None else g for g, p in zip(gradient, loss.parameters, strict=True)]
        out.append(torch.cat([g.flatten() for g in flat]))
    return torch.stack(out)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("network", NETWORKS)
def test_the_jacobian_is_that_of_autograd(problem, network):
    loss = least_squares(problem(), network)
    rows, jacobian = loss.jacobian()
    wanted = by_autograd(loss)
    assert jacobian.shape == (loss.size, loss.parameter_count)
    assert_close(rows, loss.residual(), rtol=1e-11, atol=1e-11)
    assert_close(jacobian, wanted, rtol=0, atol=1e-11 * max(1.0, wanted.abs().max().item()))


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("network", NETWORKS)
def test_the_jacobian_is_the_slope_of_finite_differences(problem, network):
    """Central differences of step 1e-5: about 1e-9 of truncation and of rounding, relative to the largest entry."""
    loss = least_squares(problem(), network)
    direction = torch.randn(loss.parameter_count, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    theta, step = loss.theta, 1e-5
    _, jacobian = loss.jacobian()
    wanted = jacobian @ direction
    sides = []
    for sign in (1, -1):
        loss.theta = theta + sign * step * direction
        sides.append(loss.residual())
    assert_close((sides[0] - sides[1]) / (2 * step), wanted, rtol=0, atol=2e-6 * max(1.0, wanted.abs().max().item()))


@pytest.mark.parametrize("problem", [Nonlinear(), Wave(), System()])
def test_the_jacobian_of_a_hard_trial_solution_is_that_of_autograd(problem):
    if isinstance(problem, Nonlinear):
        problem = type("Boxed", (Nonlinear,), {"conditions": staticmethod(lambda x, y: [Dirichlet(u=x * y)])})()
    loss = least_squares(problem, hard=True)
    wanted = by_autograd(loss)
    assert_close(loss.jacobian()[1], wanted, rtol=0, atol=1e-11 * max(1.0, wanted.abs().max().item()))


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("network", NETWORKS)
def test_the_gradient_is_twice_the_jacobian_times_the_residual(problem, network):
    loss = least_squares(problem(), network)
    rows, jacobian = loss.jacobian()
    value = loss.rows()
    gradient = torch.autograd.grad(value @ value, loss.parameters, allow_unused=True)
    flat = torch.cat(
        [(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(gradient, loss.parameters, strict=True)]
    )
    wanted = 2 * jacobian.T @ rows
    assert_close(flat, wanted, rtol=0, atol=1e-11 * wanted.abs().max().item())


def test_columns_of_unknown_numbers_are_the_derivatives_by_them():
    """d(u_t - d u_xx - r u)/dd = -u_xx and /dr = -u; the Dirichlet value is r itself."""
    loss = least_squares(Inverse())
    _, jacobian = loss.jacobian()
    assert list(loss.trial.numbers) == ["diffusivity", "rate"]
    block = loss.blocks[0]
    jet = block.sides[0]._jet().detach()
    second, value = jet[block.sides[0].plan.rows[2, 0], :, 0], jet[0, :, 0]
    inside, data, face = loss.slices
    assert_close(jacobian[inside, -2], -block.scale * second)
    assert_close(jacobian[inside, -1], -block.scale * value)
    assert jacobian[data, -2:].abs().max() == 0
    assert_close(jacobian[face, -1], torch.full((7,), -loss.blocks[2].scale, dtype=torch.float64))


def test_the_loss_is_the_weighted_sum_of_mean_squares():
    loss = least_squares(Nonlinear(), penalty=3.0)
    rows = loss.residual()
    means = loss.mean_squares(rows)
    weights = [1.0, 9.0, 27.0]
    assert list(means) == ["equation", "dirichlet u on x", "neumann u on y=1"]
    assert float(rows @ rows) == pytest.approx(
        sum(w * m for w, m in zip(weights, means.values(), strict=True)), rel=1e-13
    )
    side = loss.blocks[1].sides[0]
    with torch.no_grad():
        u = loss.trial(side.x)[:, 0]
    assert means["dirichlet u on x"] == pytest.approx(
        float((u - side.x[:, 0] * side.x[:, 1]).square().mean()), rel=1e-12
    )


def test_residuals_vanish_where_the_network_is_the_solution():
    """x y has no Laplacian, and a Chebyshev KAN of degree 2 on x + y and x - y is x y exactly."""

    class Harmonic(Problem):
        domain = Rectangle(x=(-1, 1), y=(-1, 1))

        def residual(self, u, x, y):
            return laplacian(u)

        def conditions(self, x, y):
            return [Dirichlet(u=x * y), Neumann(u=y, on="x=1")]

    ansatz = build_ansatz(Harmonic())
    network = KAN([2, 2, 1], basis="chebyshev", k=2)
    with torch.no_grad():
        network.layers[0].coefficients.zero_()
        network.layers[0].coefficients[[1, 4], 0] = 0.5  # (x + y) / 2
        network.layers[0].coefficients[[1, 4], 1] = torch.tensor([0.5, -0.5], dtype=torch.float64)
        network.layers[1].coefficients.zero_()
        network.layers[1].coefficients[[2, 5], 0] = torch.tensor([0.5, -0.5], dtype=torch.float64)
    samplers = {t.name: Sobol(0) for t in ansatz.terms}
    loss = build_blocks(
        ansatz, Trial(network, InputMap(Harmonic.domain.bounds)), samplers, interior=50, boundary=20, penalty=10
    )
    assert loss.residual().abs().max() < 1e-13


@pytest.mark.parametrize("network", ["bspline", "octic bspline"])
def test_whitening_changes_the_parameters_and_not_the_model(network):
    """J d = (J T)(T^-1 d): a whitened step, taken back, moves the residual as the whitened Jacobian says."""
    loss = least_squares(Nonlinear(), network)
    jacobian = loss.jacobian()[1].clone()
    whitened = loss.whiten(jacobian.clone())
    step = torch.randn(loss.parameter_count, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert (whitened - jacobian).abs().max() > 1e-3
    assert_close(jacobian @ loss.unwhiten(step), whitened @ step, rtol=1e-9, atol=1e-9)


def test_a_whitened_unit_step_changes_an_edge_by_a_function_of_norm_one():
    """The integral is a trapezoidal sum of 20,000 intervals, right to about 1e-6."""
    loss = least_squares(Fourth(), "octic bspline")
    layer = loss.trial.network.layers[0]
    x = torch.linspace(-1, 1, 20001, dtype=torch.float64)
    for j in (0, 7, 2 * layer.basis.size - 1):
        unit = torch.zeros(loss.parameter_count, dtype=torch.float64)
        unit[j] = 1.0
        change = loss.unwhiten(unit)[: layer.coefficients.numel()].reshape(layer.basis.size, 2)
        norms = torch.trapezoid((layer.basis(x) @ change).square(), x, dim=0)
        assert norms.sum().item() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("network", ["chebyshev", "mlp", "torch module"])
def test_other_networks_are_left_as_they_are_by_whitening(network):
    loss = least_squares(Nonlinear(), network)
    jacobian = loss.jacobian()[1].clone()
    assert torch.equal(loss.whiten(jacobian.clone()), jacobian)
    assert torch.equal(loss.unwhiten(jacobian[0]), jacobian[0])


def test_theta_is_all_parameters_in_order_and_can_be_put_back():
    loss = least_squares(Inverse())
    theta = loss.theta
    assert_close(theta[-2:], torch.tensor([0.3, -1.5], dtype=torch.float64))
    before = loss.residual()
    loss.theta = theta + 1
    assert (loss.residual() - before).abs().max() > 1e-3
    assert_close(loss.theta, theta + 1)
    loss.theta = theta
    assert torch.equal(loss.residual(), before)


def test_a_residual_without_gradient_needs_none():
    loss = least_squares(Nonlinear())
    assert not loss.residual().requires_grad
    assert loss.rows().requires_grad


def test_points_of_a_data_term_are_those_given():
    loss = least_squares(Inverse())
    assert [b.size for b in loss.blocks] == [23, 3, 7]
    assert_close(loss.blocks[1].sides[0].x[:, 0], torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64))


def test_single_precision_goes_all_the_way():
    problem = Nonlinear()
    ansatz = build_ansatz(problem)
    trial = Trial(KAN([2, 3, 1], dtype=torch.float32), InputMap(problem.domain.bounds))
    loss = build_blocks(ansatz, trial, {t.name: Sobol(0) for t in ansatz.terms}, interior=9, boundary=4, penalty=1)
    rows, jacobian = loss.jacobian()
    assert rows.dtype == jacobian.dtype == loss.rows().dtype == torch.float32
    assert_close(jacobian, by_autograd(loss), rtol=1e-3, atol=1e-2)


def test_more_rows_than_one_chunk_of_autograd_are_filled(monkeypatch):
    monkeypatch.setattr("kanpde.blocks.AUTOGRAD_ROWS", 5)
    loss = least_squares(Nonlinear(), "torch module")
    assert_close(loss.jacobian()[1], by_autograd(loss), rtol=1e-11, atol=1e-10)


def test_a_module_whose_derivatives_do_not_depend_on_its_weights_has_a_zero_jacobian():
    class Curvature(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xx - 1

    ansatz = build_ansatz(Curvature())
    loss = build_blocks(
        ansatz,
        Trial(nn.Linear(1, 1).double(), InputMap(Curvature.domain.bounds)),
        {"equation": Sobol(0)},
        interior=4,
        boundary=1,
        penalty=1,
    )
    rows, jacobian = loss.jacobian()
    assert_close(rows, torch.full((4,), -0.5, dtype=torch.float64))
    assert jacobian.abs().max() == 0


def test_a_network_without_parameters_is_refused():
    with pytest.raises(ValueError, match="`network` must have parameters, got Tanh without any"):
        Trial(nn.Tanh(), InputMap({"x": (0, 1)}))


def test_a_loss_without_blocks_is_refused():
    with pytest.raises(ValueError, match="`blocks` must hold at least one block"):
        LeastSquares(Trial(MLP([1, 1]), InputMap({"x": (0, 1)})), [])


# -------------------------------------------------------------------- weights and stretched coordinates


def test_other_weights_change_the_rows_of_their_block_alone():
    loss = least_squares(Nonlinear())
    before = loss.residual()
    means = loss.mean_squares(before)
    loss.reweigh({"dirichlet u on x": 4 * loss.blocks[1].weight})
    first, second, third = loss.slices
    after = loss.residual()
    assert torch.equal(after[first], before[first])
    assert torch.equal(after[third], before[third])
    assert_close(after[second], 2 * before[second])
    assert loss.mean_squares(after) == pytest.approx(means, rel=1e-13)


def test_a_weight_without_a_block_is_refused():
    loss = least_squares(Fourth())
    for arguments in ({"weights": {"no": 1.0}}, {"point_weights": {"no": torch.ones(23)}}):
        with pytest.raises(ValueError, match="`no` is no block of this loss: it has equation, dirichlet u on"):
            loss.reweigh(**arguments)


def stretched(problem, width):
    ansatz, stretch = build_ansatz(problem), Stretch((Front(0.0, width),))
    input_map = InputMap(problem.domain.bounds, ansatz.periodic, {"x": stretch})
    samplers = {t.name: Sobol(i) for i, t in enumerate(ansatz.terms)}
    trial = Trial(NETWORKS["chebyshev"](ansatz.n_inputs, 1), input_map)
    return build_blocks(ansatz, trial, samplers, interior=64, boundary=7, penalty=3.0), stretch, trial


def test_points_of_equations_are_even_in_the_stretched_coordinate_and_those_of_conditions_as_ever():
    loss, stretch, _ = stretched(Nonlinear(), 0.01)
    plain = least_squares(Nonlinear(), interior=64)
    x, y = loss.blocks[0].sides[0].x.T
    before = plain.blocks[0].sides[0].x.T
    assert_close(stretch.rows(x - 1, 0)[0], before[0] - 1, rtol=0, atol=1e-12)
    assert torch.equal(y, before[1])
    for a, b in zip(loss.blocks[1:], plain.blocks[1:], strict=True):
        assert torch.equal(a.sides[0].x, b.sides[0].x)


def test_the_squares_of_a_stretched_equation_count_by_the_width_of_their_cell_squared():
    loss, stretch, _ = stretched(Nonlinear(), 0.01)
    slopes = stretch.rows(loss.blocks[0].sides[0].x[:, 0] - 1, 1)[1]
    weights = loss.blocks[0].local
    assert float(weights.mean()) == pytest.approx(1.0, rel=1e-14)
    assert_close(weights / weights[0], (slopes[0] / slopes) ** 2)
    assert [b.local for b in loss.blocks[1:]] == [None, None]


def test_the_jacobian_on_stretched_coordinates_is_that_of_autograd():
    loss, _, _ = stretched(Nonlinear(), 0.1)
    wanted = by_autograd(loss)
    assert_close(loss.jacobian()[1], wanted, rtol=0, atol=1e-11 * max(1.0, wanted.abs().max().item()))


@pytest.mark.parametrize("edges", ["all", "chosen", "with formulas"])
@pytest.mark.parametrize("basis", ["bspline", "chebyshev"])
def test_constants_that_cancel_are_taken_out_of_a_step_and_the_function_stays(edges, basis):
    network = KAN([2, 3, 1], basis=basis, k=4, grid=3, seed=1)
    if edges != "all":
        network = prune(network, torch.rand(50, 2, dtype=torch.float64), remove=[[(0, 1)], [(2, 0)]]).network
    if edges == "with formulas":
        network.fix_symbolic(0, 1, 1, "sin")
        network.fix_symbolic(1, 0, 0, "exp")
    ansatz = build_ansatz(Nonlinear())
    samplers = {t.name: Sobol(0) for t in ansatz.terms}
    trial = Trial(network, InputMap(Nonlinear.domain.bounds))
    loss = build_blocks(ansatz, trial, samplers, interior=20, boundary=10, penalty=10)
    jacobian = loss.jacobian()[1].clone()
    start, x = loss.theta, torch.rand(40, 2, dtype=torch.float64)
    step = 0.3 * torch.randn(len(start), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    drift = step - loss.without_drift(step)
    assert drift.abs().max() > 1e-3
    assert (jacobian @ drift).abs().max() < 1e-11 * jacobian.abs().max()
    assert_close(loss.without_drift(step - drift), step - drift, rtol=0, atol=1e-14)
    loss.theta = start + step
    with torch.no_grad():
        wanted = network(x)
    loss.theta = start + loss.without_drift(step)
    with torch.no_grad():
        assert_close(network(x), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("network", ["chebyshev", "torch module"])
def test_columns_of_held_parameters_are_zero_and_the_others_as_ever(network):
    free, held = least_squares(Nonlinear(), network), least_squares(Nonlinear(), network)
    first = next(iter(held.trial.network.parameters())).requires_grad_(False)
    _, expected = free.jacobian()
    expected = expected.clone()
    expected[:, : first.numel()] = 0
    assert_close(held.jacobian()[1], expected)
    linear = held.linearise()
    step, rows = torch.randn(held.parameter_count).double(), torch.randn(held.size).double()
    assert_close(linear.product(step), expected @ step)
    assert_close(linear.transposed(rows), expected.T @ rows)
    values = held.rows()
    assert_close(held.gradient(values @ values), 2 * expected.T @ values.detach())
