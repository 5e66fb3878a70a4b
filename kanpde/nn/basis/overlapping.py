"""Bases whose functions nearly depend on each other: how to measure them, and coefficients that stay bounded."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .base import Basis

FLOOR = 1e-8
"""What a coefficient counts beside the function, so that combinations that nearly vanish are not free."""


class Overlapping(Basis):
    """Base of families that are well conditioned only as functions, not in their coefficients.

    Source:
        Adcock, Huybrechs (2019), SIAM Review 61, "Frames and numerical approximation".
    """

    def project(self, values: Float[Tensor, "points *many"]) -> Float[Tensor, "size *many"]:  # noqa: F821, UP037
        """Coefficients of the functions with the given values at `fit_points`, by regularised least squares."""
        table = _with_floor(self.table(self.fit_points(), 0)[0])
        right = values.flatten(1).to(table)
        right = torch.cat([right, right.new_zeros(self.size, right.shape[1])])
        return torch.linalg.lstsq(table, right, driver="gels").solution.unflatten(1, values.shape[1:]).to(values)

    def whitening(self) -> Float[Tensor, "size size"] | None:
        """T such that the functions `basis @ T` are orthonormal on [-1, 1], but for those that nearly vanish there.

        With A the functions at Gauss points, times the roots of the weights, T is the inverse of the triangular
        factor of A upon FLOOR times the identity.
        """
        nodes, weights = np.polynomial.legendre.leggauss(2 * self.size + 10)
        table = self.table(torch.as_tensor(nodes), 0)[0] * torch.as_tensor(weights).sqrt()[:, None]
        triangle = torch.linalg.qr(_with_floor(table), mode="r").R
        return torch.linalg.solve_triangular(triangle, torch.eye(self.size, dtype=table.dtype), upper=True)


def _with_floor(table: Float[Tensor, "points size"]) -> Float[Tensor, "more size"]:
    return torch.cat([table, FLOOR * torch.eye(table.shape[1], dtype=table.dtype)])
