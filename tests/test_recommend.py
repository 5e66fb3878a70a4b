"""The networks that a problem gets by itself."""

import pytest

from kanpde import (
    Annulus,
    Data,
    Dirichlet,
    Flux,
    Initial,
    Interval,
    Neumann,
    Periodic,
    Problem,
    Rectangle,
    Time,
    laplacian,
    pi,
    sin,
    solve,
)
from kanpde.ansatz import build_ansatz
from kanpde.balance import NoiseLevel
from kanpde.budget import Budget
from kanpde.catalog import problem_class
from kanpde.nn.basis import BSpline, Chebyshev
from kanpde.nn.initialisation import DECAY, SMOOTH_DECAY
from kanpde.plan import Plan
from kanpde.recommend import (
    kan_from,
    matching_mlp,
    may_get_thin_layers,
    recommended_kan,
    recommended_optimizer,
    recommended_plan,
)
from kanpde.reference import initial_value


class Steady(Problem):
    """Two unknowns on a square."""

    domain = Rectangle(x=(0, 1), y=(0, 1))

    def residual(self, u, v, x, y):
        return {"first": laplacian(u) - v, "second": laplacian(v)}

    def conditions(self, x, y):
        return [Dirichlet(u=0, v=0)]


class Round(Problem):
    """Periodic in x, which makes three inputs of two coordinates."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t + u.x

    def conditions(self, x, t):
        return [Periodic("x"), Initial(u=0)]


@pytest.mark.parametrize(
    ("problem", "hard", "ends"), [(Steady(), False, (2, 2)), (Round(), False, (2, 1)), (Round(), True, (3, 1))]
)
def test_inputs_and_outputs_are_those_of_the_problem(problem, hard, ends):
    ansatz = build_ansatz(problem, hard=hard)
    for network in (recommended_kan(ansatz), matching_mlp(ansatz, 300)):
        assert (network.width[0], network.width[-1]) == ends


@pytest.mark.slow
def test_high_derivatives_get_low_degrees():
    class Beam(Problem):
        domain = Interval(x=(0, 1))

        def residual(self, u, x):
            return u.xxxx + 1

        def conditions(self, x, u):
            free = [Flux(u=u.xx, value=0, on="x=1"), Flux(u=u.xxx, value=0, on="x=1")]
            return [Dirichlet(u=0, on="x=0"), Neumann(u=0, on="x=0"), *free]

        def exact(self, x):
            return -(x**4) / 24 + x**3 / 6 - x**2 / 4

    plate = build_ansatz(problem_class("clamped_plate")())
    for ansatz, degree in ((build_ansatz(Beam()), 12), (plate, 16)):
        assert recommended_kan(ansatz).layers[0].basis.degree == degree
    assert solve(Beam(), steps=120).error < 1e-9


def test_a_recommendation_lasts_for_any_number_of_layers():
    network = kan_from(build_ansatz(Steady()), width=[2, 3, 3, 3, 2])
    assert [layer.basis.degree for layer in network.layers] == [12, 5, 5, 5]


def test_given_sizes_are_taken_as_they_are():
    network = kan_from(build_ansatz(Steady()), basis="bspline", width=[2, 4, 2], grid=[6, 3], degree=[5])
    assert [(len(layer.basis.grid) - 1, layer.basis.degree) for layer in network.layers] == [(6, 5), (3, 5)]
    assert all(isinstance(layer.basis, BSpline) for layer in network.layers)
    assert isinstance(recommended_kan(build_ansatz(Steady())).layers[0].basis, Chebyshev)


def test_a_list_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="`k` must be one number or one per layer, 2, got 3"):
        kan_from(build_ansatz(Steady()), degree=[3, 3, 3])


def test_an_unknown_basis_is_refused():
    with pytest.raises(ValueError, match=r"`basis` must be one of .*, got 'wavelet'"):
        kan_from(build_ansatz(Steady()), basis="wavelet")


@pytest.mark.parametrize("parameters", [50, 282, 1170, 5000])
def test_the_mlp_has_nearly_as_many_parameters(parameters):
    assert matching_mlp(build_ansatz(Round()), parameters).parameter_count == pytest.approx(parameters, abs=3)


class Front(Problem):
    """Burgers' equation: nonlinear in time."""

    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))

    def residual(self, u, x, t):
        return u.t + u * u.x - 0.01 * u.xx

    def conditions(self, x, t):
        return [Initial(u=-sin(pi * x)), Dirichlet(u=0, on="x")]


class Smooth(Problem):
    """A reaction with much diffusion, written with a factor that changes nothing."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 2))
    diffusion = 0.1

    def residual(self, u, x, t):
        return 3 * (u.t - self.diffusion * u.xx + u**3)

    def conditions(self, x, t):
        return [Initial(u=sin(pi * x)), Dirichlet(u=0, on="x")]


def test_nonlinear_evolutions_get_a_second_hidden_layer_and_slabs_if_thin_layers_may_form():
    front, smooth = recommended_kan(build_ansatz(Front())), recommended_kan(build_ansatz(Smooth()))
    assert front.width == smooth.width == [2, 6, 6, 1]
    assert front.layers[0].basis.degree > smooth.layers[0].basis.degree
    assert recommended_plan(Front(), Budget(seconds=120)).stretch
    assert recommended_plan(Smooth(), Budget(seconds=120)) == Plan()


class Family(Problem):
    """Fronts for many diffusions at once."""

    domain = Rectangle(x=(-1, 1), nu=(0.001, 0.01)) * Time(t=(0, 1))

    def residual(self, u, x, nu, t):
        return u.t + u * u.x - nu * u.xx

    def conditions(self, x, nu, t):
        return [Initial(u=-sin(pi * x)), Dirichlet(u=0, on="x")]


def test_a_coordinate_without_derivatives_does_not_keep_the_other_from_being_stretched():
    plan = recommended_plan(Family(), Budget(seconds=80))
    assert (plan.slabs, plan.stretch) == (10, True)


@pytest.mark.parametrize(("diffusion", "thin"), [(0.02, False), (0.0099, True), (-0.0099, True), (0, True)])
def test_thin_layers_are_expected_where_the_number_of_diffusion_is_low(diffusion, thin):
    assert may_get_thin_layers(Smooth(diffusion=diffusion)) == thin


@pytest.mark.parametrize(
    ("budget", "slabs"),
    [
        (Budget(seconds=80), 10),
        (Budget(steps=500), 10),
        (Budget(seconds=80, steps=300), 6),
        (Budget(seconds=1), 4),
        (Budget(seconds=1e6), 32),
    ],
)
def test_there_are_as_many_slabs_as_the_budget_has_time_for(budget, slabs):
    assert recommended_plan(Front(), budget).slabs == slabs


@pytest.mark.parametrize("problem", [Steady, Round])
def test_linear_evolutions_and_steady_problems_are_one_network(problem):
    assert recommended_plan(problem(), Budget(seconds=80)) == Plan()


def test_gauss_newton_by_name_bends_its_steps_in_slabs_alone():
    alone, slabs = (recommended_optimizer("gauss-newton", plan) for plan in (Plan(), Plan(slabs=3)))
    assert (alone.geodesic, slabs.geodesic) == (0, 2)
    assert slabs.bisections < alone.bisections
    assert slabs.patience < alone.patience
    assert recommended_optimizer("adam", Plan(slabs=3)).name == "adam"


def test_evolutions_above_the_second_order_start_from_smooth_functions():
    for name, decay in (("kuramoto_sivashinsky", SMOOTH_DECAY), ("burgers", DECAY), ("poisson", DECAY)):
        kan = recommended_kan(build_ansatz(problem_class(name)(), hard=True), seed=0)
        assert {layer.decay for layer in kan.layers} == {decay}


class Decay(Problem):
    domain = Time(t=(0, 1))

    def residual(self, u, t):
        return u.t + u**2

    def conditions(self, t):
        return [Initial(u=1)]


def test_equations_in_time_alone_get_slabs_of_plain_polynomials():
    kan = recommended_kan(build_ansatz(Decay()))
    assert kan.width == [1, 1]
    assert kan.layers[0].basis.degree == 40
    assert recommended_plan(Decay(), Budget()).slabs == 40
    assert recommended_plan(Decay(), Budget(seconds=10)).slabs == 10
    assert recommended_plan(Decay(), Budget(seconds=10), slabs=False).slabs == 1


def test_measurements_with_noise_are_weighed_down_to_it():
    class Measured(Decay):
        def conditions(self, t):
            return [Initial(u=1), Data({"t": [0.5]}, u=[0.66], sigma=0.01)]

    plan = recommended_plan(Measured(), Budget())
    assert isinstance(plan.balance, NoiseLevel)
    assert plan.restarts == 0


def test_shapes_get_wider_networks_than_boxes():
    class Ring(Problem):
        domain = Annulus(x=0, y=0, inner=1, outer=2)

        def residual(self, u, x, y):
            return laplacian(u)

        def conditions(self, x, y):
            return [Dirichlet(u=x)]

    assert recommended_kan(build_ansatz(Ring())).width == [2, 12, 1]


@pytest.mark.slow
def test_a_stiff_oscillator_is_solved_without_being_told_how():
    problem = problem_class("van_der_pol")(mu=2)
    assert solve(problem, steps=400, reference=initial_value(problem)).error < 1e-8
