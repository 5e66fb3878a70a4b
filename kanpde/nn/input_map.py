"""From the coordinates of a domain to the inputs of a network: scaled to [-1, 1], squared, or cosines of an angle.

Cosine and sine would be the usual pair, but polynomials of the sine that are even repeat those of the cosine:
T_2k(sin x) = cos(2k x) up to a sign, and sin(2k x) is missing. With a lag whose multiples all stay away from multiples
of pi, T_k(cos x) and T_k(cos(x - lag)) span cos(k x) and sin(k x) for every k; the golden ratio keeps them away most.

A network that is even about the middle of a coordinate sees T_2 of it, 2 s^2 - 1, of which T_k is T_2k of the coordinate,
or the first cosine alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import sympy as sp
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..jet import Jet, JetPlan
from .logarithm import Logarithm
from .stretch import Scale

LAG = math.pi * (math.sqrt(5) - 1) / 2
"""By how much the second cosine of a periodic coordinate comes after the first."""


class InputMap(nn.Module):
    """Map each coordinate to [-1, 1], to the cosines of its angle and of that less `LAG`, or to what is even in it.

    Args:
        bounds: coordinate name to (lower, upper).
        periodic: names of the coordinates that go round.
        stretches: coordinate name to the map that gives room to its thin layers, or to small values as much as to large
            ones, applied to the scaled coordinate.
        even: names of the coordinates about whose middle the network is even.

    Raises:
        ValueError: for a periodic, stretched or even coordinate without bounds, or a stretch of the wrong kind.
    """

    def __init__(
        self,
        bounds: Mapping[str, tuple[float, float]],
        periodic: Sequence[str] = (),
        stretches: Mapping[str, Scale] | None = None,
        even: Sequence[str] = (),
    ):
        super().__init__()
        self.bounds, self.periodic, self.even = dict(bounds), tuple(periodic), tuple(even)
        self.stretches = dict(stretches or {})
        for what, names in (("periodic", self.periodic), ("stretches", self.stretches), ("even", self.even)):
            for name in names:
                if name not in self.bounds:
                    raise ValueError(f"`{what}` must name coordinates ({', '.join(self.bounds)}), got '{name}'.")
        for name, stretch in self.stretches.items():
            if stretch.ring != (name in self.periodic):
                kind = "go round" if name in self.periodic else "not go round"
                raise ValueError(f"`stretches` of '{name}' must {kind} like the coordinate, got ring={stretch.ring}.")
            if name in self.even and not stretch.is_odd:
                raise ValueError(
                    f"`stretches` of '{name}' must be odd about the middle, in which the network is even, got {stretch}: "
                    "give every front its mirror image."
                )

    def scaled(self, x: Float[Tensor, "n d"], order: int) -> list[list[Float[Tensor, " n"]]]:
        """Per coordinate: its place in [-1, 1], stretched, and the derivatives of that up to `order`."""
        out = []
        for axis, (name, (lo, hi)) in enumerate(self.bounds.items()):
            slope = 2 / (hi - lo)
            s = (x[:, axis] - lo) * slope - 1
            if name in self.stretches:
                rows = self.stretches[name].rows(s, order)
                out.append([row * slope**m for m, row in enumerate(rows)])
            else:
                rows = [s, torch.full_like(s, slope)] + [torch.zeros_like(s)] * (order - 1)
                out.append(rows[: order + 1])
        return out

    def rows(self, x: Float[Tensor, "n d"], order: int) -> list[tuple[int, list[Tensor]]]:
        """Per input of the network: the coordinate it comes from, its values and its derivatives up to `order`."""
        out = []
        for axis, (name, scaled) in enumerate(zip(self.bounds, self.scaled(x, order), strict=True)):
            out += [(axis, rows) for rows in self.images(name, scaled)]
        return out

    def images(self, name: str, scaled: list[Float[Tensor, " n"]]) -> list[list[Float[Tensor, " n"]]]:
        """Per input that comes from a coordinate: its values and derivatives.

        Args:
            name: of the coordinate.
            scaled: its place in [-1, 1], stretched, and the derivatives of that.
        """
        if name in self.periodic:
            lags = (0.0,) if name in self.even else (0.0, LAG)
            return [_chained(_cosine(math.pi * (scaled[0] + 1) - lag, len(scaled)), scaled) for lag in lags]
        if name in self.even:
            s = scaled[0]
            square = [2 * s**2 - 1, 4 * s, torch.full_like(s, 4.0), *[torch.zeros_like(s)] * 2]
            return [_chained(square[: len(scaled)], scaled)]
        return [scaled]

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n inputs"]:
        """Inputs of the network."""
        return torch.stack([derivatives[0] for _, derivatives in self.rows(x, 0)], dim=1)

    def expressions(self, coordinates: Mapping[str, sp.Expr]) -> list[sp.Expr]:
        """Inputs of the network as expressions of the coordinates.

        Raises:
            ValueError: for a coordinate stretched at layers, whose map is no short formula.
        """
        stretched = [name for name, scale in self.stretches.items() if not isinstance(scale, Logarithm)]
        if stretched:
            raise ValueError(f"`stretches` must be empty for a formula, got one of '{stretched[0]}'.")
        out: list[sp.Expr] = []
        for name, (lo, hi) in self.bounds.items():
            lower, upper = (sp.Integer(int(v)) if v == int(v) else sp.Float(v, 17) for v in (lo, hi))
            if name in self.stretches:
                out.append(2 * sp.log(coordinates[name] / lower) / sp.log(upper / lower) - 1)
                continue
            scaled = 2 * (coordinates[name] - lower) / (upper - lower) - 1
            if name in self.periodic:
                lags = (sp.S.Zero, sp.pi * (sp.sqrt(5) - 1) / 2)[: 1 if name in self.even else 2]
                out += [sp.cos(sp.pi * (scaled + 1) - lag) for lag in lags]
            elif name in self.even:
                out.append(2 * scaled**2 - 1)
            else:
                out.append(scaled)
        return out

    def jet(self, x: Float[Tensor, "n d"], plan: JetPlan) -> Jet:
        """Jet of the network's inputs; each depends on one coordinate alone."""
        rows = self.rows(x, plan.order)
        jet = x.new_zeros(len(plan), len(x), len(rows))
        for i, (axis, values) in enumerate(rows):
            for index, row in plan.rows.items():
                if sum(index) == index[axis]:
                    jet[row, :, i] = values[index[axis]]
        return jet


def _cosine(angle: Float[Tensor, " n"], count: int) -> list[Float[Tensor, " n"]]:
    """The cosine of an angle pi s and its derivatives by s."""
    cosine, sine = torch.cos(angle), torch.sin(angle)
    cycle = [cosine, -sine, -cosine, sine]
    return [cycle[m % 4] * math.pi**m for m in range(count)]


def _chained(outer: Sequence[Tensor], inner: Sequence[Tensor]) -> list[Tensor]:
    """Derivatives of f(g(x)) by x from those of f at g(x) and of g."""
    if len(outer) == 1:
        return list(outer)
    plan = JetPlan([(len(outer) - 1,)])
    factors = plan.bell(torch.stack(list(inner))[..., None])
    return [
        sum((outer[m] * factors[i][:, 0] for m, i in terms), torch.zeros_like(outer[0])) if terms else outer[0]
        for terms in plan.layout
    ]
