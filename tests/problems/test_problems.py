"""The problems that come with kanpde, before any training."""

import importlib
import pkgutil

import mpmath
import numpy as np
import pytest
import sympy as sp
from kanpde.problems.advection_diffusion import AdvectionDiffusion
from kanpde.problems.allen_cahn import AllenCahn
from kanpde.problems.beltrami import Beltrami
from kanpde.problems.bratu import Bratu
from kanpde.problems.burgers import Burgers
from kanpde.problems.burgers_parametric import BurgersParametric
from kanpde.problems.convection import Convection
from kanpde.problems.elasticity import Elasticity
from kanpde.problems.euler_bernoulli import EulerBernoulli
from kanpde.problems.heat import Heat
from kanpde.problems.heat_multiscale import HeatMultiscale
from kanpde.problems.helmholtz import Helmholtz
from kanpde.problems.klein_gordon import KleinGordon
from kanpde.problems.korteweg_de_vries import KortewegDeVries
from kanpde.problems.kovasznay import Kovasznay
from kanpde.problems.kuramoto_sivashinsky import KuramotoSivashinsky
from kanpde.problems.lid_driven_cavity import LidDrivenCavity
from kanpde.problems.nagumo import Nagumo
from kanpde.problems.reaction_diffusion import ReactionDiffusion
from kanpde.problems.sine_gordon import SineGordon
from kanpde.problems.taylor_green import TaylorGreen
from kanpde.problems.wave import Wave
from numpy.testing import assert_allclose

from kanpde import Problem, problems
from kanpde.ansatz import build_ansatz
from kanpde.problem import GROUPS


def classes():
    modules = [
        importlib.import_module(f"{problems.__name__}.{m.name}") for m in pkgutil.iter_modules(problems.__path__)
    ]
    found = {v for m in modules for v in vars(m).values() if isinstance(v, type) and v.__module__ == m.__name__}
    return sorted((c for c in found if issubclass(c, Problem)), key=lambda c: c.__name__)


SOLVED = [c for c in classes() if hasattr(c, "exact")]


def test_there_are_problems():
    assert len(classes()) >= 38
    assert len(SOLVED) >= 26
    assert {c.group for c in classes()} == set(GROUPS)


@pytest.mark.parametrize("cls", classes())
def test_every_problem_is_ready_and_says_where_it_comes_from(cls):
    assert cls().check().errors == ()
    assert cls.source
    assert cls.group in GROUPS
    assert cls.typical is None or (len(cls.typical) == 2 and min(cls.typical) > 0)
    assert cls.__doc__
    assert all(line.strip() for line in cls().latex())


@pytest.mark.parametrize("cls", SOLVED)
def test_the_exact_solution_solves_the_problem(cls):
    assert cls().check().findings == ()


@pytest.mark.parametrize("cls", SOLVED)
@pytest.mark.parametrize(
    "change", [lambda e, x: e + sp.Rational(1, 100), lambda e, x: e + x**2 / 100, lambda e, x: e * 1.01]
)
def test_a_wrong_solution_does_not(cls, change):
    right, wrong = cls(), cls()
    x = wrong.domain.coordinates[0]
    wrong.equations  # noqa: B018  (a manufactured source stays that of the right solution)
    wrong.__dict__["exact_solution"] = {name: change(e, x) for name, e in right.exact_solution.items()}
    assert not wrong.check().ok


@pytest.mark.parametrize(
    ("cls", "parameters"),
    [
        (AdvectionDiffusion, {"speed": 0.5, "D": 0.1}),
        (AllenCahn, {"diffusivity": 1e-3, "rate": 4}),
        (Beltrami, {"a": 0.5, "d": 0.7, "nu": 0.1}),
        (Bratu, {"theta": 3}),
        (Burgers, {"nu": 0.1}),
        (Convection, {"speed": 50}),
        (Elasticity, {"lam": 2, "mu": 3}),
        (EulerBernoulli, {"stiffness": 0.02}),
        (Heat, {"alpha": 1}),
        (HeatMultiscale, {"along_x": 1e-3, "along_y": 0.2, "waves": 3}),
        (Helmholtz, {"a": 2, "b": 3, "k": 5}),
        (KleinGordon, {"k": 3}),
        (KortewegDeVries, {"delta": 0.1}),
        (Kovasznay, {"Re": 20}),
        (KuramotoSivashinsky, {"alpha": 5, "beta": 0.5, "gamma": 0.005}),
        (LidDrivenCavity, {"nu": 0.1}),
        (Nagumo, {"D": 0.5, "threshold": 0.1}),
        (ReactionDiffusion, {"D": 0.5, "r": 2}),
        (SineGordon, {"omega": 0.8}),
        (TaylorGreen, {"nu": 0.01}),
        (Wave, {"c": 3}),
    ],
)
def test_every_parameter_may_be_given_and_the_solution_follows(cls, parameters):
    given, usual = cls(**parameters), cls()
    assert given.parameters == parameters
    assert set(usual.parameters) == set(parameters)
    assert given.equations != usual.equations or given.exact_solution != usual.exact_solution
    assert given.check().errors == ()


def test_the_lift_of_the_cavity_is_stokes_flow_below_the_lid():
    """The rest of its residual, which the network has to take away, is bounded in the corners; that of a smooth flow is not."""
    cavity = LidDrivenCavity()
    lift = cavity.given_lift
    x, y = cavity.domain.coordinates
    stokes = {
        "x": sp.diff(lift["p"], x) - cavity.nu * (sp.diff(lift["u"], x, 2) + sp.diff(lift["u"], y, 2)),
        "y": sp.diff(lift["p"], y) - cavity.nu * (sp.diff(lift["v"], x, 2) + sp.diff(lift["v"], y, 2)),
        "mass": sp.diff(lift["u"], x) + sp.diff(lift["v"], y),
    }
    for side in (lambda r: r, lambda r: 1 - r):
        for r in (1e-3, 1e-5):
            there = {x: side(0.6 * r), y: 1 - 0.8 * r}
            assert all(abs(float(e.subs(there))) < 1e-3 * cavity.nu / r for e in stokes.values())
    ansatz = build_ansatz(cavity, hard=True)
    form = ansatz.forms["u"].subs(ansatz.outputs["u"], 0)
    for r in (0.3, 1e-6):
        assert abs(float(form.subs({x: r, y: 1})) - 4 * r * (1 - r)) < 1e-13
        assert max(abs(float(form.subs(place))) for place in ({x: 0, y: 1 - r}, {x: 1, y: 1 - r}, {x: r, y: 0})) < 1e-13


# -------------------------------------------------------------------- the closed form of Burgers' equation


def cole_hopf(x, t, nu):
    """Solution of Burgers' equation from u(x, 0) = -sin(pi x), by adaptive quadrature with 30 digits.

    Source:
        Cole (1951), Quarterly of Applied Mathematics 9, 225; Basdevant et al. (1986), Computers & Fluids 14, 23, eq. 2.5.
    """
    with mpmath.workdps(30):
        x, t, nu = mpmath.mpf(x), mpmath.mpf(t), mpmath.mpf(nu)
        half = mpmath.sqrt(4 * nu * t) * mpmath.sqrt(75 + 1 / (mpmath.pi * nu))

        def weight(eta):
            return mpmath.exp(-mpmath.cos(mpmath.pi * (x - eta)) / (2 * mpmath.pi * nu) - eta**2 / (4 * nu * t))

        pieces = mpmath.linspace(-half, half, 21)
        above = mpmath.quad(lambda eta: mpmath.sin(mpmath.pi * (x - eta)) * weight(eta), pieces)
        return -above / mpmath.quad(weight, pieces)


def trapezoidal(x, t, nu):
    """The same integrals by the trapezoidal rule, which converges exponentially here, with half the spacing and 40 digits."""
    with mpmath.workdps(40):
        x, t, nu = mpmath.mpf(x), mpmath.mpf(t), mpmath.mpf(nu)
        half = mpmath.sqrt(90 + 1 / (mpmath.pi * nu))
        count = int(half / mpmath.mpf("0.02"))
        above = below = mpmath.mpf(0)
        for s in (half * i / count for i in range(-count, count + 1)):
            place = mpmath.pi * (x - mpmath.sqrt(4 * nu * t) * s)
            weight = mpmath.exp(-mpmath.cos(place) / (2 * mpmath.pi * nu) - s**2)
            above, below = above + mpmath.sin(place) * weight, below + weight
        return -above / below


@pytest.mark.parametrize("nu", [0.01 / np.pi, 0.01, 0.1])
@pytest.mark.parametrize(("x", "t"), [(0.25, 0.5), (0.001, 0.5), (-0.02, 0.9), (0.01, 0.35), (-0.5, 0.01), (0.9, 1.0)])
def test_the_closed_form_of_burgers_equals_the_cole_hopf_integrals(nu, x, t):
    assert_allclose(
        Burgers(nu=nu).closed_form(x, t), float(cole_hopf(x, t, nu)), rtol=0, atol=Burgers.closed_form_error
    )


@pytest.mark.parametrize("nu", [0.01 / np.pi, 0.01])
def test_the_closed_form_of_burgers_has_the_error_that_it_states(nu):
    generator = np.random.default_rng(0)
    x = np.concatenate([generator.uniform(-1, 1, 10), generator.uniform(-5 * nu, 5 * nu, 10)])
    t = generator.uniform(0, 1, 20)
    right = np.array([float(trapezoidal(*point, nu)) for point in zip(x, t, strict=True)])
    miss = Burgers(nu=nu).closed_form(x, t) - right
    assert np.linalg.norm(miss) <= Burgers.closed_form_error / 2 * np.linalg.norm(right)
    assert np.abs(miss).max() <= Burgers.closed_form_error


@pytest.mark.parametrize("nu", [0.01 / np.pi, 0.1])
def test_the_closed_form_of_burgers_has_its_initial_and_boundary_values(nu):
    burgers, x, t = Burgers(nu=nu), np.linspace(-1, 1, 41), np.linspace(0, 1, 11)
    assert_allclose(burgers.closed_form(x, 0.0), -np.sin(np.pi * x), atol=1e-15)
    for end in (-1.0, 1.0):
        assert_allclose(burgers.closed_form(end, t), 0, atol=1e-15)


@pytest.mark.parametrize(("nu", "x", "t"), [(0.01 / np.pi, 0.3, 0.4), (0.01 / np.pi, 0.004, 0.6), (0.1, -0.2, 0.5)])
def test_the_closed_form_of_burgers_solves_the_equation(nu, x, t):
    burgers = Burgers(nu=nu)
    # central differences of order 4; the layer is 4 nu wide
    h = 2e-2 * nu
    weights = np.array([1, -8, 0, 8, -1]) / 12
    second = np.array([-1, 16, -30, 16, -1]) / 12
    steps = np.arange(-2, 3) * h
    u, in_x, in_t = (burgers.closed_form(x + a, t + b) for a, b in [(0.0, 0.0), (steps, 0.0), (0.0, steps)])
    terms = [weights @ in_t / h, u * (weights @ in_x) / h, -nu * (second @ in_x) / h**2]
    assert abs(sum(terms)) < 1e-6 * max(map(abs, terms))


def test_the_closed_form_of_burgers_takes_arrays_of_any_shape():
    x, t = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(0, 1, 3), indexing="ij")
    found = Burgers().closed_form(x, t)
    assert found.shape == (5, 3)
    assert found[1, 2] == Burgers().closed_form(-0.5, 1.0)


def test_the_closed_form_with_many_viscosities_is_that_of_each_of_them():
    x, nu, t = np.meshgrid(np.linspace(-1, 1, 9), [0.01 / np.pi, 0.02, 0.1], np.linspace(0, 1, 4), indexing="ij")
    found = BurgersParametric().closed_form(x, nu, t)
    for i, value in enumerate(nu[0, :, 0]):
        assert_allclose(found[:, i], Burgers(nu=value).closed_form(x[:, i], t[:, i]), rtol=0, atol=2e-15)
    assert_allclose(found[2, 1, 3], float(cole_hopf(-0.5, 1, 0.02)), rtol=0, atol=BurgersParametric.closed_form_error)
