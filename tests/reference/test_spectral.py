import sys

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

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
    cos,
    cosh,
    diff,
    exp,
    log,
    pi,
    sin,
)  # fmt: skip
from kanpde.reference import ReferenceFailed, exact_reference, finite_difference, reference_for, spectral
from kanpde.reference.exponential import Etdrk4, phi_functions
from kanpde.reference.fourier import fourier_system
from problems.allen_cahn import AllenCahn
from problems.burgers import Burgers
from problems.convection import Convection
from problems.heat import Heat
from problems.kuramoto_sivashinsky import KuramotoSivashinsky
from problems.wave import Wave


class Ring(Burgers):
    """Burgers' equation round a ring: the sine wave stays odd about x = 0 and x = 1, so that the closed form holds."""

    nu = 0.05

    def conditions(self, x, t):
        return [Initial(u=-sin(pi * x)), Periodic("x")]


class Dispersion(Problem):
    """Every linear term up to fourth order at once; a wave travels and decays."""

    domain = Interval(x=(-2, 5)) * Time(t=(1, 3))

    def exact(self, x, t):
        k = 2 * pi / 7
        return exp((k**2 / 5 - k**4 / 9 - 2) * (t - 1)) * sin(k * (x - (k**2 + 3) * (t - 1)))

    def residual(self, u, x, t):
        return u.t + 3 * u.x + u.xx / 5 - u.xxx + u.xxxx / 9 + 2 * u

    def conditions(self, x, t):
        return [Initial(u=sin(2 * pi / 7 * x)), Periodic("x")]


class Soliton(Problem):
    """Korteweg-de Vries equation."""

    domain = Interval(x=(-20, 20)) * Time(t=(0, 0.2))

    def exact(self, x, t):
        return 2 / cosh(x - 4 * t) ** 2

    def residual(self, u, x, t):
        return u.t + 6 * u * u.x + u.xxx

    def conditions(self, x, t):
        return [Initial(u=self.exact(x, 0)), Periodic("x")]


class Driven(Problem):
    """A factor at the time derivative, a nonlinearity that is no polynomial, a source that moves."""

    domain = Interval(x=(0, 2 * pi)) * Time(t=(0, 1))
    manufactured = True

    def exact(self, x, t):
        return exp(sin(x - t)) + t * cos(2 * x)

    def residual(self, u, x, t):
        return 2 * u.t - u.xx / 3 - sin(u) + cos(x) * u.x * u

    def conditions(self, x, t):
        return [Initial(u=self.exact(x, 0)), Periodic("x")]


class Schroedinger(Problem):
    """Nonlinear Schroedinger equation in real and imaginary part: a plane wave whose speed depends on its height."""

    domain = Interval(x=(0, 2 * pi)) * Time(t=(0, 1))

    def exact(self, x, t):
        phase = 3 * x - (9 - 4) * t
        return {"u": 2 * cos(phase), "v": 2 * sin(phase)}

    def residual(self, u, v, x, t):
        height = u**2 + v**2
        return {"real": u.t + v.xx + height * v, "imaginary": -v.t + u.xx + height * u}

    def conditions(self, x, t):
        return [Initial(u=2 * cos(3 * x), v=2 * sin(3 * x)), Periodic("x")]


class Tent(Problem):
    """Heat equation from a function with kinks."""

    domain = Interval(x=(-1, 1)) * Time(t=(0, 1))
    closed_form_error = 1e-15

    def residual(self, u, x, t):
        return u.t - u.xx / 100

    def conditions(self, x, t):
        return [Initial(u=abs(x)), Periodic("x")]

    def closed_form(self, x, t):
        odd = np.arange(1, 400, 2)[:, None] * np.pi
        later = 0.5 - 4 * np.sum(np.cos(odd * x) * np.exp(-(odd**2) * t / 100) / odd**2, axis=0)
        return np.where(t > 0, later, np.abs(x))


class Unfolded(Problem):
    """Allen-Cahn from its seam x = 1 to x = 0, between which it is even, with nodes gathered at the seam."""

    domain = Interval(s=(0, 1)) * Time(t=(0, 1))

    @staticmethod
    def place(s):
        return 1 - (199 * s**2 + s) / 200

    def residual(self, u, s, t):
        stretch = diff(self.place(s), s)
        return u.t - diff(u.s / stretch, s) / stretch / 10_000 - 5 * (u - u**3)

    def conditions(self, s, t):
        return [Initial(u=self.place(s) ** 2 * cos(pi * self.place(s))), Neumann(u=0)]


def ring(residual, initial=lambda x: sin(x), extra=(), domain=None):
    """A problem on a periodic interval that is made of functions."""
    body = {
        "domain": domain or Interval(x=(0, 2 * pi)) * Time(t=(0, 2)),
        "residual": lambda self, u, x, t: residual(u, x, t),
        "conditions": lambda self, x: [Initial(u=initial(x)), Periodic("x"), *extra],
    }
    return type("Ring", (Problem,), body)()


def relative(found, right):
    return np.linalg.norm(found - right) / np.linalg.norm(right)


# -------------------------------------------------------------------- against closed forms


@pytest.mark.parametrize(
    "problem", [Convection(), Convection(speed=50), Dispersion(), Soliton(), Driven(), Schroedinger(), Ring(), Tent()],
    ids=lambda p: p.name,
)  # fmt: skip
def test_the_default_call_is_accurate_to_its_estimate(problem, error_of):
    found = spectral(problem, instants=6)
    assert error_of(problem, found) <= found.error <= 1e-9


def test_the_error_falls_exponentially_with_the_modes(error_of):
    axes, modes = {"x": np.linspace(-1, 1, 101), "t": np.array([0.3])}, np.array([6, 8, 10, 12, 14])
    errors = [error_of(Ring(nu=0.1), spectral(Ring(nu=0.1), modes=m, axes=axes)) for m in modes]
    # the error of 2 m modes is exp(-2 pi d m) if the solution is analytic up to a distance d from the real axis
    slopes = np.diff(np.log(errors)) / np.diff(modes)
    assert slopes.max() < -2
    assert slopes.max() - slopes.min() < 0.05


@pytest.mark.parametrize("arguments", [{"modes": 8}, {"modes": 64, "tolerance": 1.0}])
def test_the_estimate_contains_the_error_in_space_and_the_one_in_time(arguments, error_of):
    found = spectral(Ring(), **arguments, instants=2)
    assert 1e-7 < error_of(Ring(), found) < found.error


def test_a_linear_equation_is_exact_in_time_whatever_the_step(error_of):
    found = spectral(Dispersion(), modes=4, instants=2)
    assert found.details["steps"] == 2
    assert error_of(Dispersion(), found) < 1e-14


def test_the_values_may_be_asked_for_anywhere():
    x, t = np.array([-0.9, -0.123, 0.0, 0.4321, 1.0]), np.array([0.0, 0.017, 0.3, 0.9])
    found = spectral(Ring(), axes={"t": t, "x": x})
    assert list(found.axes) == ["x", "t"]
    exact = exact_reference(Ring(), axes={"x": x, "t": t})
    assert_allclose(found.values["u"], exact.values["u"], atol=1e-9)


def test_a_kink_at_the_first_instant_is_kept():
    x = np.linspace(-1, 1, 101)
    assert_allclose(spectral(Tent(), axes={"x": x, "t": np.array([0.0, 1.0])}).values["u"][:, 0], np.abs(x), atol=1e-15)


# -------------------------------------------------------------------- against other methods


@pytest.mark.parametrize(
    ("modes", "tolerance", "nodes", "instants", "agreement"),
    [(256, 1e-7, 401, 3, 1e-6), pytest.param(None, 1e-9, 1601, 101, 1e-9, marks=pytest.mark.slow)],
)
def test_allen_cahn_agrees_with_finite_differences_on_a_grid_that_resolves_the_seam(
    modes, tolerance, nodes, instants, agreement
):
    differences = finite_difference(Unfolded(), nodes=nodes, instants=instants, tolerance=tolerance / 100)
    x, t = Unfolded.place(differences.axes["s"])[::-1], differences.axes["t"][1:]
    found = spectral(AllenCahn(), modes=modes, tolerance=tolerance, axes={"x": x, "t": t})
    assert found.error < agreement
    # at the start the slope of the data contradicts the Neumann condition
    assert relative(found.values["u"], differences.values["u"][::-1, 1:]) < agreement


def test_kuramoto_sivashinsky_agrees_with_collocation_and_radau():
    problem, n = KuramotoSivashinsky(), 256
    x, t = 2 * np.pi / n * np.arange(n), np.array([0.0, 0.03, 0.06])
    wave = np.fft.fftfreq(n, 1 / n)
    first, second, fourth = (
        np.fft.ifft((1j * wave[:, None]) ** k * np.fft.fft(np.eye(n), axis=0), axis=0).real for k in (1, 2, 4)
    )
    alpha, beta, gamma = (float(v) for v in (problem.alpha, problem.beta, problem.gamma))
    linear = -beta * second - gamma * fourth
    brute = solve_ivp(
        lambda t, u: linear @ u - alpha * u * (first @ u), (0, 0.06), np.cos(x) * (1 + np.sin(x)), method="Radau",
        jac=lambda t, u: linear - alpha * (u[:, None] * first + np.diag(first @ u)), t_eval=t, rtol=1e-9, atol=1e-9,
    )  # fmt: skip
    found = spectral(problem, axes={"x": x, "t": t})
    assert found.error < 1e-9
    assert relative(found.values["u"], brute.y) < 1e-9


def test_a_soliton_agrees_with_finite_differences():
    differences = finite_difference(Soliton(), nodes=401, instants=3)
    found = spectral(Soliton(), axes=differences.axes)
    assert relative(differences.values["u"], found.values["u"]) < differences.error < 1e-3


# -------------------------------------------------------------------- the parts


def test_products_of_three_factors_are_free_of_aliasing():
    problem, generator = ring(lambda u, x, t: u.t - u.xx - u**2 * u.x - u**2), np.random.default_rng(0)
    few, many = (fourier_system(problem, modes) for modes in (16, 64))
    c = np.zeros((1, 64), complex)
    c[0, :16] = generator.normal(size=16) + 1j * generator.normal(size=16)
    assert_allclose(few.rest(0.0, c[:, :16]), many.rest(0.0, c)[:, :16], rtol=1e-12)


@pytest.mark.parametrize("z", [0, 1e-8, -1e-3j, 0.3 + 0.4j, -0.999, 1.001j, -30, 20j, -1e6])
def test_the_phi_functions_have_all_digits(z):
    with mpmath.workdps(60):
        e, w = mpmath.exp(z), mpmath.mpc(z)
        right = [(e - 1) / w, (e - 1 - w) / w**2, (e - 1 - w - w**2 / 2) / w**3] if z else [1.0, 0.5, 1 / mpmath.mpf(6)]
        right = [complex(v) for v in right]
    found = [complex(v[0, 0]) for v in phi_functions(np.array([[z]], complex))]
    assert_allclose(found, right, rtol=4e-15)


def errors_of(multiplier, counts):
    """Errors of the plain and the extrapolated method where the solution is cos(t), whatever the multiplier."""

    def rest(t, c):
        return -np.sin(t) - multiplier * np.cos(t) + np.cos(t) ** 2 - c**2

    method, plain, extrapolated = Etdrk4(np.array([[multiplier + 0j]]), rest), [], []
    for n in counts:
        c = d = np.ones((1, 1), complex)
        for i in range(n):
            c = method.step(i / n, c, 1 / n)
            d, _ = method.double_step(i / n, d, 1 / n)
        plain.append(abs(c - np.cos(1)).item())
        extrapolated.append(abs(d - np.cos(1)).item())
    return plain, extrapolated


@pytest.mark.parametrize("multiplier", [0.0, -0.5, 3j])
def test_the_method_has_order_four_and_five_when_extrapolated(multiplier):
    counts = [8, 16, 32]
    orders = [-np.polyfit(np.log(counts), np.log(e), 1)[0] for e in errors_of(multiplier, counts)]
    assert orders[0] > 3.8
    assert orders[1] > 4.8


@pytest.mark.parametrize("multiplier", [-1e2, -1e4, -1e8, 1e4j])
def test_the_method_is_accurate_however_stiff_the_linear_part_is(multiplier):
    plain, extrapolated = errors_of(multiplier, [8])
    assert plain[0] < 3e-5
    assert extrapolated[0] < 5e-6


def test_the_steps_of_a_run_lead_to_the_same_state_when_they_are_followed():
    def rest(t, c):
        return np.cos(20 * t) * c**2

    method, start = Etdrk4(np.array([[-2.0 + 0j]]), rest), np.array([[0.7 + 0j]])
    after, steps = method.advance(start, 0.0, 3.0, 1e-8)
    assert steps[0][0] == 0
    assert_allclose([t + h for t, h in steps[:-1]], [t for t, _ in steps[1:]], atol=1e-15)
    assert_allclose(steps[-1][0] + steps[-1][1], 3, atol=1e-15)
    assert len({h for _, h in steps}) > 1
    assert np.array_equal(method.follow(start, steps), after)


# -------------------------------------------------------------------- what it takes and what it refuses


def test_measurements_are_left_out():
    plain, noisy = (ring(lambda u, x, t: u.t - u.xx, extra=e) for e in ([], [Data({"x": [0.5], "t": [0.5]}, u=[17.0])]))
    first, second = (spectral(p, instants=3).values["u"] for p in (plain, noisy))
    np.testing.assert_array_equal(first, second)


def test_a_source_of_time_alone_moves_the_mean():
    found = spectral(ring(lambda u, x, t: u.t - 3 * t**2 - u.xx), instants=3)
    x, t = np.meshgrid(found.axes["x"], found.axes["t"], indexing="ij")
    assert_allclose(found.values["u"], t**3 + np.exp(-t) * np.sin(x), atol=1e-13)


def test_it_is_the_reference_where_it_applies_and_finite_differences_elsewhere():
    assert reference_for(ring(lambda u, x, t: u.t - u.xx + u**3)).name.startswith("Fourier spectral, ETDRK4, 64 modes")
    quasilinear = ring(lambda u, x, t: u.t - (1 + u**2) * u.xx)
    assert reference_for(quasilinear).name.startswith("finite differences")


def test_a_solution_that_blows_up_fails_with_the_instant():
    with pytest.raises(ReferenceFailed, match=r"ETDRK4 has come to 1 of 1\.02 .* does the solution blow up"):
        spectral(ring(lambda u, x, t: u.t - u**2, initial=lambda x: 1 + 0 * x), modes=8)


def test_too_many_steps_are_given_up(monkeypatch):
    monkeypatch.setattr(sys.modules["kanpde.reference.exponential"], "MOST_STEPS", 10)
    with pytest.raises(ReferenceFailed, match=r"ETDRK4 has come to 0\.\d+ of 1 in 11 steps"):
        spectral(Ring(), modes=16, instants=2)


def test_a_solution_that_is_not_resolved_is_refused_and_left_to_finite_differences(monkeypatch):
    monkeypatch.setattr(sys.modules["kanpde.reference.spectral"], "MOST_MODES", 64)
    shock = ring(lambda u, x, t: u.t + u * u.x - u.xx / 500, domain=Interval(x=(0, 2 * pi)) * Time(t=(0, 1.5)))
    with pytest.raises(ReferenceFailed, match=r"128 Fourier modes do not resolve the solution .* give `modes`"):
        spectral(shock)
    assert reference_for(shock).name.startswith("finite differences")
    assert 1e-6 < spectral(shock, modes=64).error < 1e-1


class Square(Problem):
    domain = Rectangle(x=(0, 1), y=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, x, y, t):
        return u.t - u.xx - u.yy

    def conditions(self, x, y, t):
        return [Initial(u=0), Periodic("x", "y")]


class Unknown(Convection):
    speed = Parameter(1.0)

    def exact(self, x, t):
        return sin(x - t)


class Jordan(Problem):
    """The wave equation as a system, in which the mean grows linearly."""

    domain = Interval(x=(0, 1)) * Time(t=(0, 1))

    def residual(self, u, v, x, t):
        return {"a": u.t - v, "b": v.t - u.xx}

    def conditions(self, x, t):
        return [Initial(u=sin(2 * pi * x), v=0), Periodic("x")]


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (Square(), "`domain` must be an interval times a time for Fourier series"),
        (Unknown(), "`speed` is unknown: Fourier series need a number"),
        (Heat(), r'`conditions` must have Periodic\("x"\)'),
        (ring(lambda u, x, t: u.t - u.xx, extra=[Dirichlet(u=0)]), r"`Dirichlet\(u=0\)` holds at an end of x"),
        (ring(lambda u, x, t: u.tt - u.xx), "`u` has order 2 in t, Fourier series here take order 1"),
        (ring(lambda u, x, t: u.t - (2 + sin(x)) * u.xx), "`u.xx` has a coefficient that is not constant"),
        (ring(lambda u, x, t: u.t - (u**3).diff(x, 2)), "`u.xx` has a coefficient that is not constant"),
        (Jordan(), "`residual` has a linear part that is not diagonalisable"),
        (ring(lambda u, x, t: u.t - u.xxt - u.x), "has the highest order in t and space derivatives"),
        (ring(lambda u, x, t: u.t - u.xx, initial=lambda x: log(x - 1)), "is not finite"),
    ],
)
def test_a_problem_that_it_cannot_take_is_refused_with_the_reason(problem, message):
    with pytest.raises(ValueError, match=message):
        spectral(problem)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"modes": 3}, "`modes` must be at least 4, got 3"),
        ({"tolerance": 0.0}, "`tolerance` must be above 0, got 0.0"),
        ({"axes": {"x": np.zeros(1)}}, "`axes` must name x, t, got x"),
        ({"axes": {"x": np.zeros(1), "t": np.array([0.5, 0.2])}}, "`axes` must hold ascending values of t"),
        ({"axes": {"x": np.zeros(1), "t": np.array([0.5, 1.2])}}, r"`axes` must have t in \[0, 1\], got 0.5 to 1.2"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        spectral(Ring(), **arguments)


def test_a_wave_is_left_to_finite_differences():
    assert not reference_for(Wave()).name.startswith("Fourier")
