"""From the coordinates of a domain to the inputs of a network: scaled to [-1, 1], or cosine and sine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..jet import Jet, JetPlan


class InputMap(nn.Module):
    """Map each coordinate to [-1, 1], or to cosine and sine of its angle if it is periodic.

    Args:
        bounds: coordinate name to (lower, upper).
        periodic: names of the coordinates that go round.

    Raises:
        ValueError: for a periodic coordinate without bounds.
    """

    def __init__(self, bounds: Mapping[str, tuple[float, float]], periodic: Sequence[str] = ()):
        super().__init__()
        self.bounds, self.periodic = dict(bounds), tuple(periodic)
        for name in self.periodic:
            if name not in self.bounds:
                raise ValueError(f"`periodic` must name coordinates ({', '.join(self.bounds)}), got '{name}'.")

    def rows(self, x: Float[Tensor, "n d"], order: int) -> list[tuple[int, list[Tensor]]]:
        """Per input of the network: the coordinate it comes from, its values and its derivatives up to `order`."""
        out = []
        for axis, (name, (lo, hi)) in enumerate(self.bounds.items()):
            column = x[:, axis]
            if name in self.periodic:
                frequency = 2 * math.pi / (hi - lo)
                angle = frequency * (column - lo)
                cycle = [torch.cos(angle), -torch.sin(angle), -torch.cos(angle), torch.sin(angle)]
                for start in (0, 3):
                    out.append((axis, [cycle[(start + m) % 4] * frequency**m for m in range(order + 1)]))
            else:
                slope = 2 / (hi - lo)
                scaled = [(column - lo) * slope - 1, torch.full_like(column, slope)]
                out.append((axis, [*scaled, *[torch.zeros_like(column)] * (order - 1)][: order + 1]))
        return out

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n inputs"]:
        """Inputs of the network."""
        return torch.stack([derivatives[0] for _, derivatives in self.rows(x, 0)], dim=1)

    def jet(self, x: Float[Tensor, "n d"], plan: JetPlan) -> Jet:
        """Jet of the network's inputs; each depends on one coordinate alone."""
        rows = self.rows(x, plan.order)
        jet = x.new_zeros(len(plan), len(x), len(rows))
        for i, (axis, values) in enumerate(rows):
            for index, row in plan.rows.items():
                if sum(index) == index[axis]:
                    jet[row, :, i] = values[index[axis]]
        return jet
