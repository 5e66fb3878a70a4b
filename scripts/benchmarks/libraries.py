"""Networks of the same widths from several libraries, in float64, and what to do where one is missing."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from kanpde import KAN, MLP

GRID, DEGREE = 5, 3

Make = Callable[[Sequence[int]], nn.Module]


@dataclass(frozen=True)
class Library:
    """A kind of network that is timed.

    Attributes:
        name: in the tables.
        make: widths to network; splines are cubic on 5 intervals.
        modules: names to import, the first one that is installed serves.
        remedy: how to install it.
        compiles: whether its first call takes half a minute to compile; the quick pass goes without it.
    """

    name: str
    make: Make
    modules: tuple[str, ...] = ("torch",)
    remedy: str = ""
    compiles: bool = False

    @property
    def missing(self) -> str | None:
        """What to do if it is not installed; None if it is."""
        return None if installed(*self.modules) else f"not installed: {self.remedy}"


def installed(*modules: str) -> str | None:
    """The first of the modules that can be imported."""
    return next((m for m in modules if importlib.util.find_spec(m) is not None), None)


@contextmanager
def double_precision() -> Iterator[None]:
    """Make float64 the default of PyTorch, which some libraries ask for, and put it back."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _kanpde(width: Sequence[int]) -> nn.Module:
    return KAN(width, grid=GRID, k=DEGREE)


def _kanpde_mlp(width: Sequence[int]) -> nn.Module:
    return MLP(width)


def _torch_mlp(width: Sequence[int]) -> nn.Module:
    parts: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(width):
        parts += [nn.Linear(n_in, n_out), nn.Tanh()]
    return nn.Sequential(*parts[:-1]).double()


def _pykan(width: Sequence[int]) -> Any:
    kan = importlib.import_module("kan")
    with double_precision():
        return kan.KAN(width=list(width), grid=GRID, k=DEGREE, seed=0, auto_save=False)


def _pykan_speed(width: Sequence[int]) -> nn.Module:
    model: nn.Module = _pykan(width).speed()
    return model


def _efficient_kan(width: Sequence[int]) -> nn.Module:
    """The layer of efficient-kan, from its own package or as the package ikan ships it."""
    layer = _efficient_layer()
    layers = [layer(a, b, grid_size=GRID, spline_order=DEGREE) for a, b in itertools.pairwise(width)]
    return nn.Sequential(*layers).double()


def _efficient_layer() -> Any:
    if installed("efficient_kan"):
        return importlib.import_module("efficient_kan").KANLinear
    package = importlib.util.find_spec("ikan")
    assert package is not None
    assert package.origin is not None
    # the file alone: the rest of that package needs Triton
    spec = importlib.util.spec_from_file_location("ikan_kan", Path(package.origin).with_name("KAN.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.KANLinear


def _fast_kan(width: Sequence[int]) -> nn.Module:
    model: nn.Module = importlib.import_module("fastkan").FastKAN(list(width), num_grids=GRID + DEGREE).double()
    return model


def _inkan(compiled: bool) -> Make:
    def make(width: Sequence[int]) -> nn.Module:
        network = importlib.import_module("inkan").KANNetwork
        with double_precision():
            model: nn.Module = network(list(width), grid_size=GRID, spline_order=DEGREE, compile_basis=compiled)
        return model

    return make


def _flashkan(width: Sequence[int]) -> nn.Module:
    network = importlib.import_module("flashkan").KANNetwork
    model: nn.Module = network(list(width), grid_size=GRID, spline_order=DEGREE).double()
    return model


LIBRARIES = (
    Library("kanpde, B-splines", _kanpde),
    Library("pykan", _pykan, ("kan",), "pip install -e '.[peers]'"),
    Library("pykan, speed()", _pykan_speed, ("kan",), "pip install -e '.[peers]'"),
    Library("efficient-kan", _efficient_kan, ("efficient_kan", "ikan"), "pip install --no-deps ikan torchinfo"),
    Library("fast-kan (Gaussians)", _fast_kan, ("fastkan",), "pip install git+https://github.com/ZiyaoLi/fast-kan"),
    Library("inkan, eager", _inkan(False), ("inkan",), "pip install -e '.[peers]'"),
    Library("inkan, compiled", _inkan(True), ("inkan",), "pip install -e '.[peers]'", compiles=True),
    Library("flashkan, compiled", _flashkan, ("flashkan",), "pip install -e '.[peers]'", compiles=True),
    Library("tanh MLP, kanpde", _kanpde_mlp),
    Library("tanh MLP, torch", _torch_mlp),
)
"""The first one is the unit of the factors."""
