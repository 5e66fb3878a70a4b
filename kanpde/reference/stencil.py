"""Difference matrices of any order of accuracy on equidistant nodes, periodic or with one-sided closures."""

from __future__ import annotations

from functools import cache

import numpy as np
import scipy.sparse as sparse
from jaxtyping import Float


@cache
def weights(offsets: tuple[int, ...], derivative: int) -> tuple[float, ...]:
    """Weights of values at the given integer offsets that give a derivative at 0, for spacing 1.

    Source:
        Fornberg (1988), Mathematics of Computation 51, 699.
    """
    nodes = np.array(offsets, float)
    count = len(nodes)
    table = np.zeros((derivative + 1, count))
    table[0, 0] = 1.0
    product = 1.0
    for i in range(1, count):
        last, product = product, 1.0
        for j in range(i):
            gap = nodes[i] - nodes[j]
            product *= gap
            for m in range(min(i, derivative), -1, -1):
                if j == i - 1:
                    lower = m * table[m - 1, j] if m else 0.0
                    table[m, i] = last * (lower - nodes[j] * table[m, j]) / product
                lower = m * table[m - 1, j] if m else 0.0
                table[m, j] = (nodes[i] * table[m, j] - lower) / gap
    return tuple(table[derivative])


def difference_matrix(
    nodes: int, spacing: float, derivative: int, accuracy: int, *, periodic: bool = False, closure: int | None = None
) -> Float[sparse.csr_array, "nodes nodes"]:
    """The matrix that turns values at equidistant nodes into a derivative there.

    Args:
        nodes: number of values; in the periodic case the last node is the one before the first is repeated.
        spacing: distance of neighbours.
        derivative: order of differentiation, 0 to 4.
        accuracy: order of accuracy, even.
        periodic: wrap around, instead of one-sided stencils at both ends.
        closure: order of accuracy of the one-sided stencils; `accuracy` without it.

    Raises:
        ValueError: if there are fewer nodes than the stencil needs.
    """
    if derivative == 0:
        return sparse.eye_array(nodes, format="csr")
    reach = (derivative + 1) // 2 - 1 + accuracy // 2
    one_sided = derivative + (closure or accuracy)
    needed = 2 * reach + 1 if periodic else max(one_sided, 2 * reach + 1)
    if nodes < needed:
        raise ValueError(
            f"`nodes` must be at least {needed} for a derivative of order {derivative} with accuracy {accuracy}, got {nodes}."
        )
    rows, columns, values = [], [], []
    for i in range(nodes):
        if periodic or reach <= i < nodes - reach:
            first, count = -reach, 2 * reach + 1
        else:
            first = -i if i < reach else nodes - one_sided - i
            count = one_sided
        offsets = tuple(range(first, first + count))
        rows += [i] * count
        columns += [(i + o) % nodes for o in offsets]
        values += [w / spacing**derivative for w in weights(offsets, derivative)]
    return sparse.csr_array((values, (rows, columns)), shape=(nodes, nodes))
