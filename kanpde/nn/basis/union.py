"""Several bases side by side, such as splines and the residual base function of the KAN paper."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .base import Basis


class Union(Basis):
    """The functions of all given bases as one basis.

    Args:
        members: at least one basis.
    """

    def __init__(self, *members: Basis):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.size = sum(m.size for m in members)

    def fill(self, x: Float[Tensor, "*batch"], table: Float[Tensor, "orders *batch size"]) -> None:
        """Write values and derivatives of one member beside those of the next."""
        start = 0
        for m in self.members:
            m.fill(x, table[..., start : start + m.size])
            start += m.size

    def fit_points(self) -> Float[Tensor, " points"]:
        """Those of the first member."""
        return self.members[0].fit_points()  # type: ignore[operator]

    def project(self, values: Float[Tensor, "points *many"]) -> Float[Tensor, "size *many"]:
        """Coefficients in the first member; the others get 0."""
        first: Tensor = self.members[0].project(values)  # type: ignore[operator]
        return torch.cat([first, first.new_zeros(self.size - len(first), *first.shape[1:])])

    def whitening(self) -> Float[Tensor, "size size"] | None:
        """Each member by itself."""
        parts = [m.whitening() for m in self.members]  # type: ignore[operator]
        if all(p is None for p in parts):
            return None
        like = next(p for p in parts if p is not None)
        full = [torch.eye(m.size).to(like) if p is None else p for m, p in zip(self.members, parts, strict=True)]  # type: ignore[arg-type]
        return torch.block_diag(*full)
