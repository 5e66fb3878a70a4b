"""Several bases side by side, such as splines and the residual base function of the KAN paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .base import Basis


class Union(Basis):
    """The functions of all given bases as one basis.

    Args:
        members: at least one basis.

    Raises:
        ValueError: for no basis.
    """

    members: Sequence[Basis]

    def __init__(self, *members: Basis):
        super().__init__()
        if not members:
            raise ValueError("`members` must hold at least one basis, got none: a layer needs functions.")
        self.members = cast("Sequence[Basis]", nn.ModuleList(members))
        self.size = sum(m.size for m in members)

    def fill(self, x: Float[Tensor, "*batch"], table: Float[Tensor, "orders *batch size"]) -> None:
        """Write values and derivatives of one member beside those of the next."""
        for m, part in zip(self.members, table.split([m.size for m in self.members], dim=-1), strict=True):
            m.fill(x, part)

    def fit_points(self) -> Float[Tensor, " points"]:
        """Those of the first member."""
        return self.members[0].fit_points()

    def project(self, values: Float[Tensor, "points *many"]) -> Float[Tensor, "size *many"]:  # noqa: F821, UP037
        """Coefficients in the first member; the others get 0."""
        first = self.members[0].project(values)
        return torch.cat([first, first.new_zeros(self.size - len(first), *first.shape[1:])])

    def one(self) -> Float[Tensor, " size"] | None:
        """That of the first member."""
        first = self.members[0].one()
        return None if first is None else torch.cat([first, first.new_zeros(self.size - len(first))])

    def whitening(self) -> Float[Tensor, "size size"] | None:
        """Each member by itself."""
        parts = [m.whitening() for m in self.members]
        like = next((p for p in parts if p is not None), None)
        if like is None:
            return None
        full = [torch.eye(m.size).to(like) if p is None else p for m, p in zip(self.members, parts, strict=True)]
        return torch.block_diag(*full)
