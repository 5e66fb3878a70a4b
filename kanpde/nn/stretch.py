"""Smooth monotone maps of a coordinate that give room to thin layers: a grid that is adapted, without a grid.

A network sees xi(s) instead of the scaled coordinate s in [-1, 1]. A front of width w at c takes a fixed share of the
range of xi however thin it is, so that edge functions of low degree resolve it. The maps are analytic: what was smooth
stays smooth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .logarithm import Logarithm

ITERATIONS = 80
TABLE = 4001
"""Nodes between which the inverse is bracketed."""


@dataclass(frozen=True)
class Front:
    """A thin layer across a coordinate that is scaled to [-1, 1].

    Args:
        centre: where, in [-1, 1].
        width: positive and finite; tanh((s - centre) / width) is a front of this width.
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
        if not 0 < self.width < math.inf:
            raise ValueError(f"`width` must be positive and finite, got {self.width}: leave the front out instead.")
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

    @property
    def is_odd(self) -> bool:
        """Whether each front has its mirror image, so that xi(-s) = -xi(s)."""
        seam = [1.0, -1.0] if self.ring else []  # the same place, which is its own mirror image
        images = {f if f.centre in seam else replace(f, centre=-f.centre + 0.0) for f in self.fronts}
        return images == set(self.fronts)

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


def symmetrised(fronts: Sequence[Front], *, ring: bool) -> tuple[Front, ...]:
    """Fronts made symmetric about 0: what lies within its width of the middle is moved there, others get a mirror image.

    Args:
        fronts: nearly symmetric.
        ring: whether -1 and 1 are the same place, which is its own mirror image as well.
    """
    own = [0.0, 1.0] if ring else [0.0]
    groups: dict[float, list[Front]] = {}
    for front in fronts:
        centre = next((c for c in own if abs(abs(front.centre) - c) < front.width), abs(front.centre))
        near = next((c for c in groups if abs(c - centre) < front.width), centre)
        groups.setdefault(near, []).append(front)
    out = []
    for centre, group in groups.items():
        share = sum(f.share for f in group)
        width = sum(f.share * f.width for f in group) / share
        sides = [centre] if centre in own else [centre, -centre]
        out += [Front(c, width, share / len(sides)) for c in sides]
    return tuple(out)


Scale = Stretch | Logarithm
"""A smooth rising map of [-1, 1], under which a network sees a coordinate."""


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
    measures: Float[np.ndarray, "many n"],
    *,
    ring: bool = False,
    known: Sequence[Front] = (),
    contrast: float | None = None,
    thin: float = 0.3,
    most: int = 5,
    room: float | None = None,
) -> tuple[Front, ...]:
    """The thin layers of some functions of one coordinate, from measures of how fast they change.

    Args:
        s: equidistant nodes from -1 to 1.
        measures: such as the slope of a function, or the root of its curvature, which shows kinks as well.
        ring: whether both ends are the same place.
        known: layers of an earlier time, which stay where nothing else is found, after all others.
        contrast: how many times its mean a measure must reach in a layer; 1.5 without it, on a ring 2: waves are no
            layers.
        thin: largest width of what is called a layer.
        most: number of layers at most; those of highest contrast are kept.
        room: sum of their shares; 0.9 without it, on a ring 0.5, because its maps leave less to the rest.

    Returns:
        One front per peak of a measure, its width from the width of the peak at half its height; peaks that are closer
        than their widths are one layer.
    """
    contrast = contrast if contrast is not None else 2.0 if ring else 1.5
    found = [(0.0, f.centre, f.width) for f in known]
    for measure in np.abs(np.atleast_2d(measures)):
        mean = np.trapezoid(measure, s) / 2
        wide, steep = (np.concatenate([s[:-1] - 2, s, s[1:] + 2]), np.tile(measure, 3)) if ring else (s, measure)
        steep = np.delete(steep, [len(s) - 1, 2 * len(s) - 1]) if ring else steep
        padded = np.pad(steep, 1, constant_values=-np.inf)
        peaks = (steep >= padded[:-2]) & (steep > padded[2:]) & (steep > contrast * mean)
        for i in np.flatnonzero(peaks & (wide >= -1) & (wide < 1 if ring else wide <= 1)):
            width = _width(wide, steep, int(i))
            if width <= thin:
                found.append((float(steep[i] / mean), float(wide[i]), width))
    kept: list[tuple[float, float]] = []
    for _, centre, width in sorted(found, reverse=True):
        gaps = [abs(centre - c) for c, _ in kept]
        gaps = [min(g, 2 - g) for g in gaps] if ring else gaps
        if len(kept) < most and all(g > 2 * max(w, width) for g, (_, w) in zip(gaps, kept, strict=True)):
            kept.append((centre, width))
    room = room if room is not None else 0.5 if ring else 0.9
    return tuple(Front(c, w, room / len(kept)) for c, w in kept)


def _width(s: np.ndarray, steep: np.ndarray, i: int) -> float:
    """The w of a peak sech^2((s - c) / w), which is 1.763 w wide at half its height; at an end it is half a peak."""
    below = np.flatnonzero(steep < steep[i] / 2)
    left, right = below[below < i], below[below > i]
    reach = [s[i] - s[j] for j in left[-1:]] + [s[j] - s[i] for j in right[:1]]
    return max(float(np.mean(reach)) if reach else 1.0, float(s[1] - s[0])) / math.acosh(math.sqrt(2))


def sampled_evenly(unit: Float[np.ndarray, "n d"], stretches: Sequence[Scale | None]) -> Float[np.ndarray, "n d"]:
    """Points of the unit cube, moved so that they are as dense in every xi as they were in the cube."""
    out = unit.copy()
    for i, stretch in enumerate(stretches):
        if stretch is not None:
            s = stretch.inverse(stretch_offset(stretch) + 2 * unit[:, i])
            out[:, i] = ((s + 1) / 2) % 1.0 if stretch.ring else (s + 1) / 2
    return out


def stretch_offset(stretch: Scale) -> float:
    """Xi at s = -1: -1 on a line, anything on a ring."""
    return float(stretch.rows(torch.tensor([-1.0], dtype=torch.float64), 0)[0])
