"""Cost tables: layers beside other libraries, steps against sizes, and a CUDA device if there is one."""

import numpy as np
import pytest
import torch
from benchmarks import gpu, layers, scaling
from benchmarks.contained import contained_in
from benchmarks.libraries import LIBRARIES, Library
from benchmarks.runs import Request, Unavailable
from benchmarks.scaling import Setting, exponent, series, step_of
from torch.profiler import profile

from kanpde import KAN

OWN = [library for library in LIBRARIES if library.modules == ("torch",)]


def small(width):
    return KAN(width, grid=2, k=2)


@pytest.mark.parametrize("library", OWN, ids=lambda library: library.name)
def test_our_own_networks_are_float64_and_of_the_width_asked_for(library):
    network = library.make([2, 3, 1])
    assert network(torch.zeros(5, 2, dtype=torch.float64)).shape == (5, 1)
    assert {p.dtype for p in network.parameters()} == {torch.float64}


def test_jets_and_nested_differentiation_give_the_same_gradient_of_poisson():
    make = layers.poisson_tasks(interior=49, boundary=8)
    network = {}

    def kept(width):
        network["it"] = small(width)
        return network["it"]

    make(Library("kept", kept))()
    by_jets = [p.grad.clone() for p in network["it"].parameters()]

    def wrapped(width):
        network["it"] = kept(width)
        return torch.nn.Sequential(network["it"])

    make(Library("wrapped", wrapped))()
    for a, b in zip(by_jets, network["it"].parameters(), strict=True):
        torch.testing.assert_close(a, b.grad, rtol=1e-9, atol=1e-9)


def test_libraries_that_are_missing_or_raise_are_named():
    def broken(width):
        raise RuntimeError("no second derivative\nmore words")

    absent = Library("absent", small, ("no_such_module",), "pip install it")
    libraries = [Library("small", small), Library("broken", broken), absent]
    found = layers.timed("task", lambda library: lambda: library.make([1, 1]), libraries, 2)
    assert list(found["milliseconds"]) == ["small"]
    assert found["left_out"] == {
        "broken": "raises RuntimeError: no second derivative",
        "absent": "not installed: pip install it",
    }


def test_the_table_has_factors_over_our_own_layer_and_reasons_below():
    unit = LIBRARIES[0].name
    results = [
        {"task": "t", "rounds": 9, "milliseconds": {unit: 2.0, "pykan": 12.0}, "left_out": {"inkan, eager": "why"}},
        {"task": "s", "rounds": 9, "milliseconds": {unit: 1.0}, "left_out": {"inkan, eager": "why", "pykan": "s only"}},
    ]
    found = layers.report(results)
    assert f"| {unit} | 2 ms (1) | 1 ms (1) |" in found.text
    assert "| pykan | 12 ms (6) | - |" in found.text
    assert "Left out: inkan, eager (why)." in found.text
    assert "Left out: pykan in s (s only)." in found.text
    assert "Left out: fast-kan (Gaussians) (not in the quick pass)." in found.text
    assert len(found.figure.axes) == 2


def test_the_quick_pass_compiles_nothing():
    quick, full = layers.runs(Request(quick=True)), layers.runs(Request())
    assert [run.key for run in quick] == [run.key for run in full]
    assert all(not library.compiles for library in quick[0].measure.args[2])
    assert any(library.compiles for library in full[0].measure.args[2])


@pytest.mark.parametrize("power", [-1.0, 0.0, 2.5])
def test_the_exponent_of_a_power_law_is_found(power):
    sizes = [100, 200, 400, 1000]
    assert exponent(sizes, [3.0 * s**power for s in sizes]) == pytest.approx(power, abs=1e-12)


@pytest.mark.parametrize(("dimension", "order"), [(1, 1), (3, 2), (2, 4)])
def test_the_residual_is_the_sum_of_all_pure_derivatives(dimension, order):
    loss = Setting(points=30, hidden=2, dimension=dimension, order=order).make()
    x = loss.blocks[0].sides[0].x.clone().requires_grad_()
    value = loss.trial(x)[:, 0]
    wanted = value
    for i in range(dimension):
        column = value
        for _ in range(order):
            column = torch.autograd.grad(column.sum(), x, create_graph=True)[0][:, i]
        wanted = wanted + column
    wanted = wanted.detach()
    found = loss.residual() * np.sqrt(30)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9 * float(wanted.abs().max()))


def test_a_step_starts_from_the_same_weights_every_time():
    loss = Setting(points=40, hidden=1).make()
    step = step_of(loss)
    step()
    first = loss.theta
    step()
    assert torch.equal(first, loss.theta)


def test_sizes_have_five_points_per_parameter():
    assert Setting.of_size(5).points == 5 * 335


def test_a_series_has_times_and_exponents():
    settings = [Setting(points=n, hidden=1) for n in (20, 40)]
    found = series("points", settings, 1)
    assert found["size"] == found["points"] == [20, 40]
    assert found["exponents"]["step"] == pytest.approx(np.log2(found["step"][1] / found["step"][0]))
    times = {"Jacobian": 1.0, "J^T J": 4.0, "Cholesky": 1.0, "normal equations": 30.0, "triangles": 40.0}
    times |= {"normal equations, contained": 20.0, "triangles, contained": 16.0}
    against = {"products": 5, "points": 1675, "parameters": 335, "milliseconds": times, "rounds": 3}
    text = scaling.report([found, against]).text
    assert "| points | 20, 40 |" in text
    assert "| 335 | 1,675 | 1 ms | 4 ms | 1 ms | 30 ms (1.5; 6.0) | 40 ms (2.5; 8.0) |" in text


def test_the_products_that_work_contains_are_done_again_and_nothing_else_is():
    a, b = torch.eye(3, dtype=torch.float64), torch.ones(3, 3, dtype=torch.float64)
    total = torch.zeros(3, 3, dtype=torch.float64)

    def work():
        total.addmm_(a, b).add_(100)
        torch.linalg.cholesky(a)

    again = contained_in(work)
    assert torch.equal(total, b + 100)
    again()
    assert torch.equal(total, 2 * b + 100)


def test_the_products_of_a_backward_pass_are_contained_too():
    left, right = torch.ones(2, 3, requires_grad=True), torch.ones(3, 4, requires_grad=True)

    def work():
        (left @ right).sum().backward()

    again = contained_in(work)
    with profile() as found:
        again()
    assert [event.count for event in found.key_averages() if event.key == "aten::mm"] == [3]


def test_without_a_cuda_device_the_table_says_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Unavailable, match="there is no CUDA device on this machine"):
        gpu.runs(Request())


def test_what_a_cuda_device_would_do_works_on_the_processor(monkeypatch):
    monkeypatch.setattr(gpu, "SETTINGS", {"small": Setting(points=40, hidden=1)})
    row = gpu.Row("poisson", 1e-3, 5, options={"steps": 1, "points": 40})
    results = [gpu.speed("small", kind, "cpu", 1) for kind in gpu.DTYPES]
    results += [gpu.solved(row, kind, "cpu", 5.0) for kind in gpu.DTYPES]
    found = gpu.report(results)
    assert found.text.count("| processor | float32 |") == 2
    assert found.text.count("| processor | float64 |") == 2
