"""Which functions an edge looks like: c f(a x + b) + d fitted to its values, for every function of a library.

The constants c and d follow from a and b by linear least squares (variable projection), so a grid over a and b alone
finds the starts; a few damped Gauss-Newton steps on all four numbers end it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .function import SymbolicFunction
from .library import chosen

POINTS, MANY = 200, 1000
"""Points of the search for starts, and of the last steps."""
LOWEST, STEEP, STEEPEST = 0.1, 4.0, 40.0
"""Slopes of the argument per half range of the input: in equal ratios from the first to the second, then in steps."""
RATIO, STEP = 1.35, 0.75
REACH, SPACING = 2.0, 0.1
"""Centres of the functions, in half ranges of the input: how far out, and how dense (at most STEP apart in the argument)."""
NEAR, FAR, BEYOND = 1e-3, 10.0, 14
"""Distances of further centres from the ends of the range, for functions that are used on one side of a pole."""
STARTS, SEARCHING, POLISHING = 4, 25, 15
"""Starts per edge and function, steps from each, and steps from the best of them."""
FLOOR = 1e-13
PRICE = 0.3
"""Powers of ten in the deviation that a function must gain for each unit of its complexity."""


@dataclass(frozen=True)
class Match:
    """An edge as `c f(a x + b) + d`.

    Attributes:
        function: f.
        affine: a, b, c, d.
        mean: of the edge.
        deviation: root of the mean square of what is left, beside the standard deviation of the edge; 1 for a constant.
        price: what a unit of complexity costs in powers of ten of the deviation.
    """

    function: SymbolicFunction
    affine: tuple[float, float, float, float]
    mean: float
    deviation: float
    price: float = PRICE

    @property
    def r2(self) -> float:
        """Coefficient of determination."""
        return 1 - self.deviation**2

    @property
    def score(self) -> float:
        """Accuracy against complexity, lower is better."""
        return math.log10(self.deviation + FLOOR) + self.price * self.function.complexity


def matches(
    x: Float[Tensor, " n"],
    y: Float[Tensor, "n edges"],
    functions: Iterable[str | SymbolicFunction] | None = None,
    *,
    price: float = PRICE,
) -> list[list[Match]]:
    """Fit every function to every edge that starts at one node.

    Args:
        x: inputs of the edges.
        y: values of the edges.
        functions: names of the library or functions; all of the library without it.
        price: powers of ten in the deviation that a unit of complexity must gain, 0 or above.

    Returns:
        For every edge its matches, the best score first. Functions that cannot be evaluated on the range are missing.

    Raises:
        ValueError: for inputs that are all equal, unless only constants are asked for, values that are not finite, or a
            negative price.
    """
    if not price >= 0:
        raise ValueError(f"`price` must be 0 or above, got {price}: complexity must not be worth anything.")
    library = list(chosen(functions))
    varies = bool(x.max() > x.min()) or not any(f.formula.free_symbols for f in library)
    if not bool(x.isfinite().all() and y.isfinite().all()) or not varies:
        raise ValueError("`x` and `y` must be finite, and `x` not all equal: there is no function to see.")
    samples = _Samples(x.detach().double(), y.detach().double())
    found: list[list[Match]] = [[] for _ in range(y.shape[1])]
    for f in library:
        for edge, match in enumerate(samples.fit(f, price)):
            if match is not None:
                found[edge].append(match)
    return [sorted(edge, key=lambda m: m.score) for edge in found]


class _Samples:
    """Values of edges at inputs moved to [-1, 1]."""

    def __init__(self, x: Tensor, y: Tensor):
        order = torch.argsort(x)
        self.middle, self.half = (x.max() + x.min()) / 2, (x.max() - x.min()) / 2
        self.s, self.y = ((x - self.middle) / self.half)[order], y[order]
        self.spread = self.y.std(0, correction=0).clamp_min(1e-300)

    def some(self, count: int) -> tuple[Tensor, Tensor]:
        """At most so many of the points, evenly by rank, both ends among them."""
        index = torch.linspace(0, len(self.s) - 1, min(count, len(self.s)), device=self.s.device).round().long()
        return self.s[index], self.y[index]

    def fit(self, f: SymbolicFunction, price: float) -> list[Match | None]:
        """The best of all starts for every edge; None where there is none."""
        means = self.y.mean(0).tolist()
        if not f.formula.free_symbols:
            return [Match(f, (1.0, 0.0, 1.0, mean), mean, 1.0, price) for mean in means]
        s, y = self.some(POINTS)
        starts = _starts(f, s, y)
        if starts is None:
            return [None] * self.y.shape[1]
        fit = _Fit(f, s, y.T[:, None])
        numbers, error = _descend(fit, fit.with_constants(starts), SEARCHING)
        best = error.argmin(1)[:, None, None].expand(-1, 1, 4)
        s, y = self.some(MANY)
        numbers, error = _descend(_Fit(f, s, y.T[:, None]), numbers.gather(1, best), POLISHING)
        matches: list[Match | None] = []
        for edge, (a, b, c, d) in enumerate(numbers[:, 0].tolist()):
            deviation = math.sqrt(float(error[edge, 0])) / float(self.spread[edge])
            usable = math.isfinite(deviation)
            a, b = a / float(self.half), b - a * float(self.middle / self.half)
            matches.append(Match(f, (a, b, c, d), means[edge], min(deviation, 1.0), price) if usable else None)
        return matches


def _starts(f: SymbolicFunction, s: Float[Tensor, " n"], y: Float[Tensor, "n edges"]) -> Tensor | None:
    """The a and b of a grid at which f explains most of each edge, shape (edges, STARTS, 2)."""
    a, b = _grid(s)
    if _parity(f):
        a, b = a[a > 0], b[a > 0]
    z = a[:, None] * s + b[:, None]
    inside = f.allows(z).all(1)
    a, b, z = a[inside], b[inside], z[inside]
    if not len(a):
        return None
    values = f.rows(z, 0)[0]
    values = values - values.mean(1, keepdim=True)
    size = values.norm(dim=1)
    usable = size.isfinite() & (size > 1e-9)
    values, size, a, b = values[usable], size[usable], a[usable], b[usable]
    if not len(a):
        return None
    share = ((values / size[:, None]) @ (y - y.mean(0))).square()
    best = share.topk(min(STARTS, len(a)), dim=0).indices.T
    return torch.stack([a[best], b[best]], -1)


def _grid(s: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs a, b with slopes of both signs, and centres inside the range and beyond it."""
    count = math.ceil(math.log(STEEP / LOWEST) / math.log(RATIO))
    slopes = np.concatenate([np.geomspace(LOWEST, STEEP, count), np.arange(STEEP, STEEPEST, STEP)[1:]])
    beyond = 1 + np.geomspace(NEAR, FAR, BEYOND)
    pairs = []
    for a in slopes:
        inside = np.linspace(-REACH, REACH, 1 + math.ceil(2 * REACH / min(SPACING, STEP / a)))
        centres = np.concatenate([inside, beyond, -beyond])
        pairs += [np.stack([sign * np.full_like(centres, a), -sign * a * centres]) for sign in (1, -1)]
    a, b = torch.as_tensor(np.concatenate(pairs, 1)).to(s)
    return a, b


def _parity(f: SymbolicFunction) -> bool:
    """Whether f(-x) is f(x) or -f(x), so that slopes of one sign are enough."""
    if f.domain[0] == 0.0:
        return False
    z = torch.tensor([0.13, 0.37, 0.71], dtype=torch.float64)
    values, mirrored = f.rows(z, 0)[0], f.rows(-z, 0)[0]
    return bool(torch.minimum((values - mirrored).abs().max(), (values + mirrored).abs().max()) < 1e-12)


def _descend(
    fit: _Fit, numbers: Float[Tensor, "edges starts 4"], steps: int
) -> tuple[Float[Tensor, "edges starts 4"], Float[Tensor, "edges starts"]]:
    """Levenberg-Marquardt on a, b, c, d from every start; the numbers and the mean squares that are left."""
    error = fit.error(numbers)
    damping = torch.full_like(error, 1e-3)
    eye = torch.eye(4, dtype=numbers.dtype, device=numbers.device)
    for _ in range(steps):
        gradient, curvature = fit.linear(numbers)
        scale = curvature.diagonal(dim1=-2, dim2=-1).clamp_min(1e-300)
        damped = curvature + damping[..., None, None] * scale[..., None] * eye
        step, flaw = torch.linalg.solve_ex(damped, gradient[..., None])
        moved = numbers - torch.where(flaw[..., None] == 0, step[..., 0], torch.zeros_like(numbers))
        trial = fit.error(moved)
        better = trial < error
        numbers = torch.where(better[..., None], moved, numbers)
        error = torch.where(better, trial, error)
        damping = torch.where(better, damping / 5, damping * 4).clamp(1e-14, 1e12)
    return numbers, error


@dataclass(frozen=True)
class _Fit:
    """Deviation of c f(a s + b) + d from the values of edges, for many edges and starts at once."""

    f: SymbolicFunction
    s: Float[Tensor, " n"]
    y: Float[Tensor, "edges 1 n"]

    @cached_property
    def target(self) -> Tensor:
        return self.y - self.y.mean(-1, keepdim=True)

    def with_constants(self, starts: Float[Tensor, "edges starts 2"]) -> Float[Tensor, "edges starts 4"]:
        """The best c and d for given a and b."""
        values = self.f.rows(self._arguments(starts), 0)[0]
        mean = values.mean(-1, keepdim=True)
        c = ((values - mean) * self.target).sum(-1) / (values - mean).square().sum(-1)
        d = self.y.mean(-1) - c * mean[..., 0]
        return torch.cat([starts, c[..., None], d[..., None]], -1)

    def error(self, numbers: Float[Tensor, "edges starts 4"]) -> Float[Tensor, "edges starts"]:
        """Mean squares; infinite where an argument leaves the domain."""
        z = self._arguments(numbers)
        found = (numbers[..., 2:3] * self.f.rows(z, 0)[0] + numbers[..., 3:] - self.y).square().mean(-1)
        return torch.where(self.f.allows(z).all(-1) & found.isfinite(), found, torch.inf)

    def linear(self, numbers: Float[Tensor, "edges starts 4"]) -> tuple[Tensor, Tensor]:
        """Gradient and Gauss-Newton matrix of half the sum of squares."""
        value, slope = self.f.rows(self._arguments(numbers), 1)
        c, d = numbers[..., 2:3], numbers[..., 3:]
        by_b = c * slope
        jacobian = torch.stack([by_b * self.s, by_b, value, torch.ones_like(value)], -2)
        jacobian = torch.nan_to_num(jacobian, nan=0.0, posinf=0.0, neginf=0.0)
        rows = torch.nan_to_num(c * value + d - self.y)
        return (jacobian @ rows[..., None])[..., 0], jacobian @ jacobian.mT

    def _arguments(self, numbers: Tensor) -> Tensor:
        return numbers[..., :1] * self.s + numbers[..., 1:2]
