"""The Fourier series of the nonlinear Schroedinger equation, and what is known about it."""

import numpy as np
import pytest
import sympy as sp
from kanpde.problems.korteweg_de_vries import KortewegDeVries
from kanpde.problems.schroedinger import MEAN, Schroedinger
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from kanpde import Initial
from kanpde.expression import numeric
from kanpde.reference import spectral


def on_the_line(x, t, exp, cosh, cos, i):
    """Satsuma, Yajima (1974): two bound solitons on the whole line."""
    above = cosh(3 * x) + 3 * exp(4 * i * t) * cosh(x)
    return 4 * exp(i * t / 2) * above / (cosh(4 * x) + 4 * cosh(2 * x) + 3 * cos(4 * t))


def complex_values(x, t):
    found = Schroedinger().closed_form(x, t)
    return found["u"] + 1j * found["v"]


def test_a_general_integrator_finds_the_same_solution():
    nodes, k = np.linspace(-5, 5, 257)[:-1], 2 * np.pi * np.fft.fftfreq(256, 10 / 256)

    def slope(t, w):  # the linear part is exact in the variable w = exp(i k^2 t / 2) fft(h)
        h = np.fft.ifft(np.exp(-0.5j * k**2 * t) * w)
        return 1j * np.exp(0.5j * k**2 * t) * np.fft.fft(abs(h) ** 2 * h)

    t, start = np.array([0.2, 0.9]), np.fft.fft(2 / np.cosh(nodes)).astype(complex)
    solved = solve_ivp(slope, (0, 0.9), start, "DOP853", t_eval=t, rtol=1e-8, atol=1e-7)
    right = np.fft.ifft(np.exp(-0.5j * k[:, None] ** 2 * t) * solved.y, axis=0)
    found = complex_values(*np.meshgrid(nodes, t, indexing="ij"))
    # 256 modes resolve the kink at the seam to 2e-5
    assert np.linalg.norm(found - right) < 4e-5 * np.linalg.norm(found)
    assert_allclose(complex_values(nodes, 0.0), 2 / np.cosh(nodes), rtol=0, atol=2e-5)


def test_the_error_is_the_stated_one_against_twice_the_modes_and_half_the_steps():
    x, k = np.linspace(-5, 5, 101)[:-1], 2 * np.pi * np.fft.fftfreq(4096, 10 / 4096)
    h, step, count = (2 / np.cosh(np.linspace(-5, 5, 4097)[:-1])).astype(complex), 0.5 / 5000, 5000
    half = np.exp(-0.25j * step * k**2)  # Strang's splitting, whose error is 6e-8 here
    for _ in range(count):
        h = np.fft.ifft(half * np.fft.fft(h))
        h = np.fft.ifft(half * np.fft.fft(h * np.exp(1j * step * abs(h) ** 2)))
    right = np.exp(1j * np.outer(x + 5, k)) @ np.fft.fft(h) / 4096
    miss = complex_values(x, 0.5) - right
    assert np.linalg.norm(miss) < Schroedinger.closed_form_error * np.linalg.norm(right)


def test_the_solution_on_the_whole_line_solves_the_equations_and_differs_as_stated():
    x, t = Schroedinger().domain.coordinates
    h = on_the_line(x, t, sp.exp, sp.cosh, sp.cos, sp.I)
    residual = sp.I * sp.diff(h, t) + sp.diff(h, x, 2) / 2 + h * sp.conjugate(h) * h
    for at in ({x: 0.3, t: 0.4}, {x: -1.2, t: 1.3}):
        assert abs(complex(residual.subs(at).evalf(30))) < 1e-12
    axes = np.linspace(-5, 5, 61)[:, None], np.linspace(0, np.pi / 2, 31)
    line, found = on_the_line(*axes, np.exp, np.cosh, np.cos, 1j), complex_values(*axes)
    assert 5e-3 < np.linalg.norm(line - found) / np.linalg.norm(found) < 1e-2


def test_the_pair_of_equations_is_the_complex_one():
    problem = Schroedinger()
    x, t = problem.domain.coordinates
    h = on_the_line(x, t, sp.exp, sp.cosh, sp.cos, sp.I)
    real, imaginary = h.as_real_imag()
    known = {"u": real, "v": imaginary}
    for equation in problem.equations.values():
        value = problem.substitute(known, equation).subs({x: 0.3, t: 0.4})
        assert abs(complex(value.evalf(20))) < 1e-10


def test_the_lift_has_the_kink_and_solves_the_equation_of_short_waves():
    problem = Schroedinger()
    x, t = problem.domain.coordinates
    u, v = (problem.given_lift[name] for name in "uv")
    columns = {"x": np.linspace(-4.9, 4.9, 37), "t": np.linspace(0, 0.1, 37)}
    for rest in (sp.diff(u, t) + sp.diff(v, x, 2) / 2 + MEAN * v, -sp.diff(v, t) + sp.diff(u, x, 2) / 2 + MEAN * u):
        assert np.abs(numeric(rest, columns)).max() < 1e-11
    (initial,) = (c for c in problem.condition_list if isinstance(c, Initial))
    nodes = np.linspace(-5, 5, 2001)[:-1]
    wanted = 2 / np.cosh(nodes)
    miss = numeric(initial.values["u"], {"x": nodes, "t": 0 * nodes}) - wanted
    assert np.linalg.norm(miss) < 4e-6 * np.linalg.norm(wanted)


def test_the_mean_that_short_waves_see_does_not_change():
    x = np.linspace(-5, 5, 1025)[:-1]
    for t in (0.0, 0.8):
        assert 2 * np.mean(np.abs(complex_values(x, t)) ** 2) == pytest.approx(MEAN, rel=1e-7)


def test_a_wave_of_permanent_form_solves_the_korteweg_de_vries_equation():
    """A soliton of height 3 c; Korteweg, de Vries (1895), Philosophical Magazine 39, 422."""
    problem = KortewegDeVries(delta=0.1)
    x, t = problem.domain.coordinates
    soliton = 3 / sp.cosh((x - t) / (2 * sp.Rational(1, 10))) ** 2
    (equation,) = problem.equations.values()
    for factor, holds in ((1, True), (sp.Rational(11, 10), False)):
        value = problem.substitute({"u": factor * soliton}, equation).subs({x: 0.13, t: 0.07})
        assert (abs(float(value)) < 1e-10) == holds


def test_fourier_series_take_the_korteweg_de_vries_equation_as_it_is():
    reference = spectral(KortewegDeVries(), modes=256, instants=3)
    assert reference.error < 1e-6
