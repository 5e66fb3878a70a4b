"""Closed outlines in files of other programs as polygons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from .columns import read_blocks
from .geometry import Domain, Polygon


def read_polygon(path: str | Path, *, coordinates: Sequence[str] = ("x", "y"), name: str = "outer") -> Domain:
    """The polygon in a file of its corners: `read_polygon("island.csv")`, with the parts of `Polygon`.

    Several loops, between which text has a blank line and other formats a row of NaN, are an outline and its holes: the
    outline is the loop of the largest area, the others are `hole 1`, `hole 2`, ... as they come. Each goes round either way,
    and may end with the point that it began with.

    Args:
        path: text (.txt, .csv, .dat, .tsv), .npy with a matrix of two columns, or .npz, .mat, .h5 with a column per
            coordinate. Text that names its columns may have more than two.
        coordinates: names of the two columns.
        name: of the whole outer boundary.

    Raises:
        ValueError: for a file without such columns, loops of fewer than three points or that cross themselves, and holes
            outside of the outline.
    """
    if isinstance(coordinates, str) or len(coordinates) != 2 or coordinates[0] == coordinates[1]:
        raise ValueError(f"`coordinates` must be two names, got {coordinates!r}.")
    loops = read_blocks(path, coordinates)
    try:
        outline = max(range(len(loops)), key=lambda i: _area(loops[i]))
        holes = [loop for i, loop in enumerate(loops) if i != outline]
        return Polygon(loops[outline], holes=holes, coordinates=coordinates, name=name)
    except ValueError as error:
        raise ValueError(f"`{path}` holds no outline: {error}") from None


def _area(loop: Float[np.ndarray, "n 2"]) -> float:
    x, y = (loop - loop.mean(axis=0)).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
