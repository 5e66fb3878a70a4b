"""Smooth monotone maps of a coordinate that give room to thin layers: a grid that is adapted, without a grid.

A network sees xi(s) instead of the scaled coordinate s in [-1, 1]. A front of width w at c takes a fixed share of the
range of xi however thin it is, so that edge functions of low degree resolve it. The maps are analytic: what was smooth
stays smooth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

ITERATIONS = 80
TABLE = 4001
"""Nodes between which the inverse is bracketed."""


@dataclass(frozen=True)
class Front:
    """A thin layer across a coordinate that is scaled to [-1, 1].

    Args:
        centre: where, in [-1, 1].
        width: above 0; tanh((s - centre) / width) is a front of this width.
        share: part of the range that the map gives to it, in (0, 1].

    Raises:
        ValueError: for a number outside its range.
    """

    centre: float
    width: float
    share: float = 1.0

    def __post_init__(self) -> None:
        if not -1 <= self.centre <= 1:
            raise ValueError(f"`centre` must be in [-1, 1], got {self.centre}: coordinates are scaled.")
        if not self.width > 0:
            raise ValueError(f"`width` must be positive, got {self.width}: leave the front out instead.")
        if not 0 < self.share <= 1:
            raise ValueError(f"`share` must be in (0, 1], got {self.share}: leave the front out instead.")


@dataclass(frozen=True)
class Stretch:
    """xi = (1 - sum of shares) s + sum share * asinh((s - centre) / width), each part scaled to [-1, 1].

    On a ring (a periodic coordinate) each part is the integral of a Poisson kernel instead, which closes smoothly.

    Args:
        fronts: at least one; their shares add up to at most 1.
        ring: whether the coordinate goes round.

    Raises:
        ValueError: for no front, or shares above 1 in total.

    Source:
        Bayliss, Turkel (1992), Journal of Computational Physics 101, 349 (maps for layers in spectral methods);
        Tee, Trefethen (2006), SIAM Journal on Scientific Computing 28, 1798 (sinh maps that follow moving fronts).
    """

    fronts: tuple[Front, ...]
    ring: bool = False

    def __post_init__(self) -> None:
        total = sum(f.share for f in self.fronts)
        if not self.fronts or total > 1 + 1e-12:
            raise ValueError(
                f"`fronts` must have shares that add up to at most 1, got {total:g} of {len(self.fronts)}."
            )

    def rows(self, s: Float[Tensor, " n"], order: int) -> list[Float[Tensor, " n"]]:
        """Xi and its derivatives by s, up to `order` (at most 4)."""
        rest = 1 - sum(f.share for f in self.fronts)
        rows = [rest * s, torch.full_like(s, rest), *[torch.zeros_like(s)] * 3][: order + 1]
        for front in self.fronts:
            part = _ring_rows(s, front, order) if self.ring else _line_rows(s, front, order)
            rows = [a + front.share * b for a, b in zip(rows, part, strict=True)]
        return rows

    def inverse(self, xi: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """S from xi, by bisection and Newton's method, to rounding; on a ring s may lie beyond [-1, 1] by a turn."""
        table = np.linspace(-1, 1, TABLE)
        images = self._numbers(table, 0)[0]
        turns = 2 * np.floor((xi - images[0]) / 2) if self.ring else np.zeros_like(xi)
        wanted = xi - turns
        place = np.clip(np.searchsorted(images, wanted) - 1, 0, TABLE - 2)
        low, high = table[place], table[place + 1]
        s = (low + high) / 2
        for _ in range(ITERATIONS):
            value, slope = self._numbers(s, 1)
            miss = value - wanted
            low, high = np.where(miss < 0, s, low), np.where(miss < 0, high, s)
            newton = s - miss / slope
            fresh = np.where((low <= newton) & (newton <= high), newton, (low + high) / 2)
            done, s = np.abs(fresh - s).max(initial=0.0) < 4e-16, fresh
            if done:
                break
        return s + turns

    def _numbers(self, s: np.ndarray, order: int) -> list[np.ndarray]:
        return [row.numpy() for row in self.rows(torch.as_tensor(s, dtype=torch.float64), order)]


def _line_rows(s: Tensor, front: Front, order: int) -> list[Tensor]:
    """asinh((s - c) / w), scaled to take -1 to -1 and 1 to 1."""
    low, high = (math.asinh((end - front.centre) / front.width) for end in (-1, 1))
    scale = 2 / (high - low)
    y = (s - front.centre) / front.width
    q = 1 + y * y
    plain = [
        lambda: torch.asinh(y) - low - 1 / scale,
        lambda: q**-0.5,
        lambda: -y * q**-1.5,
        lambda: (2 * y * y - 1) * q**-2.5,
        lambda: (9 - 6 * y * y) * y * q**-3.5,
    ]
    return [scale * plain[m]() / front.width**m for m in range(order + 1)]


def _ring_rows(s: Tensor, front: Front, order: int) -> list[Tensor]:
    """Integral of the Poisson kernel (1 - r^2) / |1 - z|^2 with z = r exp(i pi (s - c)) and r = exp(-pi w)."""
    z = torch.exp(torch.complex(torch.full_like(s, -math.pi * front.width), math.pi * (s - front.centre)))
    plain = [
        lambda: s - 2 / math.pi * torch.log(1 - z).imag,
        lambda: ((1 + z) / (1 - z)).real,
        lambda: (2j * z / (1 - z) ** 2).real * math.pi,
        lambda: (-2 * z * (1 + z) / (1 - z) ** 3).real * math.pi**2,
        lambda: (-2j * z * (1 + 4 * z + z * z) / (1 - z) ** 4).real * math.pi**3,
    ]
    return [plain[m]() for m in range(order + 1)]


def fronts_of(
    s: Float[np.ndarray, " n"],
    slopes: Float[np.ndarray, "many n"],
    *,
    contrast: float = 2.0,
    most: int = 4,
    room: float = 1.0,
) -> tuple[Front, ...]:
    """The thin layers of some functions of one coordinate, from their slopes on a fine grid of [-1, 1].

    Args:
        s: ascending nodes.
        slopes: of one or more functions; the steepest counts at each node.
        contrast: how many times the mean slope a layer must exceed.
        most: number of layers at most; the steepest are kept.
        room: sum of their shares.

    Returns:
        One front per peak of the slope, its width from the width of the peak at half its height.
    """
    steep = np.abs(np.atleast_2d(slopes)).max(axis=0)
    bound = contrast * np.trapezoid(steep, s) / 2
    inner = (steep >= np.roll(steep, 1)) & (steep >= np.roll(steep, -1)) & (steep > bound)
    peaks = sorted(np.flatnonzero(inner), key=lambda i: -steep[i])
    found: list[tuple[float, float]] = []
    for i in map(int, peaks):
        width = _half_width(s, steep, i)
        if all(abs(s[i] - c) > 2 * max(w, width) for c, w in found) and len(found) < most:
            found.append((float(s[i]), width))
    return tuple(Front(c, w, room / len(found)) for c, w in found)


def _half_width(s: np.ndarray, steep: np.ndarray, i: int) -> float:
    """W of a peak sech^2((s - c) / w), which is 1.763 w wide at half its height."""
    half = steep[i] / 2
    below = np.flatnonzero(steep < half)
    left, right = below[below < i], below[below > i]
    low = s[left[-1]] if len(left) else s[i] - (s[right[0]] - s[i] if len(right) else 1.0)
    high = s[right[0]] if len(right) else s[i] + (s[i] - low)
    return float(max(high - low, 2 * (s[1] - s[0])) / (2 * math.acosh(math.sqrt(2))))


def sampled_evenly(unit: Float[np.ndarray, "n d"], stretches: Sequence[Stretch | None]) -> Float[np.ndarray, "n d"]:
    """Points of the unit cube, moved so that they are as dense in every xi as they were in the cube."""
    out = unit.copy()
    for i, stretch in enumerate(stretches):
        if stretch is not None:
            s = stretch.inverse(stretch_offset(stretch) + 2 * unit[:, i])
            out[:, i] = ((s + 1) / 2) % 1.0 if stretch.ring else (s + 1) / 2
    return out


def stretch_offset(stretch: Stretch) -> float:
    """Xi at s = -1: -1 on a line, anything on a ring."""
    return float(stretch.rows(torch.tensor([-1.0], dtype=torch.float64), 0)[0])
