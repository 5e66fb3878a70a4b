"""Eigenvalues and their functions, against closed forms."""

import json
import re

import numpy as np
import pytest
from kanpde.problems.drum import Drum
from kanpde.problems.quantum_oscillator import QuantumOscillator
from numpy.testing import assert_allclose

from kanpde import (
    KAN,
    Dirichlet,
    Eigenvalue,
    Initial,
    Interval,
    Modes,
    Neumann,
    Parameter,
    Problem,
    Rectangle,
    Robin,
    Solution,
    Time,
    laplacian,
    modes,
    pi,
    sin,
    solve,
)
from kanpde.cli import main


class Plate(Problem):
    """A square whose edges are free; the lowest eigenvalue is 0, and the next one double."""

    domain = Rectangle(x=(0, 1), y=(0, 1))
    lam = Eigenvalue()

    def residual(self, u, x, y):
        return laplacian(u) + self.lam * u

    def conditions(self, x, y):
        return [Neumann(u=0)]

    def eigenvalues(self, count):
        return np.sort([np.pi**2 * (i * i + j * j) for i in range(count) for j in range(count)])[:count]


class Sloshing(Problem):
    """Waves on water of depth 1: the eigenvalue stands in a condition, k tanh(k) with k = 0, pi, 2 pi, ..."""

    domain = Rectangle(x=(0, 1), y=(-1, 0))
    lam = Eigenvalue()

    def residual(self, u, x, y):
        return laplacian(u)

    def conditions(self, u, x, y):
        return [Neumann(u=0, on="x"), Neumann(u=0, on="y=-1"), Robin(u=0, a=-self.lam, b=1, on="y=0")]


class Beam(Problem):
    """Two unknowns in place of a fourth derivative: a beam that is supported at both ends."""

    domain = Interval(x=(0, 1))
    lam = Eigenvalue()

    def residual(self, u, m, x):
        return {"moment": m - u.xx / 10, "balance": m.xx * 10 - self.lam * u * 100}

    def conditions(self, x):
        return [Dirichlet(u=0, m=0)]


def small(n, outputs=1):
    return KAN([n, 6, outputs], basis="chebyshev", k=[14, 4], base=False)


@pytest.mark.slow
def test_states_of_the_oscillator_to_1e_11():
    found = modes(QuantumOscillator(), 4, steps=30, hard=True)
    assert found.errors.max() < 1e-11
    x = np.linspace(-3, 3, 31)
    wanted = np.exp(-(x**2) / 2) / np.pi**0.25
    lowest = found[0](x=x)
    assert_allclose(lowest * np.sign(lowest[15]), wanted, atol=1e-9)
    assert_allclose(found.overlap, np.eye(4), atol=1e-9)
    assert found.doubts == []


@pytest.mark.slow
def test_the_lowest_mode_of_a_drum_to_1e_8():
    found = modes(Drum(), 1, steps=30, hard=True, seed=1)
    assert found.errors.max() < 1e-8
    assert found.residuals[0] < 1e-3


@pytest.mark.slow
def test_zero_and_a_double_eigenvalue_to_1e_7():
    found = modes(Plate(), 3, small(2), steps=30)
    assert found.errors.max() < 1e-7
    assert_allclose(found.overlap, np.eye(3), atol=1e-5)


@pytest.mark.slow
def test_an_eigenvalue_in_a_boundary_condition_to_1e_5():
    found = modes(Sloshing(), 3, small(2), steps=30)
    k = np.pi * np.arange(3)
    assert_allclose(found.values, k * np.tanh(k), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_system_of_two_unknowns_to_1e_7():
    found = modes(Beam(), 2, small(1, 2), steps=40)
    assert_allclose(found.values, np.array([1, 2]) ** 4 * np.pi**4 / 100, rtol=1e-7)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits_and_records_hold_the_mode(tmp_path):
    first, again = (modes(QuantumOscillator(), 1, small(1), steps=5) for _ in range(2))
    assert first.values[0] == again.values[0]
    loaded = Solution.load(first[0].save(tmp_path / "mode.h5"))
    assert loaded(x=0.3) == first[0](x=0.3)
    assert loaded.problem_name == "QuantumOscillator mode 1"


def of(values, starts, overlap, residuals=None):
    values, starts, overlap = map(np.array, (values, starts, overlap))
    missed = np.zeros(len(values)) if residuals is None else np.array(residuals)
    return Modes("lam", values, starts, missed, (None,) * len(values), overlap)


def test_a_mode_that_was_found_twice_or_ran_away_is_doubted():
    assert of([1.0, 2.0], [1.0, 2.0], [[1, 0], [0, 1]]).doubts == []
    assert "modes 1 and 2 overlap by 0.9" in of([1.0, 1.0], [1.0, 1.0], [[1, 0.9], [0.9, 1]]).doubts[0]
    assert "mode 1 has the residual 3.0e+00 beside" in of([9.0, 10.0], [9.0, 10.0], np.eye(2), [3.0, 0.1]).doubts[0]
    assert "mode 2 started from 4 and ended at 2" in of([1.0, 2.0], [1.0, 4.0], [[1, 0], [0, 1]]).doubts[0]


def test_errors_are_those_of_the_known_values():
    assert of([1.0], [1.0], [[1]]).errors is None
    known = Modes("lam", np.array([1.1, 2.0]), np.ones(2), np.zeros(2), (None, None), np.eye(2), np.array([0.0, 4.0]))
    assert_allclose(known.errors, [1.1, 0.5])


def given(residual, conditions=None, domain=None, number=None):
    """A problem with the parts that are given."""
    where = domain or Interval(x=(0, 1))

    class Given(Problem):
        domain = where
        lam = number or Eigenvalue()

        def residual(self, u, x):
            return residual(self, u, x)

        def conditions(self, x):
            return conditions or [Dirichlet(u=0)]

    return Given()


def wave(problem, u, x):
    return u.xx + problem.lam * u


@pytest.mark.parametrize(
    ("problem", "count", "message"),
    [
        (given(wave, number=Parameter(1.0)), 1, "has no eigenvalue: make a number of it an Eigenvalue"),
        (given(wave), 0, "`count` must be a whole number of at least 1, got 0"),
        (given(lambda p, u, x: u.xx + p.lam * u + sin(x)), 1, "`equation` must vanish for u = 0 in an eigenvalue"),
        (given(lambda p, u, x: u.xx + p.lam * u**2), 1, "`equation` must be linear in the unknowns and in lam"),
        (given(lambda p, u, x: u.xx + p.lam**2 * u), 1, "`equation` must be linear in the unknowns and in lam"),
        (given(wave, [Dirichlet(u=1)]), 1, "`dirichlet u on boundary` must vanish for u = 0"),
        (given(wave), 400, "`count` must be at most [0-9]+ for Given, got 400"),
        (
            given(
                lambda p, u, x: u.diff(x, 2) + p.lam * u - u.diff(u.args[-1]),
                [Dirichlet(u=0), Initial(u=0)],
                Interval(x=(0, pi)) * Time(t=(0, 1)),
            ),
            1,
            "`domain` of an eigenvalue problem must have no time",
        ),
    ],
)
def test_what_has_no_modes_is_refused(problem, count, message):
    with pytest.raises(ValueError, match=message):
        modes(problem, count)


def test_solve_names_modes_instead():
    with pytest.raises(ValueError, match="`problem` Drum has the eigenvalue lam, and u = 0 solves it: call modes"):
        solve(Drum(), steps=1)


@pytest.mark.slow
def test_the_command_line_solves_for_modes(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["quantum_oscillator", "--modes", "2", "--steps", "20", "--width", "1,6,1", "--degree", "14,4"]
    assert main(["solve", *options, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert_allclose([m["eigenvalue"] for m in content["modes"]], [0.5, 1.5], rtol=1e-4)
    assert (tmp_path / content["modes"][1]["record"]).is_file()
    assert main(["solve", *options]) == 0
    printed = re.search(r"E 2 = (\S+)", capsys.readouterr().out)
    assert_allclose(float(printed.group(1)), 1.5, rtol=1e-4)
    for extra, message in (
        (["--slabs", "2"], "`--slabs` is not for"),
        (["--modes", "0"], "`--modes` must be at least 1"),
    ):
        assert main(["solve", "drum", *extra]) == 2
        assert message in capsys.readouterr().err
    assert main(["solve", "poisson", "--modes", "2"]) == 2
    assert "`--modes` is for eigenvalues, of which Poisson has none" in capsys.readouterr().err
