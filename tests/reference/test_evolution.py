import numpy as np
import pytest
import sympy as sp
from scipy.integrate import BDF, DOP853, Radau

from kanpde import (
    Box,
    Dirichlet,
    Initial,
    Interval,
    Neumann,
    Periodic,
    Problem,
    Rectangle,
    Robin,
    Time,
    cos,
    cosh,
    exp,
    laplacian,
    pi,
    sin,
    sqrt,
)  # fmt: skip
from kanpde.reference import ReferenceFailed, exact_reference, finite_difference
from problems.allen_cahn import AllenCahn
from problems.burgers import Burgers
from problems.convection import Convection
from problems.heat import Heat
from problems.reaction_diffusion import ReactionDiffusion
from problems.wave import Wave


class Rod(Problem):
    """Nonlinear diffusion with a coefficient at the time derivative, Neumann and Robin ends with moving data."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))
    manufactured = True

    def exact(self, x, t):
        return exp(-t) * sin(3 * x) + x * t

    def residual(self, u, x, t):
        return (2 + x) * u.t - (1 + u**2) * u.xx / 10 + sin(t) * u

    def conditions(self, x, t):
        e = self.exact(x, t)
        return [Initial(u=e.subs(t, 0)), Neumann(u=-sp.diff(e, x), on="x=0"),
                Robin(u=e + 2 * sp.diff(e, x), a=1, b=2, on="x=1")]  # fmt: skip


class Inflow(Problem):
    """Convection with a condition at one end and no periodicity."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def exact(self, x, t):
        return sin(5 * (x - t))

    def residual(self, u, x, t):
        return u.t + u.x

    def conditions(self, x, t):
        return [Initial(u=sin(5 * x)), Dirichlet(u=self.exact(0, t), on="x=0")]


class Drum(Problem):
    """Damped wave equation in two dimensions, partly free."""

    domain = Rectangle(x=(0, 1), y=(0, 2)) * Time(t=(0, 1))
    manufactured = True

    def exact(self, x, y, t):
        return sin(pi * x) * cos(pi * y) * cos(2 * t)

    def residual(self, u, x, y, t):
        return u.tt + u.t / 2 - laplacian(u)

    def conditions(self, x, y, t):
        return [
            Initial(u=sin(pi * x) * cos(pi * y)),
            Initial(u=0, order=1),
            Dirichlet(u=0, on="x"),
            Neumann(u=0, on="y"),
        ]


class Schroedinger(Problem):
    """Free particle as a system of real and imaginary part."""

    domain = Interval(x=(0, 2 * pi)) * Time(t=(0, 1))

    def exact(self, x, t):
        return {"u": cos(2 * x - 4 * t), "v": sin(2 * x - 4 * t)}

    def residual(self, u, v, x, t):
        return {"imaginary": v.t - u.xx, "real": u.t + v.xx}

    def conditions(self, x, t):
        return [Initial(u=cos(2 * x), v=sin(2 * x)), Periodic("x")]


class ClampedBeam(Problem):
    """Damped inside, second order in time, fourth in space, two conditions at each end, those at x = 1 moving."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 0.25))
    manufactured = True

    def exact(self, x, t):
        return x**2 * exp(x) * cos(3 * t)

    def residual(self, u, x, t):
        return u.tt + u.xxxx / 20 - u.xxt / 10

    def conditions(self, x, t):
        e = self.exact(x, t)
        return [Initial(u=e.subs(t, 0)), Initial(u=0, order=1), Dirichlet(u=e, on="x"),
                Neumann(u=0, on="x=0"), Neumann(u=sp.diff(e, x), on="x=1")]  # fmt: skip


class Soliton(Problem):
    """Korteweg-de Vries equation, third order."""

    domain = Interval(x=(-10, 10)) * Time(t=(0, 0.5))

    def exact(self, x, t):
        return 2 / cosh(x - 4 * t) ** 2

    def residual(self, u, x, t):
        return u.t + 6 * u * u.x + u.xxx

    def conditions(self, x, t):
        return [Initial(u=self.exact(x, 0)), Periodic("x")]


@pytest.mark.parametrize("order", [2, 4, 6])
@pytest.mark.parametrize(
    ("problem", "coarse"),
    [
        (Heat(), [13, 17, 25]),
        (Wave(), [61, 81, 121]),
        (Convection(), [17, 25, 33]),
        (Rod(), [13, 17, 25]),
        (Inflow(), [21, 31, 41]),
        (Drum(), [13, 17, 25]),
        (Schroedinger(), [25, 33, 41]),
        (ClampedBeam(), [11, 13, 17]),
        (Soliton(), [81, 101, 121]),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, Problem) else "",
)
def test_the_error_falls_with_the_order_and_stays_below_the_estimate(problem, coarse, order, error_of, observed_order):
    found = [finite_difference(problem, nodes=n, order=order, instants=11) for n in coarse]
    errors = [error_of(problem, r) for r in found]
    # at order 6 the ends have order 4, so that no wave grows; outflow and free ends lose one order by that
    lost = 1 if isinstance(problem, (Inflow, Drum)) and order == 6 else 0
    assert observed_order(coarse, errors) > order - lost - 0.5
    for error, reference in zip(errors, found, strict=True):
        assert error <= 1.1 * reference.error


def test_the_layer_of_burgers_equation_agrees_with_the_closed_form():
    found = finite_difference(Burgers(), instants=21)
    exact = exact_reference(Burgers(), axes=found.axes).values["u"]
    error = np.linalg.norm(found.values["u"] - exact) / np.linalg.norm(exact)
    assert error < 1e-6
    assert error < found.error < 1e-4


def test_fishers_wave_agrees_with_the_exact_solution(error_of):
    found = finite_difference(ReactionDiffusion(), nodes=201)
    assert error_of(ReactionDiffusion(), found) < found.error < 1e-8


def test_allen_cahn_agrees_with_fourier_collocation():
    found = finite_difference(AllenCahn(), nodes=257, instants=3)
    n, step = 512, 1e-3
    x = -1 + 2 * np.arange(n) / n
    diffusion = np.exp(-1e-4 * (np.pi * np.fft.rfftfreq(n, 1 / n)) ** 2 * step / 2)
    u = x**2 * np.cos(np.pi * x)
    for _ in range(1000):  # Strang splitting: diffusion exactly in Fourier space, reaction exactly in closed form
        u = np.fft.irfft(diffusion * np.fft.rfft(u), n)
        u = u / np.sqrt(u**2 + (1 - u**2) * np.exp(-10 * step))
        u = np.fft.irfft(diffusion * np.fft.rfft(u), n)
    ours = found.values["u"][:-1, -1]
    assert len(ours) == n // 2
    # the slope jumps at the seam, so that both are of second order there
    assert np.linalg.norm(ours - u[::2]) < 1e-4 * np.linalg.norm(u[::2])


def test_periodic_ends_agree():
    values = finite_difference(Convection(), nodes=33, instants=5).values["u"]
    np.testing.assert_array_equal(values[0], values[-1])


def test_three_dimensions_are_integrated(error_of):
    class Oven(Problem):
        domain = Box(x=(0, 1), y=(0, 1), z=(0, 1)) * Time(t=(0, 0.5))

        def exact(self, x, y, z, t):
            return sin(pi * x) * sin(pi * y) * cos(pi * z) * exp(-3 * pi**2 * t / 10)

        def residual(self, u, x, y, z, t):
            return u.t - laplacian(u) / 10

        def conditions(self, x, y, z, t):
            return [
                Initial(u=self.exact(x, y, z, 0)),
                Dirichlet(u=0, on="x"),
                Dirichlet(u=0, on="y"),
                Neumann(u=0, on="z"),
            ]

    found = finite_difference(Oven(), nodes=9, instants=5)
    assert found.values["u"].shape == (17, 17, 17, 5)
    assert error_of(Oven(), found) < found.error < 1e-3


@pytest.mark.parametrize("integrator", [BDF, Radau, DOP853])
def test_every_integrator_of_scipy_gives_the_same_wave(integrator, error_of):
    found = finite_difference(Wave(), nodes=41, order=6, integrator=integrator, tolerance=1e-8, instants=9)
    assert found.details["method"] == integrator.__name__
    assert error_of(Wave(), found) < 2e-5


def test_the_estimate_contains_the_error_in_time(error_of):
    found = finite_difference(Heat(), nodes=33, integrator=BDF, tolerance=1e-4)
    assert 1e-5 < error_of(Heat(), found) < found.error


def test_diffusion_is_stiff_and_waves_are_not():
    methods = {p: finite_difference(p, nodes=21, instants=3).details["method"] for p in (Heat(), Wave(), Convection())}
    assert list(methods.values()) == ["Radau", "DOP853", "DOP853"]


def test_a_solution_that_blows_up_fails_with_the_instant():
    class Explosion(Problem):
        domain = Interval(x=(0, 1)) * Time(t=(0, 2))

        def residual(self, u, x, t):
            return u.t - u.xx / 100 - u**2

        def conditions(self, x, t):
            return [Initial(u=1 + sqrt(x)), Neumann(u=0)]

    with pytest.raises(ReferenceFailed, match=r"Radau stopped after t=0\.\d+ of 2"):
        finite_difference(Explosion(), nodes=17, instants=201)


@pytest.mark.parametrize("size", [1.0, 1e-9, 1e-14])
def test_the_unit_of_the_solution_does_not_matter(size):
    class Cooling(Problem):
        domain = Interval(x=(0, 1)) * Time(t=(0, 0.1))

        def exact(self, x, t):
            return size * exp(-(pi**2) * t) * sin(pi * x)

        def residual(self, u, x, t):
            return u.t - u.xx

        def conditions(self, x, t):
            return [Initial(u=size * sin(pi * x)), Dirichlet(u=0, on="x")]

    found = finite_difference(Cooling())
    wanted = exact_reference(Cooling(), axes=found.axes)
    miss = np.linalg.norm(found.values["u"] - wanted.values["u"]) / np.linalg.norm(wanted.values["u"])
    assert miss <= 1e-8
