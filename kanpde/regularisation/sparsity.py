"""Few and small edge functions, so that a network can be pruned and read."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ..counts import checked_interval
from ..nn import Network
from ..prior import Prior

LEAST = 1e-4
"""Size of an edge, beside the largest of its layer, below which it is held to be this small: weights stay finite."""


class Sparsity:
    """The L1 norm and the entropy of the sizes of the edges, of every layer.

    `strength * (magnitude * sum_e a_e + entropy * S)` is added to the loss, with `a_e` the size of an edge function and
    `S = -sum_e p_e log p_e`, `p_e = a_e / sum a`. Two things differ from the paper: the size is the standard deviation
    over the points instead of the mean of |phi|, so constants cost nothing; and the sum is replaced by the parabola in
    the coefficients that touches it at the present ones, with the points that the edges see, and not rewarded where the
    entropy would make a large edge larger. That makes it a sum of squares for Gauss-Newton, renewed every few steps.

    Args:
        strength: of the penalty beside the mean square of the residual, above 0; 1e-2 to 1e-3 is usual.
        magnitude: factor on the sum of the sizes, 0 or above.
        entropy: factor on the entropy, 0 or above.
        every: number of steps between two updates, at least 1.

    Raises:
        ValueError: for a setting outside its range.

    Source:
        Liu et al. (2024), "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, sec. 2.5.1; the parabola is that of
        iteratively reweighted least squares, Daubechies, DeVore, Fornasier, Gunturk (2010), Communications on Pure and
        Applied Mathematics 63, 1.
    """

    name = "sparsity"

    def __init__(self, strength: float = 1e-3, *, magnitude: float = 1.0, entropy: float = 1.0, every: int = 1):
        if not strength > 0:
            raise ValueError(f"`strength` must be positive, got {strength}: 1e-3 is usual.")
        for name, value in (("magnitude", magnitude), ("entropy", entropy)):
            if not value >= 0:
                raise ValueError(f"`{name}` must be 0 or above, got {value}: 1 is usual.")
        self.strength, self.magnitude, self.entropy = float(strength), float(magnitude), float(entropy)
        self.every = checked_interval(every, "updates")

    def prior(self, network: Network, x: Float[Tensor, "n inputs"], loss: float) -> Prior:
        """One row per coefficient of an edge: their squares add up to its weight times its variance."""
        roots = []
        for layer, seen in zip(network.layers, network.layer_inputs(x), strict=True):
            triangles = torch.stack([_spread(layer.basis.table(column, 0)[0]) for column in seen.T])
            of_edges = triangles[[i for i, _ in layer.pairs]].permute(1, 2, 0)
            functions = layer.functions.detach()
            sizes = torch.einsum("rse,se->re", of_edges, functions).norm(dim=0)
            roots.append(of_edges * self.weights(sizes).sqrt() if len(sizes) else of_edges)
        return Prior(network, roots)

    def weights(self, sizes: Float[Tensor, " edges"]) -> Float[Tensor, " edges"]:
        """Factors on the variances: half the derivative of the penalty by each size, divided by the size."""
        sizes = sizes.clamp_min(LEAST * sizes.max()).clamp_min(torch.finfo(sizes.dtype).tiny)
        shares = sizes / sizes.sum()
        entropy = -(shares * shares.log()).sum()
        slopes = self.magnitude - self.entropy * (shares.log() + entropy) / sizes.sum()
        return self.strength * slopes.clamp_min(0.0) / (2 * sizes)


def _spread(table: Float[Tensor, "n size"]) -> Float[Tensor, "size size"]:
    """R with |R c|^2 the variance of the function with coefficients c at the points."""
    deviations = (table - table.mean(0)) / len(table) ** 0.5
    triangle = torch.linalg.qr(deviations, mode="r").R
    return torch.cat([triangle, triangle.new_zeros(table.shape[1] - len(triangle), table.shape[1])])
